"""STS: AssumeRole and GetCallerIdentity, in its query protocol, with answers in XML or JSON.

Source: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

SPDX-License-Identifier: MIT
"""

import datetime
import secrets
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel, Shape

from .arns import ACCOUNT, account_of, arn
from .aws_clock import AwsClock
from .http_messages import Reply, Request
from .issued_keys import KEY_ID_LETTERS, IssuedKeys, KeyRing
from .observations import Observations, RequestRecord
from .parameter_check import check_parameters, service_model
from .refusal import Refused, not_authorized
from .session_policy import parse_policy
from .signature_check import SignatureCheck, Signer, single_headers
from .sts_messages import JSON, XML, result_reply, sts_error_reply

VERSION = "2011-06-15"
CONTENT_TYPES = ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8")
LONGEST_OF_A_CHAIN = 3600
DEFAULT_DURATION = 3600
STEP_OF = {"GetCallerIdentity": "sts-identity"}  # all else: "sts"
# STS calls what its signature check finds otherwise than the services with JSON protocols do.
CODE_OF = {
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "UnrecognizedClientException": ("InvalidClientTokenId", 403),
    "ExpiredTokenException": ("ExpiredToken", 403),
    "IncompleteSignatureException": ("IncompleteSignature", 400),
    "MissingAuthenticationTokenException": ("MissingAuthenticationToken", 403),
    "SerializationException": ("ValidationError", 400),
}


Action = Callable[[Signer, dict[str, Any], str], dict[str, Any]]


@dataclass
class Role:
    """What its trust policy says of those who ask for it."""

    external_id: str | None = None
    may_set_source_identity: bool = True
    may_tag: bool = True


@dataclass
class RoleSession:
    """What was assumed."""

    role_arn: str
    role_session_name: str
    source_identity: str | None
    external_id: str | None
    tags: dict[str, str]
    policy: dict[str, Any] | None
    duration: int
    region: str
    caller: str
    keys: IssuedKeys
    request_id: str


class StsApi:
    """answers: "by-accept" (JSON for those who ask for it, as STS has it), "json" or "xml" whatever was asked."""

    def __init__(self, regions: set[str], clock: AwsClock, key_ring: KeyRing, observations: Observations):
        self.default_role = arn(min(regions), "iam", ACCOUNT, "role/studio-links")
        self.check = SignatureCheck("sts", regions, clock, key_ring)
        self.key_ring = key_ring
        self.observations = observations
        self.model = service_model("sts")
        self.actions: dict[str, Action] = {
            "AssumeRole": self.assume_role, "GetCallerIdentity": self.get_caller_identity}
        self.forget()

    def forget(self) -> None:
        self.roles: dict[str, Role] = {self.default_role: Role()}
        self.sessions: list[RoleSession] = []
        self.answers = "by-accept"

    def answer(self, request: Request) -> tuple[RequestRecord, Reply]:
        record = RequestRecord("sts", request.method, request.path, 200, str(uuid.uuid4()), service="sts")
        form = self.form_of_answer(request)
        try:
            result = self.result(request, record)
        except Refused as refused:
            return record, self.refuse(form, refused, record)
        return record, result_reply(form, record.operation, result, record.request_id)

    def form_of_answer(self, request: Request) -> str:
        asked = JSON if JSON in (request.header("accept") or "") else XML
        return {"by-accept": asked, "json": JSON, "xml": XML}[self.answers]

    def refuse(self, form: str, refused: Refused, record: RequestRecord) -> Reply:
        if refused.is_violation:
            self.observations.add_violation(f"STS: {refused}")
        record.error, record.status = CODE_OF.get(refused.code, (refused.code, refused.status))
        return sts_error_reply(form, record.error, refused.message, record.status, record.request_id)

    def result(self, request: Request, record: RequestRecord) -> dict[str, Any]:
        if (request.method, request.path) != ("POST", "/"):
            raise Refused("InvalidAction", f"{request.method} {request.path} instead of POST /", 404)
        headers = single_headers(request)
        record.host = headers["host"]
        if headers["content-type"].lower() not in CONTENT_TYPES:
            raise Refused("SerializationException", f"Content-Type is {headers['content-type']!r}.")
        fields = fields_of(request.body)
        record.operation = fields.pop("Action", "")
        record.step = STEP_OF.get(record.operation, "sts")
        if record.operation not in self.actions or fields.pop("Version", "") != VERSION:
            raise Refused("InvalidAction", f"Could not find operation {record.operation} for version {VERSION}.")
        signer = self.check.signer_of(headers, request.body)
        record.region, record.caller = signer.region, signer.keys.principal
        parameters = parameters_of(fields, self.model.operation_model(record.operation))
        record.parameters, record.resource = parameters, parameters.get("RoleArn", "*")
        return self.actions[record.operation](signer, parameters, record.request_id)

    def forget_session(self, request_id: str) -> None:
        """Its answer did not arrive."""
        self.sessions = [session for session in self.sessions if session.request_id != request_id]

    # ---- actions ----

    def get_caller_identity(self, signer: Signer, parameters: dict[str, Any], request_id: str) -> dict[str, Any]:
        principal = signer.keys.principal
        return {"UserId": unique_id("AROA" if signer.keys.is_of_a_role else "AIDA", principal),
                "Account": account_of(principal), "Arn": principal}

    def assume_role(self, signer: Signer, parameters: dict[str, Any], request_id: str) -> dict[str, Any]:
        tags = tags_of(parameters)
        duration = parameters.get("DurationSeconds", DEFAULT_DURATION)
        if signer.keys.is_of_a_role and duration > LONGEST_OF_A_CHAIN:
            raise Refused("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                          "assumed by role chaining")
        policy = parse_policy(parameters["Policy"]) if "Policy" in parameters else None
        self.check_trust(signer.keys.principal, parameters, tags)
        role_arn, name = parameters["RoleArn"], parameters["RoleSessionName"]
        principal = f"{role_arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/{name}"
        keys = self.key_ring.issue(principal, datetime.timedelta(seconds=duration), policy)
        self.sessions.append(RoleSession(role_arn, name, parameters.get("SourceIdentity"), parameters.get("ExternalId"),
                                         tags, policy, duration, signer.region, signer.keys.principal, keys,
                                         request_id))
        return assumed_role(keys, parameters, policy)

    def check_trust(self, caller: str, parameters: dict[str, Any], tags: dict[str, str]) -> None:
        """A role that does not exist is denied in the same words as one that does not trust the caller."""
        action = self.action_that_is_denied(parameters, tags)
        if action:
            raise Refused("AccessDenied", not_authorized(caller, action, parameters["RoleArn"]), 403,
                          is_violation=False)

    def action_that_is_denied(self, parameters: dict[str, Any], tags: dict[str, str]) -> str:
        role = self.roles.get(parameters["RoleArn"])
        if role is None or role.external_id not in (None, parameters.get("ExternalId")):
            return "sts:AssumeRole"
        if "SourceIdentity" in parameters and not role.may_set_source_identity:
            return "sts:SetSourceIdentity"
        return "sts:TagSession" if tags and not role.may_tag else ""


def assumed_role(keys: IssuedKeys, parameters: dict[str, Any], policy: dict[str, Any] | None) -> dict[str, Any]:
    result: dict[str, Any] = {
        "AssumedRoleUser": {"AssumedRoleId": unique_id("AROA", keys.principal), "Arn": keys.principal},
        "Credentials": {"AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key,
                        "SessionToken": keys.session_token, "Expiration": keys.expires_at}}
    if policy is not None:
        result["PackedPolicySize"] = 6
    if "SourceIdentity" in parameters:
        result["SourceIdentity"] = parameters["SourceIdentity"]
    return result


def unique_id(prefix: str, principal: str) -> str:
    """Of a role its own id and the session's name, of a user his id alone."""
    own = prefix + "".join(secrets.choice(KEY_ID_LETTERS) for _ in range(17))
    return f"{own}:{principal.rpartition('/')[2]}" if prefix == "AROA" else own


def tags_of(parameters: dict[str, Any]) -> dict[str, str]:
    tags = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])}
    if len({key.lower() for key in tags}) != len(parameters.get("Tags", [])):
        raise Refused("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case "
                      "insensitive.")
    unknown = set(parameters.get("TransitiveTagKeys", [])) - set(tags)
    if unknown:
        raise Refused("InvalidParameterValue", f"The specified transitive tag key must be included in the requested "
                      f"tags: {sorted(unknown)}")
    return tags


# ---- the query protocol ----------------------------------------------------------------------------------------------


def fields_of(body: bytes) -> dict[str, str]:
    try:
        pairs = urllib.parse.parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True,
                                       errors="strict")
    except ValueError as error:
        raise Refused("SerializationException", f"The body is no form: {error}") from error
    if len(dict(pairs)) != len(pairs):
        raise Refused("SerializationException", "A field comes twice.")
    return dict(pairs)


def parameters_of(fields: dict[str, str], operation: OperationModel) -> dict[str, Any]:
    shape = operation.input_shape
    parameters = {} if shape is None else structure_of(fields, "", shape)
    if fields:
        raise Refused("ValidationError", f"Unknown parameters: {', '.join(fields)}")
    if shape is not None:
        check_parameters(parameters, shape, "ValidationError")
    return parameters


def structure_of(fields: dict[str, str], prefix: str, shape: Shape) -> dict[str, Any]:
    """Takes what it uses out of the fields."""
    values = {name: value_of(fields, prefix + name, member) for name, member in shape.members.items()}
    return {name: value for name, value in values.items() if value is not None}


def value_of(fields: dict[str, str], name: str, shape: Shape) -> Any:
    """None where nothing of it came."""
    if shape.type_name == "structure":
        return structure_of(fields, f"{name}.", shape) or None
    if shape.type_name == "list":
        return list_of(fields, f"{name}.member.", shape) or None
    text = fields.pop(name, None)
    if text is not None and shape.type_name == "integer":
        if not text.isdecimal():
            raise Refused("ValidationError", f"{name} is {text!r}, an integer was expected.")
        return int(text)
    return text


def list_of(fields: dict[str, str], prefix: str, shape: Shape) -> list[Any]:
    values: list[Any] = []
    while (value := value_of(fields, f"{prefix}{len(values) + 1}", shape.member)) is not None:
        values.append(value)
    return values
