"""What a user who means harm has at hand: connections under his own uid.  And what to hold the helper to meanwhile.

SPDX-License-Identifier: MIT
"""

import contextlib
import os
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from conversation import ask, connect, parse_answer, receive, request_text, send
from helper_daemon import HelperDaemon

ALICE, BOB = 12001, 12002
LOGIN_MS = 3000  # the module's default deadline
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def acting_as(uid: int) -> Iterator[None]:
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def connect_as(uid: int, path: Path) -> socket.socket:
    with acting_as(uid):
        return connect(path)


def connect_patiently(uid: int, path: Path) -> socket.socket:
    """Where the backlog is full, again."""
    until = time.monotonic() + LOGIN_MS / 1000
    while True:
        try:
            return connect_as(uid, path)
        except BlockingIOError:
            assert time.monotonic() < until, "no place in the backlog"
            time.sleep(0.001)


def ask_as(peer: int, path: Path, /, **fields: object) -> dict[str, str]:
    with connect_as(peer, path) as client:
        send(client, request_text(**fields))
        return parse_answer(receive(client))


def login(helper: HelperDaemon, budget_ms: int = LOGIN_MS) -> dict[str, str]:
    """As the module does: where the backlog is full, again until the deadline."""
    until = time.monotonic() + budget_ms / 1000
    while True:
        try:
            return ask(helper.socket, uid=ALICE, budget_ms=budget_ms)
        except BlockingIOError:
            assert time.monotonic() < until, "no place in the backlog"
            time.sleep(0.01)


def allow_many_descriptors() -> None:
    """For the tests' own side of some thousand connections."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))


# ---- the helper, seen from outside -----------------------------------------------------------------------------------


def cpu_seconds(helper: HelperDaemon) -> float:
    """Of the helper itself, without its workers."""
    fields = Path("/proc", str(helper.process.pid), "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def descriptors(helper: HelperDaemon) -> int:
    return len(os.listdir(f"/proc/{helper.process.pid}/fd"))


@contextlib.contextmanager
def mostly_idle(helper: HelperDaemon) -> Iterator[None]:
    """A loop that spins takes all of the time that passes; one that waits, next to nothing."""
    began, before = time.monotonic(), cpu_seconds(helper)
    yield
    used, passed = cpu_seconds(helper) - before, time.monotonic() - began
    assert used < 0.3 + passed / 3, f"{used:.2f} s of CPU in {passed:.2f} s"


def open_conversations(helper: HelperDaemon) -> int:
    """Besides the one that asks."""
    return int(ask(helper.socket, op="stats")["conversations"]) - 1
