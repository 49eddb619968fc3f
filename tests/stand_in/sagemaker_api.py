"""SageMaker's CreatePresignedDomainUrl.

SPDX-License-Identifier: MIT
"""

import base64
import json
import os
import time
import uuid
from collections.abc import Callable
from typing import Any

from .http_messages import Reply, Request, json_reply
from .misbehaviour import AWS_JSON
from .observations import Observations, RequestRecord
from .request_check import IssuedKeys, Refused, RequestCheck

DOMAIN_ID = "d-abcdefghij12"
LINK_LENGTH = 4300


class SageMakerApi:
    """domains: the user profiles of each domain that exists; None instead of a set: whoever is asked for."""

    def __init__(self, region: str, key_of: Callable[[str], IssuedKeys | None], observations: Observations):
        self.region = region
        self.observations = observations
        self.check = RequestCheck(region, key_of)
        self.domains: dict[str, set[str] | None] = {DOMAIN_ID: None}

    def answer(self, request: Request) -> tuple[RequestRecord, Reply]:
        record = RequestRecord("api", request.method, request.path, 200, str(uuid.uuid4()))
        try:
            parameters = self.check.parameters_of(request.method, request.path, request.headers, request.body)
            self.check_exists(parameters["DomainId"], parameters["UserProfileName"])
        except Refused as refused:
            if refused.is_violation:
                self.observations.add_violation(f"API: {refused}")
            record.status, record.error = refused.status, refused.code
            content = {"__type": refused.code, "message": refused.message}
        else:
            record.parameters = parameters
            link = new_link(self.region, parameters)
            self.observations.add_secrets(link.partition("token=")[2])
            content = {"AuthorizedUrl": link}
        return record, json_reply(record.status, content, AWS_JSON, **{"x-amzn-RequestId": record.request_id})

    def check_exists(self, domain_id: str, profile: str) -> None:
        if domain_id not in self.domains:
            raise Refused("ResourceNotFound", f"Domain [{domain_id}] does not exist.", is_violation=False)
        profiles = self.domains[domain_id]
        if profiles is not None and profile not in profiles:
            raise Refused("ResourceNotFound", f"User Profile [{profile}] does not exist in domain [{domain_id}].",
                          is_violation=False)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_link(region: str, parameters: dict[str, Any]) -> str:
    """A link as Studio's are, with a token that looks like theirs, of its own each time."""
    now = int(time.time())
    claims = {
        "userProfileName": parameters["UserProfileName"],
        "sub": parameters["DomainId"],
        "iat": now,
        "exp": now + parameters.get("SessionExpirationDurationInSeconds", 43200),
        "cipherText": "",
    }
    start = f"https://{parameters['DomainId']}.studio.{region}.sagemaker.aws/auth?token="
    header, signature = base64url(b'{"alg":"HS256"}'), base64url(os.urandom(32))
    missing = LINK_LENGTH - len(start) - len(header) - len(signature) - 2 - len(json.dumps(claims)) * 4 // 3
    claims["cipherText"] = base64url(os.urandom(missing * 9 // 16))  # encoded twice: 4/3 of 4/3
    return f"{start}{header}.{base64url(json.dumps(claims).encode())}.{signature}"
