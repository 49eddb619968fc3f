"""HTTP/1.1 as the stand-in needs it: every header as it came, and replies that can be spoilt byte by byte.

SPDX-License-Identifier: MIT
"""

import http.client
import json
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, BinaryIO

BODY_LIMIT = 1 << 20


class BadRequest(Exception):
    """What arrived is not a request that this server reads."""


@dataclass
class Request:
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def read_request(stream: BinaryIO) -> Request | None:
    """The next request on the connection; None when the client has closed it."""
    line = stream.readline(65536).decode("iso-8859-1").rstrip("\r\n")
    if not line:
        return None
    words = line.split(" ")
    if len(words) != 3 or words[2] != "HTTP/1.1":
        raise BadRequest(f"request line {line!r}")
    headers = http.client.parse_headers(stream).items()
    request = Request(words[0], words[1], headers, b"")
    if request.header("transfer-encoding") is not None:
        raise BadRequest("Transfer-Encoding; AWS's JSON protocol sends Content-Length")
    if request.header("expect") is not None:
        raise BadRequest("Expect; it costs a round trip or a second")
    length = int(request.header("content-length") or 0)
    if not 0 <= length <= BODY_LIMIT:
        raise BadRequest(f"Content-Length {length}")
    request.body = stream.read(length)
    return request


@dataclass
class Reply:
    status: int
    body: bytes
    content_type: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)
    date: float | None = None  # for its Date header; None: this host's time

    def with_body(self, body: bytes, content_type: str | None = None) -> "Reply":
        return replace(self, body=body, content_type=content_type or self.content_type)

    def head(self, content_length: int | None) -> bytes:
        """Status line and headers with the empty line; without Content-Length the body ends with the connection."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
                 f"Date: {formatdate(self.date, usegmt=True)}", f"Content-Type: {self.content_type}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [] if content_length is None else [f"Content-Length: {content_length}"]
        return "\r\n".join([*lines, "", ""]).encode()

    def to_bytes(self) -> bytes:
        return self.head(len(self.body)) + self.body


def json_reply(status: int, content: dict[str, Any], content_type: str = "application/json", **headers: str) -> Reply:
    return Reply(status, json.dumps(content).encode(), content_type, headers)
