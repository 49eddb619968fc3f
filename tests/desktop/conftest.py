"""Fixtures of the desktop tests: the host, somebody at a client, and a story that ends at the first step that fails.

SPDX-License-Identifier: MIT
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from desktop_host import RDP_PORT, DesktopHost, missing_programs
from login_host import inside_sandbox
from rdp_client import RdpClient
from screen import Screen
from stand_in_aws import StandInAws

FAILED: list[str] = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = (yield).get_result()
    if report.failed:
        FAILED.append(item.name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if FAILED:
        pytest.skip(f"goes on from {FAILED[0]}, which failed")


@pytest.fixture(scope="session")
def host(session_aws: StandInAws) -> Iterator[DesktopHost]:
    if not inside_sandbox():
        pytest.skip("a whole desktop host: only in tests/sandbox, as root")
    if missing := missing_programs():
        pytest.fail(f"{', '.join(missing)} missing: run `tests/install-packages desktop`", pytrace=False)
    folder = Path("/run/desktop-host")
    folder.mkdir(mode=0o700)
    with contextlib.ExitStack() as life:
        yield DesktopHost(folder, session_aws, life)


@pytest.fixture(scope="session")
def client(host: DesktopHost) -> RdpClient:
    folder = Path("/run/rdp-client")
    folder.mkdir(mode=0o700)
    return RdpClient(Screen(":20", folder), f"127.0.0.1:{RDP_PORT}")


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots are left: below $SANDBOX_RESULTS, in place of those of an earlier run."""
    folder = Path(os.environ["SANDBOX_RESULTS"], "desktop")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
