"""The access keys that the stand-in has handed out, wherever: every service knows them all.

SPDX-License-Identifier: MIT
"""

import base64
import datetime
import os
import secrets
from dataclasses import dataclass
from typing import Any

from .aws_clock import AwsClock
from .observations import Observations

KEY_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
TOKEN_BYTES = 720


@dataclass
class IssuedKeys:
    access_key_id: str
    secret_access_key: str
    session_token: str | None  # None: long-lived
    expires_at: datetime.datetime | None
    principal: str  # the ARN of whoever signs with them
    session_policy: dict[str, Any] | None = None

    @property
    def is_of_a_role(self) -> bool:
        return ":assumed-role/" in self.principal


class KeyRing:
    def __init__(self, clock: AwsClock, observations: Observations):
        self.clock = clock
        self.observations = observations
        self.keys: dict[str, IssuedKeys] = {}

    def find(self, access_key_id: str) -> IssuedKeys | None:
        return self.keys.get(access_key_id)

    def issue(self, principal: str, lifetime: datetime.timedelta | None,
              session_policy: dict[str, Any] | None = None) -> IssuedKeys:
        """Temporary ones; without a lifetime the long-lived keys of a user."""
        secret, token = (base64.b64encode(os.urandom(size)).decode() for size in (30, TOKEN_BYTES))
        prefix = "AKIA" if lifetime is None else "ASIA"
        keys = IssuedKeys(prefix + "".join(secrets.choice(KEY_ID_LETTERS) for _ in range(16)), secret,
                          None if lifetime is None else token,
                          None if lifetime is None else self.clock.now() + lifetime, principal, session_policy)
        self.observations.add_secrets(*filter(None, (keys.secret_access_key, keys.session_token)))
        self.keys[keys.access_key_id] = keys
        return keys

    def has_expired(self, keys: IssuedKeys) -> bool:
        return keys.expires_at is not None and keys.expires_at <= self.clock.now()
