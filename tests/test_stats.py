"""op=stats and `sagemaker-studio stats`: what the helper has done since it started, and how it is.  For root alone.

SPDX-License-Identifier: MIT
"""

import json
import os
import subprocess
import time

import pytest

from conversation import PATIENCE, ask
from login_host import inside_sandbox

as_root = pytest.mark.skipif(not inside_sandbox(), reason="root's side of it: in tests/sandbox")
BOB = 12002


def stats_of(helper) -> dict[str, str]:
    answer = ask(helper.socket, op="stats")
    assert answer["status"] == "ok", answer
    return answer


def numbers(answer: dict[str, str], *keys: str) -> list[int]:
    return [int(answer[key]) for key in keys]


def click_as_bob(helper) -> dict[str, str]:
    os.seteuid(BOB)
    try:
        return ask(helper.socket)
    finally:
        os.seteuid(0)


def run_launcher(build, helper, *options: str, **how) -> subprocess.CompletedProcess:
    command = [str(build.launcher), "stats", "--socket", str(helper.socket), *options]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, **how)


@pytest.mark.skipif(os.geteuid() == 0, reason="an ordinary user's side of it")
def test_an_ordinary_user_is_told_nothing(build, helper_daemon):
    answer = ask(helper_daemon.socket, op="stats")
    assert (answer["status"], answer["code"]) == ("error", "not-allowed") and "connections" not in answer
    done = run_launcher(build, helper_daemon)
    assert (done.returncode, done.stdout) == (1, "") and "only root" in done.stderr


@as_root
def test_bob_is_told_nothing(build, helper_daemon):
    done = run_launcher(build, helper_daemon, user=BOB, group=BOB, extra_groups=[])
    assert (done.returncode, done.stdout) == (1, "") and "only root" in done.stderr


@as_root
@pytest.mark.parametrize("fields", [{"uid": BOB}, {"service": "sshd"}, {"landing_uri": "studio::"}])
def test_keys_that_mean_nothing_to_it_are_refused(helper_daemon, fields):
    assert ask(helper_daemon.socket, op="stats", **fields)["code"] == "protocol"


@as_root
def test_links_are_counted_by_how_they_came_about(helper_daemon, config):
    config.set_map("*  research  studio-tester\n")
    for _ in range(2):
        assert helper_daemon.ask()["status"] == "ok"
    assert click_as_bob(helper_daemon)["status"] == "ok"
    helper_daemon.ask(op="whoami")
    config.set_map("nobody-here  research  x\n")
    assert helper_daemon.ask()["status"] == "none"
    answer = stats_of(helper_daemon)
    assert numbers(answer, "links_made", "links_made_at_login", "links_made_by_click") == [3, 2, 1]
    assert numbers(answer, "identities", "no_link", "failed", "links_timed") == [1, 1, 0, 3]
    assert 0 <= int(answer["p50_ms"]) <= int(answer["p99_ms"]) < PATIENCE * 1000


@as_root
def test_connections_are_counted_and_the_open_ones_told(helper_daemon):
    before = stats_of(helper_daemon)
    after = stats_of(helper_daemon)
    assert int(after["connections"]) == int(before["connections"]) + 1
    assert after["conversations"] == "1"
    assert 0 <= int(after["uptime_seconds"]) < 600 and after["version"]


@as_root
def test_failures_are_counted_by_code(helper_daemon, config):
    config.set_map("alice  nowhere  x\n")
    for _ in range(3):
        assert helper_daemon.ask()["code"] == "config"
    assert ask(helper_daemon.socket, op="nonsense")["code"] == "protocol"
    answer = stats_of(helper_daemon)
    assert (answer["failed"], answer["failed_by_code"], answer["links_made"]) == ("4", "config:3 protocol:1", "0")


@as_root
def test_the_credentials_are_told_by_role_and_expiry_and_never_themselves(helper_daemon, aws):
    assert stats_of(helper_daemon)["credentials"] == "none"
    helper_daemon.ask()
    answer = stats_of(helper_daemon)
    assert (answer["credentials"], answer["role"]) == ("kept", "studio-desktop-host")
    assert time.time() < int(answer["credentials_expire_at"]) < time.time() + 86400
    assert not [secret for secret in aws.secrets if secret in str(answer)]


@as_root
def test_an_outage_is_told_with_its_peer_until_it_is_over(helper_daemon, aws):
    aws.misbehave("imds-connect", "refuse")
    for _ in range(4):
        helper_daemon.ask()
    answer = stats_of(helper_daemon)
    assert answer["outages"] == "1" and "unavailable:1" in answer["failed_by_code"]
    seconds, peer = answer["outage_1"].split(" ", 1)
    assert int(seconds) < PATIENCE and peer == "the instance metadata service"


@as_root
def test_the_state_of_the_configuration_is_that_of_now(helper_daemon, config):
    assert stats_of(helper_daemon)["configuration"] == "loaded"
    config.set_map("@ research\n")
    answer = stats_of(helper_daemon)
    assert answer["configuration"] == "broken" and "users.map:1" in answer["configuration_message"]
    (config.folder / "users.map").unlink()
    assert stats_of(helper_daemon)["configuration"] == "absent"


@as_root
def test_the_launcher_tells_all_of_it_to_programs(build, helper_daemon, config, aws):
    helper_daemon.ask()
    aws.misbehave("api-connect", "refuse")
    for _ in range(4):
        helper_daemon.ask()
    config.set_map('@ "research\n')
    wire = stats_of(helper_daemon)
    done = run_launcher(build, helper_daemon, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    (outage,) = told.pop("outages")
    codes = told.pop("failed_by_code")
    assert outage["peer"] == wire["outage_1"].split(" ", 1)[1]
    assert " ".join(f"{code}:{count}" for code, count in codes.items()) == wire["failed_by_code"]
    for key in ("connections", "uptime_seconds"):
        assert told.pop(key) >= int(wire[key])
    for key, value in told.items():
        assert str(value) == wire[key] and isinstance(value, int) == value_is_a_number(key)
    assert set(told) == set(wire) - {"status", "connections", "uptime_seconds", "failed_by_code", "outages", "outage_1"}


def value_is_a_number(key: str) -> bool:
    return key not in ("version", "role", "credentials", "configuration", "configuration_message")


@as_root
def test_the_launcher_tells_people_what_matters(build, helper_daemon, aws):
    helper_daemon.ask()
    aws.misbehave("api-connect", "refuse")
    for _ in range(4):
        helper_daemon.ask()
    done = run_launcher(build, helper_daemon)
    assert (done.returncode, done.stderr) == (0, "")
    for text in ("1 (1 at login, 0 by click)", "ms (median)", "unavailable", "of role studio-desktop-host, good until",
                 "Configuration:  loaded", "localhost"):
        assert text in done.stdout, done.stdout
