"""All the ways in which the metadata service, the APIs of SageMaker and STS, or something on the way can go wrong.

At a request: replies that are whole but wrong (REPLIES, and STS_REPLIES in the forms of STS), links that must not be
believed (LINKS), and what happens on the wire (ON_THE_WIRE); each entry is a function whose keyword parameters are the
options of StandInAws.misbehave().  Before any request: CONNECT_TROUBLES and TLS_TROUBLES.

SPDX-License-Identifier: MIT
"""

import json
import os
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .http_messages import Reply, json_reply
from .loopback_server import Connection
from .observations import RequestRecord
from .refusal import not_authorized
from .sts_messages import sts_error_reply

AWS_JSON = "application/x-amz-json-1.1"
HUGE = 50_000_000

CONNECT_TROUBLES = ("refuse", "silent", "hang", "close")
TLS_TROUBLES = ("hang", "close", "garbage", "other-authority", "wrong-name", "expired", "old-tls")

IMDS_404 = b'<?xml version="1.0" encoding="iso-8859-1"?>\n<html><head><title>404 - Not Found</title></head></html>\n'
LOGIN_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head><body>Welcome!</body></html>\n"
SORRY = b"<html><body><h1>Sorry</h1></body></html>\n"
EXPLICITLY = "with an explicit deny in an identity-based policy"
DENIED = not_authorized("arn:aws:sts::111122223333:assumed-role/studio-desktop-host/i-0123456789abcdef0",
                        "sagemaker:CreatePresignedDomainUrl",
                        "arn:aws:sagemaker:ap-northeast-1:111122223333:user-profile/d-abcdefghij12/alice", EXPLICITLY)


@dataclass
class Trouble:
    how: str
    times: int | None = None  # None: until behave()
    options: dict[str, Any] = field(default_factory=dict)


# ---- replies that are whole but wrong --------------------------------------------------------------------------------


def status(good: Reply, record: RequestRecord, status: int, body: bytes = SORRY) -> Reply:
    return Reply(status, body, "text/html", good.headers)


def no_role(good: Reply, record: RequestRecord) -> Reply:
    return Reply(404, IMDS_404, "text/html")


def not_success(good: Reply, record: RequestRecord) -> Reply:
    return json_reply(200, {"Code": "AssumeRoleUnauthorizedAccess",
                            "Message": "EC2 cannot assume the role studio-desktop-host."})


def expired(good: Reply, record: RequestRecord) -> Reply:
    """Keys whose time has passed, as a host sees them that was suspended."""
    return good.with_body(json.dumps({**json.loads(good.body), "Expiration": "2020-01-01T00:00:00Z"}).encode())


def html(good: Reply, record: RequestRecord) -> Reply:
    return Reply(200, LOGIN_PAGE, "text/html")


def not_json(good: Reply, record: RequestRecord) -> Reply:
    return good.with_body(b'{"AuthorizedUrl": "https://d-abcdefghij12.studio')


def empty(good: Reply, record: RequestRecord) -> Reply:
    return good.with_body(b"")


def redirect(good: Reply, record: RequestRecord, trap_url: str) -> Reply:
    return Reply(302, b"", "text/html", {"Location": trap_url})


def error(good: Reply, record: RequestRecord, code: str, message: str | None = "What AWS has to say.",
          form: str = "plain", message_key: str = "message", status: int = 400) -> Reply:
    """An error in any of the forms in which AWS's JSON protocols write one."""
    spelling = {"plain": code, "namespace": f"com.amazonaws.sagemaker#{code}",
                "url": f"{code}:http://internal.amazon.com/coral/com.amazonaws.sagemaker/",
                "namespace-and-url": f"com.amazonaws.sagemaker#{code}:http://internal.amazon.com/coral/"}
    content: dict[str, Any] = {message_key: message}
    headers = dict(good.headers)
    if form == "header":
        headers["x-amzn-ErrorType"] = spelling["namespace-and-url"]
    elif form == "code-member":
        content["code"] = code
    else:
        content["__type"] = spelling[form]
    return Reply(status, json.dumps(content).encode(), AWS_JSON, headers)


def throttled(good: Reply, record: RequestRecord) -> Reply:
    return error(good, record, "ThrottlingException", "Rate exceeded")


def denied(good: Reply, record: RequestRecord, reason: str = EXPLICITLY) -> Reply:
    """reason: how the sentence ends, "because no VPC endpoint policy allows the ... action"."""
    text = not_authorized(record.caller, f"{record.service}:{record.operation}", record.resource, reason)
    return error(good, record, "AccessDeniedException", text, message_key="Message")


def expired_token(good: Reply, record: RequestRecord) -> Reply:
    return error(good, record, "ExpiredTokenException", "The security token included in the request is expired")


REPLIES_OF_ANYBODY = ("status", "html", "not-json", "empty", "redirect")
REPLIES_OF_THE_API = ("error", "throttled", "denied", "expired-token")
REPLIES: dict[str, Callable[..., Reply]] = {
    "status": status, "html": html, "not-json": not_json, "empty": empty, "redirect": redirect, "error": error,
    "throttled": throttled, "denied": denied, "expired-token": expired_token, "no-role": no_role,
    "not-success": not_success, "expired": expired,
}

# ---- the same in the forms of STS ------------------------------------------------------------------------------------


def sts_error(good: Reply, record: RequestRecord, code: str, message: str | None = "What STS has to say.",
              status: int = 400) -> Reply:
    return sts_error_reply(good.content_type, code, message, status, record.request_id)


def sts_throttled(good: Reply, record: RequestRecord) -> Reply:
    return sts_error(good, record, "Throttling", "Rate exceeded")


def sts_denied(good: Reply, record: RequestRecord, reason: str = "") -> Reply:
    return sts_denies(good, record, record.operation, reason)


def sts_denied_set_source_identity(good: Reply, record: RequestRecord) -> Reply:
    return sts_denies(good, record, "SetSourceIdentity")


def sts_denied_tag_session(good: Reply, record: RequestRecord) -> Reply:
    return sts_denies(good, record, "TagSession")


def sts_denies(good: Reply, record: RequestRecord, action: str, reason: str = "") -> Reply:
    text = not_authorized(record.caller, f"sts:{action}", record.resource, reason)
    return sts_error(good, record, "AccessDenied", text, status=403)


def sts_expired_token(good: Reply, record: RequestRecord) -> Reply:
    return sts_error(good, record, "ExpiredToken", "The security token included in the request is expired", status=403)


STS_REPLIES: dict[str, Callable[..., Reply]] = {
    **{how: REPLIES[how] for how in REPLIES_OF_ANYBODY}, "error": sts_error, "throttled": sts_throttled,
    "denied": sts_denied, "denied-set-source-identity": sts_denied_set_source_identity,
    "denied-tag-session": sts_denied_tag_session, "expired-token": sts_expired_token,
}

# ---- links that must not be believed, and two that must --------------------------------------------------------------


def body_with_link(good: Reply, how: str) -> Reply:
    link = json.loads(good.body)["AuthorizedUrl"]
    return good.with_body(LINKS[how](link))


def with_url(change: Callable[[str], Any]) -> Callable[[str], bytes]:
    return lambda link: json.dumps({"AuthorizedUrl": change(link)}).encode()


def with_host(change: Callable[[str], str]) -> Callable[[str], bytes]:
    def changed(link: str) -> str:
        scheme, _, host, rest = link.split("/", 3)
        return f"{scheme}//{change(host)}/{rest}"

    return with_url(changed)


LINKS: dict[str, Callable[[str], bytes]] = {
    "wrong-host": with_host(lambda host: "studio.example.com"),
    "look-alike-host": with_host(lambda host: host + ".example.com"),
    "user-info-host": with_host(lambda host: host + "@example.com"),
    "host-with-port": with_host(lambda host: host + ":8443"),
    "other-region-host": with_host(lambda host: "d-abcdefghij12.studio.eu-west-1.sagemaker.aws"),
    "newline-in-link": with_url(lambda link: link.replace("?", "?x=\nurl=https://example.com/&")),
    "quotes-in-link": with_url(lambda link: link + '"><script>alert(1)</script>'),
    "blank-in-link": with_url(lambda link: link + " --new-window"),
    "nul-in-link": with_url(lambda link: link + "\0"),
    "http-link": with_url(lambda link: link.replace("https://", "http://")),
    "link-is-missing": lambda link: b"{}",
    "link-is-null": with_url(lambda link: None),
    "link-is-a-number": with_url(lambda link: 4300),
    "link-is-empty": with_url(lambda link: ""),
    "link-comes-twice": lambda link: json.dumps({"AuthorizedUrl": link}).encode()[:-1]
    + b', "AuthorizedUrl": "https://example.com/"}',
    "endless-link": with_url(lambda link: link + "A" * 100_000),
    "long-link": with_url(lambda link: link + "A" * (16384 - len(link))),  # 16 KiB: good
    "escaped-link": lambda link: json.dumps({"AuthorizedUrl": link}).replace("/", "\\/").encode(),  # good JSON
}

# ---- on the connection -----------------------------------------------------------------------------------------------


def hang(connection: Connection, good: Reply) -> None:
    connection.hang()


def hang_in_body(connection: Connection, good: Reply) -> None:
    connection.send(good.to_bytes()[:-10])
    connection.hang()


def slow(connection: Connection, good: Reply, delay: float = 0.1, until: threading.Event | None = None) -> None:
    """A byte at a time; what is left at once, when `until` is set."""
    data = good.to_bytes()
    while data and not (until is not None and until.is_set()):
        if connection.over.wait(delay):
            return
        connection.send(data[:1])
        data = data[1:]
    connection.send(data)


def close(connection: Connection, good: Reply) -> None:
    pass


def truncated(connection: Connection, good: Reply) -> None:
    connection.send(good.head(len(good.body) + 100) + good.body)


def garbage(connection: Connection, good: Reply) -> None:
    connection.send(b"\x00\xff" + os.urandom(4096))


def huge(connection: Connection, good: Reply) -> None:
    connection.send(good.head(HUGE))
    send_in_pieces(connection, HUGE)


def huge_without_length(connection: Connection, good: Reply) -> None:
    connection.send(good.head(None))
    send_in_pieces(connection, HUGE)


def endless_headers(connection: Connection, good: Reply) -> None:
    connection.send(good.head(len(good.body))[:-2])
    for number in range(HUGE // 1000):
        connection.send(f"X-Filler-{number}: {'A' * 980}\r\n".encode())


def send_in_pieces(connection: Connection, total: int) -> None:
    piece = b"A" * 65536
    for _ in range(total // len(piece)):
        connection.send(piece)


# After any of these the connection ends.
ON_THE_WIRE: dict[str, Callable[..., None]] = {
    "hang": hang, "hang-in-body": hang_in_body, "slow": slow, "close": close, "truncated": truncated,
    "garbage": garbage, "huge": huge, "huge-without-length": huge_without_length, "endless-headers": endless_headers,
}

# ---- before any request ----------------------------------------------------------------------------------------------


def perform_on_connection(how: str, connection: Connection, bad_tls: Callable[[str], ssl.SSLContext]) -> None:
    if how == "garbage":
        connection.send(b"SSH-2.0-OpenSSH_9.2\r\n" + os.urandom(512))
    elif how not in ("hang", "close"):
        connection.start_tls(bad_tls(how))
    if how != "close":
        connection.hang()

# ---- what can go wrong where -----------------------------------------------------------------------------------------

# On the way to a link by the instance's own keys.
TROUBLES_AT: dict[str, tuple[str, ...]] = {
    "imds-connect": CONNECT_TROUBLES,
    "imds-token": (*ON_THE_WIRE, *REPLIES_OF_ANYBODY),
    "imds-role": (*ON_THE_WIRE, *REPLIES_OF_ANYBODY, "no-role"),
    "imds-credentials": (*ON_THE_WIRE, *REPLIES_OF_ANYBODY, "not-success", "expired"),
    "imds-region": (*ON_THE_WIRE, *REPLIES_OF_ANYBODY),
    "api-connect": CONNECT_TROUBLES,
    "api-tls": TLS_TROUBLES,
    "api": (*ON_THE_WIRE, *REPLIES_OF_ANYBODY, *REPLIES_OF_THE_API, *LINKS),
}
# With another source, with a role, and where the questions of `check` are answered.
TROUBLES_BESIDE: dict[str, tuple[str, ...]] = {
    "container-connect": CONNECT_TROUBLES,
    "container-credentials": (*ON_THE_WIRE, *REPLIES_OF_ANYBODY, "expired"),
    "sts-connect": CONNECT_TROUBLES,
    "sts-tls": TLS_TROUBLES,
    "sts": (*ON_THE_WIRE, *STS_REPLIES),
    "sts-identity": (*ON_THE_WIRE, *REPLIES_OF_ANYBODY, *REPLIES_OF_THE_API),
    **dict.fromkeys(("api-describe-domain", "api-describe-user-profile", "api-list-user-profiles", "api-list-domains"),
                    (*ON_THE_WIRE, *REPLIES_OF_ANYBODY, *REPLIES_OF_THE_API)),
}


def replies_of(step: str) -> dict[str, Callable[..., Reply]]:
    return STS_REPLIES if step.startswith("sts") else REPLIES
