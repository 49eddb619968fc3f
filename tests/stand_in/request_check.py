"""Is this the CreatePresignedDomainUrl request that AWS would accept?  botocore decides, none of our own code does.

The signature is computed anew by botocore's signer from what arrived, and the body is validated against botocore's
own model of the SageMaker API.

SPDX-License-Identifier: MIT
"""

import datetime
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import botocore.loaders
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

OPERATION = "CreatePresignedDomainUrl"
SERVICE = "sagemaker"
CLOCK_TOLERANCE = datetime.timedelta(minutes=5)
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/([0-9]{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
)
REQUIRED_HEADERS = ["authorization", "content-type", "host", "x-amz-date", "x-amz-target"]

# What the model of Debian 12's botocore 1.29 lacks; both are copied from the model of botocore 1.43
# (data/sagemaker/2017-07-24/service-2.json).  A botocore that has them keeps its own.
SUPPLEMENT = {
    "LandingUri": {"type": "string", "min": 0, "max": 1023},
    "DomainId": {"type": "string", "min": 0, "max": 63, "pattern": "d-(-*[a-z0-9]){1,61}"},
}


@dataclass
class IssuedKeys:
    """What the stand-in's metadata service handed out."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime.datetime


class Refused(Exception):
    """An AWS error; is_violation tells a fault of the client from a fact of life (expired keys, unknown profile)."""

    def __init__(self, code: str, message: str, status: int = 400, is_violation: bool = True):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.is_violation = code, message, status, is_violation


def utc_now() -> datetime.datetime:
    return datetime.datetime.utcnow().replace(microsecond=0)


def api_model() -> ServiceModel:
    description = botocore.loaders.create_loader().load_service_model(SERVICE, "service-2")
    members = description["shapes"][f"{OPERATION}Request"]["members"]
    for name, shape in SUPPLEMENT.items():
        members.setdefault(name, {"shape": name})
        known = description["shapes"].setdefault(name, shape)
        for constraint, value in shape.items():
            known.setdefault(constraint, value)
    return ServiceModel(description, SERVICE)


class RequestCheck:
    """Checks requests for one region; key_of looks up keys by their id."""

    def __init__(self, region: str, key_of: Callable[[str], IssuedKeys | None]):
        self.region = region
        self.key_of = key_of
        self.input_shape = api_model().operation_model(OPERATION).input_shape

    def parameters_of(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> dict[str, Any]:
        """The request's parameters; raises Refused."""
        if (method, path) != ("POST", "/"):
            raise Refused("UnknownOperationException", f"{method} {path} instead of POST /", 404)
        by_name = single_headers(headers)
        self.check_signature(by_name, body)
        return self.check_body(body)

    def check_signature(self, headers: dict[str, str], body: bytes) -> None:
        access_key_id, scope, signed_names, signature = parse_authorization(headers["authorization"])
        keys = self.key_of(access_key_id)
        if keys is None:
            raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        expected_scope = (headers["x-amz-date"][:8], self.region, SERVICE)
        if scope != expected_scope:
            raise Refused("InvalidSignatureException",
                          f"Credential should be scoped to {expected_scope}, not to {scope}.")
        check_date(headers["x-amz-date"])
        check_signed_names(signed_names, headers)
        if headers.get("x-amz-security-token") != keys.session_token:
            raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        expected = self.signature_by_botocore(keys, {name: headers[name] for name in signed_names}, body)
        if not hmac.compare_digest(expected, signature):
            raise Refused("InvalidSignatureException",
                          "The request signature we calculated does not match the signature you provided.")
        if keys.expires_at <= utc_now():
            raise Refused("ExpiredTokenException", "The security token included in the request is expired",
                          is_violation=False)

    def signature_by_botocore(self, keys: IssuedKeys, signed_headers: dict[str, str], body: bytes) -> str:
        request = AWSRequest("POST", f"https://{signed_headers['host']}/", signed_headers, body)
        request.context["timestamp"] = signed_headers["x-amz-date"]
        signer = SigV4Auth(Credentials(keys.access_key_id, keys.secret_access_key), SERVICE, self.region)
        return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)

    def check_body(self, body: bytes) -> dict[str, Any]:
        try:
            parameters = json.loads(body.decode("utf-8"), object_pairs_hook=object_without_repeated_keys)
        except ValueError as error:
            raise Refused("SerializationException", f"The body is not one JSON object: {error}") from error
        errors = ParamValidator().validate(parameters, self.input_shape)
        if errors.has_errors():
            raise Refused("ValidationException", errors.generate_report())
        for name, value in parameters.items():
            check_limits(name, value, self.input_shape.members[name])
        return parameters


def single_headers(headers: list[tuple[str, str]]) -> dict[str, str]:
    by_name: dict[str, str] = {}
    for name, value in headers:
        if name.lower() in by_name:
            raise Refused("InvalidSignatureException", f"The header {name} comes twice.")
        by_name[name.lower()] = value
    missing = [name for name in REQUIRED_HEADERS if name not in by_name]
    if missing:
        raise Refused("MissingAuthenticationTokenException", f"Missing headers: {', '.join(missing)}.", 403)
    if by_name["x-amz-target"] != f"SageMaker.{OPERATION}":
        raise Refused("UnknownOperationException", f"X-Amz-Target is {by_name['x-amz-target']!r}.", 404)
    if by_name["content-type"] != "application/x-amz-json-1.1":
        raise Refused("SerializationException", f"Content-Type is {by_name['content-type']!r}.")
    return by_name


def parse_authorization(text: str) -> tuple[str, tuple[str, str, str], list[str], str]:
    parts = AUTHORIZATION.fullmatch(text)
    if parts is None:
        raise Refused("IncompleteSignatureException", "Authorization has not the form that the documentation shows.")
    access_key_id, day, region, service, signed_names, signature = parts.groups()
    return access_key_id, (day, region, service), signed_names.split(";"), signature


def check_signed_names(names: list[str], headers: dict[str, str]) -> None:
    if names != sorted(set(names)):
        raise Refused("InvalidSignatureException", "SignedHeaders is not sorted, or names a header twice.")
    absent = [name for name in names if name not in headers]
    if absent:
        raise Refused("InvalidSignatureException", f"Signed headers that did not come: {', '.join(absent)}.")
    must_be_signed = {"host", "content-type", *(name for name in headers if name.startswith("x-amz-"))}
    unsigned = sorted(must_be_signed - set(names))
    if unsigned:
        raise Refused("InvalidSignatureException", f"There were headers present in the request which were not signed: "
                      f"{', '.join(unsigned)}.")


def check_date(amz_date: str) -> None:
    try:
        date = datetime.datetime.strptime(amz_date, SIGV4_TIMESTAMP)
    except ValueError as error:
        raise Refused("IncompleteSignatureException", f"X-Amz-Date is {amz_date!r}.") from error
    now = utc_now()
    earliest, latest = now - CLOCK_TOLERANCE, now + CLOCK_TOLERANCE
    if date < earliest:
        raise Refused("InvalidSignatureException",
                      f"Signature expired: {amz_date} is now earlier than {earliest.strftime(SIGV4_TIMESTAMP)} "
                      f"({now.strftime(SIGV4_TIMESTAMP)} - 5 min.)")
    if date > latest:
        raise Refused("InvalidSignatureException",
                      f"Signature not yet current: {amz_date} is still later than {latest.strftime(SIGV4_TIMESTAMP)} "
                      f"({now.strftime(SIGV4_TIMESTAMP)} + 5 min.)")


def object_without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key comes twice")
    return result


def check_limits(name: str, value: Any, shape: Any) -> None:
    """Maximum and pattern, which ParamValidator leaves to the service; and True, which is an int to Python alone."""
    constraints = shape.metadata
    if isinstance(value, bool):
        raise Refused("SerializationException", f"{name} is a boolean.")
    size = len(value) if isinstance(value, str) else value
    if "max" in constraints and size > constraints["max"]:
        raise Refused("ValidationException", f"Value '{value}' at '{name}' failed to satisfy constraint: "
                      f"Member must have value less than or equal to {constraints['max']}")
    if "pattern" in constraints and not re.fullmatch(constraints["pattern"], value):
        raise Refused("ValidationException", f"Value '{value}' at '{name}' failed to satisfy constraint: "
                      f"Member must satisfy regular expression pattern: {constraints['pattern']}")
