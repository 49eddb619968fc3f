"""A stand-in for AWS on 127.0.0.1: the instance metadata service (version 2), container credentials, AssumeRole and
GetCallerIdentity of STS, SageMaker's CreatePresignedDomainUrl and what describes and lists domains and user profiles.

Every API request is verified by botocore (stand_in/signature_check.py, stand_in/parameter_check.py); what AWS would
refuse is refused with AWS's own errors and remembered in `violations`.  With misbehave() it shows every trouble of
stand_in/misbehaviour.py.

As a program it serves until it is told to end (SIGTERM), and prints a JSON line for each request:

    /usr/bin/python3 tests/stand_in_aws.py --folder DIR [--imds-port N] [--container-port N] [--api-port N]
                                           [--sts-port N]

DIR/ready.json appears when it serves; it holds the URLs, the authority to trust (DIR/ca.pem), region and domain.

SPDX-License-Identifier: MIT
"""

import argparse
import datetime
import json
import os
import signal
import ssl
import threading
import warnings
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from stand_in.arns import ACCOUNT, arn, assumed_role_arn
from stand_in.aws_clock import AwsClock
from stand_in.certificates import Authority
from stand_in.container_credentials import ContainerCredentials
from stand_in.http_messages import BadRequest, Reply, Request, read_request
from stand_in.issued_keys import IssuedKeys, KeyRing
from stand_in.loopback_server import LOOPBACK, Connection, LoopbackServer
from stand_in.metadata_service import ROLE, MetadataService
from stand_in.misbehaviour import (LINKS, ON_THE_WIRE, TROUBLES_AT, TROUBLES_BESIDE, Trouble, body_with_link,
                                   perform_on_connection, replies_of)
from stand_in.observations import Observations, RequestRecord
from stand_in.sagemaker_api import SageMakerApi
from stand_in.sagemaker_domains import DOMAIN_ID
from stand_in.sts_api import StsApi

REGION = "ap-northeast-1"


Answer = Callable[[Request], tuple[RequestRecord, Reply]]
SERVERS = ("imds", "container", "api", "sts")


class StandInAws:
    """Counters: count(step), imds.connections, api.connections, tls_handshakes.

    regions: those that it is AWS in; the first is the instance's own.  addresses: of servers that are not on 127.0.0.1.
    """

    def __init__(self, folder: Path, imds_port: int = 0, api_port: int = 0, names: tuple[str, ...] = (),
                 sts_port: int = 0, container_port: int = 0, regions: tuple[str, ...] = (REGION,),
                 addresses: dict[str, str] | None = None):
        self.folder = folder
        self.names = ["localhost", LOOPBACK, *(f"{service}.{region}.amazonaws.com" for region in regions
                                               for service in ("api.sagemaker", "sts")), *names]
        self.ports = {"imds": imds_port, "api": api_port, "sts": sts_port, "container": container_port}
        self.addresses = {**dict.fromkeys(SERVERS, LOOPBACK), **(addresses or {})}
        self.own_regions = regions
        self.regions = set(regions)
        self.observations = Observations()
        self.clock = AwsClock()
        self.key_ring = KeyRing(self.clock, self.observations)
        self.metadata_service = MetadataService(regions[0], self.key_ring, self.observations)
        self.container = ContainerCredentials(regions[0], self.key_ring, self.observations)
        self.sagemaker = SageMakerApi(self.regions, self.clock, self.key_ring, self.observations)
        self.sts = StsApi(self.regions, self.clock, self.key_ring, self.observations)
        self.lock = threading.Lock()
        self.troubles: dict[str, Trouble] = {}
        self.latency: dict[str, float] = {}  # seconds that each good or bad reply of a step takes

    # ---- life ----

    def start(self) -> "StandInAws":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(self.folder)
        self.tls = server_tls(self.authority.server_certificate("server.pem", self.names))
        talks = {"imds": self.talk_imds, "container": self.talk_container, "api": self.talk_api, "sts": self.talk_sts}
        self.server_of = {name: LoopbackServer(self.ports[name], talks[name], self.addresses[name]) for name in SERVERS}
        self.imds, self.api = self.server_of["imds"], self.server_of["api"]
        self.trap = LoopbackServer(0, self.talk_trap)
        self.servers = (*self.server_of.values(), self.trap)
        return self

    def stop(self) -> None:
        for server in self.servers:
            server.stop()

    def __enter__(self) -> "StandInAws":
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def imds_url(self) -> str:
        return f"http://{self.imds.authority}"

    @property
    def container_url(self) -> str:
        return f"http://{self.server_of['container'].authority}{self.container.path}"

    @property
    def api_url(self) -> str:
        return f"https://localhost:{self.api.port}"

    @property
    def sts_url(self) -> str:
        return f"https://localhost:{self.server_of['sts'].port}"

    @property
    def ca_bundle(self) -> Path:
        return self.authority.certificate

    # ---- what it has seen ----

    @property
    def requests(self) -> list[RequestRecord]:
        return self.observations.requests

    @property
    def violations(self) -> list[str]:
        return self.observations.violations

    @property
    def secrets(self) -> set[str]:
        return self.observations.secrets

    @property
    def tls_handshakes(self) -> int:
        """With SageMaker's API."""
        return self.observations.tls_handshakes["api"]

    @property
    def sts_tls_handshakes(self) -> int:
        return self.observations.tls_handshakes["sts"]

    def count(self, step: str) -> int:
        return self.observations.count(step)

    def parameters(self, step: str = "api") -> list[dict[str, Any]]:
        """Those of the requests of this step that were good, in order."""
        return self.observations.parameters(step)

    # ---- what it hands out ----

    def long_lived_keys(self) -> IssuedKeys:
        """Of a user: without a token, and good until they are revoked."""
        return self.key_ring.issue(arn(self.own_regions[0], "iam", ACCOUNT, "user/studio-desktop"), None)

    def temporary_keys(self, seconds: float) -> IssuedKeys:
        principal = assumed_role_arn(self.own_regions[0], ACCOUNT, "studio-desktop-elsewhere", "desktop-host")
        return self.key_ring.issue(principal, datetime.timedelta(seconds=seconds))

    # ---- what it is told ----

    @property
    def clock_offset(self) -> float:
        """Seconds that AWS's clock is ahead of this host's; keys that are handed out from now on expire by it."""
        return self.clock.offset

    @clock_offset.setter
    def clock_offset(self, seconds: float) -> None:
        if seconds != self.clock.offset:
            self.clock.offset = seconds
            self.metadata_service.keys = self.container.keys = None

    @property
    def container_token(self) -> str | None:
        """What the Authorization header has to hold at the container endpoint."""
        return self.container.token

    @container_token.setter
    def container_token(self, token: str | None) -> None:
        self.container.token = token

    def misbehave(self, step: str, how: str, times: int | None = None, **options: Any) -> None:
        """From now on, or so many times, this step goes wrong in this way."""
        possible = {**TROUBLES_AT, **TROUBLES_BESIDE}[step]
        if how not in possible:
            raise ValueError(f"{step} cannot {how!r}; it can {', '.join(possible)}")
        if how == "redirect":
            options["trap_url"] = f"http://{LOOPBACK}:{self.trap.port}/"
        with self.lock:
            self.troubles[step] = Trouble(how, times, options)
        server = self.server_of[step.partition("-")[0]]
        if how == "refuse":
            server.refuse()
        elif how == "silent":
            server.stay_silent()
        elif step.endswith(("-connect", "-tls")):
            server.end_connections()  # a kept one would not come past this step again

    def behave(self) -> None:
        with self.lock:
            troubles, self.troubles = self.troubles, {}
        for server in self.servers:
            server.end_connections(only_in_trouble=True)
        for name, server in self.server_of.items():
            if f"{name}-connect" in troubles:
                server.listen()

    def reset(self) -> None:
        """Behave, and forget what was seen.  Tokens and keys that were handed out stay good."""
        self.behave()
        for server in self.servers:
            server.end_connections()
            server.connections = 0
        self.observations.clear()
        self.clock_offset = 0
        self.latency.clear()
        self.regions.clear()
        self.regions.update(self.own_regions)
        for part in (self.metadata_service, self.container, self.sagemaker, self.sts):
            part.forget()

    def end_idle_connections(self) -> None:
        """As AWS does with kept connections that nobody used for a while."""
        for server in self.server_of.values():
            server.end_connections()

    # ---- connections ----

    def talk_imds(self, connection: Connection) -> None:
        if not self.troubled_connection("imds-connect", connection):
            self.answer_requests(connection, self.metadata_service.answer)

    def talk_container(self, connection: Connection) -> None:
        if not self.troubled_connection("container-connect", connection):
            self.answer_requests(connection, self.container.answer)

    def talk_api(self, connection: Connection) -> None:
        self.talk_tls("api", connection, self.sagemaker.answer)

    def talk_sts(self, connection: Connection) -> None:
        self.talk_tls("sts", connection, self.sts.answer)

    def talk_tls(self, name: str, connection: Connection, answer: Answer) -> None:
        if any(self.troubled_connection(f"{name}-{layer}", connection) for layer in ("connect", "tls")):
            return
        connection.start_tls(self.tls)
        self.observations.add_tls_handshake(name)
        self.answer_requests(connection, answer)

    def talk_trap(self, connection: Connection) -> None:
        self.observations.add_violation("a redirect was followed")

    def troubled_connection(self, step: str, connection: Connection) -> bool:
        """True when the connection met its trouble at this step, and is done."""
        trouble = self.next_trouble(step)
        if trouble is None:
            return False
        connection.in_trouble = True
        perform_on_connection(trouble.how, connection, self.bad_tls)
        return True

    def bad_tls(self, how: str) -> ssl.SSLContext:
        if how == "other-authority":
            other = Authority(self.folder, "other-ca")
            return server_tls(other.server_certificate("other-authority.pem", self.names))
        if how == "wrong-name":
            return server_tls(self.authority.server_certificate("wrong-name.pem", ["studio.example.com"]))
        if how == "expired":
            return server_tls(self.authority.server_certificate("expired.pem", self.names, days=-1))
        return old_tls(self.folder / "server.pem")

    def answer_requests(self, connection: Connection, answer: Answer) -> None:
        goes_on = True
        while goes_on:
            try:
                request = read_request(connection.stream)
            except (BadRequest, ValueError) as error:
                self.observations.add_violation(f"not a good HTTP request: {error}")
                return
            if request is None:
                return
            record, reply = answer(request)
            goes_on = self.send_reply(connection, record, reply) and request.header("connection") != "close"

    def send_reply(self, connection: Connection, record: RequestRecord, reply: Reply) -> bool:
        """Send it, or what becomes of it; only a good one can go wrong.  False when the connection has to end."""
        reply = replace(reply, date=self.clock.timestamp())
        connection.over.wait(self.latency.get(record.step, 0))
        trouble = None if record.error else self.next_trouble(record.step)
        if trouble and record.step == "sts":
            self.sts.forget_session(record.request_id)
        if trouble and trouble.how in ON_THE_WIRE:
            self.observations.add_request(record)
            connection.in_trouble = True
            ON_THE_WIRE[trouble.how](connection, reply, **trouble.options)
            return False
        if trouble and trouble.how in LINKS:
            reply = body_with_link(reply, trouble.how)
        elif trouble:
            reply = replace(replies_of(record.step)[trouble.how](reply, record, **trouble.options), date=reply.date)
            record.status = reply.status
        self.observations.add_request(record)
        connection.send(reply.to_bytes())
        return True

    def next_trouble(self, step: str) -> Trouble | None:
        with self.lock:
            trouble = self.troubles.get(step)
            if trouble and trouble.times is not None:
                trouble.times -= 1
                if trouble.times == 0:
                    del self.troubles[step]
            return trouble


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["http/1.1"])
    return context


def old_tls(certificate: Path) -> ssl.SSLContext:
    context = server_tls(certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.1, which is the point
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


# ---- as a program ----------------------------------------------------------------------------------------------------


def print_record(record: RequestRecord) -> None:
    print(json.dumps(asdict(record)), flush=True)


def write_ready(aws: StandInAws) -> None:
    content = {"imds_url": aws.imds_url, "api_url": aws.api_url, "sts_url": aws.sts_url,
               "container_url": aws.container_url, "ca_bundle": str(aws.ca_bundle.resolve()), "region": REGION,
               "domain_id": DOMAIN_ID, "role": ROLE, "role_arn": aws.sts.default_role, "pid": os.getpid()}
    new = aws.folder / "ready.json.new"
    new.write_text(json.dumps(content, indent=4) + "\n")
    new.rename(aws.folder / "ready.json")


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for AWS on 127.0.0.1.")
    parser.add_argument("--folder", type=Path, required=True, help="where certificates and ready.json go")
    for name in SERVERS:
        parser.add_argument(f"--{name}-port", type=int, default=0)
    options = parser.parse_args()
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    ports = {f"{name}_port": getattr(options, f"{name}_port") for name in SERVERS}
    aws = StandInAws(options.folder, **ports)
    aws.observations.on_request = print_record
    with aws:
        write_ready(aws)
        signal.sigwait(ends)
        (options.folder / "ready.json").unlink()


if __name__ == "__main__":
    main()
