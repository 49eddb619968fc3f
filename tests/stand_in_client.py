"""botocore as a client of the stand-in AWS: whole clients, and single requests that can be spoilt.

SPDX-License-Identifier: MIT
"""

import contextlib
import datetime
import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import botocore.session
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.utils import InstanceMetadataFetcher

from stand_in.issued_keys import IssuedKeys
from stand_in.sagemaker_domains import DOMAIN_ID
from stand_in_aws import REGION, StandInAws

PARAMETERS = {"DomainId": DOMAIN_ID, "UserProfileName": "alice"}
EVERY_PARAMETER = {**PARAMETERS, "ExpiresInSeconds": 20, "SessionExpirationDurationInSeconds": 1800,
                   "SpaceName": "team-space", "LandingUri": "studio::jupyterlab/team-space"}


def keys_from_metadata_service(aws: StandInAws) -> dict[str, str]:
    return InstanceMetadataFetcher(timeout=5, base_url=aws.imds_url + "/").retrieve_iam_role_credentials()


def sagemaker_client(aws: StandInAws, keys: IssuedKeys | None = None) -> Any:
    return client_of("sagemaker", aws, aws.api_url, keys)


def sts_client(aws: StandInAws, keys: IssuedKeys | None = None) -> Any:
    return client_of("sts", aws, aws.sts_url, keys)


def client_of(service: str, aws: StandInAws, url: str, keys: IssuedKeys | None) -> Any:
    """Without keys of its own it has the instance's.  It tries nothing twice."""
    keys = keys or aws.metadata_service.current_keys()
    return botocore.session.Session().create_client(
        service, REGION, endpoint_url=url, verify=str(aws.ca_bundle), aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key, aws_session_token=keys.session_token,
        config=Config(retries={"max_attempts": 0}, proxies={}))


class SignedRequest:
    """A request to the API as botocore's signer makes it, that can be changed before or after it is signed."""

    service, target = "sagemaker", "SageMaker.CreatePresignedDomainUrl"
    content_type = "application/x-amz-json-1.1"

    def __init__(self, aws: StandInAws, body: bytes | None = None, region: str = REGION, token_signed: bool = True,
                 age: datetime.timedelta = datetime.timedelta(), **headers: str):
        self.aws = aws
        self.body = json.dumps(PARAMETERS).encode() if body is None else body
        keys = aws.metadata_service.current_keys()
        host = f"localhost:{self.port}"
        request = AWSRequest("POST", f"https://{host}/", data=self.body, headers={
            "Host": host, "Content-Type": self.content_type, **({"X-Amz-Target": self.target} if self.target else {}),
            **headers})
        token = keys.session_token if token_signed else None
        signer = SigV4Auth(Credentials(keys.access_key_id, keys.secret_access_key, token), self.service, region)
        signer.add_auth(request)
        if age:
            sign_at(request, signer, datetime.datetime.utcnow() - age)
        self.headers = dict(request.headers.items())
        self.headers["X-Amz-Security-Token"] = keys.session_token

    @property
    def port(self) -> int:
        return self.aws.api.port

    def exchange(self, patience: float) -> tuple[http.client.HTTPResponse, bytes]:
        context = ssl.create_default_context(cafile=self.aws.ca_bundle)
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=patience)
        with contextlib.closing(connection):
            connection.request("POST", "/", self.body, self.headers)
            answer = connection.getresponse()
            return answer, answer.read()

    def send(self, patience: float = 10) -> tuple[int, dict[str, Any]]:
        answer, content = self.exchange(patience)
        assert answer.headers["x-amzn-RequestId"]
        return answer.status, json.loads(content)


class SignedStsRequest(SignedRequest):
    """The same to STS: the fields of a form, answered in JSON unless Accept says something else."""

    service, target = "sts", ""
    content_type = "application/x-www-form-urlencoded; charset=utf-8"

    def __init__(self, aws: StandInAws, fields: dict[str, str], accept: str = "application/json", **options: Any):
        super().__init__(aws, urllib.parse.urlencode(fields).encode(), **options)
        self.headers["Accept"] = accept  # not signed, as nobody signs it

    @property
    def port(self) -> int:
        return self.aws.server_of["sts"].port


def sign_at(request: AWSRequest, signer: SigV4Auth, time: datetime.datetime) -> None:
    for name in ("Authorization", "X-Amz-Date"):
        del request.headers[name]
    request.context["timestamp"] = time.strftime(SIGV4_TIMESTAMP)
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, "
        f"SignedHeaders={signer.signed_headers(signer.headers_to_sign(request))}, Signature={signature}")


def get(url: str, method: str = "GET", patience: float = 1, **headers: str) -> tuple[int, str]:
    """As any HTTP client would, and past every proxy."""
    request = urllib.request.Request(url, method=method, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=patience) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
