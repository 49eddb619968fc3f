"""SageMaker: CreatePresignedDomainUrl, and what describes and lists domains and user profiles.

SPDX-License-Identifier: MIT
"""

import base64
import json
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .arns import account_of, arn, studio_domain_of
from .aws_clock import AwsClock
from .http_messages import Reply, Request, json_reply
from .issued_keys import KeyRing
from .misbehaviour import AWS_JSON
from .observations import Observations, RequestRecord
from .parameter_check import check_parameters, service_model
from .refusal import Refused, not_authorized
from .sagemaker_domains import DOMAIN_ID, Domains
from .session_policy import allows
from .signature_check import SignatureCheck, Signer, single_headers

__all__ = ["DOMAIN_ID", "SageMakerApi"]
TARGET_PREFIX = "SageMaker."
LINK_LENGTH = 4300
DEFAULT_PAGE = 10  # of the lists, where no MaxResults is given

Answer = Callable[[Signer, dict[str, Any]], dict[str, Any]]


@dataclass
class Operation:
    step: str
    resource: str  # what its ARN ends in
    answer: Answer


class SageMakerApi:
    def __init__(self, regions: set[str], clock: AwsClock, key_ring: KeyRing, observations: Observations):
        self.clock = clock
        self.observations = observations
        self.check = SignatureCheck("sagemaker", regions, clock, key_ring)
        self.model = service_model("sagemaker")
        self.known = Domains()
        self.largest_page = 100
        self.operations = {
            "CreatePresignedDomainUrl": Operation("api", "user-profile/{DomainId}/{UserProfileName}", self.create_link),
            "DescribeDomain": Operation("api-describe-domain", "domain/{DomainId}", self.describe_domain),
            "DescribeUserProfile": Operation("api-describe-user-profile", "user-profile/{DomainId}/{UserProfileName}",
                                             self.describe_user_profile),
            "ListUserProfiles": Operation("api-list-user-profiles", "user-profile/*", self.list_user_profiles),
            "ListDomains": Operation("api-list-domains", "domain/*", self.list_domains),
        }

    @property
    def domains(self) -> dict[str, set[str] | None]:
        """The user profiles of each domain that exists; None instead of a set: whoever is asked for."""
        return self.known.profiles

    @domains.setter
    def domains(self, profiles: dict[str, set[str] | None]) -> None:
        self.known.profiles = profiles

    @property
    def domain_details(self) -> dict[str, dict[str, Any]]:
        """Lies over what DescribeDomain and ListDomains tell of a domain, member by member."""
        return self.known.domain_details

    @property
    def profile_details(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The same for user profiles, by domain id and name."""
        return self.known.profile_details

    def forget(self) -> None:
        self.known.forget()
        self.largest_page = 100

    def answer(self, request: Request) -> tuple[RequestRecord, Reply]:
        record = RequestRecord("api", request.method, request.path, 200, str(uuid.uuid4()), service="sagemaker")
        try:
            content = self.content_for(request, record)
        except Refused as refused:
            if refused.is_violation:
                self.observations.add_violation(f"API: {refused}")
            record.status, record.error, record.parameters = refused.status, refused.code, {}
            content = {"__type": refused.code, "message": refused.message}
        return record, json_reply(record.status, content, AWS_JSON, **{"x-amzn-RequestId": record.request_id})

    def content_for(self, request: Request, record: RequestRecord) -> dict[str, Any]:
        if (request.method, request.path) != ("POST", "/"):
            raise Refused("UnknownOperationException", f"{request.method} {request.path} instead of POST /", 404)
        headers = single_headers(request, "x-amz-target")
        record.host = headers["host"]
        operation = self.operation_of(headers, record)
        signer = self.check.signer_of(headers, request.body)
        record.region, record.caller = signer.region, signer.keys.principal
        record.parameters = self.parameters_of(record.operation, request.body)
        record.resource = arn(signer.region, "sagemaker", account_of(record.caller),
                              operation.resource.format_map(record.parameters))
        check_permission(signer, f"sagemaker:{record.operation}", record.resource)
        return operation.answer(signer, record.parameters)

    def operation_of(self, headers: dict[str, str], record: RequestRecord) -> Operation:
        record.operation = headers["x-amz-target"].removeprefix(TARGET_PREFIX)
        operation = self.operations.get(record.operation)
        if operation is None or headers["x-amz-target"] != TARGET_PREFIX + record.operation:
            raise Refused("UnknownOperationException", f"X-Amz-Target is {headers['x-amz-target']!r}.", 404)
        record.step = operation.step
        if headers["content-type"] != AWS_JSON:
            raise Refused("SerializationException", f"Content-Type is {headers['content-type']!r}.")
        return operation

    def parameters_of(self, operation: str, body: bytes) -> dict[str, Any]:
        try:
            parameters = json.loads(body.decode("utf-8"), object_pairs_hook=object_without_repeated_keys)
        except ValueError as error:
            raise Refused("SerializationException", f"The body is not one JSON object: {error}") from error
        check_parameters(parameters, self.model.operation_model(operation).input_shape)
        return parameters

    # ---- operations ----

    def create_link(self, signer: Signer, parameters: dict[str, Any]) -> dict[str, Any]:
        self.known.check_profile(parameters["DomainId"], parameters["UserProfileName"])
        self.known.check_makes_links(parameters["DomainId"])
        link = new_link(signer.region, parameters, int(self.clock.timestamp()))
        self.observations.add_secrets(link.partition("token=")[2])
        return {"AuthorizedUrl": link}

    def describe_domain(self, signer: Signer, parameters: dict[str, Any]) -> dict[str, Any]:
        return self.known.describe_domain(signer.region, account_of(signer.keys.principal), parameters["DomainId"])

    def describe_user_profile(self, signer: Signer, parameters: dict[str, Any]) -> dict[str, Any]:
        return self.known.describe_profile(signer.region, account_of(signer.keys.principal), parameters["DomainId"],
                                           parameters["UserProfileName"])

    def list_user_profiles(self, signer: Signer, parameters: dict[str, Any]) -> dict[str, Any]:
        found = self.known.list_profiles(parameters.get("DomainIdEquals"),
                                         parameters.get("UserProfileNameContains", ""))
        return self.page("UserProfiles", found, parameters)

    def list_domains(self, signer: Signer, parameters: dict[str, Any]) -> dict[str, Any]:
        found = self.known.list_domains(signer.region, account_of(signer.keys.principal))
        return self.page("Domains", found, parameters)

    def page(self, name: str, found: list[dict[str, Any]], parameters: dict[str, Any]) -> dict[str, Any]:
        """Never more than `largest_page`, whatever MaxResults says; a token leads on."""
        size = min(parameters.get("MaxResults", DEFAULT_PAGE), self.largest_page)
        start = start_of_page(name, parameters.get("NextToken"))
        content: dict[str, Any] = {name: found[start:start + size]}
        if start + size < len(found):
            content["NextToken"] = page_token(name, start + size)
        return content


def check_permission(signer: Signer, action: str, resource: str) -> None:
    policy = signer.keys.session_policy
    if policy is not None and not allows(policy, action, resource):
        raise Refused("AccessDeniedException", not_authorized(
            signer.keys.principal, action, resource, f"because no session policy allows the {action} action"),
            is_violation=False)


def object_without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key comes twice")
    return result


def page_token(name: str, start: int) -> str:
    return base64.b64encode(f"{name}/{start}".encode()).decode()


def start_of_page(name: str, token: str | None) -> int:
    if token is None:
        return 0
    try:
        list_name, start = base64.b64decode(token, validate=True).decode().split("/")
        if list_name != name:
            raise ValueError(f"a token of {list_name}")
        return int(start)
    except ValueError as error:
        raise Refused("ValidationException", f"Invalid NextToken: {error}") from error


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_link(region: str, parameters: dict[str, Any], now: int) -> str:
    """A link as Studio's are, with a token that looks like theirs, of its own each time."""
    claims = {
        "userProfileName": parameters["UserProfileName"],
        "sub": parameters["DomainId"],
        "iat": now,
        "exp": now + parameters.get("SessionExpirationDurationInSeconds", 43200),
        "cipherText": "",
    }
    start = f"https://{parameters['DomainId']}.studio.{region}.{studio_domain_of(region)}/auth?token="
    header, signature = base64url(b'{"alg":"HS256"}'), base64url(os.urandom(32))
    missing = LINK_LENGTH - len(start) - len(header) - len(signature) - 2 - len(json.dumps(claims)) * 4 // 3
    claims["cipherText"] = base64url(os.urandom(missing * 9 // 16))  # encoded twice: 4/3 of 4/3
    return f"{start}{header}.{base64url(json.dumps(claims).encode())}.{signature}"
