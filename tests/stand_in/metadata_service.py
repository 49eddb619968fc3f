"""The instance metadata service, version 2: tokens, the role and its keys, the region.  Version 1 does not exist here.

Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html

SPDX-License-Identifier: MIT
"""

import datetime
import secrets
import threading
import time

from .arns import ACCOUNT, assumed_role_arn
from .http_messages import Reply, Request, json_reply
from .issued_keys import IssuedKeys, KeyRing
from .misbehaviour import IMDS_404
from .observations import Observations, RequestRecord

ROLE = "studio-desktop-host"
INSTANCE_ID = "i-0123456789abcdef0"  # and the name of the role's session
TOKEN_PATH = "/latest/api/token"
ROLE_PATH = "/latest/meta-data/iam/security-credentials/"
REGION_PATH = "/latest/meta-data/placement/region"
LIFETIME_OF_KEYS = datetime.timedelta(hours=6)
RENEWAL = datetime.timedelta(minutes=5)  # new keys appear this long before the old ones expire


class MetadataService:
    def __init__(self, region: str, key_ring: KeyRing, observations: Observations):
        self.region = region
        self.key_ring = key_ring
        self.observations = observations
        self.lock = threading.Lock()
        self.tokens: dict[str, float] = {}  # until when each is good
        self.issued: list[IssuedKeys] = []
        self.keys: IssuedKeys | None = None
        self.lifetime = LIFETIME_OF_KEYS

    def forget(self) -> None:
        self.lifetime = LIFETIME_OF_KEYS

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
            return self.credentials_reply(self.current_keys())
        return self.refusal(404, f"{request.method} {request.path}, which nobody needs to ask for")

    def refusal(self, status: int, violation: str) -> Reply:
        self.observations.add_violation(f"metadata service: {violation}")
        return Reply(status, IMDS_404 if status == 404 else b"", "text/html")

    def current_keys(self) -> IssuedKeys:
        with self.lock:
            if self.keys is None or self.keys.expires_at - RENEWAL <= self.key_ring.clock.now():
                principal = assumed_role_arn(self.region, ACCOUNT, ROLE, INSTANCE_ID)
                self.keys = self.key_ring.issue(principal, self.lifetime)
                self.issued.append(self.keys)
            return self.keys

    def revoke_keys(self) -> None:
        """All that were handed out count as expired from now on; the next who asks gets new ones."""
        with self.lock:
            for keys in self.issued:
                keys.expires_at = self.key_ring.clock.now()
            self.keys = None

    def revoke_tokens(self) -> None:
        with self.lock:
            self.tokens = dict.fromkeys(self.tokens, 0.0)

    def credentials_reply(self, keys: IssuedKeys) -> Reply:
        return json_reply(200, {
            "Code": "Success",
            "LastUpdated": self.key_ring.clock.now().isoformat() + "Z",
            "Type": "AWS-HMAC",
            "AccessKeyId": keys.access_key_id,
            "SecretAccessKey": keys.secret_access_key,
            "Token": keys.session_token,
            "Expiration": keys.expires_at.isoformat() + "Z",
        })


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
