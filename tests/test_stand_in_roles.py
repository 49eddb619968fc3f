"""The stand-in's STS and container credentials, proved with botocore as their client.

SPDX-License-Identifier: MIT
"""

import datetime
import http.client
import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest
from botocore.utils import ContainerMetadataFetcher

from stand_in.misbehaviour import TROUBLES_BESIDE
from stand_in.sts_api import Role
from stand_in_aws import REGION, StandInAws
from stand_in_client import PARAMETERS, SignedRequest, SignedStsRequest, get, sagemaker_client, sts_client

INSTANCE = "arn:aws:sts::111122223333:assumed-role/studio-desktop-host/i-0123456789abcdef0"
LINKS_ROLE = "arn:aws:iam::111122223333:role/studio-links"
ALICE = {"RoleArn": LINKS_ROLE, "RoleSessionName": "alice"}
EVERYTHING = {**ALICE, "SourceIdentity": "alice", "ExternalId": "desk:1/2", "DurationSeconds": 900,
              "Tags": [{"Key": "SageMakerStudioUserProfileName", "Value": "alice tanaka é"}],
              "TransitiveTagKeys": ["SageMakerStudioUserProfileName"]}
ASSUME_ALICE = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": LINKS_ROLE, "RoleSessionName": "alice"}


def policy_for(profile: str, **more: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sagemaker:CreatePresignedDomainUrl",
         "Resource": f"arn:aws:sagemaker:{REGION}:*:user-profile/d-abcdefghij12/{profile}"}], **more})


def refusal_of(call: Callable[..., Any], **parameters: object) -> tuple[str, str]:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


# ---- AssumeRole and GetCallerIdentity --------------------------------------------------------------------------------


def test_a_role_is_assumed_with_everything_that_botocore_sends(aws: StandInAws) -> None:
    aws.sts.roles[LINKS_ROLE].external_id = "desk:1/2"
    answer = sts_client(aws).assume_role(**EVERYTHING, Policy=policy_for("alice"))
    (session,) = aws.sts.sessions
    assert (session.role_arn, session.role_session_name, session.source_identity, session.external_id,
            session.duration, session.region, session.caller) == (
        LINKS_ROLE, "alice", "alice", "desk:1/2", 900, REGION, INSTANCE)
    assert session.tags == {"SageMakerStudioUserProfileName": "alice tanaka é"}
    assert session.policy == json.loads(policy_for("alice"))
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::111122223333:assumed-role/studio-links/alice"
    assert answer["Credentials"]["AccessKeyId"] == session.keys.access_key_id
    assert answer["Credentials"]["Expiration"].replace(tzinfo=None) == session.keys.expires_at
    assert aws.parameters("sts") == [{**EVERYTHING, "Policy": policy_for("alice")}]
    assert {session.keys.secret_access_key, session.keys.session_token} <= aws.secrets


def test_everybody_is_told_who_he_is(aws: StandInAws) -> None:
    assert sts_client(aws).get_caller_identity()["Arn"] == INSTANCE
    user = sts_client(aws, aws.long_lived_keys()).get_caller_identity()
    assert (user["Arn"], user["Account"]) == ("arn:aws:iam::111122223333:user/studio-desktop", "111122223333")
    sts_client(aws).assume_role(**ALICE)
    assumed = sts_client(aws, aws.sts.sessions[0].keys).get_caller_identity()
    assert assumed["UserId"].endswith(":alice")
    assert [record.step for record in aws.requests] == ["sts-identity", "sts-identity", "sts", "sts-identity"]


@pytest.mark.parametrize("answers, accept, form", [
    ("by-accept", "application/json", "application/json"), ("by-accept", "*/*", "text/xml"),
    ("json", "*/*", "application/json"), ("xml", "application/json", "text/xml")])
def test_the_answer_is_in_the_form_that_is_asked_for_or_set(
        aws: StandInAws, answers: str, accept: str, form: str) -> None:
    aws.sts.answers = answers
    answer, content = SignedStsRequest(aws, ASSUME_ALICE, accept).exchange(10)
    assert answer.headers["Content-Type"] == form
    keys = aws.sts.sessions[0].keys
    if form == "text/xml":
        assert f"<Expiration>{keys.expires_at.isoformat()}Z</Expiration>".encode() in content
        return
    result = json.loads(content)["AssumeRoleResponse"]["AssumeRoleResult"]["Credentials"]
    assert result["SecretAccessKey"] == keys.secret_access_key
    assert result["Expiration"] == (keys.expires_at - datetime.datetime(1970, 1, 1)).total_seconds()


@pytest.mark.parametrize("role, denied", [
    (None, "sts:AssumeRole"),
    (Role(external_id="another"), "sts:AssumeRole"),
    (Role(may_set_source_identity=False), "sts:SetSourceIdentity"),
    (Role(may_tag=False), "sts:TagSession"),
])
def test_what_the_trust_policy_lacks_is_named(aws: StandInAws, role: Role | None, denied: str) -> None:
    aws.sts.roles = {} if role is None else {LINKS_ROLE: role}
    code, message = refusal_of(sts_client(aws).assume_role, **EVERYTHING)
    assert (code, message) == ("AccessDenied",
                               f"User: {INSTANCE} is not authorized to perform: {denied} on resource: {LINKS_ROLE}")
    assert aws.sts.sessions == []


@pytest.mark.expect_violations
@pytest.mark.parametrize("changes, code", [
    ({"RoleArn": "x"}, "ValidationError"),
    ({"RoleSessionName": "a"}, "ValidationError"),
    ({"RoleSessionName": "alice tanaka"}, "ValidationError"),
    ({"RoleSessionName": "アリス"}, "ValidationError"),
    ({"SourceIdentity": "aws:alice"}, "ValidationError"),
    ({"DurationSeconds": "899"}, "ValidationError"),
    ({"DurationSeconds": "3601"}, "ValidationError"),  # the caller is a role himself
    ({"DurationSeconds": "1h"}, "ValidationError"),
    ({"Tags.member.1.Key": "a"}, "ValidationError"),
    ({"Tags.member.1.Key": "a", "Tags.member.1.Value": "<b>"}, "ValidationError"),
    ({"Tags.member.2.Key": "a", "Tags.member.2.Value": "b"}, "ValidationError"),
    ({"TransitiveTagKeys.member.1": "a"}, "InvalidParameterValue"),
    ({"Policy": "{"}, "MalformedPolicyDocument"),
    ({"Policy": policy_for("alice", Version="2008-10-17")}, "MalformedPolicyDocument"),
    ({"Policy": policy_for("a" * 2048)}, "ValidationError"),
    ({"Colour": "blue"}, "ValidationError"),
    ({"Version": "2011-06-14"}, "InvalidAction"),
    ({"Action": "DecodeAuthorizationMessage"}, "InvalidAction"),
])
def test_a_form_that_the_model_of_sts_does_not_allow_is_refused(
        aws: StandInAws, changes: dict[str, str], code: str) -> None:
    status, content = SignedStsRequest(aws, {**ASSUME_ALICE, **changes}).send()
    assert (status, content["Error"]["Code"]) == (400, code)
    assert len(aws.violations) == 1 and aws.sts.sessions == []


@pytest.mark.expect_violations
@pytest.mark.parametrize("options, code", [
    ({"token_signed": False}, "SignatureDoesNotMatch"),
    ({"region": "us-east-1"}, "SignatureDoesNotMatch"),
    ({"age": datetime.timedelta(minutes=6)}, "SignatureDoesNotMatch"),
])
def test_what_was_signed_wrongly_is_refused_in_the_words_of_sts(
        aws: StandInAws, options: dict[str, Any], code: str) -> None:
    status, content = SignedStsRequest(aws, ASSUME_ALICE, **options).send()
    assert (status, content["Error"]["Code"]) == (403, code)
    assert len(aws.violations) == 1


@pytest.mark.expect_violations
def test_a_signature_for_another_service_is_refused(aws: StandInAws) -> None:
    request = SignedStsRequest(aws, ASSUME_ALICE)
    request.headers["Authorization"] = request.headers["Authorization"].replace("/sts/", "/sagemaker/")
    assert request.send()[1]["Error"]["Code"] == "SignatureDoesNotMatch"
    assert "not to" in aws.violations[0]


# ---- what the keys of a role are good for ----------------------------------------------------------------------------


def keys_of_a_role(aws: StandInAws, policy: str | None) -> Any:
    sts_client(aws).assume_role(**ALICE, **({} if policy is None else {"Policy": policy}))
    return aws.sts.sessions[-1].keys


@pytest.mark.parametrize("policy", [None, policy_for("alice"), policy_for("*"), policy_for("ali?e")])
def test_keys_of_a_role_open_what_their_session_policy_allows(aws: StandInAws, policy: str | None) -> None:
    assert sagemaker_client(aws, keys_of_a_role(aws, policy)).create_presigned_domain_url(**PARAMETERS)


@pytest.mark.parametrize("policy", [
    policy_for("alic"), policy_for("alice-2"), policy_for("Alice"),
    policy_for("alice").replace("CreatePresignedDomainUrl", "DescribeDomain"),
    policy_for("alice").replace("Allow", "Deny"),
])
def test_they_open_nothing_else(aws: StandInAws, policy: str) -> None:
    client = sagemaker_client(aws, keys_of_a_role(aws, policy))
    code, message = refusal_of(client.create_presigned_domain_url, **PARAMETERS)
    assert code == "AccessDeniedException"
    assert message.startswith("User: arn:aws:sts::111122223333:assumed-role/studio-links/alice is not authorized")
    assert message.endswith("because no session policy allows the sagemaker:CreatePresignedDomainUrl action")


def test_they_expire(aws: StandInAws) -> None:
    keys = keys_of_a_role(aws, None)
    keys.expires_at = aws.clock.now()
    code, _ = refusal_of(sagemaker_client(aws, keys).create_presigned_domain_url, **PARAMETERS)
    assert code == "ExpiredTokenException"
    assert refusal_of(sts_client(aws, keys).get_caller_identity)[0] == "ExpiredToken"


# ---- container credentials -------------------------------------------------------------------------------------------


def test_botocore_gets_keys_from_the_container_endpoint_and_they_are_good(aws: StandInAws) -> None:
    aws.container_token = "Bearer of-this-token"
    keys = ContainerMetadataFetcher().retrieve_full_uri(aws.container_url, {"Authorization": "Bearer of-this-token"})
    issued = aws.container.current_keys()
    assert (keys["AccessKeyId"], keys["Token"]) == (issued.access_key_id, issued.session_token)
    assert sagemaker_client(aws, issued).create_presigned_domain_url(**PARAMETERS)
    assert aws.requests[-1].caller.startswith("arn:aws:sts::111122223333:assumed-role/studio-desktop-task/")


def test_without_the_right_token_the_container_endpoint_gives_nothing(aws: StandInAws) -> None:
    aws.container_token = "right"
    for headers in ({}, {"Authorization": "wrong"}):
        status, content = get(aws.container_url, **headers)
        assert status == 403 and "AccessKeyId" not in content


@pytest.mark.expect_violations
def test_another_path_of_the_container_endpoint_is_a_violation(aws: StandInAws) -> None:
    assert get(aws.container_url + "x")[0] == 404
    assert len(aws.violations) == 1


# ---- keys, clocks, regions -------------------------------------------------------------------------------------------


def test_temporary_keys_live_as_long_as_they_were_given(aws: StandInAws) -> None:
    assert sts_client(aws, aws.temporary_keys(60)).get_caller_identity()
    assert refusal_of(sts_client(aws, aws.temporary_keys(0)).get_caller_identity)[0] == "ExpiredToken"


@pytest.mark.parametrize("offset", [-7200, 7200])
def test_aws_s_clock_is_where_it_is_set(aws: StandInAws, offset: float) -> None:
    aws.clock_offset = offset
    answer, content = SignedRequest(aws).exchange(10)
    date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert abs(date - datetime.datetime.now().timestamp() - offset) < 60
    assert answer.status == 400 and b"InvalidSignatureException" in content
    assert SignedRequest(aws, age=datetime.timedelta(seconds=-offset)).send()[0] == 200
    expiration = datetime.datetime.fromisoformat(json.loads(get(aws.container_url)[1])["Expiration"]).timestamp()
    assert abs(expiration - datetime.datetime.now().timestamp() - 6 * 3600 - offset) < 60


def test_it_is_aws_in_as_many_regions_as_it_is_told(tmp_path: Path) -> None:
    with StandInAws(tmp_path, regions=(REGION, "cn-north-1", "us-iso-east-1")) as aws:
        for region, host in (("cn-north-1", "studio.cn-north-1.sagemaker.com.cn"),
                             ("us-iso-east-1", "studio.us-iso-east-1.sagemaker.example.com")):
            assert f".{host}/auth" in SignedRequest(aws, region=region).send()[1]["AuthorizedUrl"]
            assert aws.requests[-1].region == region
        assert ":aws-cn:" in aws.requests[0].resource.replace("arn", "")
        assert aws.violations == []


# ---- misbehaviour ----------------------------------------------------------------------------------------------------

OPTIONS: dict[str, dict[str, Any]] = {"status": {"status": 503}, "error": {"code": "InternalFailure", "status": 500},
                                      "slow": {"delay": 2}}
TROUBLE = (OSError, http.client.HTTPException, ValueError, KeyError, AssertionError)


def a_role_is_assumed(aws: StandInAws, patience: float = 10) -> bool:
    try:
        content = SignedStsRequest(aws, ASSUME_ALICE).send(patience)[1]
        return content["AssumeRoleResponse"]["AssumeRoleResult"]["Credentials"]["AccessKeyId"].startswith("ASIA")
    except TROUBLE:
        return False


def keys_come_from_the_container_endpoint(aws: StandInAws, patience: float = 10) -> bool:
    try:
        answer = json.loads(get(aws.container_url, patience=patience)[1])
        return answer["Expiration"] > datetime.datetime.utcnow().isoformat()
    except TROUBLE:
        return False


@pytest.mark.parametrize("step, how", [
    (step, how) for step in ("sts-connect", "sts-tls", "sts") for how in TROUBLES_BESIDE[step]])
def test_no_keys_of_a_role_come_out_of_trouble_and_afterwards_they_do(aws: StandInAws, step: str, how: str) -> None:
    aws.misbehave(step, how, **OPTIONS.get(how, {}))
    assert not a_role_is_assumed(aws, patience=0.5) and aws.sts.sessions == []
    aws.behave()
    assert a_role_is_assumed(aws) and len(aws.sts.sessions) == 1


@pytest.mark.parametrize("step, how", [
    (step, how) for step in ("container-connect", "container-credentials") for how in TROUBLES_BESIDE[step]
    if how != "redirect"])  # Python's client follows it
def test_no_keys_of_a_container_come_out_of_trouble_and_afterwards_they_do(
        aws: StandInAws, step: str, how: str) -> None:
    aws.misbehave(step, how, **OPTIONS.get(how, {}))
    assert not keys_come_from_the_container_endpoint(aws, patience=0.5)
    aws.behave()
    assert keys_come_from_the_container_endpoint(aws)


@pytest.mark.parametrize("how, code, said", [
    ("throttled", "Throttling", "Rate exceeded"),
    ("denied", "AccessDenied", "sts:AssumeRole on resource: " + LINKS_ROLE),
    ("denied-set-source-identity", "AccessDenied", "sts:SetSourceIdentity on resource: " + LINKS_ROLE),
    ("denied-tag-session", "AccessDenied", "sts:TagSession on resource: " + LINKS_ROLE),
    ("expired-token", "ExpiredToken", "is expired"),
])
@pytest.mark.parametrize("answers", ["json", "xml"])
def test_errors_of_sts_have_both_forms(aws: StandInAws, how: str, code: str, said: str, answers: str) -> None:
    aws.sts.answers = answers
    aws.misbehave("sts", how)
    if answers == "json":
        error = SignedStsRequest(aws, ASSUME_ALICE).send()[1]["Error"]
        assert error["Code"] == code and said in error["Message"]
    else:
        found, message = refusal_of(sts_client(aws).assume_role, **ALICE)
        assert found == code and said in message
