"""tests/bench/load.c, which the benchmark measures with: it makes the logins and commands that it is told to, when it
is told to, and counts what all processes of a login or command use, those that the module makes included.

SPDX-License-Identifier: MIT
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from login_host import CONFIG_FOLDER, SOCKET, PamHost, inside_sandbox, resident_helper, run
from stand_in_aws import StandInAws
from studio_config import StudioConfig

pytestmark = pytest.mark.skipif(not inside_sandbox(), reason="logs users in: only in tests/sandbox, as root")

MILLISECOND, SECOND = 10**6, 10**9  # nanoseconds
CROWD = 300
BURN = """#!/usr/bin/python3
import time
while time.process_time() < 0.05:
    pass
"""


@dataclass
class Measured:
    entries: list[dict]
    total: dict

    def column(self, name: str) -> list:
        return [entry[name] for entry in self.entries]

    def started(self) -> list[int]:
        return [entry["released_ns"] + entry["late_ns"] for entry in self.entries]


class Load:
    def __init__(self, program: Path, services: Path):
        self.program = program
        self.services = services

    def run(self, *words: str) -> subprocess.CompletedProcess:
        return run(self.program, *words)

    def measure(self, *words: str) -> Measured:
        done = self.run(*words)
        assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
        *entries, total = map(json.loads, done.stdout.splitlines())
        assert total["count"] == len(entries)
        return Measured(entries, total)

    def logins(self, module: str, *users: str, options: tuple[str, ...] = ()) -> Measured:
        """To a service whose sessions have this module alone."""
        (self.services / "measured").write_text(f"session required {module}\n")
        return self.measure(*options, "login", "measured", str(self.services), *users)

    def commands(self, script: str, *users: str, options: tuple[str, ...] = ()) -> Measured:
        return self.measure(*options, "command", *users, "--", "/bin/sh", "-c", script)


@pytest.fixture
def load(build, folder: Path) -> Load:
    return Load(build.path("bench/load"), folder)


@pytest.fixture
def burn(folder: Path) -> Path:
    """A program that uses 50 ms of CPU."""
    program = folder / "burn"
    program.write_text(BURN)
    program.chmod(0o755)
    return program


def logger(folder: Path) -> Path:
    """A program for pam_exec that writes down which of PAM's calls it was started by."""
    program = folder / "logger"
    program.write_text(f'#!/bin/sh\necho "$PAM_TYPE $PAM_USER $PAM_TTY $COLOUR" >>{folder}/log\n')
    program.chmod(0o755)
    return program


# ---- logins ----------------------------------------------------------------------------------------------------------


def test_each_user_logs_in_as_often_as_told_in_turn_and_has_a_line(load: Load) -> None:
    measured = load.logins("pam_permit.so", "alice", "bob", options=("--times", "3"))
    assert measured.column("user") == ["alice", "bob"] * 3
    assert measured.column("result") == ["PAM_SUCCESS"] * 6
    assert all(entry["open_ns"] > 0 and entry["close_ns"] > 0 for entry in measured.entries)


def test_the_result_is_that_of_opening_the_session(load: Load) -> None:
    assert load.logins("pam_deny.so", "alice").column("result") == ["PAM_SESSION_ERR"]


def test_sessions_are_opened_and_closed_with_the_items_and_the_environment_that_were_given(
        load: Load, folder: Path) -> None:
    load.logins(f"pam_exec.so quiet {logger(folder)}", "alice", "bob",
                options=("--env", "COLOUR=blue", "--item", "tty=:42"))
    assert (folder / "log").read_text().splitlines() == [
        f"{call} {user} :42 blue" for user in ("alice", "bob") for call in ("open_session", "close_session")]


def test_sessions_that_are_opened_at_once_are_closed_when_all_are_open(load: Load, folder: Path) -> None:
    load.logins(f"pam_exec.so quiet {logger(folder)}", "alice", options=("--times", "8", "--at-once"))
    calls = [line.split()[0] for line in (folder / "log").read_text().splitlines()]
    assert calls == ["open_session"] * 8 + ["close_session"] * 8


def test_hundreds_are_released_at_one_instant_and_none_before_it(load: Load) -> None:
    measured = load.logins("pam_permit.so", "alice", "bob", options=("--times", str(CROWD // 2), "--at-once"))
    assert len(measured.entries) == CROWD and set(measured.column("result")) == {"PAM_SUCCESS"}
    assert set(measured.column("released_ns")) == {0}
    assert all(0 <= late < 5 * SECOND for late in measured.column("late_ns"))


def test_what_a_login_starts_and_waits_for_counts_into_its_cpu_time_and_memory(load: Load, burn: Path) -> None:
    (login,) = load.logins(f"pam_exec.so quiet type=open_session {burn}", "alice").entries
    assert 50 * MILLISECOND <= login["open_cpu_ns"] <= login["open_ns"] * 2
    assert login["close_cpu_ns"] < 50 * MILLISECOND
    assert login["max_rss_kib"] > 4096  # a Python has more


def test_the_total_ends_with_the_last_open_session(load: Load, burn: Path) -> None:
    measured = load.logins(f"pam_exec.so quiet {burn}", "alice", "bob", options=("--at-once",))
    ends = [start + open_ns for start, open_ns in zip(measured.started(), measured.column("open_ns"))]
    assert measured.total["total_ns"] == max(ends)


def test_a_helper_that_the_module_starts_counts_into_the_login_and_a_resident_one_does_not(
        build, load: Load, aws: StandInAws) -> None:
    """Its keeper is a child with exit signal 0, waited for with __WCLONE: this kernel must count that too."""
    SOCKET.unlink(missing_ok=True)
    shutil.rmtree(CONFIG_FOLDER, ignore_errors=True)
    StudioConfig(CONFIG_FOLDER, aws)
    host = PamHost(build.pam_application, "measured-host", "services=measured-host", "timeout=20")
    words = ("login", host.service, "/etc/pam.d", "alice")
    own = load.measure("--times", "3", *words)
    with resident_helper():
        served = load.measure("--times", "3", *words)
    assert own.column("result") == served.column("result") == ["PAM_SUCCESS"] * 3
    for figure, of_openssl_alone in (("open_cpu_ns", 3 * MILLISECOND), ("max_rss_kib", 4096)):
        assert min(own.column(figure)) > min(served.column(figure)) + of_openssl_alone


def test_a_login_that_its_module_crashes_is_said_to_have_died_and_the_others_are_measured(
        load: Load, folder: Path) -> None:
    (folder / "crash.c").write_text("""
        #include <string.h>
        #include <stdlib.h>
        int pam_get_user(void *, const char **, const char *);
        int pam_sm_open_session(void *pamh) {
            const char *user = NULL;
            pam_get_user(pamh, &user, NULL);
            if (strcmp(user, "bob") == 0)
                abort();
            return 0;
        }
        int pam_sm_close_session(void) { return 0; }
    """)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "crash.so", folder / "crash.c"], check=True)
    (folder / "measured").write_text(f"session required {folder}/crash.so\n")
    done = load.run("--at-once", "login", "measured", str(folder), "alice", "bob", "dave")
    entries = [json.loads(line) for line in done.stdout.splitlines()][:-1]
    assert done.returncode == 1
    assert [entry["result"] for entry in entries] == ["PAM_SUCCESS", "DIED", "PAM_SUCCESS"]


# ---- commands --------------------------------------------------------------------------------------------------------


def test_a_commands_exit_status_or_signal_is_seen(load: Load) -> None:
    assert load.commands("exit 7", "alice").column("status") == [7]
    assert load.commands("kill -9 $$", "alice").column("status") == [-9]
    assert load.measure("command", "alice", "--", "/does/not/exist").column("status") == [127]


def test_a_commands_cpu_time_and_memory_are_seen_with_those_of_its_children(load: Load, burn: Path) -> None:
    for script in (f"exec {burn}", f"{burn}; true"):
        (command,) = load.commands(script, "alice").entries
        assert command["status"] == 0
        assert 50 * MILLISECOND <= command["cpu_ns"] <= command["wall_ns"] * 2
        assert command["max_rss_kib"] > 4096


def test_a_command_that_waits_uses_no_cpu_time(load: Load) -> None:
    (command,) = load.commands("exec sleep 0.3", "alice").entries
    assert command["cpu_ns"] < 150 * MILLISECOND < 300 * MILLISECOND <= command["wall_ns"]


def test_a_command_runs_as_its_user_with_the_limit_of_a_login_and_an_environment_of_a_few_names(
        load: Load, folder: Path) -> None:
    folder.chmod(0o1777)
    script = (f"ulimit -n >{folder}/$USER.limit; id -u >{folder}/$USER.id; id -G >>{folder}/$USER.id; "
              f"exec env >{folder}/$USER.env")
    load.commands(script, "alice", "dave", options=("--env", "COLOUR=blue"))
    for user, uid in (("alice", 12001), ("dave", 12003)):
        assert (folder / f"{user}.limit").read_text() == "1024\n"
        assert (folder / f"{user}.id").read_text() == f"{uid}\n{uid}\n"
        of_the_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
        environment = dict(line.split("=", 1) for line in (folder / f"{user}.env").read_text().splitlines())
        assert {name: value for name, value in environment.items() if name not in of_the_shell} == {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": f"/home/{user}", "USER": user, "PAM_USER": user,
            "COLOUR": "blue"}


def test_a_command_can_stay_root_and_have_another_path_and_limit(load: Load, folder: Path) -> None:
    script = f'echo "$(id -u) $PATH $(ulimit -n) $USER" >{folder}/seen'
    load.commands(script, "alice", options=("--as-root", "--env", "PATH=/bin", "--nofile", "500"))
    assert (folder / "seen").read_text() == "0 /bin 500 alice\n"


def test_commands_print_to_nowhere_or_to_standard_error(load: Load) -> None:
    words = ("command", "alice", "--", "/bin/echo", "hello")
    quiet, shown = load.run(*words), load.run("--show", *words)
    assert quiet.stderr == "" and shown.stderr == "hello\n"
    assert "hello" not in quiet.stdout + shown.stdout


# ---- when ------------------------------------------------------------------------------------------------------------


def test_by_default_each_ends_before_the_next_begins(load: Load) -> None:
    measured = load.commands("exec sleep 0.05", "alice", "bob", options=("--times", "2"))
    started, took = measured.started(), measured.column("wall_ns")
    assert all(started[i] + took[i] <= started[i + 1] for i in range(3))


def test_commands_that_are_released_at_once_run_together(load: Load) -> None:
    measured = load.commands("exec sleep 2", "alice", "bob", options=("--times", "5", "--at-once"))
    started = measured.started()
    assert max(started) < min(start + took for start, took in zip(started, measured.column("wall_ns")))
    assert measured.total["total_ns"] < 10 * 2 * SECOND


def test_at_a_pace_none_is_released_before_its_time_nor_waits_for_the_one_before(load: Load) -> None:
    measured = load.commands("exec sleep 2", "alice", "bob", options=("--times", "3", "--per-second", "20"))
    assert measured.column("released_ns") == [i * 50 * MILLISECOND for i in range(6)]
    assert all(0 <= late < SECOND for late in measured.column("late_ns"))


# ---- the command line ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [
    "", "login", "login service", "login service /etc/pam.d", "login service /etc/pam.d alice -- /bin/true",
    "command alice", "command -- /bin/true", "command alice --", "command alice -- true",
    "--at-once --per-second 3 command alice -- /bin/true", "--times 0 command alice -- /bin/true",
    "--per-second x command alice -- /bin/true", "--env NAME command alice -- /bin/true",
])
def test_a_command_line_that_makes_no_sense_is_refused(load: Load, words: str) -> None:
    done = load.run(*words.split())
    assert (done.returncode, done.stdout) == (64, "") and "usage: load" in done.stderr


def test_an_unknown_user_is_named(load: Load) -> None:
    done = load.run("command", "nobody-here", "--", "/bin/true")
    assert done.returncode == 1 and "nobody-here" in done.stderr
