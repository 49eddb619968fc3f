"""A local user who takes all he can get of the resident helper: connections, descriptors, its time, its backlog.

Logins are root's requests, or real ones where PAM matters; each is served, or told, within its deadline.

SPDX-License-Identifier: MIT
"""

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conversation import PATIENCE, ask, request_text
from directory_service import DirectoryService
from helper_daemon import HelperDaemon
from hostile_user import (ALICE, BOB, LOGIN_MS, acting_as, allow_many_descriptors, ask_as, connect_as,
                          connect_patiently, descriptors, login, mostly_idle, open_conversations)
from login_host import PamHost, eventually, inside_sandbox
from stand_in.sagemaker_api import DOMAIN_ID

pytestmark = pytest.mark.skipif(not inside_sandbox(), reason="needs users: only in tests/sandbox, as root")

TANAKA = 1500001
PER_USER, IN_ALL, OF_ROOT = 16, 512, 64  # conversations, helper/server.h
REQUEST_S = 5  # for a request to come whole, and for an answer to be taken: helper/conversation.h
GREEDY = 300  # connections
MANY_URIS = " ".join(f"app:JupyterLab:lab/tree/{'x' * 480}-{number}" for number in range(30))


@pytest.fixture(autouse=True)
def many_descriptors() -> None:
    allow_many_descriptors()


@contextlib.contextmanager
def all_closed(clients: list[socket.socket]) -> Iterator[None]:
    try:
        yield
    finally:
        for client in clients:
            client.close()


# ---- connections that stay -------------------------------------------------------------------------------------------


def write(client: socket.socket, data: bytes) -> None:
    """As much as the other side takes now."""
    client.setblocking(False)
    with contextlib.suppress(OSError):
        client.send(data)


def one_byte_a_second(clients: list[socket.socket]) -> None:
    request = request_text(op="whoami")
    until = time.monotonic() + REQUEST_S + 2
    for position in range(len(request)):
        for client in clients:
            write(client, request[position:position + 1])
        if time.monotonic() > until:
            return
        time.sleep(1)


def each(data: bytes) -> Callable[[list[socket.socket]], None]:
    def write_to_all(clients: list[socket.socket]) -> None:
        for client in clients:
            write(client, data)

    return write_to_all


WAYS_TO_STAY = {
    "says nothing": each(b""),
    "half a request": each(b"proto=1\nop=iss"),
    "one byte a second": one_byte_a_second,
    "never reads a large answer": each(request_text(op="whoami")),
    "garbage": each(os.urandom(30000).replace(b"\n\n", b"..")),
    "64 KiB and a byte": each(b"proto=1\n" + b"a=" + b"x" * (65536 - 9)),
}


def is_closed(client: socket.socket) -> bool:
    """Has the other side hung up?  Without reading what it said before."""
    poll = select.poll()
    poll.register(client, select.POLLRDHUP)
    return bool(poll.poll(0))


@pytest.mark.parametrize("way", WAYS_TO_STAY)
def test_hundreds_of_connections_of_one_user_delay_no_login_and_are_ended(helper_daemon, config, way):
    config.set_domain(landing_uris=MANY_URIS)
    assert login(helper_daemon)["status"] == "ok"
    with mostly_idle(helper_daemon):
        clients = [connect_patiently(BOB, helper_daemon.socket) for _ in range(GREEDY)]
        with all_closed(clients):
            assert open_conversations(helper_daemon) <= PER_USER
            WAYS_TO_STAY[way](clients)
            assert [login(helper_daemon)["status"] for _ in range(5)] == ["ok"] * 5
            eventually("the helper to end them all", lambda: all(map(is_closed, clients)), REQUEST_S + PATIENCE)
            assert open_conversations(helper_daemon) == 0
    assert login(helper_daemon)["status"] == "ok"


def test_ten_thousand_connects_leave_nothing_behind(helper_daemon):
    assert login(helper_daemon)["status"] == "ok"
    before = descriptors(helper_daemon)
    for _ in range(100):
        for _ in range(100):
            connect_patiently(BOB, helper_daemon.socket).close()
        assert login(helper_daemon)["status"] == "ok"
    eventually("the helper to have no more descriptors than before", lambda: descriptors(helper_daemon) <= before)
    assert open_conversations(helper_daemon) == 0


# ---- more of them than the helper can hold ---------------------------------------------------------------------------


def test_with_all_conversations_taken_a_login_waits_for_the_next_free_one(helper_daemon):
    assert login(helper_daemon)["status"] == "ok"
    users = [connect_patiently(uid, helper_daemon.socket)
             for uid in range(100000, 100040) for _ in range(PER_USER)]
    roots = [connect_patiently(0, helper_daemon.socket) for _ in range(OF_ROOT)]
    with all_closed(users + roots), mostly_idle(helper_daemon):
        waiting = connect_patiently(0, helper_daemon.socket)
        waiting.sendall(request_text(op="issue", uid=ALICE, budget_ms=LOGIN_MS))
        readable, _, _ = select.select([waiting], [], [], 1)
        assert not readable, "there was room for it"
        roots.pop().close()
        assert b"status=ok" in waiting.recv(65536)
    eventually("all to have gone", lambda: open_conversations(helper_daemon) == 0)
    assert login(helper_daemon)["status"] == "ok"


def outcome_of_login(helper: HelperDaemon) -> str:
    """What the module would make of it within its deadline."""
    with connect_patiently(0, helper.socket) as client:
        client.settimeout(LOGIN_MS / 1000)
        client.sendall(request_text(op="issue", uid=ALICE, budget_ms=LOGIN_MS))
        try:
            return "served" if b"status=ok" in client.recv(65536) else "told"
        except TimeoutError:
            return "too late"


DESCRIPTORS = 40


@pytest.fixture
def poor_helper(build, config, folder, user) -> Iterator[HelperDaemon]:
    """One that has hardly any descriptors."""
    program = folder / "poor-helper"
    program.write_text(f'#!/bin/sh\nulimit -n {DESCRIPTORS}\nexec {build.helper} "$@"\n')
    program.chmod(0o755)
    daemon = HelperDaemon(program, config.folder, folder / "helper.sock", user.asked_for)
    yield daemon
    daemon.stop()


def hold(helper: HelperDaemon, count: int, first: int = 0) -> list[socket.socket]:
    """Connections of as many users as it takes."""
    return [connect_patiently(100000 + number // PER_USER, helper.socket) for number in range(first, first + count)]


def hold_all_but_one(helper: HelperDaemon) -> list[socket.socket]:
    clients: list[socket.socket] = []
    while (before := descriptors(helper)) < DESCRIPTORS - 1:
        clients += hold(helper, 1, len(clients))
        eventually("the connection to be accepted", lambda before=before: descriptors(helper) > before)
    return clients


def test_a_helper_without_descriptors_does_not_spin_and_serves_again_when_it_has_some(poor_helper):
    assert login(poor_helper)["status"] == "ok"
    with mostly_idle(poor_helper), all_closed(hold(poor_helper, DESCRIPTORS)):
        eventually("the last descriptor to be taken", lambda: descriptors(poor_helper) == DESCRIPTORS)
        assert outcome_of_login(poor_helper) in ("told", "too late")
        eventually("those who say nothing to be ended", lambda: outcome_of_login(poor_helper) == "served")
    assert login(poor_helper)["status"] == "ok"


def test_with_no_descriptor_left_for_aws_logins_are_told_and_it_is_no_outage(poor_helper):
    with mostly_idle(poor_helper), all_closed(hold_all_but_one(poor_helper)):
        answers = [login(poor_helper) for _ in range(4)]
    assert [answer.get("code") for answer in answers] == ["resources"] * 4
    assert login(poor_helper)["status"] == "ok"


# ---- a helper that is stopped ----------------------------------------------------------------------------------------


def fill_backlog(path: Path) -> list[socket.socket]:
    clients = []
    with acting_as(BOB):
        while True:
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            try:
                client.connect(str(path))
            except BlockingIOError:
                client.close()
                return clients
            clients.append(client)


def test_a_stopped_helper_with_a_full_backlog_keeps_no_login_past_its_deadline(build, helper_daemon):
    pam = PamHost(build.pam_application, "xrdp-sesman", f"socket={helper_daemon.socket}", "timeout=1")
    helper_daemon.process.send_signal(signal.SIGSTOP)
    clients = []
    try:
        clients = fill_backlog(helper_daemon.socket)
        login_meanwhile = pam.log_in("alice")
    finally:
        helper_daemon.process.send_signal(signal.SIGCONT)
    with all_closed(clients):
        assert len(clients) > IN_ALL
        assert (login_meanwhile.result, login_meanwhile.differences) == ("PAM_SESSION_ERR", [])
        assert login_meanwhile.seconds < 1 + 8
        assert [line for line in login_meanwhile.log if "code=timeout" in line]
        pam.set_arguments(f"socket={helper_daemon.socket}", "timeout=20")
        assert pam.log_in("alice").result == "PAM_SUCCESS"


# ---- look-ups that hang ----------------------------------------------------------------------------------------------


@pytest.fixture
def directory(build) -> Iterator[DirectoryService]:
    users = [f"tanaka:x:{TANAKA}:{TANAKA}::/home/tanaka:/bin/bash"]
    service = DirectoryService(build.path("tests/libnss_standin.so.2"), users, [f"tanaka:x:{TANAKA}:"])
    yield service
    service.remove()


@pytest.fixture
def silent_resolver() -> Iterator[socket.socket]:
    """A name server that takes questions and says nothing."""
    configuration = Path("/etc/resolv.conf")
    before = configuration.read_text()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.53", 53))
        server.settimeout(PATIENCE)
        configuration.write_text("nameserver 127.0.0.53\noptions timeout:30 attempts:3\n")
        yield server
        configuration.write_text(before)


def ask_and_wait(uid: int, path: Path, **fields: object) -> list[socket.socket]:
    clients = [connect_as(uid, path) for _ in range(PER_USER)]
    for client in clients:
        client.sendall(request_text(budget_ms=15000, **fields))
    return clients


def test_clicks_that_hang_in_the_directory_leave_everybody_else_his_answer(directory, helper_daemon):
    with directory.misbehaving("getpwuid hang helper"):
        with all_closed(ask_and_wait(TANAKA, helper_daemon.socket, op="issue")):
            answers = [ask_as(BOB, helper_daemon.socket, op="whoami") for _ in range(20)]
            assert [answer["status"] for answer in answers] == ["ok"] * 20
            assert login(helper_daemon)["status"] == "ok"
            assert open_conversations(helper_daemon) == PER_USER


def test_clicks_that_hang_in_the_resolver_leave_everybody_else_his_answer(silent_resolver, helper_daemon, config, aws):
    lost = f"[domain lost]\ndomain_id = {DOMAIN_ID}\nendpoint_url = https://api.lost.example:{aws.api.port}\n"
    config.set_domain(more=lost)
    config.set_map("bob  lost  x\n*  research  studio-tester\n")
    with all_closed(ask_and_wait(BOB, helper_daemon.socket, op="issue")):
        silent_resolver.recv(4096)  # now the helper has asked
        assert [ask(helper_daemon.socket, op="whoami", uid=BOB)["status"] for _ in range(20)] == ["ok"] * 20
        assert [login(helper_daemon)["status"] for _ in range(5)] == ["ok"] * 5
        assert open_conversations(helper_daemon) == PER_USER
