"""The instance metadata service, version 2: tokens, the role and its keys, the region.  Version 1 does not exist here.

Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html

SPDX-License-Identifier: MIT
"""

import base64
import datetime
import os
import secrets
import threading
import time

from .http_messages import Reply, Request, json_reply
from .misbehaviour import IMDS_404
from .observations import Observations, RequestRecord
from .request_check import IssuedKeys, utc_now

ROLE = "studio-desktop-host"
TOKEN_PATH = "/latest/api/token"
ROLE_PATH = "/latest/meta-data/iam/security-credentials/"
REGION_PATH = "/latest/meta-data/placement/region"
LIFETIME_OF_KEYS = datetime.timedelta(hours=6)
RENEWAL = datetime.timedelta(minutes=5)  # new keys appear this long before the old ones expire
KEY_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class MetadataService:
    def __init__(self, region: str, observations: Observations):
        self.region = region
        self.observations = observations
        self.lock = threading.Lock()
        self.tokens: dict[str, float] = {}  # until when each is good
        self.issued: dict[str, IssuedKeys] = {}
        self.keys: IssuedKeys | None = None

    def answer(self, request: Request) -> tuple[RequestRecord, Reply]:
        step = step_of(request)
        reply = self.reply(step, request)
        error = "" if reply.status == 200 else f"http-{reply.status}"
        return RequestRecord(step, request.method, request.path, reply.status, error=error), reply

    def reply(self, step: str, request: Request) -> Reply:
        if request.header("x-forwarded-for") is not None:
            return self.refusal(403, f"{request.path} with X-Forwarded-For")
        if step == "imds-token":
            return self.token(request)
        if request.method == "PUT":
            return self.refusal(403, f"PUT {request.path}, where only {TOKEN_PATH} gives tokens")
        token = request.header("x-aws-ec2-metadata-token")
        if token is None:
            return self.refusal(401, f"{request.method} {request.path} without a token, which is version 1")
        if token not in self.tokens:
            return self.refusal(401, f"{request.path} with a token that was never handed out")
        if self.tokens[token] < time.monotonic():
            return Reply(401, b"", "text/html")
        return self.metadata(step, request)

    def token(self, request: Request) -> Reply:
        lifetime = request.header("x-aws-ec2-metadata-token-ttl-seconds") or ""
        if not lifetime.isdecimal() or not 1 <= int(lifetime) <= 21600:
            return self.refusal(400, f"a token for {lifetime or 'no'} seconds, expected 1 to 21600")
        token = secrets.token_urlsafe(40) + "=="
        with self.lock:
            self.tokens[token] = time.monotonic() + int(lifetime)
        self.observations.add_secrets(token)
        return Reply(200, token.encode(), headers={"X-aws-ec2-metadata-token-ttl-seconds": lifetime})

    def metadata(self, step: str, request: Request) -> Reply:
        if step == "imds-role":
            return Reply(200, ROLE.encode())
        if step == "imds-region":
            return Reply(200, self.region.encode())
        if step == "imds-credentials" and request.path == ROLE_PATH + ROLE:
            return credentials_reply(self.current_keys())
        return self.refusal(404, f"{request.method} {request.path}, which nobody needs to ask for")

    def refusal(self, status: int, violation: str) -> Reply:
        self.observations.add_violation(f"metadata service: {violation}")
        return Reply(status, IMDS_404 if status == 404 else b"", "text/html")

    def current_keys(self) -> IssuedKeys:
        with self.lock:
            if self.keys is None or self.keys.expires_at - RENEWAL <= utc_now():
                self.keys = new_keys()
                self.issued[self.keys.access_key_id] = self.keys
                self.observations.add_secrets(self.keys.secret_access_key, self.keys.session_token)
            return self.keys

    def revoke_keys(self) -> None:
        """All that were handed out count as expired from now on; the next who asks gets new ones."""
        with self.lock:
            for keys in self.issued.values():
                keys.expires_at = utc_now()
            self.keys = None

    def revoke_tokens(self) -> None:
        with self.lock:
            self.tokens = dict.fromkeys(self.tokens, 0.0)


def step_of(request: Request) -> str:
    if request.method == "PUT" and request.path == TOKEN_PATH:
        return "imds-token"
    if request.method == "GET" and request.path == ROLE_PATH:
        return "imds-role"
    if request.method == "GET" and request.path.startswith(ROLE_PATH):
        return "imds-credentials"
    if request.method == "GET" and request.path == REGION_PATH:
        return "imds-region"
    return "imds-unknown"


def new_keys() -> IssuedKeys:
    access_key_id = "ASIA" + "".join(secrets.choice(KEY_ID_LETTERS) for _ in range(16))
    secret, token = (base64.b64encode(os.urandom(size)).decode() for size in (30, 720))
    return IssuedKeys(access_key_id, secret, token, utc_now() + LIFETIME_OF_KEYS)


def credentials_reply(keys: IssuedKeys) -> Reply:
    return json_reply(200, {
        "Code": "Success",
        "LastUpdated": utc_now().isoformat() + "Z",
        "Type": "AWS-HMAC",
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "Token": keys.session_token,
        "Expiration": keys.expires_at.isoformat() + "Z",
    })
