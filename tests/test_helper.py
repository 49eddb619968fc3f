"""The helper as its callers see it: conversations at its socket, its two other entries, and what reaches AWS.

SPDX-License-Identifier: MIT
"""

import os
import re
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conftest import Build, User
from conversation import PATIENCE, ask, connect, parse_answer, receive, request_text, say, send
from helper_daemon import HelperDaemon, helper_environment
from stand_in.sagemaker_api import DOMAIN_ID
from stand_in_aws import REGION, StandInAws
from studio_config import StudioConfig

LINK = re.compile(rf"https://{DOMAIN_ID}\.studio\.{REGION}\.sagemaker\.aws/auth\?token=[A-Za-z0-9._-]{{4000,}}")
PLENTY_MS = 20000  # where the budget is not what a test is about
AT_ONCE = 16  # conversations that one user may hold

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root's side of it")
as_ordinary_user = pytest.mark.skipif(os.geteuid() == 0, reason="an ordinary user's side of it")


def link_for(helper: HelperDaemon, **fields: object) -> dict[str, str]:
    answer = helper.ask(budget_ms=PLENTY_MS, **fields)
    assert answer["status"] == "ok" and LINK.fullmatch(answer["url"]), answer
    return answer


def error_for(helper: HelperDaemon, **fields: object) -> dict[str, str]:
    answer = helper.ask(budget_ms=PLENTY_MS, **fields)
    assert answer["status"] == "error" and answer["message"] and "url" not in answer, answer
    return answer


def nothing_was_asked(aws: StandInAws) -> bool:
    return aws.imds.connections == 0 and aws.api.connections == 0


# ---- a link ----------------------------------------------------------------------------------------------------------


def test_a_user_gets_a_link_and_is_told_all_about_it(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    answer = link_for(helper_daemon)
    del answer["url"]
    assert int(answer.pop("expires_at")) - int(answer.pop("issued_at")) == 300
    assert answer == {"status": "ok", "domain": "research", "domain_id": DOMAIN_ID, "region": REGION,
                      "user_profile_name": "studio-tester", "rule": "users.map:1",
                      "request_id": aws.requests[-1].request_id}


def test_a_link_leaves_one_log_line_that_says_who_got_which(
        helper_daemon: HelperDaemon, user: User, aws: StandInAws) -> None:
    link_for(helper_daemon)
    (line,) = helper_daemon.wait_for("event=link-made")
    for field in (f"user={user.name}", f"uid={user.uid}", "rule=users.map:1", "domain=research",
                  "user_profile=studio-tester", "role=studio-desktop-host", "ms=",
                  f"request_id={aws.requests[-1].request_id}"):
        assert f" {field}" in line
    assert helper_daemon.stop() == [line]


def test_fifty_links_take_one_tls_connection_and_one_fetch_of_credentials(
        helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    links = {link_for(helper_daemon)["url"] for _ in range(50)}
    assert len(links) == 50
    assert (aws.tls_handshakes, aws.imds.connections) == (1, 1)
    assert (aws.count("imds-token"), aws.count("imds-role"), aws.count("imds-credentials")) == (1, 1, 1)


def test_all_who_ask_at_once_share_one_fetch_of_credentials(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        links = {answer["url"] for answer in pool.map(lambda _: link_for(helper_daemon), range(AT_ONCE))}
    assert len(links) == AT_ONCE
    assert aws.count("imds-credentials") == 1


def test_kept_connections_that_the_other_side_closed_are_made_anew(
        helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    link_for(helper_daemon)
    aws.end_idle_connections()
    link_for(helper_daemon)
    assert aws.tls_handshakes == 2


def test_keys_that_aws_calls_expired_are_fetched_anew_within_the_same_request(
        helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    link_for(helper_daemon)
    aws.metadata_service.revoke_keys()
    link_for(helper_daemon)
    assert aws.count("imds-credentials") == 2


def test_a_metadata_token_that_is_refused_is_fetched_anew(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    link_for(helper_daemon)
    aws.metadata_service.revoke_keys()
    aws.metadata_service.revoke_tokens()
    link_for(helper_daemon)
    assert aws.count("imds-token") == 2


def test_the_region_is_the_instances_own_where_none_is_configured(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_domain(region=None)
    assert link_for(helper_daemon)["region"] == REGION
    assert aws.count("imds-region") == 1


# ---- what reaches the API --------------------------------------------------------------------------------------------

ALWAYS_SENT = {"DomainId": DOMAIN_ID, "UserProfileName": "studio-tester", "ExpiresInSeconds": 300,
               "SessionExpirationDurationInSeconds": 43200}


@pytest.mark.parametrize("settings, options, sent", [
    ({}, "", {}),
    ({"expires_in_seconds": 5}, "", {"ExpiresInSeconds": 5}),
    ({"session_expiration_duration_in_seconds": 1800}, "", {"SessionExpirationDurationInSeconds": 1800}),
    ({"space_name": "team-space"}, "", {"SpaceName": "team-space"}),
    ({"landing_uri": "app:JupyterLab:lab/tree/a.ipynb"}, "", {"LandingUri": "app:JupyterLab:lab/tree/a.ipynb"}),
    ({}, "space_name=own-space", {"SpaceName": "own-space"}),
    ({}, "landing_uri=studio::jupyterlab/own", {"LandingUri": "studio::jupyterlab/own"}),
    ({"space_name": "team-space"}, "space_name=own-space", {"SpaceName": "own-space"}),
    ({"space_name": "team-space"}, "landing_uri=studio::", {"LandingUri": "studio::"}),
    ({"landing_uri": "studio::"}, "space_name=own-space", {"SpaceName": "own-space"}),
    ({"domain_id": "d-zyxwvutsrq98"}, "", {"DomainId": "d-zyxwvutsrq98"}),
])
def test_every_parameter_of_the_api_arrives_as_configured(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, settings: dict[str, Any], options: str,
        sent: dict[str, Any]) -> None:
    aws.sagemaker.domains["d-zyxwvutsrq98"] = None
    config.set_domain(**settings)
    config.set_map(f"*  research  studio-tester  {options}\n")
    assert helper_daemon.ask(budget_ms=PLENTY_MS)["status"] == "ok"
    assert aws.parameters() == [{**ALWAYS_SENT, **sent}]


def test_a_user_may_pick_a_landing_uri_that_the_domain_allows_and_no_other(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_domain(landing_uris="studio::models app:CodeEditor:")
    link_for(helper_daemon, landing_uri="app:CodeEditor:")
    assert aws.parameters()[-1]["LandingUri"] == "app:CodeEditor:"
    assert error_for(helper_daemon, landing_uri="app:Canvas:")["code"] == "landing-uri"
    assert len(aws.parameters()) == 1


def test_a_domain_id_in_the_map_needs_no_section(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.write("studio.conf", f"[defaults]\nregion = {REGION}\nendpoint_url = {aws.api_url}\n"
                 f"ca_bundle = {aws.ca_bundle}\n[credentials]\nec2_metadata_service_endpoint = {aws.imds_url}\n")
    config.set_map(f"*  {DOMAIN_ID}  studio-tester\n")
    assert link_for(helper_daemon)["domain"] == DOMAIN_ID


# ---- who may ask for whom --------------------------------------------------------------------------------------------


@as_ordinary_user
def test_a_user_may_name_himself_and_nobody_else(helper_daemon: HelperDaemon, user: User, aws: StandInAws) -> None:
    for other in (0, user.uid + 1, 65534):
        assert error_for(helper_daemon, uid=other)["code"] == "not-allowed"
    assert nothing_was_asked(aws)
    link_for(helper_daemon, uid=user.uid)


@as_ordinary_user
@pytest.mark.parametrize("fields", [{"service": "sshd"}, {"loginuid": 1000}])
def test_a_user_may_not_say_what_is_roots_to_say(helper_daemon: HelperDaemon, fields: dict[str, object]) -> None:
    assert error_for(helper_daemon, **fields)["code"] == "not-allowed"


@as_ordinary_user
def test_a_user_who_holds_too_many_conversations_gets_no_further_one(helper_daemon: HelperDaemon) -> None:
    held = [connect(helper_daemon.socket) for _ in range(AT_ONCE)]
    assert say(helper_daemon.socket, request_text(op="issue")) == b""
    for client in held:
        send(client, request_text(op="issue", budget_ms=PLENTY_MS))
        assert parse_answer(receive(client))["status"] == "ok"
        client.close()


@as_root
@pytest.mark.parametrize("uid", [0, 1, 999, 65534, 61184, 65519])
def test_root_and_system_accounts_get_no_link(helper_daemon: HelperDaemon, aws: StandInAws, uid: int) -> None:
    assert ask(helper_daemon.socket, uid=uid)["code"] == "not-eligible"
    assert nothing_was_asked(aws)


@as_root
def test_what_root_says_of_the_login_is_logged(helper_daemon: HelperDaemon) -> None:
    link_for(helper_daemon, service="xrdp-sesman", loginuid=4711)
    (line,) = helper_daemon.wait_for("event=link-made")
    assert " via=login " in line and " service=xrdp-sesman " in line and " loginuid=4711 " in line


def test_a_user_whom_no_rule_matches_is_told_so_and_aws_is_not_asked(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_map("nobody-of-this-name  research  x\n")
    assert helper_daemon.ask() == {"status": "none", "reason": "no-rule"}
    assert nothing_was_asked(aws)


def test_a_rule_with_a_dash_ends_the_search(
        helper_daemon: HelperDaemon, config: StudioConfig, user: User, aws: StandInAws) -> None:
    config.set_map(f'"{user.name}"  -\n*  research  studio-tester\n')
    answer = helper_daemon.ask()
    assert (answer["status"], answer["reason"], answer["rule"]) == ("none", "refused", "users.map:1")
    assert nothing_was_asked(aws)


def test_links_of_one_user_are_limited_in_number(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_domain(more="[helper]\nmax_links_per_user_per_minute = 3\n")
    for _ in range(3):
        link_for(helper_daemon)
    assert error_for(helper_daemon)["code"] == "rate-limited"
    assert aws.count("api") == 3


def test_a_profile_that_does_not_exist_is_named_with_advice(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    aws.sagemaker.domains[DOMAIN_ID] = {"somebody-else"}
    answer = error_for(helper_daemon)
    assert answer["code"] == "not-found" and answer["request_id"] == aws.requests[-1].request_id
    assert "studio-tester" in answer["message"] and DOMAIN_ID in answer["message"]


def test_whoami_says_who_one_is_without_asking_aws(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    answer = helper_daemon.ask(op="whoami")
    assert answer["status"] == "ok" and "url" not in answer
    assert (answer["rule"], answer["domain_id"], answer["user_profile_name"]) == (
        "users.map:1", DOMAIN_ID, "studio-tester")
    assert nothing_was_asked(aws)


# ---- what is said at the socket --------------------------------------------------------------------------------------


def is_well(helper: HelperDaemon) -> bool:
    return link_for(helper) is not None


@pytest.mark.parametrize("request_bytes", [
    b"proto=1\n\n",
    b"proto=1\nop=\n\n",
    b"proto=1\nop=delete\n\n",
    b"proto=2\nop=issue\n\n",
    b"op=issue\n\n",
    b"op=issue\nproto=1\n\n",
    b"\n\n",
    b"proto=1\nop=issue\nop=issue\n\n",
    b"proto=1\nop=issue\nuser=alice\n\n",
    b"proto=1\nop=issue\ndomain=research\n\n",
    b"proto=1\nop=issue\nuser_profile_name=admin\n\n",
    b"proto=1\nop=whoami\nlanding_uri=studio::\n\n",
    b"proto=1\nop=issue\nlanding_uri\n\n",
    b"proto=1\nop=issue\nOP=issue\n\n",
    b"proto=1\nop=issue\nlanding_uri=a\x00b\n\n",
    b"proto=1\nop=issue\nlanding_uri=a\rb\n\n",
    b"proto=1\nop=issue\nlanding_uri=\xff\n\n",
    b"proto=1\nop=issue\nlanding_uri=\xc2\x85\n\n",
    b"proto=1\nop=issue\n\nproto=1\nop=issue\n\n",
    b"proto=1\nop=issue\nuid=\n\n",
    b"proto=1\nop=issue\nuid=-1\n\n",
    b"proto=1\nop=issue\nuid=01000\n\n",
    b"proto=1\nop=issue\nuid=4294967295\n\n",
    b"proto=1\nop=issue\nuid=18446744073709551616\n\n",
    b"proto=1\nop=issue\nuid=alice\n\n",
    b"proto=1\nop=issue\nbudget_ms=0\n\n",
    b"proto=1\nop=issue\nbudget_ms=-3000\n\n",
    b"proto=1\nop=issue\nbudget_ms=3e3\n\n",
    b"proto=1\nop=issue\nbudget_ms=99999999999\n\n",
    b"proto=1\n" + b"".join(b"k%d=v\n" % number for number in range(65)) + b"\n",
    b"proto=1\nop=issue\nlanding_uri=" + b"a" * 65536 + b"\n\n",
    b"A" * 65537,
    os.urandom(65537).replace(b"\n\n", b"\n."),
], ids=lambda data: repr(data[:60]))
def test_what_is_no_request_is_refused_and_nobody_else_notices(
        helper_daemon: HelperDaemon, user: User, aws: StandInAws, request_bytes: bytes) -> None:
    if user.asked_for and b"uid=" not in request_bytes:  # root names whom it asks for
        request_bytes = request_bytes.replace(b"op=issue\n", b"op=issue\nuid=%d\n" % user.uid, 1)
    answer = parse_answer(say(helper_daemon.socket, request_bytes))
    assert (answer["status"], answer["code"]) == ("error", "protocol")
    assert nothing_was_asked(aws)
    assert is_well(helper_daemon)


def test_a_flood_is_cut_off(helper_daemon: HelperDaemon) -> None:
    say(helper_daemon.socket, b"A" * 20_000_000)
    assert is_well(helper_daemon)


def test_a_request_may_come_byte_by_byte(helper_daemon: HelperDaemon, user: User) -> None:
    with connect(helper_daemon.socket) as client:
        for byte in request_text(op="issue", budget_ms=PLENTY_MS, **user.asked_for):
            client.sendall(bytes([byte]))
        assert parse_answer(receive(client))["status"] == "ok"


def test_who_says_nothing_is_let_go_and_holds_up_nobody(helper_daemon: HelperDaemon) -> None:
    with connect(helper_daemon.socket) as silent, connect(helper_daemon.socket) as hesitant:
        send(hesitant, b"proto=1\nop=iss")
        assert is_well(helper_daemon)
        assert receive(silent) == b"" and receive(hesitant) == b""


@pytest.mark.parametrize("part", [b"", b"p", b"proto=1\nop=issue\nbudget_ms=3000\n"])
def test_who_leaves_in_the_middle_of_a_request_is_forgotten(helper_daemon: HelperDaemon, part: bytes) -> None:
    for _ in range(AT_ONCE * 2):
        with connect(helper_daemon.socket) as client:
            send(client, part)
    assert is_well(helper_daemon)


def test_who_leaves_before_the_answer_is_forgotten(helper_daemon: HelperDaemon, user: User, aws: StandInAws) -> None:
    aws.misbehave("api", "hang")
    for _ in range(AT_ONCE * 2):
        with connect(helper_daemon.socket) as client:
            send(client, request_text(op="issue", budget_ms=PLENTY_MS, **user.asked_for))
    aws.behave()
    assert is_well(helper_daemon)


# ---- the configuration is read again ---------------------------------------------------------------------------------


def test_a_changed_map_and_changed_settings_count_from_the_next_request_on(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    link_for(helper_daemon)
    config.set_map("# moved\n*  research  another-profile\n")
    answer = link_for(helper_daemon)
    assert (answer["user_profile_name"], answer["rule"]) == ("another-profile", "users.map:2")
    config.set_domain(expires_in_seconds=20)
    answer = link_for(helper_daemon)
    assert int(answer["expires_at"]) - int(answer["issued_at"]) == 20
    assert (aws.tls_handshakes, aws.count("imds-credentials")) == (1, 1)


def test_a_broken_map_maps_nobody_until_it_is_mended_and_is_logged_once(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    link_for(helper_daemon)
    config.set_map("*  research  studio-tester\n@  research  nobody\n")
    for _ in range(3):
        answer = error_for(helper_daemon)
        assert answer["code"] == "config" and "users.map:2" in answer["message"]
    assert aws.count("api") == 1
    config.set_map("*  research  studio-tester\n")
    link_for(helper_daemon)
    (line,) = helper_daemon.wait_for("event=configuration-broken")
    assert "users.map:2" in line


@pytest.mark.parametrize("name, text", [
    ("users.map", "*  research  studio-tester"),
    ("users.map", "*  nowhere  studio-tester\n"),
    ("studio.conf", "[domain research]\ndomain_id = research\n"),
    ("studio.conf", "[domain research]\ndomain_id = d-abcdefghij12\nexpires_in_secnds = 5\n"),
    ("studio.conf", "[domain research]\ndomain_id = d-abcdefghij12\nexpires_in_seconds = 301\n"),
])
def test_a_mistake_anywhere_is_named_with_its_file(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, name: str, text: str) -> None:
    config.write(name, text)
    answer = error_for(helper_daemon)
    assert answer["code"] == "config" and re.search(rf"{re.escape(name)}(:\d+)?: ", answer["message"])
    assert nothing_was_asked(aws)


def test_a_map_that_others_may_write_maps_nobody(helper_daemon: HelperDaemon, config: StudioConfig) -> None:
    config.write("users.map", "*  research  studio-tester\n", mode=0o666)
    answer = error_for(helper_daemon)
    assert answer["code"] == "config" and "users.map" in answer["message"]


def test_without_a_map_the_host_is_not_configured(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    (config.folder / "users.map").unlink()
    assert helper_daemon.ask() == {"status": "none", "reason": "not-configured"}
    assert nothing_was_asked(aws)


# ---- the other entries -----------------------------------------------------------------------------------------------


def run_helper(build: Build, config: StudioConfig, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(build.helper), "--config-dir", str(config.folder), *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env=helper_environment(), timeout=PATIENCE * 2)


def test_issue_prints_a_link_for_a_person_at_a_terminal(
        build: Build, config: StudioConfig, user: User, aws: StandInAws) -> None:
    done = run_helper(build, config, "issue", "--domain", "research", "--user-profile-name", "bob")
    assert done.returncode == 0 and LINK.fullmatch(done.stdout.removesuffix("\n")), done.stderr
    assert "token=" not in done.stderr
    assert aws.parameters() == [{**ALWAYS_SENT, "UserProfileName": "bob"}]


def test_issue_says_what_went_wrong_and_fails(
        build: Build, config: StudioConfig, user: User, aws: StandInAws) -> None:
    aws.misbehave("api", "denied")
    done = run_helper(build, config, "issue", "--domain", "research", "--user-profile-name", "bob")
    assert (done.returncode, done.stdout) == (1, "")
    assert "access-denied" in done.stderr and "explicit deny" in done.stderr


@pytest.mark.parametrize("words", [
    ("issue", "--domain", "nowhere", "--user-profile-name", "bob"),
    ("issue", "--domain", "research", "--user-profile-name", "bob.builder"),
    ("issue", "--domain", "research"),
    ("issue", "--domain", "research", "--user-profile-name", "bob", "--landing-uri", "studio::/evil.example.com"),
    ("issue", "--domain", "research", "--user-profile-name", "bob", "--space-name", "a", "--landing-uri", "studio::"),
    ("mint",),
])
def test_a_mistake_on_the_command_line_is_found_before_aws_is_asked(
        build: Build, config: StudioConfig, user: User, aws: StandInAws, words: tuple[str, ...]) -> None:
    done = run_helper(build, config, *words)
    assert done.returncode in (1, 2) and done.stdout == "" and done.stderr.startswith("sagemaker-studio-helper: ")
    assert nothing_was_asked(aws)


def test_with_a_socket_at_descriptor_0_it_holds_one_conversation_and_ends(
        build: Build, config: StudioConfig, user: User) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    command = [str(build.helper), "--config-dir", str(config.folder), "--log=stderr"]
    with ours, subprocess.Popen(command, stdin=theirs, stderr=subprocess.PIPE, text=True,
                                env=helper_environment()) as helper:
        theirs.close()
        ours.settimeout(PATIENCE)
        send(ours, request_text(op="issue", budget_ms=PLENTY_MS, **user.asked_for))
        answer = parse_answer(receive(ours))
        log = helper.communicate(timeout=PATIENCE)[1]
    assert answer["status"] == "ok" and LINK.fullmatch(answer["url"])
    assert helper.returncode == 0 and log.count("\n") == 1 and "token=" not in log


def test_without_anything_to_serve_it_says_so(build: Build, config: StudioConfig, user: User) -> None:
    done = run_helper(build, config)
    assert done.returncode == 1 and "no socket to serve" in done.stderr


def test_everybody_may_talk_to_the_socket_that_it_makes(helper_daemon: HelperDaemon) -> None:
    assert helper_daemon.socket.stat().st_mode & 0o777 == 0o666


def test_a_socket_that_is_in_use_is_left_alone(
        helper_daemon: HelperDaemon, build: Build, config: StudioConfig) -> None:
    done = run_helper(build, config, "--log=stderr", "--listen", str(helper_daemon.socket))
    assert done.returncode == 1 and "another helper" in done.stderr
    assert is_well(helper_daemon)


def test_a_socket_that_a_dead_helper_left_behind_is_replaced(
        start_helper: Callable[[], HelperDaemon], folder: Path) -> None:
    left_behind = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left_behind.bind(str(folder / "helper-0.sock"))
    left_behind.close()
    assert is_well(start_helper())
