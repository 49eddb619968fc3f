#!/usr/bin/python3
"""Make the vectors beside this file anew, with the signer of Debian's python3-botocore.

    /usr/bin/python3 tests/sigv4_vectors/generate.py

Each vector holds a request as our signer gets it (path and query as they are sent, headers in order) and what botocore
makes of the same request.  tests/unit/test_sigv4.c reads them.  The keys are the examples of AWS's documentation.
"""
import datetime
import hashlib
import json
import pathlib
import urllib.parse
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

FOLDER = pathlib.Path(__file__).parent
ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE" + "fQoDYXdzEO7//+/=" * 40 + "=="
TIME = datetime.datetime(2015, 8, 30, 12, 36, 0)
JSON_HEADERS = [["Content-Type", "application/x-amz-json-1.1"], ["X-Amz-Target", "SageMaker.CreatePresignedDomainUrl"]]
FORM_HEADERS = [["Content-Type", "application/x-www-form-urlencoded; charset=utf-8"]]


class UnnormalizedAuth(botocore.auth.SigV4Auth):
    def _normalize_url_path(self, path):
        return urllib.parse.quote(path, safe="/~")


def presign_body(**more):
    return json.dumps({"DomainId": "d-abcdefghij12", "UserProfileName": "alice-tanaka", "ExpiresInSeconds": 300, **more},
                      separators=(",", ":"), ensure_ascii=False)


def case(name, *, method="GET", host="example.amazonaws.com", path="/", query=None, params=(), headers=(), body="",
         region="us-east-1", service="service", token=None, time=TIME, access_key=ACCESS_KEY, secret_key=SECRET_KEY,
         normalize=True, sign_body_header=False, omit_session_token=False):
    """query is the spelling that our signer gets, params the pairs that it means."""
    request = AWSRequest(method=method, url=f"https://{host}{path}", params=[tuple(pair) for pair in params] or None,
                         data=body.encode())
    for header, value in headers:
        request.headers[header] = value
    if sign_body_header:
        request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body.encode()).hexdigest()
    credentials = Credentials(access_key, secret_key, None if omit_session_token else token)
    signer = (botocore.auth.SigV4Auth if normalize else UnnormalizedAuth)(credentials, service, region)
    with mock.patch.object(botocore.auth.datetime, "datetime", mock.Mock(utcnow=lambda: time)):
        signer.add_auth(request)
    canonical_request = signer.canonical_request(without_authorization(request))
    return {
        "name": name, "method": method, "path": path, "query": query,
        "headers": [["Host", host], *[list(pair) for pair in headers]], "body": body, "region": region,
        "service": service, "access_key_id": access_key, "secret_access_key": secret_key, "session_token": token,
        "timestamp": time.strftime("%Y%m%dT%H%M%SZ"), "normalize": normalize, "sign_body_header": sign_body_header,
        "omit_session_token": omit_session_token, "canonical_request": canonical_request,
        "string_to_sign": signer.string_to_sign(request, canonical_request),
        "authorization": request.headers["Authorization"],
    }


def without_authorization(request):
    copy = AWSRequest(method=request.method, url=request.url, params=request.params, data=request.data)
    for name, value in request.headers.items():
        if name.lower() != "authorization":
            copy.headers[name] = value
    copy.context["timestamp"] = request.context["timestamp"]
    return copy


def presign(name, **more):
    return case(name, **{"method": "POST", "service": "sagemaker", "headers": JSON_HEADERS, "body": presign_body(),
                         "region": "ap-northeast-1", "host": "api.sagemaker.ap-northeast-1.amazonaws.com",
                         "token": TOKEN, **more})


CASES = [
    presign("presign-with-session-token"),
    presign("presign-with-long-lived-key", token=None),
    presign("presign-with-space", body=presign_body(SpaceName="team-space", SessionExpirationDurationInSeconds=1800)),
    presign("presign-with-landing-uri", body=presign_body(LandingUri="app:JupyterLab:lab/tree/日本語.ipynb")),
    presign("presign-with-token-unsigned", omit_session_token=True),
    presign("presign-with-body-header", sign_body_header=True),
    presign("presign-fips", region="us-gov-west-1", host="api-fips.sagemaker.us-gov-west-1.amazonaws.com"),
    presign("presign-china", region="cn-north-1", host="api.sagemaker.cn-north-1.amazonaws.com.cn"),
    presign("presign-sovereign-cloud", region="eusc-de-east-1", host="api.sagemaker.eusc-de-east-1.amazonaws.eu"),
    presign("presign-vpc-endpoint", host="vpce-0a1b2c-x.api.sagemaker.ap-northeast-1.vpce.amazonaws.com"),
    presign("presign-with-port", host="127.0.0.1:8443"),
    presign("presign-in-2038", time=datetime.datetime(2038, 1, 19, 3, 14, 8)),
    presign("presign-on-leap-day", time=datetime.datetime(2024, 2, 29, 23, 59, 59)),
    presign("presign-with-long-token", token="Fwo" + "GZXIvYXdzE/+=" * 1200),
    case("assume-role", method="POST", service="sts", region="ap-northeast-1", token=TOKEN, headers=FORM_HEADERS,
         host="sts.ap-northeast-1.amazonaws.com",
         body="Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FStudio"
              "&RoleSessionName=alice&DurationSeconds=900"),
    case("empty-body-post", method="POST"),
    case("path-trailing-slash", path="/one/two/"),
    case("path-dot-segments", path="/one/./two/../three//four/"),
    case("path-above-root", path="/../../one"),
    case("path-ends-in-dots", path="/one/two/.."),
    case("path-only-dots", path="/./.."),
    case("path-unnormalized", path="/one/./two//three/../", normalize=False),
    case("path-space-and-utf8", path="/two words/東京/~user"),
    case("path-already-encoded", path="/a%20b/%2F/c"),
    case("path-reserved-bytes", path="/a!b$c&d'e(f)g*h+i,j;k:l=m@n"),
    case("query-spellings", query="b=%7euser&a=%2f&c=%41&a=!", params=[("b", "~user"), ("a", "/"), ("c", "A"), ("a", "!")]),
    case("query-equal-names", query="a=2&a=10&a=1&a", params=[("a", "2"), ("a", "10"), ("a", "1"), ("a", "")]),
    case("query-name-is-prefix", query="ab=1&a-b=1&a=z&a.b=0&a=",
         params=[("ab", "1"), ("a-b", "1"), ("a", "z"), ("a.b", "0"), ("a", "")]),
    case("query-raw-utf8-and-plus", query="x=東京+1&é=ü", params=[("x", "東京+1"), ("é", "ü")]),
    case("query-equals-in-value", query="filter=a=b&z==", params=[("filter", "a=b"), ("z", "=")]),
    case("query-bad-escapes", query="a=%zz&b=100%&c=%4", params=[("a", "%zz"), ("b", "100%"), ("c", "%4")]),
    case("headers-blanks", headers=[["My-Header1", "   a   b \t c  "], ["My-Header2", '"x   y"'], ["My-Empty", ""]]),
    case("headers-repeated", headers=[["X-Many", "z"], ["Other", "1"], ["x-many", " a  b"], ["X-MANY", "m"]]),
    case("headers-names-alike", headers=[["X-Ab", "1"], ["X-A", "2"], ["X-A-B", "3"], ["x-a1", "4"], ["X_A", "5"]]),
    case("key-with-every-legal-byte", secret_key="+/=" + SECRET_KEY + "0123456789", access_key="ASIA0123456789ABCDEF",
         token=TOKEN),
]


def main():
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for vector in CASES:
        text = json.dumps(vector, indent=1, ensure_ascii=False) + "\n"
        (FOLDER / f"{vector['name']}.json").write_text(text, encoding="utf-8")
    print(f"{len(CASES)} vectors in {FOLDER}")


if __name__ == "__main__":
    main()
