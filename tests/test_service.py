"""The ways to reach one helper: systemd's sockets, a socket of its own, one conversation on descriptor 0; and its limits.

SPDX-License-Identifier: MIT
"""

import os
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conversation import PATIENCE, connect, parse_answer, receive, request_text, say

CONVERSATIONS_PER_USER = 16  # helper/server.h


@pytest.fixture
def activated(build, config, folder, user) -> Iterator[tuple[subprocess.Popen, Path]]:
    """systemd-socket-activate listens, and starts the helper at the first connection."""
    path = folder / "activated.sock"
    command = ["systemd-socket-activate", "-l", path, build.helper, "--config-dir", config.folder, "--log=stderr"]
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          env={"PATH": os.environ["PATH"]}) as process:
        deadline = time.monotonic() + PATIENCE
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        path.chmod(0o666)
        yield process, path
        process.kill()


def set_helper(config, line: str) -> None:
    """By a drop-in, which overrides studio.conf key by key."""
    (config.folder / "studio.conf.d").mkdir(mode=0o755)
    config.write("studio.conf.d/50-test.conf", f"[helper]\n{line}\n")


def ask_at(path: Path, user) -> dict[str, str]:
    return parse_answer(say(path, request_text(op="issue", budget_ms=5000, **user.asked_for)))


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="systemd is not installed")
def test_sockets_of_systemd_are_served(activated, user):
    _, path = activated
    assert [ask_at(path, user)["status"] for _ in range(3)] == ["ok"] * 3


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="systemd is not installed")
def test_an_idle_helper_of_systemd_ends_well(activated, config, user):
    process, path = activated
    set_helper(config, "idle_timeout = 1")
    assert ask_at(path, user)["status"] == "ok"
    assert process.wait(PATIENCE) == 0


def start_for_one(build, config) -> tuple[socket.socket, subprocess.Popen]:
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    with theirs:
        command = [str(build.helper), "--config-dir", str(config.folder), "--log=stderr"]
        return ours, subprocess.Popen(command, stdin=theirs, stderr=subprocess.DEVNULL, env={})


def test_one_conversation_on_descriptor_0_and_then_the_end(build, config, user):
    ours, process = start_for_one(build, config)
    with ours:
        ours.sendall(request_text(op="issue", budget_ms=5000, **user.asked_for))
        assert parse_answer(receive(ours))["status"] == "ok"
    assert process.wait(PATIENCE) == 0


def test_a_caller_that_goes_away_ends_the_one_conversation(build, config, aws, user):
    aws.misbehave("api", "hang")
    ours, process = start_for_one(build, config)
    ours.sendall(request_text(op="issue", budget_ms=15000, **user.asked_for))
    ours.close()
    assert process.wait(5) == 0


def test_without_any_socket_it_says_so(build):
    result = subprocess.run([str(build.helper)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert result.returncode == 1
    assert "no socket to serve" in result.stderr


def test_the_socket_of_listen_is_for_everybody(helper_daemon):
    assert stat.S_IMODE(helper_daemon.socket.stat().st_mode) == 0o666


def test_a_stale_socket_gives_way_and_a_live_one_does_not(build, config, folder, start_helper):
    first = start_helper()
    command = [str(build.helper), "--config-dir", str(config.folder), "--listen", str(first.socket)]
    second = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert second.returncode == 1 and "another helper" in second.stderr
    first.stop()
    assert first.socket.exists()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as third:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                connect(first.socket).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.01)
        else:
            pytest.fail("the stale socket was not replaced")
        third.terminate()


def test_a_file_in_the_sockets_place_is_left_alone(build, config, folder):
    path = folder / "precious"
    path.write_text("not a socket")
    command = [str(build.helper), "--config-dir", str(config.folder), "--listen", str(path)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert result.returncode == 1 and "is no socket" in result.stderr
    assert path.read_text() == "not a socket"


@pytest.mark.skipif(os.geteuid() == 0, reason="root's connections are not limited; tests/test_logins.py has users")
def test_one_user_cannot_hold_more_than_his_connections(helper_daemon):
    held = [connect(helper_daemon.socket) for _ in range(CONVERSATIONS_PER_USER)]
    with connect(helper_daemon.socket) as one_too_many:
        assert one_too_many.recv(1) == b""
    for client in held:
        client.close()
    helper_daemon.wait_until(lambda: helper_daemon.ask()["status"] == "ok", "answer after they have gone")


def test_a_user_over_his_rate_is_told_who_he_is_and_gets_no_link(config, helper_daemon):
    set_helper(config, "max_links_per_user_per_minute = 2")
    answers = [helper_daemon.ask() for _ in range(3)]
    assert [answer["status"] for answer in answers] == ["ok", "ok", "error"]
    assert answers[2]["code"] == "rate-limited" and "url" not in answers[2]
    assert answers[2]["user_profile_name"] == "studio-tester" and answers[2]["domain_id"]


@pytest.mark.parametrize("step", ["api", "imds-token"])
def test_impatient_requests_are_nobodys_outage(aws, helper_daemon, step):
    aws.misbehave(step, "hang")
    for _ in range(5):
        assert helper_daemon.ask(budget_ms=150)["code"] in ("timeout", "directory")
    aws.behave()
    assert helper_daemon.ask()["status"] == "ok"


def test_whoami_asks_nobody_else(aws, helper_daemon):
    answer = helper_daemon.ask(op="whoami")
    assert answer["status"] == "ok" and answer["user_profile_name"] == "studio-tester" and "url" not in answer
    assert aws.requests == []


def test_keys_are_read_from_the_metadata_service_of_the_setting_as_it_changes(config, helper_daemon):
    assert helper_daemon.ask()["status"] == "ok"
    text = (config.folder / "studio.conf").read_text()
    config.write("studio.conf", text.replace(config.aws.imds_url, "http://127.0.0.1:9"))
    assert helper_daemon.ask()["code"] == "imds-unreachable"
    config.write("studio.conf", text)
    assert helper_daemon.ask()["status"] == "ok"
