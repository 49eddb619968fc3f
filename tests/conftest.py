"""Fixtures of the suite: what was built, the stand-in AWS, a configuration, a running helper, somebody to log in.

SPDX-License-Identifier: MIT
"""

import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from helper_daemon import HelperDaemon
from login_host import CONFIG_FOLDER, inside_sandbox
from stand_in_aws import StandInAws
from studio_config import StudioConfig

BEGINNING = 12  # characters of a secret that are enough to know it by
PROJECT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "expect_violations: this test sends requests that AWS would refuse")


class Build:
    """The programs that `make` has built; env BUILD names the folder."""

    def __init__(self) -> None:
        self.folder = PROJECT / os.environ.get("BUILD", "build")

    def path(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            pytest.fail(f"{path} is missing: run `make` first, or set BUILD to the folder that holds it", pytrace=False)
        return path

    @property
    def module(self) -> Path:
        return self.path("pam_sagemaker_studio.so")

    @property
    def helper(self) -> Path:
        return self.path("sagemaker-studio-helper")

    @property
    def launcher(self) -> Path:
        return self.path("sagemaker-studio")

    @property
    def pam_application(self) -> Path:
        return self.path("tests/pam_application")


@pytest.fixture(scope="session")
def build() -> Build:
    return Build()


@pytest.fixture(scope="session", autouse=True)
def installed_configuration(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """In the sandbox: what `make install` put there, before any test writes over it."""
    if not inside_sandbox() or not CONFIG_FOLDER.is_dir():
        return None
    return Path(shutil.copytree(CONFIG_FOLDER, tmp_path_factory.mktemp("installed") / "etc"))


def open_folder(prefix: str) -> Path:
    """A short path (a socket's has 107 bytes) that the service account can reach; pytest's tmp_path is neither."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def folder() -> Iterator[Path]:
    result = open_folder("studio-")
    yield result
    shutil.rmtree(result)


@pytest.fixture(scope="session")
def session_aws() -> Iterator[StandInAws]:
    folder = open_folder("stand-in-aws-")
    with StandInAws(folder) as aws:
        yield aws
    shutil.rmtree(folder)


@pytest.fixture
def aws(session_aws: StandInAws, request: pytest.FixtureRequest) -> Iterator[StandInAws]:
    session_aws.reset()
    yield session_aws
    if request.node.get_closest_marker("expect_violations") is None:
        assert session_aws.violations == [], "requests that AWS would have refused"


@pytest.fixture
def config(folder: Path, aws: StandInAws) -> StudioConfig:
    return StudioConfig(folder / "etc", aws)


@dataclass
class User:
    """Somebody for whom the helper may be asked; `asked_for` are the fields of the request that say so."""

    name: str
    uid: int
    asked_for: dict[str, int]


@pytest.fixture(scope="session")
def user() -> User:
    """An ordinary user is himself; root asks for the account that the sandbox has made (env TEST_USER)."""
    if os.geteuid() != 0:
        account = pwd.getpwuid(os.geteuid())
        return User(account.pw_name, account.pw_uid, {})
    if "TEST_USER" not in os.environ:
        pytest.skip("runs in the sandbox, or as an ordinary user")
    account = pwd.getpwnam(os.environ["TEST_USER"])
    return User(account.pw_name, account.pw_uid, {"uid": account.pw_uid})


@pytest.fixture
def start_helper(build: Build, config: StudioConfig, folder: Path, user: User) -> Iterator[Callable[[], HelperDaemon]]:
    """Starts a helper on the configuration, as often as called; each is stopped and its log searched for secrets."""
    daemons: list[HelperDaemon] = []

    def start() -> HelperDaemon:
        path = folder / f"helper-{len(daemons)}.sock"
        daemons.append(HelperDaemon(build.helper, config.folder, path, user.asked_for))
        return daemons[-1]

    yield start
    for daemon in daemons:
        log = "\n".join(daemon.stop())
        leaked = [secret for secret in config.aws.secrets if secret[:BEGINNING] in log]
        assert not leaked, f"secrets in the log:\n{log}"


@pytest.fixture
def helper_daemon(start_helper: Callable[[], HelperDaemon]) -> HelperDaemon:
    return start_helper()
