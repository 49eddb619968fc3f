"""Regions, partitions and the names that AWS gives to things: ARNs.

SPDX-License-Identifier: MIT
"""

ACCOUNT = "111122223333"
PARTITION_OF = {"cn": "aws-cn", "us-gov": "aws-us-gov", "us-iso": "aws-iso", "us-isob": "aws-iso-b",
                "eu-isoe": "aws-iso-e", "us-isof": "aws-iso-f", "eusc": "aws-eusc"}
# Of the Public Suffix List; for the other partitions AWS has published none.
STUDIO_DOMAIN_OF = {"aws": "sagemaker.aws", "aws-us-gov": "sagemaker.aws", "aws-cn": "sagemaker.com.cn"}
UNPUBLISHED_STUDIO_DOMAIN = "sagemaker.example.com"


def partition_of(region: str) -> str:
    words = region.split("-")
    return PARTITION_OF.get("-".join(words[:2]), PARTITION_OF.get(words[0], "aws"))


def studio_domain_of(region: str) -> str:
    return STUDIO_DOMAIN_OF.get(partition_of(region), UNPUBLISHED_STUDIO_DOMAIN)


def arn(region: str, service: str, account: str, name: str) -> str:
    """IAM and STS have no region in theirs."""
    place = "" if service in ("iam", "sts") else region
    return f"arn:{partition_of(region)}:{service}:{place}:{account}:{name}"


def assumed_role_arn(region: str, account: str, role: str, session: str) -> str:
    return arn(region, "sts", account, f"assumed-role/{role}/{session}")


def account_of(any_arn: str) -> str:
    return any_arn.split(":")[4]
