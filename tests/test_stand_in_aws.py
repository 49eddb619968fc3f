"""The stand-in AWS, proved with botocore as its client: good requests are answered, tampered ones are not.

SPDX-License-Identifier: MIT
"""

import datetime
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from stand_in.metadata_service import ROLE
from stand_in.misbehaviour import TROUBLES_AT
from stand_in.sagemaker_domains import DOMAIN_ID
from stand_in_aws import REGION, StandInAws
from stand_in_client import (EVERY_PARAMETER, PARAMETERS, SignedRequest, get, keys_from_metadata_service,
                             sagemaker_client)

# ---- the metadata service --------------------------------------------------------------------------------------------


def metadata(aws: StandInAws, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    return get(aws.imds_url + path, method, **headers)


def imds_token(aws: StandInAws) -> str:
    status, token = metadata(aws, "/latest/api/token", "PUT", **{"X-aws-ec2-metadata-token-ttl-seconds": "21600"})
    assert status == 200
    return token


def test_botocore_gets_its_keys_from_the_metadata_service(aws: StandInAws) -> None:
    keys = keys_from_metadata_service(aws)
    assert keys["role_name"] == ROLE and keys["access_key"].startswith("ASIA") and keys["token"]
    assert [record.step for record in aws.requests] == ["imds-token", "imds-role", "imds-credentials"]


def test_the_metadata_service_knows_its_region(aws: StandInAws) -> None:
    token = imds_token(aws)
    assert metadata(aws, "/latest/meta-data/placement/region", **{"X-aws-ec2-metadata-token": token}) == (200, REGION)


@pytest.mark.expect_violations
def test_version_1_of_the_metadata_service_is_a_violation(aws: StandInAws) -> None:
    assert metadata(aws, "/latest/meta-data/iam/security-credentials/")[0] == 401
    assert "version 1" in aws.violations[0]


@pytest.mark.expect_violations
def test_a_token_that_was_never_handed_out_is_a_violation(aws: StandInAws) -> None:
    assert metadata(aws, "/latest/meta-data/placement/region", **{"X-aws-ec2-metadata-token": "guessed"})[0] == 401
    assert "never handed out" in aws.violations[0]


def test_a_token_that_has_expired_is_answered_with_401(aws: StandInAws) -> None:
    token = imds_token(aws)
    aws.metadata_service.revoke_tokens()
    assert metadata(aws, "/latest/meta-data/placement/region", **{"X-aws-ec2-metadata-token": token})[0] == 401


@pytest.mark.expect_violations
@pytest.mark.parametrize("path, headers, status", [
    ("/latest/api/token", {}, 400),
    ("/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "21601"}, 400),
    ("/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60", "X-Forwarded-For": "10.0.0.1"}, 403),
    ("/2021-07-15/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}, 403),
])
def test_a_token_is_given_to_nothing_but_the_documented_request(
        aws: StandInAws, path: str, headers: dict[str, str], status: int) -> None:
    assert metadata(aws, path, "PUT", **headers)[0] == status
    assert len(aws.violations) == 1


# ---- the API ---------------------------------------------------------------------------------------------------------


def test_a_request_of_botocore_is_answered_with_a_link(aws: StandInAws) -> None:
    link = sagemaker_client(aws).create_presigned_domain_url(**PARAMETERS)["AuthorizedUrl"]
    assert link.startswith(f"https://{DOMAIN_ID}.studio.{REGION}.sagemaker.aws/auth?token=")
    assert 4200 < len(link) < 4400
    assert aws.parameters() == [PARAMETERS]


def test_every_link_is_another_one_and_one_connection_serves_them_all(aws: StandInAws) -> None:
    client = sagemaker_client(aws)
    links = {client.create_presigned_domain_url(**PARAMETERS)["AuthorizedUrl"] for _ in range(5)}
    assert (len(links), aws.api.connections, aws.tls_handshakes) == (5, 1, 1)


def test_every_parameter_of_todays_api_is_accepted(aws: StandInAws) -> None:
    status, content = SignedRequest(aws, json.dumps(EVERY_PARAMETER).encode()).send()
    assert status == 200 and "AuthorizedUrl" in content
    assert aws.parameters() == [EVERY_PARAMETER]


def test_an_unknown_profile_or_domain_is_not_found(aws: StandInAws) -> None:
    aws.sagemaker.domains = {DOMAIN_ID: {"bob"}}
    client = sagemaker_client(aws)
    for parameters in (PARAMETERS, {**PARAMETERS, "DomainId": "d-unknown"}):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            client.create_presigned_domain_url(**parameters)
        assert caught.value.response["Error"]["Code"] == "ResourceNotFound"
    assert client.create_presigned_domain_url(DomainId=DOMAIN_ID, UserProfileName="bob")


def test_keys_that_were_revoked_are_expired(aws: StandInAws) -> None:
    request = SignedRequest(aws)
    aws.metadata_service.revoke_keys()
    assert request.send()[1]["__type"] == "ExpiredTokenException"
    assert SignedRequest(aws).send()[0] == 200


def change_header(name: str, value: str) -> Callable[[SignedRequest], None]:
    return lambda request: request.headers.update({name: value})


def change_body(request: SignedRequest) -> None:
    request.body = request.body.replace(b"alice", b"carol")


def change_signature(request: SignedRequest) -> None:
    text = request.headers["Authorization"]
    request.headers["Authorization"] = text[:-1] + ("0" if text[-1] != "0" else "1")


def unsorted_headers(request: SignedRequest) -> None:
    text = request.headers["Authorization"]
    request.headers["Authorization"] = text.replace("content-type;host", "host;content-type")


@pytest.mark.expect_violations
@pytest.mark.parametrize("tamper, code", [
    (change_body, "InvalidSignatureException"),
    (change_signature, "InvalidSignatureException"),
    (unsorted_headers, "InvalidSignatureException"),
    (change_header("X-Amz-Security-Token", "another"), "UnrecognizedClientException"),
    (change_header("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), "InvalidSignatureException"),
    (change_header("Host", "api.sagemaker.ap-northeast-1.amazonaws.com"), "InvalidSignatureException"),
    (change_header("Content-Type", "application/json"), "SerializationException"),
    (change_header("X-Amz-Target", "SageMaker.DeleteDomain"), "UnknownOperationException"),
    (change_header("Authorization", "AWS4-HMAC-SHA256 Credential=x"), "IncompleteSignatureException"),
])
def test_what_was_changed_after_signing_is_refused(
        aws: StandInAws, tamper: Callable[[SignedRequest], None], code: str) -> None:
    request = SignedRequest(aws)
    tamper(request)
    assert request.send()[1]["__type"] == code
    assert len(aws.violations) == 1 and code in aws.violations[0]


@pytest.mark.expect_violations
@pytest.mark.parametrize("options, code, message", [
    ({"token_signed": False}, "InvalidSignatureException", "not signed: x-amz-security-token"),
    ({"region": "eu-west-1"}, "InvalidSignatureException", "Credential should be scoped"),
    ({"age": datetime.timedelta(minutes=6)}, "InvalidSignatureException", "Signature expired"),
    ({"age": datetime.timedelta(minutes=-6)}, "InvalidSignatureException", "Signature not yet current"),
])
def test_what_was_signed_wrongly_is_refused(
        aws: StandInAws, options: dict[str, Any], code: str, message: str) -> None:
    content = SignedRequest(aws, **options).send()[1]
    assert content["__type"] == code and message in content["message"]


def test_a_signature_of_four_minutes_ago_is_still_good(aws: StandInAws) -> None:
    assert SignedRequest(aws, age=datetime.timedelta(minutes=4)).send()[0] == 200


@pytest.mark.expect_violations
@pytest.mark.parametrize("body, code", [
    (b"", "SerializationException"),
    (b"{", "SerializationException"),
    (b'{"DomainId": "d-abcdefghij12", "DomainId": "d-abcdefghij12", "UserProfileName": "a"}', "SerializationException"),
    (b'["DomainId"]', "ValidationException"),
    ({"DomainId": DOMAIN_ID}, "ValidationException"),
    ({**PARAMETERS, "SpaceName": None}, "ValidationException"),
    ({**PARAMETERS, "Colour": "blue"}, "ValidationException"),
    ({**PARAMETERS, "DomainId": "abc"}, "ValidationException"),
    ({**PARAMETERS, "UserProfileName": "a.b"}, "ValidationException"),
    ({**PARAMETERS, "UserProfileName": "a-"}, "ValidationException"),
    ({**PARAMETERS, "UserProfileName": "a" * 64}, "ValidationException"),
    ({**PARAMETERS, "SpaceName": "my_space"}, "ValidationException"),
    ({**PARAMETERS, "ExpiresInSeconds": 4}, "ValidationException"),
    ({**PARAMETERS, "ExpiresInSeconds": 301}, "ValidationException"),
    ({**PARAMETERS, "ExpiresInSeconds": "20"}, "ValidationException"),
    ({**PARAMETERS, "ExpiresInSeconds": 20.0}, "ValidationException"),
    ({**PARAMETERS, "SessionExpirationDurationInSeconds": 1799}, "ValidationException"),
    ({**PARAMETERS, "SessionExpirationDurationInSeconds": 43201}, "ValidationException"),
    ({**PARAMETERS, "LandingUri": "x" * 1024}, "ValidationException"),
])
def test_a_body_that_the_api_model_does_not_allow_is_refused(
        aws: StandInAws, body: bytes | dict[str, Any], code: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, content = SignedRequest(aws, raw).send()
    assert (status, content["__type"]) == (400, code)
    assert len(aws.violations) == 1


# ---- misbehaviour ----------------------------------------------------------------------------------------------------

API_TROUBLES = [(step, how) for step in ("api-connect", "api-tls", "api") for how in TROUBLES_AT[step]]
IMDS_TROUBLES = [(step, how) for step in TROUBLES_AT if step.startswith("imds") for how in TROUBLES_AT[step]
                 if how != "redirect"]  # Python's client follows it
OPTIONS: dict[str, dict[str, Any]] = {"status": {"status": 503}, "error": {"code": "InternalFailure", "status": 500},
                                      "slow": {"delay": 2}}
GOOD_LINKS = ("long-link", "escaped-link")
BELIEVABLE = re.compile(rf"https://[a-z0-9-]+\.studio\.{REGION}\.sagemaker\.aws/auth\?token=[A-Za-z0-9._-]{{1,32000}}")
TROUBLE = (OSError, http.client.HTTPException, ValueError, KeyError, AssertionError)


def a_believable_link_comes(aws: StandInAws) -> bool:
    try:
        status, content = SignedRequest(aws).send(patience=1)
        return status == 200 and BELIEVABLE.fullmatch(content["AuthorizedUrl"]) is not None
    except (*TROUBLE, TypeError):
        return False


@pytest.mark.parametrize("step, how", API_TROUBLES)
def test_no_believable_link_comes_out_of_trouble_and_afterwards_one_does(
        aws: StandInAws, step: str, how: str) -> None:
    aws.misbehave(step, how, **OPTIONS.get(how, {}))
    assert a_believable_link_comes(aws) == (how in GOOD_LINKS)
    aws.behave()
    assert a_believable_link_comes(aws)


def good_metadata_comes(aws: StandInAws) -> bool:
    """Walk through all steps, as strictly as a client should."""
    try:
        token = metadata(aws, "/latest/api/token", "PUT", **{"X-aws-ec2-metadata-token-ttl-seconds": "60"})[1]
        header = {"X-aws-ec2-metadata-token": token}
        assert token in aws.metadata_service.tokens
        assert metadata(aws, "/latest/meta-data/placement/region", **header) == (200, REGION)
        assert metadata(aws, "/latest/meta-data/iam/security-credentials/", **header) == (200, ROLE)
        keys = json.loads(metadata(aws, f"/latest/meta-data/iam/security-credentials/{ROLE}", **header)[1])
        return keys["Code"] == "Success" and keys["Expiration"] > datetime.datetime.utcnow().isoformat()
    except TROUBLE:
        return False


@pytest.mark.parametrize("step, how", IMDS_TROUBLES)
def test_no_good_metadata_comes_out_of_trouble_and_afterwards_it_does(aws: StandInAws, step: str, how: str) -> None:
    aws.misbehave(step, how, **OPTIONS.get(how, {}))
    assert not good_metadata_comes(aws)
    aws.behave()
    assert good_metadata_comes(aws)


def test_a_trouble_of_so_many_times_ends_by_itself(aws: StandInAws) -> None:
    aws.misbehave("api", "throttled", times=2)
    client = sagemaker_client(aws)
    for _ in range(2):
        with pytest.raises(botocore.exceptions.ClientError, match="ThrottlingException.*Rate exceeded"):
            client.create_presigned_domain_url(**PARAMETERS)
    assert client.create_presigned_domain_url(**PARAMETERS)


@pytest.mark.parametrize("form", ["plain", "namespace", "url", "namespace-and-url", "header", "code-member"])
def test_every_form_of_an_error_means_the_same(aws: StandInAws, form: str) -> None:
    aws.misbehave("api", "error", code="AccessDeniedException", form=form)
    answer, content = SignedRequest(aws).exchange(patience=10)
    assert "AccessDeniedException" in f"{answer.headers.get('x-amzn-ErrorType')} {content.decode()}"


@pytest.mark.expect_violations
def test_a_redirect_that_is_followed_is_seen(aws: StandInAws) -> None:
    token = imds_token(aws)
    aws.misbehave("imds-region", "redirect")
    with pytest.raises((OSError, http.client.HTTPException)):
        metadata(aws, "/latest/meta-data/placement/region", **{"X-aws-ec2-metadata-token": token})
    assert aws.violations == ["a redirect was followed"]


def test_a_step_cannot_go_wrong_in_a_way_that_it_does_not_have(aws: StandInAws) -> None:
    with pytest.raises(ValueError, match="imds-token cannot 'wrong-host'"):
        aws.misbehave("imds-token", "wrong-host")


@pytest.mark.parametrize("how", ["hang", "slow", "huge", "endless-headers"])
def test_it_stops_while_a_client_hangs(tmp_path: Path, how: str) -> None:
    with StandInAws(tmp_path) as aws:
        aws.misbehave("imds-token", how)
        client = socket.create_connection(("127.0.0.1", aws.imds.port), timeout=10)
        client.sendall(b"PUT /latest/api/token HTTP/1.1\r\nHost: x\r\n"
                       b"X-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n")
        if how != "hang":
            assert client.recv(1)
        idle = socket.create_connection(("127.0.0.1", aws.api.port), timeout=10)  # says no TLS hello
    idle.close()
    client.close()


# ---- as a program ----------------------------------------------------------------------------------------------------


def test_as_a_program_it_says_where_it_is_and_prints_each_request(tmp_path: Path) -> None:
    program = Path(__file__).parent / "stand_in_aws.py"
    process = subprocess.Popen([sys.executable, str(program), "--folder", str(tmp_path)], stdout=subprocess.PIPE,
                               text=True)
    try:
        ready = wait_for_ready(tmp_path / "ready.json", process)
        assert metadata_of(ready["imds_url"]) == 401
        printed = json.loads(process.stdout.readline())
        assert (printed["method"], printed["step"], printed["status"]) == ("GET", "imds-role", 401)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert not (tmp_path / "ready.json").exists()


def wait_for_ready(path: Path, process: "subprocess.Popen[str]") -> dict[str, str]:
    deadline = datetime.datetime.now() + datetime.timedelta(seconds=30)
    while not path.exists():
        assert process.poll() is None and datetime.datetime.now() < deadline
        time.sleep(0.01)
    return json.loads(path.read_text())


def metadata_of(imds_url: str) -> int:
    host = imds_url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", "/latest/meta-data/iam/security-credentials/")
    status = connection.getresponse().status
    connection.close()
    return status
