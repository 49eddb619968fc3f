"""What the stand-in has seen: requests, faults of the client, and the secrets it handed out.

SPDX-License-Identifier: MIT
"""

import collections
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class RequestRecord:
    """One request, without anything secret: fit to be printed."""

    step: str  # one of the request steps of misbehaviour.py, or "imds-unknown"
    method: str
    path: str
    status: int
    request_id: str = ""
    error: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    # Of signed requests, and the host of those to the container endpoint:
    operation: str = ""
    service: str = ""
    region: str = ""  # that the signature is scoped to
    host: str = ""  # the Host header
    caller: str = ""  # ARN of whoever signed
    resource: str = ""  # ARN of what it is about


class Observations:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.on_request: Callable[[RequestRecord], None] = lambda record: None
        self.secrets: set[str] = set()  # must show up in no log
        self.clear()

    def clear(self) -> None:
        """Secrets stay: what was secret an hour ago still is."""
        with self.lock:
            self.clear_requests()
            self.violations: list[str] = []
            self.tls_handshakes: collections.Counter[str] = collections.Counter()

    def clear_requests(self) -> None:
        with self.lock:
            self.requests: list[RequestRecord] = []

    def add_request(self, record: RequestRecord) -> None:
        with self.lock:
            self.requests.append(record)
        self.on_request(record)

    def add_violation(self, text: str) -> None:
        with self.lock:
            self.violations.append(text)

    def add_secrets(self, *texts: str) -> None:
        with self.lock:
            self.secrets.update(texts)

    def add_tls_handshake(self, server: str) -> None:
        with self.lock:
            self.tls_handshakes[server] += 1

    def count(self, step: str) -> int:
        with self.lock:
            return sum(record.step == step for record in self.requests)

    def parameters(self, step: str) -> list[dict[str, Any]]:
        with self.lock:
            return [record.parameters for record in self.requests if record.step == step and record.parameters]
