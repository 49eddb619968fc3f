"""The init script for hosts without systemd, as an administrator uses it, in tests/sandbox.

SPDX-License-Identifier: MIT
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conversation import ask
from hostile_user import ask_as
from login_host import CONFIG_FOLDER, HELPER, SOCKET, eventually, inside_sandbox, run
from studio_config import StudioConfig

pytestmark = [
    pytest.mark.skipif(not inside_sandbox(), reason="installs a service: only in tests/sandbox, as root"),
    pytest.mark.skipif(shutil.which("start-stop-daemon") is None, reason="start-stop-daemon is not installed"),
]

EXAMPLE = Path("/usr/share/doc/sagemaker-studio/examples/sysvinit")
SCRIPT = Path("/etc/init.d/sagemaker-studio")
PID_FILE = Path("/run/sagemaker-studio.pid")
ALICE = 12001
OK, NOT_RUNNING, DEAD_WITH_PID_FILE = 0, 3, 1  # of `status`, Linux Standard Base 5.0, "Init Script Actions"


@pytest.fixture
def configured(aws) -> Iterator[None]:
    installed = CONFIG_FOLDER.with_name("sagemaker-studio.installed")
    run("cp", "-a", CONFIG_FOLDER, installed)
    shutil.rmtree(CONFIG_FOLDER)
    StudioConfig(CONFIG_FOLDER, aws)
    yield
    shutil.rmtree(CONFIG_FOLDER)
    run("mv", installed, CONFIG_FOLDER)


@pytest.fixture
def init(configured) -> Iterator[Callable[[str], int]]:
    """Calls the script with a word; returns its exit status."""
    SOCKET.unlink(missing_ok=True)
    shutil.copy(EXAMPLE, SCRIPT)

    def call(word: str) -> int:
        return run(SCRIPT, word).returncode

    yield call
    call("stop")
    SCRIPT.unlink()


def helper_pid() -> int:
    return int(PID_FILE.read_text())


def test_start_serves_and_stop_stops(init):
    assert init("status") == NOT_RUNNING
    assert init("start") == OK and init("status") == OK
    assert ask_as(ALICE, SOCKET, op="issue")["status"] == "ok"  # at once: start returns when users can connect
    assert Path(f"/proc/{helper_pid()}/exe").readlink() == Path(HELPER)
    assert init("stop") == OK and init("status") == NOT_RUNNING
    assert init("stop") == OK


def test_a_second_start_changes_nothing(init):
    assert init("start") == OK
    helper = helper_pid()
    assert init("start") == OK
    assert helper_pid() == helper


def test_restart_replaces_the_helper_also_when_its_program_was_replaced(init):
    assert init("start") == OK
    helper = helper_pid()
    shutil.copy(HELPER, f"{HELPER}.new")
    os.rename(f"{HELPER}.new", HELPER)
    assert init("restart") == OK
    assert helper_pid() != helper and not Path(f"/proc/{helper}").exists()
    assert ask(SOCKET, uid=ALICE)["status"] == "ok"


def test_a_helper_that_was_killed_can_be_started_again(init):
    assert init("start") == OK
    subprocess.run(["kill", "-KILL", str(helper_pid())], check=True)
    eventually("the helper to be dead", lambda: init("status") == DEAD_WITH_PID_FILE)
    assert init("start") == OK
    assert ask(SOCKET, uid=ALICE)["status"] == "ok"


def test_a_helper_that_cannot_start_is_no_success(init):
    SOCKET.mkdir()
    try:
        assert init("start") != OK
    finally:
        SOCKET.rmdir()
