"""The units that hand the keys of the SSM agent, which are root's alone, to the helper; under a real systemd.

SPDX-License-Identifier: MIT
"""

import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from login_host import RUN_FOLDER, eventually, run

pytestmark = pytest.mark.skipif(not Path("/run/studio-systemd-box").exists(), reason="only in tests/systemd-box")

PATH, SERVICE = "sagemaker-studio-ssm-credentials.path", "sagemaker-studio-ssm-credentials.service"
REMOVAL = "sagemaker-studio-ssm-credentials-removal.service"
FOLDER = Path("/root/.aws")
SOURCE, COPY = FOLDER / "credentials", RUN_FOLDER / "ssm-credentials"
ALICE = 12001
EXPOSURE = 15  # tenths, of `systemd-analyze security`


def systemctl(*words: str) -> str:
    done = run("systemctl", *words)
    assert done.returncode == 0, f"systemctl {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def keys(number: int) -> str:
    return f"[default]\naws_access_key_id = ASIA{number:016}\naws_secret_access_key = secret-{number}\naws_session_token = t\n"


def source_in_its_folder() -> Path:
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    return SOURCE


def agent_writes(text: str) -> None:
    """As the agent does: in place, and the folder is made where it is missing."""
    with open(os.open(source_in_its_folder(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def copied() -> str | None:
    return COPY.read_text() if COPY.exists() else None


def eventually_copied(text: str | None) -> None:
    eventually("the copy to be what it should be", lambda: copied() == text)


def the_service_has_ended() -> bool:
    return systemctl("show", "--value", "--property=ActiveState", SERVICE) in ("inactive", "failed")


def invocation() -> str:
    return systemctl("show", "--value", "--property=InvocationID", SERVICE)


def complaints() -> str:
    run("journalctl", "--sync")
    return run("journalctl", "--boot", "--lines=2", "--output=cat", "--identifier=sagemaker-studio-ssm-credentials").stdout


@pytest.fixture(autouse=True)
def watching() -> Iterator[None]:
    systemctl("start", PATH)
    yield
    systemctl("stop", PATH)
    run("systemctl", "reset-failed", SERVICE)
    shutil.rmtree(FOLDER, ignore_errors=True)
    eventually("the copy to be gone with the watch", lambda: not COPY.exists())


def test_systemd_has_nothing_to_say_about_the_units_and_they_are_hardly_exposed():
    verified = run("systemd-analyze", "verify", "--man=no", PATH, SERVICE, REMOVAL)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    done = run("systemd-analyze", "security", f"--threshold={EXPOSURE}", "--no-pager", SERVICE, REMOVAL)
    assert done.returncode == 0, done.stdout


def test_installing_enables_nothing():
    assert run("systemctl", "is-enabled", PATH).stdout.strip() == "disabled"


def test_keys_appear_change_and_disappear():
    assert copied() is None
    agent_writes(keys(1))
    eventually_copied(keys(1))
    for number in (2, 3):
        agent_writes(keys(number))
        eventually_copied(keys(number))
    SOURCE.unlink()
    eventually_copied(None)
    agent_writes(keys(9))
    eventually_copied(keys(9))
    shutil.rmtree(FOLDER)
    eventually_copied(None)


def test_a_change_long_after_the_last_one_is_seen():
    for number in range(3):
        eventually("the service to end", the_service_has_ended)
        agent_writes(keys(number))
        eventually_copied(keys(number))
    assert systemctl("is-active", PATH) == "active"


def test_a_change_while_the_service_runs_is_not_lost():
    agent_writes(keys(1))
    for number in range(2, 5):
        eventually_copied(keys(number - 1))
        SOURCE.unlink()
        agent_writes(keys(number))
    eventually_copied(keys(4))


def test_keys_that_another_program_puts_there_by_rename_are_seen():
    agent_writes(keys(1))
    eventually_copied(keys(1))
    new = FOLDER / "credentials.new"
    new.write_text(keys(2))
    new.chmod(0o600)
    new.rename(SOURCE)
    eventually_copied(keys(2))


def test_keys_that_were_there_before_the_watch_are_copied_and_go_when_it_ends():
    systemctl("stop", PATH)
    agent_writes(keys(1))
    systemctl("start", PATH)
    eventually_copied(keys(1))
    systemctl("stop", PATH)
    eventually_copied(None)


def test_the_watch_that_ends_as_keys_come_leaves_no_copy():
    agent_writes(keys(1))
    eventually("the service to run", lambda: not the_service_has_ended())
    systemctl("stop", PATH)
    eventually("the service to end", the_service_has_ended)
    assert copied() is None and SOURCE.exists()


def test_a_file_that_is_still_being_written_is_not_copied():
    """A half may have keys that AWS does not know."""
    seen, times = set(), []
    with open(os.open(source_in_its_folder(), os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        eventually("the service to run", lambda: not the_service_has_ended())
        for line in keys(1).splitlines(keepends=True) * 3:
            file.write(line)
            file.flush()
            times.append(time.monotonic())
            time.sleep(0.25)
            seen.add(copied())
    eventually_copied(keys(1) * 3)
    longest_pause = max(later - earlier for earlier, later in itertools.pairwise(times))
    assert seen == {None} or longest_pause > 0.9  # what is left alone for a second is taken to be whole


def test_the_copy_is_for_the_service_account_and_nobody_else():
    agent_writes(keys(1))
    eventually_copied(keys(1))
    status = COPY.stat()
    group = int(run("id", "-g", "sagemaker-studio").stdout)
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (0, group, 0o640)
    read = {"extra_groups": []}
    assert run("cat", COPY, user=int(run("id", "-u", "sagemaker-studio").stdout), group=group, **read).returncode == 0
    assert run("cat", COPY, user=ALICE, group=ALICE, **read).returncode != 0
    assert {path.name for path in RUN_FOLDER.iterdir()} <= {"helper.sock", "users", "ssm-credentials"}


def test_nothing_of_the_keys_is_in_the_journal():
    agent_writes(keys(1))
    eventually_copied(keys(1))
    SOURCE.chmod(0o666)
    eventually_copied(None)
    run("journalctl", "--sync")
    everything = run("journalctl", "--boot", "--output=export", "--all").stdout
    assert "ASIA0000" not in everything and "secret-1" not in everything


def as_link() -> None:
    target = FOLDER / "elsewhere"
    target.write_text(keys(2))
    target.chmod(0o600)
    SOURCE.unlink()
    SOURCE.symlink_to(target)


def as_pipe() -> None:
    SOURCE.unlink()
    os.mkfifo(SOURCE, 0o600)


def as_folder() -> None:
    SOURCE.unlink()
    SOURCE.mkdir(mode=0o700)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink()


@pytest.mark.parametrize("change,reason", [
    (as_link, "not a regular file"),
    (as_pipe, "not a regular file"),
    (as_folder, "not a regular file"),
    (lambda: os.chown(SOURCE, ALICE, ALICE), "belongs to uid 12001"),
    (lambda: SOURCE.chmod(0o660), "can be written by others"),
    (lambda: SOURCE.chmod(0o602), "can be written by others"),
    (lambda: SOURCE.chmod(0o200), "cannot be read"),
    (lambda: agent_writes("#" * 65537), "65537 bytes"),
], ids=["link", "pipe", "folder", "owner", "group", "others", "unreadable", "size"])
def test_a_file_that_is_not_roots_alone_is_refused_and_the_copy_goes(change: Callable[[], None], reason: str):
    agent_writes(keys(1))
    eventually_copied(keys(1))
    change()
    eventually_copied(None)
    eventually("the service to end", the_service_has_ended)
    assert systemctl("show", "--value", "--property=Result", SERVICE) == "exit-code"
    assert reason in complaints() and "the copy removed" in complaints()
    refused = invocation()
    remove(SOURCE)
    eventually("the watch to go on", lambda: invocation() != refused)
    agent_writes(keys(3))
    eventually_copied(keys(3))


def test_what_bears_the_name_of_the_copy_or_of_what_it_is_made_from_is_replaced_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    COPY.symlink_to(victim)
    COPY.with_name(COPY.name + ".new").symlink_to(victim)
    agent_writes(keys(1))
    eventually_copied(keys(1))
    assert victim.read_text() == "precious" and not COPY.is_symlink()


def test_the_service_sees_no_other_home_and_has_neither_network_nor_privileges():
    section = (Path("/usr/lib/systemd/system") / SERVICE).read_text().partition("[Service]\n")[2]
    sandbox = [f"--property={line}" for line in section.splitlines()
               if "=" in line and not line.startswith(("#", "ExecStart=", "Type=", "SyslogIdentifier="))]
    agent_writes(keys(1))
    done = run("systemd-run", "--quiet", "--pipe", "--wait", "--collect", *sandbox, "sh", "-c",
               "cat /root/.aws/credentials; touch /root/.aws/x /etc/x; ls /home /run/user;"
               "grep CapEff /proc/self/status; readlink /proc/self/ns/net")
    *text, capabilities, network = done.stdout.splitlines(keepends=True)
    assert "".join(text) == keys(1), done.stderr
    assert done.stderr.count("Read-only file system") == 2 and done.stderr.count("Permission denied") == 2
    assert capabilities.split()[1] == "0" * 16 and network.strip() != os.readlink("/proc/self/ns/net")
