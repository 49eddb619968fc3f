#!/bin/sh
# One presigned URL by Debian's AWS CLI (package awscli), as its manual shows it.  The CLI finds region, authority and
# keys by itself, from AWS_DEFAULT_REGION, AWS_CA_BUNDLE and AWS_EC2_METADATA_SERVICE_ENDPOINT.
#
# SPDX-License-Identifier: MIT

# Without the variable the CLI would ask the real metadata service.  The CLI appends paths to it as it is.
: "${AWS_EC2_METADATA_SERVICE_ENDPOINT:?names no stand-in for the metadata service}"
export AWS_EC2_METADATA_SERVICE_ENDPOINT="$AWS_EC2_METADATA_SERVICE_ENDPOINT/"

exec /usr/bin/aws sagemaker create-presigned-domain-url \
    --domain-id "$BENCH_DOMAIN_ID" --user-profile-name "$PAM_USER" \
    --endpoint-url "$BENCH_ENDPOINT_URL" --query AuthorizedUrl --output text
