"""A stand-in for AWS on 127.0.0.1: the instance metadata service (version 2) and SageMaker's CreatePresignedDomainUrl.

Every API request is verified by botocore (stand_in/request_check.py); what AWS would refuse is refused with AWS's own
errors and remembered in `violations`.  With misbehave() it shows every trouble of stand_in/misbehaviour.py.

As a program it serves until it is told to end (SIGTERM), and prints a JSON line for each request:

    /usr/bin/python3 tests/stand_in_aws.py --folder DIR [--imds-port N] [--api-port N]

DIR/ready.json appears when it serves; it holds the URLs, the authority to trust (DIR/ca.pem), region and domain.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import signal
import ssl
import threading
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stand_in.certificates import Authority
from stand_in.http_messages import BadRequest, Reply, Request, read_request
from stand_in.loopback_server import LOOPBACK, Connection, LoopbackServer
from stand_in.metadata_service import ROLE, MetadataService
from stand_in.misbehaviour import (LINKS, ON_THE_WIRE, REPLIES, TROUBLES_AT, Trouble, body_with_link,
                                   perform_on_connection)
from stand_in.observations import Observations, RequestRecord
from stand_in.sagemaker_api import DOMAIN_ID, SageMakerApi

REGION = "ap-northeast-1"


class StandInAws:
    """Counters: count(step), imds.connections, api.connections, tls_handshakes."""

    def __init__(self, folder: Path, imds_port: int = 0, api_port: int = 0, names: tuple[str, ...] = ()):
        self.folder = folder
        self.names = ["localhost", LOOPBACK, f"api.sagemaker.{REGION}.amazonaws.com", *names]
        self.ports = {"imds": imds_port, "api": api_port}
        self.observations = Observations()
        self.metadata_service = MetadataService(REGION, self.observations)
        self.sagemaker = SageMakerApi(REGION, self.metadata_service.issued.get, self.observations)
        self.lock = threading.Lock()
        self.troubles: dict[str, Trouble] = {}

    # ---- life ----

    def start(self) -> "StandInAws":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(self.folder)
        self.tls = server_tls(self.authority.server_certificate("server.pem", self.names))
        self.imds = LoopbackServer(self.ports["imds"], self.talk_imds)
        self.api = LoopbackServer(self.ports["api"], self.talk_api)
        self.trap = LoopbackServer(0, self.talk_trap)
        self.servers = (self.imds, self.api, self.trap)
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
        return f"http://{LOOPBACK}:{self.imds.port}"

    @property
    def api_url(self) -> str:
        return f"https://localhost:{self.api.port}"

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
        return self.observations.tls_handshakes

    def count(self, step: str) -> int:
        return self.observations.count(step)

    def parameters(self) -> list[dict[str, Any]]:
        """Those of the API requests that were good, in order."""
        return self.observations.parameters()

    # ---- what it is told ----

    def misbehave(self, step: str, how: str, times: int | None = None, **options: Any) -> None:
        """From now on, or so many times, this step goes wrong in this way."""
        if how not in TROUBLES_AT[step]:
            raise ValueError(f"{step} cannot {how!r}; it can {', '.join(TROUBLES_AT[step])}")
        if how == "redirect":
            options["trap_url"] = f"http://{LOOPBACK}:{self.trap.port}/"
        with self.lock:
            self.troubles[step] = Trouble(how, times, options)
        server = self.imds if step.startswith("imds") else self.api
        if how == "refuse":
            server.refuse()
        elif how == "silent":
            server.stay_silent()
        elif step in ("imds-connect", "api-connect", "api-tls"):
            server.end_connections()  # a kept one would not come past this step again

    def behave(self) -> None:
        with self.lock:
            troubles, self.troubles = self.troubles, {}
        for server in self.servers:
            server.end_connections(only_in_trouble=True)
        for step, server in (("imds-connect", self.imds), ("api-connect", self.api)):
            if step in troubles:
                server.listen()

    def reset(self) -> None:
        """Behave, and forget what was seen.  Tokens and keys that were handed out stay good."""
        self.behave()
        for server in self.servers:
            server.end_connections()
            server.connections = 0
        self.observations.clear()
        self.sagemaker.domains = {DOMAIN_ID: None}

    def end_idle_connections(self) -> None:
        """As AWS does with kept connections that nobody used for a while."""
        self.imds.end_connections()
        self.api.end_connections()

    # ---- connections ----

    def talk_imds(self, connection: Connection) -> None:
        if not self.troubled_connection("imds-connect", connection):
            self.answer_requests(connection, self.metadata_service.answer)

    def talk_api(self, connection: Connection) -> None:
        if self.troubled_connection("api-connect", connection) or self.troubled_connection("api-tls", connection):
            return
        connection.start_tls(self.tls)
        self.observations.add_tls_handshake()
        self.answer_requests(connection, self.sagemaker.answer)

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

    def answer_requests(self, connection: Connection, answer: Callable[[Request], tuple[RequestRecord, Reply]]) -> None:
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
        trouble = None if record.error else self.next_trouble(record.step)
        if trouble and trouble.how in ON_THE_WIRE:
            self.observations.add_request(record)
            connection.in_trouble = True
            ON_THE_WIRE[trouble.how](connection, reply, **trouble.options)
            return False
        if trouble and trouble.how in LINKS:
            reply = body_with_link(reply, trouble.how)
        elif trouble:
            reply = REPLIES[trouble.how](reply, **trouble.options)
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
    content = {"imds_url": aws.imds_url, "api_url": aws.api_url, "ca_bundle": str(aws.ca_bundle.resolve()),
               "region": REGION, "domain_id": DOMAIN_ID, "role": ROLE, "pid": os.getpid()}
    new = aws.folder / "ready.json.new"
    new.write_text(json.dumps(content, indent=4) + "\n")
    new.rename(aws.folder / "ready.json")


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for AWS on 127.0.0.1.")
    parser.add_argument("--folder", type=Path, required=True, help="where certificates and ready.json go")
    parser.add_argument("--imds-port", type=int, default=0)
    parser.add_argument("--api-port", type=int, default=0)
    options = parser.parse_args()
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    aws = StandInAws(options.folder, options.imds_port, options.api_port)
    aws.observations.on_request = print_record
    with aws:
        write_ready(aws)
        signal.sigwait(ends)
        (options.folder / "ready.json").unlink()


if __name__ == "__main__":
    main()
