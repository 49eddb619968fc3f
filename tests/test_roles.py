"""A role for each link: what STS is asked, that nobody gets another's keys, and that a role that cannot be assumed ends
the link instead of leaving it to the host's own permissions.

SPDX-License-Identifier: MIT
"""

import datetime
import os
import pwd
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conftest import Build, User
from helper_daemon import HelperDaemon, helper_environment
from login_host import eventually
from stand_in.arns import ACCOUNT
from stand_in.sagemaker_api import DOMAIN_ID
from stand_in.sts_api import Role
from stand_in_aws import REGION, StandInAws
from studio_config import StudioConfig

PLENTY_MS = 20000
HURRIED_MS = 1500
TAG = "SageMakerStudioUserProfileName"
PROFILE_ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:user-profile/{DOMAIN_ID}/studio-tester"
CREATE = "sagemaker:CreatePresignedDomainUrl"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root asks for several users")


def link_for(helper: HelperDaemon, **fields: object) -> dict[str, str]:
    answer = helper.ask(budget_ms=PLENTY_MS, **fields)
    assert answer["status"] == "ok", answer
    return answer


def error_for(helper: HelperDaemon, **fields: object) -> dict[str, str]:
    answer = helper.ask(**{"budget_ms": PLENTY_MS, **fields})
    assert answer["status"] == "error" and "url" not in answer, answer
    return answer


# ---- what STS is asked -----------------------------------------------------------------------------------------------


def test_a_role_session_bears_the_users_name_and_opens_one_profile_alone(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, user: User) -> None:
    config.set_role()
    link_for(helper_daemon)
    (session,) = aws.sts.sessions
    assert (session.role_arn, session.role_session_name, session.source_identity) == (
        aws.sts.default_role, user.name, user.name)
    assert (session.external_id, session.tags, session.duration, session.region) == (None, {}, 3600, REGION)
    assert session.policy["Statement"] == [{"Effect": "Allow", "Action": [CREATE], "Resource": [PROFILE_ARN]}]
    (created,) = [record for record in aws.requests if record.step == "api"]
    assert created.caller.endswith(f":assumed-role/studio-links/{user.name}")


def test_external_id_tags_and_duration_are_sent_where_they_are_configured(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role(external_id="studio-42", session_tags="yes", role_duration_seconds=900)
    aws.sts.roles[aws.sts.default_role] = Role(external_id="studio-42")
    link_for(helper_daemon)
    (session,) = aws.sts.sessions
    assert (session.external_id, session.tags, session.duration) == ("studio-42", {TAG: "studio-tester"}, 900)
    assert session.policy["Statement"][0]["Action"] == [CREATE, f"{CREATE}WithPrincipalTag"]


def test_source_identity_and_session_policy_can_be_left_out(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role(source_identity="no", session_policy="no")
    aws.sts.roles[aws.sts.default_role] = Role(may_set_source_identity=False, may_tag=False)
    link_for(helper_daemon)
    assert (aws.sts.sessions[0].source_identity, aws.sts.sessions[0].policy) == (None, None)


@pytest.mark.parametrize("form", ["json", "xml"])
def test_both_forms_of_an_answer_are_understood(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, form: str) -> None:
    aws.sts.answers = form
    config.set_role()
    link_for(helper_daemon)


def test_the_log_names_the_role_that_made_the_link(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    answer = link_for(helper_daemon)
    (line,) = helper_daemon.wait_for("event=link-made")
    assert " role=studio-links " in line and f" request_id={answer['request_id']}" in line


def test_issue_assumes_the_role_in_the_name_of_who_runs_it(
        build: Build, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    done = subprocess.run([str(build.helper), "--config-dir", str(config.folder), "--log=stderr", "issue", "--domain",
                           "research", "--user-profile-name", "bob"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, env=helper_environment(), cwd="/", timeout=60)
    assert done.returncode == 0, done.stderr
    logged_in = int(Path("/proc/self/loginuid").read_text())
    uid = logged_in if logged_in != 0xFFFFFFFF else os.getuid()
    assert aws.sts.sessions[0].role_session_name == pwd.getpwuid(uid).pw_name


# ---- whose keys are whose --------------------------------------------------------------------------------------------


@as_root
def test_two_users_who_ask_at_once_never_share_keys(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    config.set_map("*  research  {user}\n")
    users = [pwd.getpwnam(name) for name in ("alice", "bob") for _ in range(8)]
    with ThreadPoolExecutor(len(users)) as pool:
        list(pool.map(lambda account: link_for(helper_daemon, uid=account.pw_uid), users))
    created = [record for record in aws.requests if record.step == "api"]
    assert len(created) == len(users)
    for record in created:
        assert record.caller.rpartition("/")[2] == record.parameters["UserProfileName"]
    assert len({session.keys.access_key_id for session in aws.sts.sessions}) == len(users)
    assert aws.count("imds-credentials") == 1


def test_the_next_link_of_the_same_user_is_made_with_new_keys(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    link_for(helper_daemon)
    link_for(helper_daemon)
    one, other = aws.sts.sessions
    assert one.keys.access_key_id != other.keys.access_key_id
    assert (aws.tls_handshakes, aws.sts_tls_handshakes) == (1, 1)


# ---- no role, no link ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trust, action, setting", [
    (Role(may_set_source_identity=False), "sts:SetSourceIdentity", "source_identity"),
    (Role(may_tag=False), "sts:TagSession", "session_tags"),
    (Role(external_id="another"), "sts:AssumeRole", "external_id"),
    (None, "sts:AssumeRole", "trust policy"),
])
def test_what_the_trust_policy_lacks_is_named_and_the_hosts_own_permissions_are_not_used(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, trust: Role | None, action: str,
        setting: str) -> None:
    config.set_role(session_tags="yes", external_id="mine")
    aws.sts.roles = {} if trust is None else {aws.sts.default_role: trust}
    answer = error_for(helper_daemon)
    assert answer["code"] == "role-denied" and action in answer["message"] and setting in answer["message"]
    assert aws.sts.default_role in answer["message"]
    assert aws.api.connections == 0
    (line,) = helper_daemon.wait_for("event=link-refused")
    assert " code=role-denied " in line and f" request_id={aws.requests[-1].request_id}" in line


@pytest.mark.parametrize("step, how, options, code", [
    ("sts-connect", "refuse", {}, "network"),
    ("sts-connect", "silent", {}, "timeout"),
    ("sts-tls", "other-authority", {}, "tls"),
    ("sts", "hang", {}, "timeout"),
    ("sts", "truncated", {}, "network"),
    ("sts", "status", {"status": 503}, "service-error"),
    ("sts", "html", {}, "bad-answer"),
    ("sts", "not-json", {}, "bad-answer"),
    ("sts", "empty", {}, "bad-answer"),
    ("sts", "redirect", {}, "bad-answer"),
    ("sts", "throttled", {}, "throttled"),
    ("sts", "expired-token", {}, "expired-credentials"),
    ("sts", "error", {"code": "RegionDisabledException", "status": 403}, "refused"),
])
def test_whatever_goes_wrong_at_sts_there_is_no_link_and_a_reason(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, step: str, how: str,
        options: dict[str, Any], code: str) -> None:
    config.set_role()
    aws.misbehave(step, how, **options)
    answer = error_for(helper_daemon, budget_ms=HURRIED_MS)
    assert answer["code"] == code and "STS" in answer["message"], answer
    assert aws.api.connections == 0
    aws.behave()
    link_for(helper_daemon)


def test_a_denial_at_sagemaker_names_the_role(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    aws.misbehave("api", "denied")
    answer = error_for(helper_daemon)
    assert answer["code"] == "access-denied" and aws.sts.default_role in answer["message"]


@pytest.mark.parametrize("changes", [{"role_arn": "studio-links"}, {"external_id": "two words"}])
def test_settings_that_sts_would_refuse_are_an_error_before_it_is_asked(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, changes: dict[str, str]) -> None:
    config.set_role(**changes)
    assert error_for(helper_daemon)["code"] == "config"
    assert aws.count("sts") == 0 and aws.api.connections == 0


# ---- keys that are refused -------------------------------------------------------------------------------------------


def test_keys_of_the_host_that_sts_calls_expired_are_fetched_anew_once(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    link_for(helper_daemon)
    aws.misbehave("sts", "expired-token", times=1)
    link_for(helper_daemon)
    assert aws.count("imds-credentials") == 2
    aws.misbehave("sts", "expired-token")
    before = aws.count("sts")
    assert error_for(helper_daemon)["code"] == "expired-credentials"
    assert aws.count("sts") == before + 2


def test_keys_of_the_role_that_sagemaker_refuses_are_asked_for_anew_and_the_hosts_are_kept(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    aws.misbehave("api", "expired-token", times=1)
    link_for(helper_daemon)
    assert (len(aws.sts.sessions), aws.count("imds-credentials")) == (2, 1)


def test_keys_of_the_role_that_have_expired_as_they_come_are_no_reason_to_doubt_the_hosts(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, monkeypatch: pytest.MonkeyPatch) -> None:
    config.set_role()
    assume_role = aws.sts.actions["AssumeRole"]

    def assume_role_of_last_year(*request: Any) -> dict[str, Any]:
        result = assume_role(*request)
        keys = result["Credentials"]
        return {**result, "Credentials": {**keys, "Expiration": keys["Expiration"] - datetime.timedelta(days=365)}}

    monkeypatch.setitem(aws.sts.actions, "AssumeRole", assume_role_of_last_year)
    answer = error_for(helper_daemon)
    assert answer["code"] == "expired-credentials" and "the answer to AssumeRole" in answer["message"]
    assert (aws.count("sts"), aws.count("imds-credentials"), aws.api.connections) == (1, 1, 0)
    monkeypatch.undo()
    link_for(helper_daemon)
    assert aws.count("imds-credentials") == 1


# ---- a configuration that changes ------------------------------------------------------------------------------------


def caller_of_the_last_link(aws: StandInAws) -> str:
    return [record for record in aws.requests if record.step == "api"][-1].caller


def test_a_link_under_way_is_made_as_the_settings_were_when_it_began(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, user: User) -> None:
    """Also when the role is taken out of them, or put into them, while it waits."""
    config.set_role()
    aws.latency = {"sts": 2.0, "imds-credentials": 1.0}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(link_for, helper_daemon)
        eventually("the link is under way", lambda: aws.count("imds-role") == 1)
        config.set_domain()
        assert helper_daemon.ask(op="whoami")["status"] == "ok"  # the new settings are in force
        waiting.result()
    assert caller_of_the_last_link(aws).endswith(f":assumed-role/studio-links/{user.name}")
    aws.metadata_service.revoke_keys()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(link_for, helper_daemon)
        eventually("the keys have been refused", lambda: aws.count("api") == 2)
        config.set_role()
        assert helper_daemon.ask(op="whoami")["status"] == "ok"
        waiting.result()
    assert ":assumed-role/studio-desktop-host/" in caller_of_the_last_link(aws)
    assert len(aws.sts.sessions) == 1
    link_for(helper_daemon)
    assert caller_of_the_last_link(aws).endswith(f":assumed-role/studio-links/{user.name}")


# ---- outages ---------------------------------------------------------------------------------------------------------


def test_an_outage_of_sts_is_remembered_and_stops_no_domain_without_a_role(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    aws.misbehave("sts-connect", "silent")
    for _ in range(3):
        assert error_for(helper_daemon, budget_ms=HURRIED_MS)["code"] == "timeout"
    answer = error_for(helper_daemon)
    assert answer["code"] == "unavailable" and "localhost" in answer["message"]
    (line,) = helper_daemon.wait_for("event=outage-begins")
    assert re.search(r" peer=.?localhost:\d+", line)
    config.set_domain()
    link_for(helper_daemon)
