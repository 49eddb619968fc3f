"""A map of 100 000 rules: it is read by a process of its own, and meanwhile the helper serves whoever needs no map.

SPDX-License-Identifier: MIT
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conversation import PATIENCE, ask, parse_answer, request_text, say
from helper_daemon import HelperDaemon, helper_environment

RULES = 100_000
PLENTY_MS = 15000
READER = "map-reader"
ENDED = "the map-reader process ended without an answer: it crashed or was killed"


def large_map(last: str, broken_line: int | None = None) -> str:
    lines = [f"user{number:06}  research  person-{number}" for number in range(1, RULES)]
    if broken_line is not None:
        lines[broken_line - 1] = "someone  research"
    return "\n".join([*lines, last]) + "\n"


@pytest.fixture
def write_map(config, user):
    """Gives the user, in the last line, this profile."""
    return lambda profile, **broken: config.set_map(large_map(f"{user.name}  research  {profile}", **broken))


@pytest.fixture
def reading_helper(write_map, start_helper) -> HelperDaemon:
    """With a large map in force."""
    write_map("studio-tester")
    helper = start_helper()
    assert ask_for_profile(helper) == "studio-tester"
    return helper


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as executor:
        yield executor


def ask_for_profile(helper: HelperDaemon) -> str:
    answer = helper.ask(budget_ms=PLENTY_MS)
    assert answer["status"] == "ok", answer
    return answer["user_profile_name"]


def state_of_configuration(helper: HelperDaemon) -> str:
    """As op=stats tells it, which only root may ask for."""
    return ask(helper.socket, op="stats")["configuration"]


def reader_of(helper: HelperDaemon) -> int | None:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
            state, parent = rest.split()[:2]
            if name == READER and int(parent) == helper.process.pid and state != "Z":
                return int(stat.parent.name)
    return None


def begin_reading(helper: HelperDaemon, client: ThreadPoolExecutor) -> None:
    """The next question has a changed map read; nobody waits for the answer to this one."""
    client.submit(ask, helper.socket, op="whoami", budget_ms=1, **helper.who)


@contextlib.contextmanager
def held_reader(helper: HelperDaemon, change, client: ThreadPoolExecutor) -> Iterator[int]:
    """The process that reads what this change wrote stands still.  (Changed again, where it was too fast.)"""
    deadline = time.monotonic() + PATIENCE
    pid = None
    while pid is None:
        assert time.monotonic() < deadline, "nobody reads the map"
        change()
        begin_reading(helper, client)
        soon = time.monotonic() + 2
        while pid is None and time.monotonic() < soon:
            pid = reader_of(helper)
        with contextlib.suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, signal.SIGSTOP)
        if pid != reader_of(helper):
            pid = None
    yield pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def test_who_stands_in_the_last_line_gets_his_link(reading_helper):
    assert ask_for_profile(reading_helper) == "studio-tester"
    assert reading_helper.lines_with("configuration-broken") == []


def test_the_new_version_counts_for_whoever_asks_after_the_change(reading_helper, write_map, config, user):
    write_map("somebody-else")
    assert ask_for_profile(reading_helper) == "somebody-else"
    config.set_map(large_map(f"{user.name}  -"))
    assert reading_helper.ask(budget_ms=PLENTY_MS)["status"] == "none"
    config.set_map(f"{user.name}  research  small-map\n")
    assert ask_for_profile(reading_helper) == "small-map"
    write_map("large-again")
    assert ask_for_profile(reading_helper) == "large-again"


def test_changed_settings_count_as_well(reading_helper, config, aws):
    config.write("studio.conf", "[domain research]\n")
    answer = reading_helper.ask(budget_ms=PLENTY_MS)
    assert answer["code"] == "config" and "studio.conf" in answer["message"]
    config.set_domain(space_name="lab")
    assert reading_helper.ask(budget_ms=PLENTY_MS)["status"] == "ok"
    assert aws.parameters()[-1]["SpaceName"] == "lab"


def test_while_it_is_read_whoever_needs_it_waits_and_all_others_are_served(reading_helper, write_map, aws, clients, user):
    told = threading.Event()
    aws.misbehave("api", "slow", times=1, delay=0.05, until=told)
    request = request_text(op="issue", budget_ms=PLENTY_MS, **user.asked_for)
    seen = aws.count("api")
    begun = clients.submit(say, reading_helper.socket, request)
    while aws.count("api") == seen:
        time.sleep(0.005)
    with held_reader(reading_helper, lambda: write_map("new-version"), clients):
        if os.geteuid() == 0:
            assert state_of_configuration(reading_helper) == "being-read"
        waiting = [clients.submit(say, reading_helper.socket, request) for _ in range(3)]
        hurried = reading_helper.ask(budget_ms=200)
        assert hurried["code"] == "timeout"
        assert hurried["message"].endswith("waiting for the configuration, which is being read")
        told.set()
        answer = parse_answer(begun.result(PATIENCE))
        assert (answer["status"], answer["user_profile_name"]) == ("ok", "studio-tester")
        assert not any(client.done() for client in waiting)
    answers = [parse_answer(client.result(PATIENCE)) for client in waiting]
    assert [answer.get("user_profile_name") for answer in answers] == ["new-version"] * 3


def test_a_change_while_it_is_read_ends_that_reading_and_begins_another(reading_helper, write_map, clients):
    with held_reader(reading_helper, lambda: write_map("never-in-force"), clients) as pid:
        write_map("new-version")
        assert ask_for_profile(reading_helper) == "new-version"
        deadline = time.monotonic() + PATIENCE
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert not Path(f"/proc/{pid}").exists()


def test_a_small_map_in_its_place_while_it_is_read_is_in_force_at_once(reading_helper, write_map, config, user, clients):
    request = request_text(op="whoami", budget_ms=PLENTY_MS, **user.asked_for)
    with held_reader(reading_helper, lambda: write_map("never-in-force"), clients):
        waiting = clients.submit(say, reading_helper.socket, request)
        config.set_map(f"{user.name}  research  small-map\n")
        assert ask_for_profile(reading_helper) == "small-map"
        assert parse_answer(waiting.result(PATIENCE))["user_profile_name"] == "small-map"


def test_a_broken_line_far_down_ends_all_links_and_is_named_once(reading_helper, write_map):
    write_map("studio-tester", broken_line=99_999)
    answers = [reading_helper.ask(budget_ms=PLENTY_MS) for _ in range(3)]
    assert [(answer["code"], answer["message"].partition(" ")[0]) for answer in answers] == [("config", "users.map:99999:")] * 3
    (line,) = reading_helper.wait_for("configuration-broken")
    assert "users.map:99999: " in line
    write_map("studio-tester")
    assert ask_for_profile(reading_helper) == "studio-tester"
    assert len(reading_helper.lines_with("configuration-broken")) == 1


def test_a_reader_that_is_killed_is_told_of_once_and_the_next_request_has_it_read_again(
        reading_helper, write_map, user, clients):
    request = request_text(op="whoami", budget_ms=PLENTY_MS, **user.asked_for)
    for change in (lambda: write_map("new-version"), lambda: None):
        with held_reader(reading_helper, change, clients) as pid:
            waiting = clients.submit(say, reading_helper.socket, request)
            # Another question that was answered shows that this one has arrived.
            assert reading_helper.ask(budget_ms=100)["code"] == "timeout"
            os.kill(pid, signal.SIGKILL)
            answer = parse_answer(waiting.result(PATIENCE))
        assert answer["code"] == "worker" and ENDED in answer["message"]
        assert len(reading_helper.wait_for("configuration-broken")) == 1
    assert ask_for_profile(reading_helper) == "new-version"
    assert len(reading_helper.lines_with("configuration-broken")) == 1


def test_told_to_stop_while_it_is_read_the_helper_ends_and_so_does_the_reader(reading_helper, write_map, clients):
    with held_reader(reading_helper, lambda: write_map("new-version"), clients) as pid:
        reading_helper.stop()
        assert not Path(f"/proc/{pid}").exists()


def test_the_memory_of_the_helper_does_not_grow_with_the_map(reading_helper, write_map, config):
    with_large = resident_kib(reading_helper.process.pid)
    for number in range(3):
        write_map(f"version-{number}")
        assert ask_for_profile(reading_helper) == f"version-{number}"
    after = resident_kib(reading_helper.process.pid)
    assert max(with_large, after) < 40_000
    config.set_map("*  research  studio-tester\n")
    assert ask_for_profile(reading_helper) == "studio-tester"
    assert max(with_large, after) - resident_kib(reading_helper.process.pid) < 2_000


def test_a_command_that_is_started_for_one_link_has_it_read_too(build, config, write_map):
    write_map("studio-tester")
    done = subprocess.run([build.helper, "--config-dir", config.folder, "issue", "--domain", "research",
                           "--user-profile-name", "bob"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=helper_environment(), timeout=PATIENCE)
    assert done.returncode == 0 and done.stdout.startswith("https://"), done.stderr


def test_check_asks_aws_about_a_user_of_a_large_map(build, config, write_map, user):
    write_map("studio-tester")
    done = subprocess.run([build.helper, "--config-dir", config.folder, "check", user.name, "--no-link"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, env=helper_environment(),
                          timeout=60)
    assert "credentials: " in done.stdout and "studio-tester" in done.stdout, done.stdout
