"""Container credentials: what a task of ECS, a pod of EKS or a broker on the host is answered.

Source: docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html

SPDX-License-Identifier: MIT
"""

import datetime
import uuid

from .arns import ACCOUNT, arn, assumed_role_arn
from .http_messages import Reply, Request, json_reply
from .issued_keys import IssuedKeys, KeyRing
from .observations import Observations, RequestRecord

ROLE = "studio-desktop-task"
LIFETIME_OF_KEYS = datetime.timedelta(hours=6)
RENEWAL = datetime.timedelta(minutes=15)


class ContainerCredentials:
    """token: what the Authorization header has to hold; None: nothing is demanded, and nothing expected."""

    def __init__(self, region: str, key_ring: KeyRing, observations: Observations):
        self.region = region
        self.key_ring = key_ring
        self.observations = observations
        self.path = f"/v2/credentials/{uuid.uuid4()}"
        self.keys: IssuedKeys | None = None
        self.forget()

    def forget(self) -> None:
        self.token: str | None = None
        self.lifetime = LIFETIME_OF_KEYS

    def answer(self, request: Request) -> tuple[RequestRecord, Reply]:
        record = RequestRecord("container-credentials", request.method, request.path, 200,
                               host=request.header("host") or "")
        if (request.method, request.path) != ("GET", self.path):
            self.observations.add_violation(f"container credentials: {request.method} {request.path}")
            reply = error_reply(404, "ResourceNotFound", "no such path")
        elif request.header("authorization") != self.token:
            reply = error_reply(403, "AccessDenied", "The Authorization header is not the one that was given out.")
        else:
            reply = self.credentials_reply(self.current_keys())
        record.status, record.error = reply.status, "" if reply.status == 200 else f"http-{reply.status}"
        return record, reply

    def current_keys(self) -> IssuedKeys:
        if self.keys is None or self.keys.expires_at - RENEWAL <= self.key_ring.clock.now():
            principal = assumed_role_arn(self.region, ACCOUNT, ROLE, "0123456789abcdef0123456789abcdef")
            self.keys = self.key_ring.issue(principal, self.lifetime)
        return self.keys

    def revoke_keys(self) -> None:
        """Those that were handed out count as expired from now on; the next who asks gets new ones."""
        if self.keys is not None:
            self.keys.expires_at = self.key_ring.clock.now()
        self.keys = None

    def credentials_reply(self, keys: IssuedKeys) -> Reply:
        return json_reply(200, {
            "RoleArn": arn(self.region, "iam", ACCOUNT, f"role/{ROLE}"),
            "AccessKeyId": keys.access_key_id,
            "SecretAccessKey": keys.secret_access_key,
            "Token": keys.session_token,
            "Expiration": keys.expires_at.isoformat() + "Z",
        })


def error_reply(status: int, code: str, message: str) -> Reply:
    return json_reply(status, {"code": code, "message": message})
