"""tests/bench/stand_in.c, the AWS that the benchmark measures with: it answers what AWS would answer, refuses what AWS
would refuse, counts both, and is as far away as it is told to be.

SPDX-License-Identifier: MIT
"""

import contextlib
import datetime
import http.client
import json
import re
import resource
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import botocore.exceptions
import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.utils import InstanceMetadataFetcher

from conftest import Build, User, open_folder
from helper_daemon import HelperDaemon
from login_host import eventually
from stand_in.certificates import Authority
from stand_in_client import get, sign_at
from studio_config import EVERYBODY, give_to_service_account, section

PATIENCE = 30
MANY = 500
DOMAIN_ID = "d-abcdefghij12"
TOKEN_PATH, ROLE_PATH = "/latest/api/token", "/latest/meta-data/iam/security-credentials/"
BODY = json.dumps({"DomainId": DOMAIN_ID, "UserProfileName": "alice", "ExpiresInSeconds": 300}).encode()
NO_TIME = datetime.timedelta()


class BenchStandIn:
    def __init__(self, program: Path, folder: Path):
        authority = Authority(folder)
        authority.server_certificate("server.pem", ["localhost", "127.0.0.1"])
        self.ca_bundle = authority.certificate
        self.context = ssl.create_default_context(cafile=self.ca_bundle)
        self.process = subprocess.Popen([program, folder], stderr=subprocess.PIPE, text=True)
        ready = folder / "ready.json"
        eventually("the stand-in", lambda: ready.exists() or self.process.poll() is not None)
        told = json.loads(ready.read_text())
        self.imds_url, self.api_url = told["imds_url"], told["api_url"]
        self.region, self.domain_id, self.role, self.pid = (told[key] for key in ("region", "domain_id", "role", "pid"))
        self.api_port = int(self.api_url.rpartition(":")[2])

    def bench(self, method: str, request: str) -> tuple[int, str]:
        return get(f"{self.imds_url}/bench/{request}", method, PATIENCE)

    def counters(self) -> dict[str, int]:
        return json.loads(self.bench("GET", "counters")[1])

    def counted(self) -> dict[str, int]:
        """What is not 0, without the CPU time."""
        return {name: number for name, number in self.counters().items() if number and name != "cpu_ns"}

    def metadata(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        return get(self.imds_url + path, method, PATIENCE, **headers)

    def token_header(self) -> dict[str, str]:
        status, token = self.metadata(TOKEN_PATH, "PUT", **{"X-aws-ec2-metadata-token-ttl-seconds": "21600"})
        assert status == 200
        return {"X-aws-ec2-metadata-token": token}

    def keys(self) -> dict[str, str]:
        return InstanceMetadataFetcher(timeout=PATIENCE, base_url=self.imds_url + "/").retrieve_iam_role_credentials()

    def connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("localhost", self.api_port, context=self.context, timeout=PATIENCE)

    def stop(self) -> str:
        self.process.terminate()
        errors = self.process.communicate(timeout=PATIENCE)[1]
        assert self.process.returncode == 0, errors
        return errors


@pytest.fixture(scope="module")
def running_stand_in(build: Build) -> Iterator[BenchStandIn]:
    folder = open_folder("bench-aws-")
    stand_in = BenchStandIn(build.path("bench/stand_in"), folder)
    yield stand_in
    assert stand_in.stop() == ""
    shutil.rmtree(folder)


@pytest.fixture
def stand_in(running_stand_in: BenchStandIn) -> BenchStandIn:
    for change in ("delays?imds=0&api=0", "reset"):
        assert running_stand_in.bench("PUT", change)[0] == 200
    return running_stand_in


@dataclass
class Signed:
    """A request that botocore has signed."""

    headers: dict[str, str]
    body: bytes = BODY
    method: str = "POST"
    target: str = "/"

    def with_header(self, name: str, value: str | None) -> "Signed":
        others = {key: text for key, text in self.headers.items() if key != name}
        return replace(self, headers=others if value is None else {**others, name: value})

    def send(self, connection: http.client.HTTPSConnection) -> tuple[int, dict[str, Any]]:
        connection.request(self.method, self.target, self.body, self.headers)
        answer = connection.getresponse()
        assert answer.headers["x-amzn-RequestId"]
        return answer.status, json.loads(answer.read())


@pytest.fixture(scope="module")
def keys(running_stand_in: BenchStandIn) -> dict[str, str]:
    return running_stand_in.keys()


@pytest.fixture
def connection(stand_in: BenchStandIn) -> Iterator[http.client.HTTPSConnection]:
    with contextlib.closing(stand_in.connection()) as result:
        yield result


def signed(stand_in: BenchStandIn, keys: dict[str, str], body: bytes = BODY, region: str = "",
           service: str = "sagemaker", age: datetime.timedelta = NO_TIME, method: str = "POST",
           target: str = "/", **headers: str) -> Signed:
    host = f"localhost:{stand_in.api_port}"
    given = {"Host": host, "Content-Type": "application/x-amz-json-1.1",
             "X-Amz-Target": "SageMaker.CreatePresignedDomainUrl", **headers}
    request = AWSRequest(method, f"https://{host}{target}", data=body, headers=given)
    credentials = Credentials(keys["access_key"], keys["secret_key"], keys["token"])
    signer = SigV4Auth(credentials, service, region or stand_in.region)
    signer.add_auth(request)
    if age:
        sign_at(request, signer, datetime.datetime.utcnow() - age)
    return Signed(dict(request.headers.items()), body, method, target)


def assert_link(stand_in: BenchStandIn, link: str, user_profile: str) -> None:
    start = f"https://{DOMAIN_ID}.studio.{stand_in.region}.sagemaker.aws/auth?token="
    assert re.fullmatch(re.escape(start) + rf"[A-Za-z0-9]+\.{user_profile}\.[0-9a-f]{{16}}", link)
    assert len(link) == 1566


def assert_refused(stand_in: BenchStandIn, answer: tuple[int, dict[str, Any]], status: int, code: str) -> None:
    assert (answer[0], answer[1]["__type"]) == (status, code), answer
    assert "AuthorizedUrl" not in answer[1] and answer[1]["message"]
    counters = stand_in.counters()
    assert (counters["refused"], counters["links"]) == (1, 0)


# ---- the metadata service --------------------------------------------------------------------------------------------


def test_botocore_gets_keys_that_last_six_hours(stand_in: BenchStandIn) -> None:
    keys = stand_in.keys()
    left = datetime.datetime.fromisoformat(keys["expiry_time"]) - datetime.datetime.now(datetime.timezone.utc)
    assert keys["role_name"] == stand_in.role and keys["access_key"].startswith("ASIA")
    assert datetime.timedelta(hours=5, minutes=55) < left <= datetime.timedelta(hours=6)
    assert stand_in.counted()["imds_requests"] == 3 and stand_in.counted()["credential_fetches"] == 1


def test_the_region_is_told_in_both_places(stand_in: BenchStandIn) -> None:
    token = stand_in.token_header()
    assert stand_in.metadata("/latest/meta-data/placement/region", **token) == (200, stand_in.region)
    document = json.loads(stand_in.metadata("/latest/dynamic/instance-identity/document", **token)[1])
    assert document["region"] == stand_in.region


@pytest.mark.parametrize("headers", [{}, {"X-aws-ec2-metadata-token": "never-handed-out"},
                                     {"X-aws-ec2-metadata-token": ""}])
def test_nothing_is_told_without_the_right_token(stand_in: BenchStandIn, headers: dict[str, str]) -> None:
    assert stand_in.metadata(ROLE_PATH + stand_in.role, **headers) == (401, "")
    assert stand_in.counted() == {"imds_requests": 1, "imds_connections": 1, "refused": 1}


@pytest.mark.parametrize("lifetime", ["", "0", "21601", "99999999999999999999999", "-1", "1s"])
def test_a_token_needs_a_lifetime_that_aws_allows(stand_in: BenchStandIn, lifetime: str) -> None:
    assert stand_in.metadata(TOKEN_PATH, "PUT", **{"X-aws-ec2-metadata-token-ttl-seconds": lifetime})[0] == 400
    assert stand_in.counters()["refused"] == 1


def test_what_does_not_exist_is_refused(stand_in: BenchStandIn) -> None:
    token = stand_in.token_header()
    assert stand_in.metadata(ROLE_PATH + "another-role", **token)[0] == 404
    assert stand_in.metadata(ROLE_PATH, **token, **{"X-Forwarded-For": "203.0.113.7"})[0] == 403
    assert stand_in.counters()["refused"] == 2


# ---- links -----------------------------------------------------------------------------------------------------------


def test_a_client_of_botocore_gets_a_link(stand_in: BenchStandIn, keys: dict[str, str]) -> None:
    client = botocore.session.Session().create_client(
        "sagemaker", stand_in.region, endpoint_url=stand_in.api_url, verify=str(stand_in.ca_bundle),
        aws_access_key_id=keys["access_key"], aws_secret_access_key=keys["secret_key"],
        aws_session_token=keys["token"], config=Config(retries={"max_attempts": 0}, proxies={}))
    answer = client.create_presigned_domain_url(DomainId=DOMAIN_ID, UserProfileName="alice")
    assert_link(stand_in, answer["AuthorizedUrl"], "alice")
    assert stand_in.counted() == {"api_requests": 1, "links": 1, "api_connections": 1, "handshakes": 1}
    with pytest.raises(botocore.exceptions.ClientError, match="ResourceNotFound"):
        client.create_presigned_domain_url(DomainId="d-another", UserProfileName="alice")


def test_our_helper_accepts_what_it_gets(build: Build, folder: Path, stand_in: BenchStandIn, user: User) -> None:
    etc = folder / "etc"
    etc.mkdir(mode=0o755)
    domain = {"domain_id": DOMAIN_ID, "region": stand_in.region, "endpoint_url": stand_in.api_url,
              "ca_bundle": stand_in.ca_bundle}
    credentials = {"source": "imds", "ec2_metadata_service_endpoint": stand_in.imds_url}
    settings = [*section("domain research", domain), *section("credentials", credentials), ""]
    for name, text in {"studio.conf": "\n".join(settings), "users.map": EVERYBODY}.items():
        (etc / name).write_text(text)
        (etc / name).chmod(0o640)
        give_to_service_account(etc / name)
    daemon = HelperDaemon(build.helper, etc, folder / "socket", user.asked_for)
    try:
        answer = daemon.ask(budget_ms=20000)
    finally:
        daemon.stop()
    assert answer["status"] == "ok", answer
    assert_link(stand_in, answer["url"], "studio-tester")
    assert stand_in.counters()["refused"] == 0


def test_one_connection_serves_many_requests_and_no_link_comes_twice(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection) -> None:
    answers = [signed(stand_in, keys).send(connection) for _ in range(20)]
    assert {status for status, _ in answers} == {200}
    assert len({content["AuthorizedUrl"] for _, content in answers}) == 20
    assert stand_in.counted() == {"api_requests": 20, "links": 20, "api_connections": 1, "handshakes": 1}


def test_a_refused_request_leaves_the_connection_usable(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection) -> None:
    assert replace(signed(stand_in, keys), body=BODY + b" ").send(connection)[0] == 400
    assert signed(stand_in, keys).send(connection)[0] == 200
    assert stand_in.counted() == {"api_requests": 2, "links": 1, "refused": 1, "api_connections": 1, "handshakes": 1}


def test_blanks_within_a_signed_header_count_as_one(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection) -> None:
    assert signed(stand_in, keys, Note="  one   two  three ").send(connection)[0] == 200


def test_it_speaks_tls_1_3_and_offers_http_1_1(stand_in: BenchStandIn) -> None:
    context = ssl.create_default_context(cafile=stand_in.ca_bundle)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", stand_in.api_port), PATIENCE) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as encrypted:
            assert (encrypted.version(), encrypted.selected_alpn_protocol()) == ("TLSv1.3", "http/1.1")


# ---- what AWS would refuse -------------------------------------------------------------------------------------------


def test_another_body_than_the_signed_one_is_refused(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection) -> None:
    tampered = replace(signed(stand_in, keys), body=BODY.replace(b"alice", b"mallo"))
    assert_refused(stand_in, tampered.send(connection), 400, "InvalidSignatureException")


@pytest.mark.parametrize("name", ["X-Amz-Date", "Note"])
def test_another_header_than_the_signed_one_is_refused(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection, name: str) -> None:
    request = signed(stand_in, keys, Note="signed")
    value = request.headers[name]
    changed = value + "x" if name == "Note" else value[:-2] + ("1Z" if value[-2] != "1" else "2Z")
    assert_refused(stand_in, request.with_header(name, changed).send(connection), 400, "InvalidSignatureException")


def test_a_signed_header_that_does_not_come_is_refused(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection) -> None:
    request = signed(stand_in, keys, Note="signed").with_header("Note", None)
    assert_refused(stand_in, request.send(connection), 400, "InvalidSignatureException")


def test_a_header_of_aws_that_is_not_signed_is_refused(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection) -> None:
    request = signed(stand_in, keys).with_header("X-Amz-Later", "added")
    assert_refused(stand_in, request.send(connection), 400, "InvalidSignatureException")


def test_a_wrong_secret_is_refused(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection) -> None:
    request = signed(stand_in, {**keys, "secret_key": keys["secret_key"].swapcase()})
    assert_refused(stand_in, request.send(connection), 400, "InvalidSignatureException")


@pytest.mark.parametrize("change", [{"access_key": "ASIAIOSFODNN7EXAMPLE"}, {"token": "another"}, {"token": None}])
def test_keys_of_somebody_else_are_refused(stand_in: BenchStandIn, keys: dict[str, str], change: dict[str, Any],
                                           connection: http.client.HTTPSConnection) -> None:
    request = signed(stand_in, {**keys, **change})
    assert_refused(stand_in, request.send(connection), 400, "UnrecognizedClientException")


@pytest.mark.parametrize("minutes", [16, -16])
def test_a_time_that_is_16_minutes_off_is_refused(stand_in: BenchStandIn, keys: dict[str, str], minutes: int,
                                                  connection: http.client.HTTPSConnection) -> None:
    request = signed(stand_in, keys, age=datetime.timedelta(minutes=minutes))
    assert_refused(stand_in, request.send(connection), 400, "InvalidSignatureException")


def test_a_time_that_is_14_minutes_off_is_good(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection) -> None:
    assert signed(stand_in, keys, age=datetime.timedelta(minutes=14)).send(connection)[0] == 200


@pytest.mark.parametrize("scope", [{"region": "eu-west-1"}, {"service": "sts"}])
def test_a_signature_for_elsewhere_is_refused(stand_in: BenchStandIn, keys: dict[str, str], scope: dict[str, str],
                                              connection: http.client.HTTPSConnection) -> None:
    request = signed(stand_in, keys, **scope)
    assert_refused(stand_in, request.send(connection), 400, "InvalidSignatureException")


@pytest.mark.parametrize("name, value, status, code", [
    ("Authorization", None, 403, "MissingAuthenticationTokenException"),
    ("Authorization", "Bearer 1", 400, "IncompleteSignatureException"),
    ("X-Amz-Date", None, 403, "MissingAuthenticationTokenException"),
    ("X-Amz-Date", "20260101T0000000", 400, "IncompleteSignatureException"),
    ("Content-Type", "application/json", 400, "SerializationException"),
])
def test_a_request_that_lacks_what_signing_needs_is_refused(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection, name: str,
        value: str | None, status: int, code: str) -> None:
    assert_refused(stand_in, signed(stand_in, keys).with_header(name, value).send(connection), status, code)


@pytest.mark.parametrize("change", [{"method": "PUT"}, {"target": "/?a=b"}, {"target": "/elsewhere"},
                                    {"X-Amz-Target": "SageMaker.DeleteDomain"}])
def test_another_operation_is_refused(stand_in: BenchStandIn, keys: dict[str, str], change: dict[str, str],
                                      connection: http.client.HTTPSConnection) -> None:
    request = signed(stand_in, keys, **change)
    assert_refused(stand_in, request.send(connection), 404, "UnknownOperationException")


@pytest.mark.parametrize("body, code", [
    (b"", "SerializationException"),
    (BODY[:-1], "SerializationException"),
    (BODY + b"{}", "SerializationException"),
    (b'{"DomainId": "d-abcdefghij12", "DomainId": "d-abcdefghij12", "UserProfileName": "a"}', "SerializationException"),
    (b'{"DomainId": "d-abcdefghij12", "UserProfileName": "\\', "SerializationException"),
    (b"{}", "ValidationException"),
    (b'{"DomainId": "d-abcdefghij12"}', "ValidationException"),
    (b'{"UserProfileName": "alice"}', "ValidationException"),
    (b'{"DomainId": "d-abcdefghij12", "UserProfileName": "a\\"b"}', "ValidationException"),
    (b'{"DomainId": "d-abcdefghij12", "UserProfileName": 7}', "ValidationException"),
    (b'{"DomainId": "d-another", "UserProfileName": "alice"}', "ResourceNotFound"),
])
def test_parameters_that_aws_would_not_take_are_refused(stand_in: BenchStandIn, keys: dict[str, str], body: bytes,
                                                        code: str, connection: http.client.HTTPSConnection) -> None:
    assert_refused(stand_in, signed(stand_in, keys, body).send(connection), 400, code)


@pytest.mark.parametrize("request_text", [
    b"nonsense\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 65 + b"\r\n",
    b"x" * 16384])
def test_what_is_no_request_ends_the_connection(stand_in: BenchStandIn, request_text: bytes) -> None:
    port = int(stand_in.imds_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(request_text)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert stand_in.counters()["refused"] == 1


# ---- the bench's own requests ----------------------------------------------------------------------------------------


def test_a_request_may_come_byte_by_byte(stand_in: BenchStandIn) -> None:
    port = int(stand_in.imds_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /bench/counters HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
            connection.sendall(bytes([byte]))
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200 ") and b'"cpu_ns": ' in answer


def test_a_reset_zeroes_what_was_counted(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection) -> None:
    stand_in.keys()
    for _ in range(50):
        signed(stand_in, keys).send(connection)
    before = stand_in.counters()
    assert set(before) == {"imds_requests", "imds_connections", "credential_fetches", "api_requests", "links",
                           "refused", "api_connections", "handshakes", "cpu_ns"}
    assert stand_in.bench("PUT", "reset")[0] == 200
    after = stand_in.counters()
    assert 0 < after.pop("cpu_ns") < before["cpu_ns"] and not any(after.values())


def test_it_can_be_as_far_away_as_aws(
        stand_in: BenchStandIn, keys: dict[str, str], connection: http.client.HTTPSConnection) -> None:
    """TCP, TLS and one answer: three round trips; on the connection that is open, one."""
    assert stand_in.bench("PUT", "delays?imds=0&api=150.5")[0] == 200
    times = []
    for _ in range(2):
        start = time.monotonic()
        assert signed(stand_in, keys).send(connection)[0] == 200
        times.append(time.monotonic() - start)
    assert times[0] >= 3 * 0.150 and times[1] >= 0.150


def test_the_metadata_service_has_a_distance_of_its_own(stand_in: BenchStandIn) -> None:
    assert stand_in.bench("PUT", "delays?imds=100")[0] == 200
    start = time.monotonic()
    stand_in.token_header()
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize("query", ["", "imds=", "imds=-1", "imds=1&api=x", "imds=nan", "imds=1.2.3", "api=60001",
                                   "sts=1", "api=1&&imds=1", "api=" + "1" * 40])
def test_delays_that_make_no_sense_change_nothing(stand_in: BenchStandIn, query: str) -> None:
    assert stand_in.bench("PUT", "delays?imds=100&api=0")[0] == 200
    assert stand_in.bench("PUT", f"delays?{query}")[0] == 400
    start = time.monotonic()
    stand_in.token_header()
    assert time.monotonic() - start >= 0.2


def test_the_bench_is_told_what_there_is(stand_in: BenchStandIn) -> None:
    status, text = stand_in.bench("PUT", "nonsense")
    assert status == 404 and "delays?imds=MS&api=MS" in text
    assert stand_in.counted() == {}


def test_five_hundred_connections_are_served_at_once(stand_in: BenchStandIn, keys: dict[str, str]) -> None:
    """Each is open, and has been answered, while all others are."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(contextlib.closing(stand_in.connection())) for _ in range(MANY)]
        for connection in connections:
            connection.connect()
        request = signed(stand_in, keys)
        assert {request.send(connection)[0] for connection in connections} == {200}
        assert stand_in.counted() == {"api_requests": MANY, "links": MANY, "api_connections": MANY,
                                      "handshakes": MANY}
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)


def test_it_ends_while_clients_are_connected(build: Build, folder: Path) -> None:
    stand_in = BenchStandIn(build.path("bench/stand_in"), folder)
    with contextlib.closing(stand_in.connection()) as connection:
        connection.connect()
        assert stand_in.stop() == ""
