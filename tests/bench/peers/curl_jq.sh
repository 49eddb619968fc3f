#!/bin/sh
# One presigned URL by curl and jq, the recipe that is commonly shown: a call of jq for each field, and the keys in
# curl's arguments, where everybody on the host can read them (/proc/PID/cmdline).  A config on stdin (curl --config -)
# would hide them at the same cost; the usual recipe is what is measured.
#
# SPDX-License-Identifier: MIT
set -eu

# Without a stand-in this would ask the real metadata service.
imds=${AWS_EC2_METADATA_SERVICE_ENDPOINT:?names no stand-in for the metadata service}

token=$(/usr/bin/curl -sSf -X PUT "$imds/latest/api/token" -H "X-aws-ec2-metadata-token-ttl-seconds: 300")
imds_get() {
    /usr/bin/curl -sSf -H "X-aws-ec2-metadata-token: $token" "$imds/latest/meta-data/iam/security-credentials/$1"
}
role=$(imds_get "")
keys=$(imds_get "$role")
access_key=$(printf '%s' "$keys" | /usr/bin/jq -r .AccessKeyId)
secret_key=$(printf '%s' "$keys" | /usr/bin/jq -r .SecretAccessKey)
session_token=$(printf '%s' "$keys" | /usr/bin/jq -r .Token)

link=$(/usr/bin/curl -sSf --cacert "$AWS_CA_BUNDLE" "$BENCH_ENDPOINT_URL/" \
    --aws-sigv4 "aws:amz:$AWS_REGION:sagemaker" --user "$access_key:$secret_key" \
    -H "X-Amz-Security-Token: $session_token" \
    -H "Content-Type: application/x-amz-json-1.1" -H "X-Amz-Target: SageMaker.CreatePresignedDomainUrl" \
    -d "{\"DomainId\": \"$BENCH_DOMAIN_ID\", \"UserProfileName\": \"$PAM_USER\"}" |
    /usr/bin/jq -r .AuthorizedUrl)
[ -n "$link" ] && printf '%s\n' "$link"
