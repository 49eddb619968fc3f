"""A local user who means harm: he gets nothing of anybody's, delays nobody, and leaves no words of his in the log.

Here the requests of bob are his own by the kernel's word, and root asks for alice, as a login does.

SPDX-License-Identifier: MIT
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conversation import PATIENCE, ask, connect, receive, request_text, send
from directory_service import DirectoryService
from helper_daemon import HelperDaemon
from hostile_user import ALICE, BOB, ask_as, connect_as, login
from login_host import inside_sandbox
from stand_in.sagemaker_api import DOMAIN_ID
from stand_in_aws import REGION

pytestmark = pytest.mark.skipif(not inside_sandbox(), reason="needs users: only in tests/sandbox, as root")

TANAKA = 1500001
OUTAGE_PAUSE = 15


@pytest.fixture
def directory(build) -> Iterator[DirectoryService]:
    users = [f"tanaka:x:{TANAKA}:{TANAKA}::/home/tanaka:/bin/bash"]
    service = DirectoryService(build.path("tests/libnss_standin.so.2"), users, [f"tanaka:x:{TANAKA}:"])
    yield service
    service.remove()


@pytest.mark.parametrize("who", [{"uid": ALICE}, {"uid": 0}, {"service": "sshd"}, {"loginuid": ALICE}])
def test_he_cannot_speak_for_others(helper_daemon, aws, who):
    answer = ask_as(BOB, helper_daemon.socket, op="issue", **who)
    assert (answer["status"], answer["code"]) == ("error", "not-allowed") and "url" not in answer
    assert aws.count("api") == 0


def test_his_words_are_not_in_the_log(helper_daemon):
    forged = "event=link-made via=login user=root uid=0"
    ask_as(BOB, helper_daemon.socket, op=forged)
    ask_as(BOB, helper_daemon.socket, op="issue", landing_uri=forged)
    with connect_as(BOB, helper_daemon.socket) as client:
        send(client, b"proto=1\nop=issue\nx_y_z_forged=1\n\n")
        receive(client)
    login(helper_daemon)
    helper_daemon.wait_for("event=link-made")
    assert not helper_daemon.lines_with(forged) and not helper_daemon.lines_with("x_y_z_forged")


def test_his_refusals_do_not_fill_the_log(helper_daemon):
    for _ in range(100):
        ask_as(BOB, helper_daemon.socket, op="nonsense")
    login(helper_daemon)
    helper_daemon.wait_for("event=link-made")
    assert len(helper_daemon.lines_with("event=link-refused")) <= 20


ATTACKER = """
import os, socket, sys
path, uid, request = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode().decode("unicode_escape").encode()
os.setresuid(uid, uid, uid)
print("ready", flush=True)
while True:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            client.sendall(request)
    except OSError:
        pass
"""
FLOODS = {
    "connects": "",
    "asks and hangs up": r"proto=1\nop=whoami\n\n",
    "asks for a link and hangs up": r"proto=1\nop=issue\n\n",
    "a budget of a millisecond": r"proto=1\nop=whoami\nbudget_ms=1\n\n",
    "half a request": r"proto=1\nop=iss",
    "nonsense": r"proto=1\nop=nonsense\n\n",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_his_flood_keeps_no_login_from_its_link(helper_daemon, flood):
    assert login(helper_daemon)["status"] == "ok"
    command = [sys.executable, "-c", ATTACKER, str(helper_daemon.socket), str(BOB), FLOODS[flood]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as attacker:
        assert attacker.stdout.readline() == "ready\n"
        try:
            assert [login(helper_daemon)["status"] for _ in range(20)] == ["ok"] * 20
        finally:
            attacker.kill()


def test_users_with_many_uids_leave_room_for_logins(helper_daemon):
    held = [connect_as(uid, helper_daemon.socket) for uid in range(100000, 100040) for _ in range(16)]
    assert login(helper_daemon)["status"] == "ok"
    for client in held:
        client.close()


def test_his_clicks_that_hang_in_the_directory_delay_no_login(directory, helper_daemon, config):
    config.set_map("alice  research  studio-tester\n*  research  other\n")
    with directory.misbehaving("getpwuid hang helper"):
        held = [connect_as(TANAKA, helper_daemon.socket) for _ in range(8)]
        for client in held:
            client.sendall(request_text(op="whoami", budget_ms=15000))
        helper_daemon.ask(op="whoami", uid=BOB, budget_ms=200)  # all of them have been read by now
        assert login(helper_daemon)["status"] == "ok"
        for client in held:
            client.close()


@pytest.mark.parametrize("budget_ms", [30, 1060])
def test_his_hurry_is_nobodys_outage(helper_daemon, aws, budget_ms):
    assert login(helper_daemon)["status"] == "ok"
    aws.misbehave("api", "hang")
    for _ in range(4):
        ask_as(BOB, helper_daemon.socket, op="issue", budget_ms=budget_ms)
    aws.behave()
    assert login(helper_daemon)["status"] == "ok"


def test_he_cannot_keep_an_outage_going(helper_daemon, aws):
    aws.misbehave("api-connect", "refuse")
    for _ in range(3):
        login(helper_daemon)
    assert login(helper_daemon)["code"] == "unavailable"
    aws.behave()
    until = time.monotonic() + OUTAGE_PAUSE + 5
    while time.monotonic() < until and not helper_daemon.lines_with("event=outage-over"):
        ask_as(BOB, helper_daemon.socket, op="issue", budget_ms=26)
        with connect_as(BOB, helper_daemon.socket) as client:
            send(client, request_text(op="issue", budget_ms=5000))
        login(helper_daemon)
        time.sleep(0.2)
    assert login(helper_daemon)["status"] == "ok"


def test_a_domain_with_a_dead_proxy_is_no_outage_of_the_others(helper_daemon, config, aws):
    config.set_domain(more=f"[domain broken]\ndomain_id = {DOMAIN_ID}\nregion = {REGION}\nendpoint_url = {aws.api_url}\n"
                           f"ca_bundle = {aws.ca_bundle}\nproxy_url = http://127.0.0.1:9\n")
    config.set_map("bob  broken  x\n*  research  studio-tester\n")
    for _ in range(4):
        assert ask_as(BOB, helper_daemon.socket, op="issue")["status"] == "error"
    assert login(helper_daemon)["status"] == "ok"


def test_a_link_that_he_does_not_wait_for_is_in_the_log(helper_daemon, aws):
    assert login(helper_daemon)["status"] == "ok"
    aws.misbehave("api", "hang")
    before = aws.count("api")
    client = connect_as(BOB, helper_daemon.socket)
    send(client, request_text(op="issue"))
    until = time.monotonic() + PATIENCE
    while aws.count("api") == before and time.monotonic() < until:
        time.sleep(0.01)
    client.close()
    assert f"uid={BOB}" in helper_daemon.wait_for("code=caller-gone")[0]


# ---- the administrator changes the configuration under requests that wait ---------------------------------------------


@contextlib.contextmanager
def workers_that_hang(helper: HelperDaemon, directory: DirectoryService) -> Iterator[None]:
    """All of root's mapping workers are in a directory that does not answer, for two seconds."""
    with directory.misbehaving("getpwuid hang helper"), contextlib.ExitStack() as held:
        for _ in range(8):
            client = held.enter_context(connect(helper.socket))
            client.sendall(request_text(op="whoami", uid=TANAKA, budget_ms=2000))
        yield


def identity_of_alice_while(helper: HelperDaemon, directory: DirectoryService, change: Callable[[], None]) -> dict:
    """Asked before the change, when no worker is free, and answered after it."""
    answers: list[dict[str, str]] = []
    with workers_that_hang(helper, directory):
        waiting = threading.Thread(
            target=lambda: answers.append(ask(helper.socket, op="whoami", uid=ALICE, budget_ms=15000)))
        waiting.start()
        time.sleep(0.3)
        change()
        waiting.join(PATIENCE)
    return answers[0]


def test_no_request_gets_the_rule_of_one_map_with_the_settings_of_another(directory, helper_daemon, config):
    def change() -> None:
        config.set_map("*  research  profile-b\n")
        config.set_domain(domain_id="d-zyxwvutsrq98")
        ask(helper_daemon.socket, op="whoami", uid=BOB, budget_ms=50)

    config.set_map("*  research  profile-a\n")
    answer = identity_of_alice_while(helper_daemon, directory, change)
    assert (answer["user_profile_name"], answer["domain_id"]) == ("profile-b", "d-zyxwvutsrq98")


def test_a_good_map_and_then_a_broken_one_under_requests_that_wait(directory, helper_daemon, config):
    def change() -> None:
        for text in ("*  research  profile-b\n", "@ research\n"):
            config.set_map(text)
            ask(helper_daemon.socket, op="whoami", uid=BOB, budget_ms=50)

    config.set_map("*  research  profile-a\n")
    assert identity_of_alice_while(helper_daemon, directory, change)["code"] == "config"
    config.set_map("*  research  profile-c\n")
    assert login(helper_daemon)["user_profile_name"] == "profile-c"


# ---- starting it -------------------------------------------------------------------------------------------------------


def test_what_listen_makes_is_open_to_all_whatever_the_umask(build, config, user):
    before = os.umask(0o077)
    try:
        daemon = HelperDaemon(build.helper, config.folder, Path("/run/fresh/helper.sock"), user.asked_for)
    finally:
        os.umask(before)
    try:
        assert ask_as(BOB, daemon.socket, op="whoami")["status"] == "ok"
        assert [Path(path).stat().st_mode & 0o777 for path in ("/run/fresh", "/run/fresh/users")] == [0o755, 0o711]
    finally:
        daemon.stop()
