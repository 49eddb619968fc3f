"""A helper that is told to stop finishes what it has begun, and nobody's link is lost.

SPDX-License-Identifier: MIT
"""

import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conversation import PATIENCE, connect, parse_answer, receive, request_text, say
from hostile_user import allow_many_descriptors

CONVERSATIONS = 512  # at a time: helper/server.h
LEISURELY = 0.02  # seconds for each byte of a link: more than a minute in all


def request_for(user, **fields: object) -> bytes:
    return request_text(**{"op": "issue", "budget_ms": 15000, **user.asked_for, **fields})


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def wait_until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"no {what}"
        time.sleep(0.005)


def refuses(path: Path) -> bool:
    try:
        connect(path).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_link_under_way_is_made_and_only_then_the_helper_ends(helper_daemon, aws, user, clients, number):
    assert helper_daemon.ask()["status"] == "ok"
    told = threading.Event()
    aws.misbehave("api", "slow", times=1, delay=LEISURELY, until=told)
    slow = clients.submit(say, helper_daemon.socket, request_for(user))
    wait_until(lambda: aws.count("api") == 2, "slow request")
    helper_daemon.process.send_signal(number)
    wait_until(lambda: refuses(helper_daemon.socket), "refusal")
    told.set()
    assert parse_answer(slow.result(PATIENCE))["status"] == "ok"
    assert helper_daemon.process.wait(PATIENCE) == 0


def test_without_anything_to_do_it_ends_at_once_and_leaves_its_socket_to_the_next(helper_daemon):
    assert helper_daemon.ask()["status"] == "ok"
    helper_daemon.process.terminate()
    assert helper_daemon.process.wait(PATIENCE) == 0
    assert helper_daemon.socket.is_socket() and refuses(helper_daemon.socket)


def test_while_it_finishes_its_socket_refuses_so_that_a_login_can_help_itself(helper_daemon, aws, user, clients):
    assert helper_daemon.ask()["status"] == "ok"
    aws.misbehave("api", "hang", times=1)
    clients.submit(say, helper_daemon.socket, request_for(user))
    wait_until(lambda: aws.count("api") == 2, "hanging request")
    helper_daemon.process.terminate()
    wait_until(lambda: refuses(helper_daemon.socket), "refusal")
    assert helper_daemon.process.poll() is None
    helper_daemon.process.terminate()
    assert helper_daemon.process.wait(PATIENCE) == 0


def test_who_waits_in_the_backlog_of_its_own_socket_is_still_served(helper_daemon, user):
    assert helper_daemon.ask()["status"] == "ok"
    helper_daemon.process.send_signal(signal.SIGSTOP)
    waiting = [connect(helper_daemon.socket) for _ in range(10)]
    for client in waiting:
        client.sendall(request_for(user))
    helper_daemon.process.terminate()
    helper_daemon.process.send_signal(signal.SIGCONT)
    assert [parse_answer(receive(client))["status"] for client in waiting] == ["ok"] * 10
    assert helper_daemon.process.wait(PATIENCE) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may hold so many connections")
def test_more_than_it_can_hold_wait_in_its_own_socket_and_all_are_served(helper_daemon, user):
    allow_many_descriptors()
    assert helper_daemon.ask()["status"] == "ok"
    helper_daemon.process.send_signal(signal.SIGSTOP)
    waiting = [connect(helper_daemon.socket) for _ in range(CONVERSATIONS + 50)]
    for client in waiting:
        client.sendall(request_for(user, op="whoami"))
    helper_daemon.process.terminate()
    helper_daemon.process.send_signal(signal.SIGCONT)
    answers = [receive(client) for client in waiting]
    assert len([answer for answer in answers if b"status=ok\n" in answer]) == len(waiting)
    assert helper_daemon.process.wait(PATIENCE) == 0
    for client in waiting:
        client.close()


@pytest.fixture
def hung(helper_daemon, aws, user, clients):
    """Somebody's request, under way to an AWS that does not answer."""
    assert helper_daemon.ask()["status"] == "ok"
    aws.misbehave("api", "hang", times=1)
    request = clients.submit(say, helper_daemon.socket, request_for(user))
    wait_until(lambda: aws.count("api") == 2, "hanging request")
    return request


def test_what_never_ends_is_broken_off_after_a_few_seconds_and_told_so(helper_daemon, hung):
    helper_daemon.process.terminate()
    assert helper_daemon.process.wait(PATIENCE) == 0
    assert b"code=restarting\n" in hung.result(PATIENCE)
    helper_daemon.wait_for("code=restarting")


def test_who_does_not_ask_is_waited_for_by_nobody(helper_daemon):
    assert helper_daemon.ask()["status"] == "ok"
    silent = [connect(helper_daemon.socket) for _ in range(3)]
    began = time.monotonic()
    helper_daemon.process.terminate()
    assert helper_daemon.process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 4, "it took the whole of its patience"
    for client in silent:
        assert client.recv(1) == b""
        client.close()


def test_a_second_signal_waits_for_nobody(helper_daemon, hung):
    began = time.monotonic()
    helper_daemon.process.terminate()
    wait_until(lambda: refuses(helper_daemon.socket), "refusal")
    assert helper_daemon.process.poll() is None
    helper_daemon.process.terminate()
    assert helper_daemon.process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 4, "it took the whole of its patience"
    assert b"code=restarting\n" in hung.result(PATIENCE)


def test_a_hangup_signal_changes_nothing(helper_daemon):
    assert helper_daemon.ask()["status"] == "ok"  # it has come as far as to serve
    helper_daemon.process.send_signal(signal.SIGHUP)
    assert helper_daemon.ask()["status"] == "ok"
    assert helper_daemon.process.poll() is None


def start_with(listener: socket.socket, build, config) -> subprocess.Popen:
    """As systemd starts it, which keeps the socket (sd_listen_fds(3))."""
    script = f'exec 3<&{listener.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
    command = ["bash", "-c", script, "bash", build.helper, "--config-dir", config.folder, "--log=stderr"]
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            pass_fds=[listener.fileno()])


def test_who_waits_in_the_backlog_of_systemds_socket_is_served_by_the_next_helper(build, config, folder, aws, user,
                                                                                  clients):
    path = folder / "systemd.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o666)
        listener.listen()
        told = threading.Event()
        aws.misbehave("api", "slow", times=1, delay=LEISURELY, until=told)
        with start_with(listener, build, config) as helper:
            slow = clients.submit(say, path, request_for(user))
            wait_until(lambda: aws.count("api") == 1, "slow request")
            helper.terminate()
            late = connect(path)
            late.sendall(request_for(user))
            told.set()
            assert parse_answer(slow.result(PATIENCE))["status"] == "ok"
            assert helper.wait(PATIENCE) == 0
        assert select.select([late], [], [], 0)[0] == [], "the helper that ends has taken it"
        with start_with(listener, build, config) as next_helper:
            assert parse_answer(receive(late))["status"] == "ok"
            next_helper.terminate()
        late.close()
