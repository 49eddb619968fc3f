"""Is this request signed as AWS demands?  botocore decides: its signer computes the signature anew from what arrived.

SPDX-License-Identifier: MIT
"""

import datetime
import hmac
import re
from dataclasses import dataclass

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .aws_clock import AwsClock
from .http_messages import Request
from .issued_keys import IssuedKeys, KeyRing
from .refusal import Refused

CLOCK_TOLERANCE = datetime.timedelta(minutes=5)
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/([0-9]{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
)
REQUIRED_HEADERS = ("authorization", "content-type", "host", "x-amz-date")


@dataclass
class Signer:
    """Who signed, and for which region."""

    keys: IssuedKeys
    region: str


class SignatureCheck:
    """For one service; `regions` are those in which it is met here, and may change."""

    def __init__(self, service: str, regions: set[str], clock: AwsClock, key_ring: KeyRing):
        self.service = service
        self.regions = regions
        self.clock = clock
        self.key_ring = key_ring

    def signer_of(self, headers: dict[str, str], body: bytes) -> Signer:
        """Raises Refused."""
        access_key_id, scope, signed_names, signature = parse_authorization(headers["authorization"])
        keys = self.key_ring.find(access_key_id)
        if keys is None:
            raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        region = self.check_scope(scope, headers["x-amz-date"])
        self.check_date(headers["x-amz-date"])
        check_signed_names(signed_names, headers)
        if headers.get("x-amz-security-token") != keys.session_token:
            raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        expected = self.signature_by_botocore(keys, region, {name: headers[name] for name in signed_names}, body)
        if not hmac.compare_digest(expected, signature):
            raise Refused("InvalidSignatureException",
                          "The request signature we calculated does not match the signature you provided.")
        if self.key_ring.has_expired(keys):
            raise Refused("ExpiredTokenException", "The security token included in the request is expired",
                          is_violation=False)
        return Signer(keys, region)

    def check_scope(self, scope: tuple[str, str, str], amz_date: str) -> str:
        day, region, service = scope
        if region not in self.regions or (day, service) != (amz_date[:8], self.service):
            raise Refused("InvalidSignatureException", f"Credential should be scoped to {amz_date[:8]}, "
                          f"{' or '.join(sorted(self.regions))}, {self.service}, not to {scope}.")
        return region

    def check_date(self, amz_date: str) -> None:
        """A client is to blame for a wrong time only if this host's clock is right."""
        try:
            date = datetime.datetime.strptime(amz_date, SIGV4_TIMESTAMP)
        except ValueError as error:
            raise Refused("IncompleteSignatureException", f"X-Amz-Date is {amz_date!r}.") from error
        now = self.clock.now()
        earliest, latest = now - CLOCK_TOLERANCE, now + CLOCK_TOLERANCE
        is_violation = self.clock.offset == 0
        if date < earliest:
            raise Refused("InvalidSignatureException",
                          f"Signature expired: {amz_date} is now earlier than {earliest.strftime(SIGV4_TIMESTAMP)} "
                          f"({now.strftime(SIGV4_TIMESTAMP)} - 5 min.)", is_violation=is_violation)
        if date > latest:
            raise Refused("InvalidSignatureException",
                          f"Signature not yet current: {amz_date} is still later than "
                          f"{latest.strftime(SIGV4_TIMESTAMP)} ({now.strftime(SIGV4_TIMESTAMP)} + 5 min.)",
                          is_violation=is_violation)

    def signature_by_botocore(self, keys: IssuedKeys, region: str, signed_headers: dict[str, str], body: bytes) -> str:
        request = AWSRequest("POST", f"https://{signed_headers['host']}/", signed_headers, body)
        request.context["timestamp"] = signed_headers["x-amz-date"]
        signer = SigV4Auth(Credentials(keys.access_key_id, keys.secret_access_key), self.service, region)
        return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


def single_headers(request: Request, *required: str) -> dict[str, str]:
    """By their names in lower case; all that a signed request has must be there, once."""
    by_name: dict[str, str] = {}
    for name, value in request.headers:
        if name.lower() in by_name:
            raise Refused("InvalidSignatureException", f"The header {name} comes twice.")
        by_name[name.lower()] = value
    missing = [name for name in (*REQUIRED_HEADERS, *required) if name not in by_name]
    if missing:
        raise Refused("MissingAuthenticationTokenException", f"Missing headers: {', '.join(missing)}.", 403)
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
