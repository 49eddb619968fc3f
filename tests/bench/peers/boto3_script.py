#!/usr/bin/python3
"""One presigned URL by Debian's boto3 (package python3-boto3), the shortest script that does it.  boto3 finds region,
authority and keys by itself, from AWS_DEFAULT_REGION, AWS_CA_BUNDLE and AWS_EC2_METADATA_SERVICE_ENDPOINT.

SPDX-License-Identifier: MIT
"""

import os
import sys

if not os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT"):  # without it boto3 would ask the real metadata service
    sys.exit("AWS_EC2_METADATA_SERVICE_ENDPOINT names no stand-in for the metadata service")

import boto3

sagemaker = boto3.client("sagemaker", endpoint_url=os.environ["BENCH_ENDPOINT_URL"])
answer = sagemaker.create_presigned_domain_url(
    DomainId=os.environ["BENCH_DOMAIN_ID"], UserProfileName=os.environ["PAM_USER"]
)
print(answer["AuthorizedUrl"])
