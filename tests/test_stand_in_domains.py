"""What the stand-in tells of domains and user profiles, as botocore understands it.

SPDX-License-Identifier: MIT
"""

from typing import Any

import botocore.exceptions
import pytest

from stand_in.sagemaker_domains import DOMAIN_ID
from stand_in_aws import REGION, StandInAws
from stand_in_client import PARAMETERS, sagemaker_client

ALICE = {"DomainId": DOMAIN_ID, "UserProfileName": "alice"}
QUESTIONS = [
    ("describe_domain", "api-describe-domain", "DescribeDomain", {"DomainId": DOMAIN_ID}, f"domain/{DOMAIN_ID}"),
    ("describe_user_profile", "api-describe-user-profile", "DescribeUserProfile", ALICE,
     f"user-profile/{DOMAIN_ID}/alice"),
    ("list_user_profiles", "api-list-user-profiles", "ListUserProfiles", {"DomainIdEquals": DOMAIN_ID},
     "user-profile/*"),
    ("list_domains", "api-list-domains", "ListDomains", {}, "domain/*"),
]


def names(answer: dict[str, Any]) -> list[str]:
    return [profile["UserProfileName"] for profile in answer["UserProfiles"]]


def test_a_domain_is_described_and_every_member_can_be_another_one(aws: StandInAws) -> None:
    answer = sagemaker_client(aws).describe_domain(DomainId=DOMAIN_ID)
    assert (answer["AuthMode"], answer["Status"], answer["AppNetworkAccessType"]) == ("IAM", "InService", "VpcOnly")
    assert answer["DomainArn"] == f"arn:aws:sagemaker:{REGION}:111122223333:domain/{DOMAIN_ID}"
    assert answer["Url"] == f"https://{DOMAIN_ID}.studio.{REGION}.sagemaker.aws"
    aws.sagemaker.domain_details[DOMAIN_ID] = {"Status": "Failed", "FailureReason": "no subnet"}
    answer = sagemaker_client(aws).describe_domain(DomainId=DOMAIN_ID)
    assert (answer["AuthMode"], answer["Status"], answer["FailureReason"]) == ("IAM", "Failed", "no subnet")


def test_a_user_profile_is_described_by_its_name_as_it_is_stored(aws: StandInAws) -> None:
    aws.sagemaker.domains = {DOMAIN_ID: {"alice"}}
    aws.sagemaker.profile_details[DOMAIN_ID, "alice"] = {"Status": "Pending"}
    answer = sagemaker_client(aws).describe_user_profile(DomainId=DOMAIN_ID, UserProfileName="Alice")
    assert (answer["UserProfileName"], answer["Status"]) == ("alice", "Pending")
    assert answer["UserProfileArn"] == f"arn:aws:sagemaker:{REGION}:111122223333:user-profile/{DOMAIN_ID}/alice"


@pytest.mark.parametrize("question", [{"DomainId": DOMAIN_ID, "UserProfileName": "bob"},
                                      {"DomainId": "d-unknown", "UserProfileName": "alice"}])
def test_a_user_profile_or_domain_that_is_not_there_is_not_found(aws: StandInAws, question: dict[str, str]) -> None:
    aws.sagemaker.domains = {DOMAIN_ID: {"alice"}}
    with pytest.raises(botocore.exceptions.ClientError, match="ResourceNotFound"):
        sagemaker_client(aws).describe_user_profile(**question)


def test_user_profiles_are_listed_by_what_their_names_contain(aws: StandInAws) -> None:
    aws.sagemaker.domains = {DOMAIN_ID: {"alice", "alice-2", "bob"}, "d-another": {"alice-3"}}
    client = sagemaker_client(aws)
    assert names(client.list_user_profiles(DomainIdEquals=DOMAIN_ID)) == ["alice", "alice-2", "bob"]
    assert names(client.list_user_profiles(DomainIdEquals=DOMAIN_ID, UserProfileNameContains="lice")) == [
        "alice", "alice-2"]
    assert "alice-3" in names(client.list_user_profiles())


@pytest.mark.parametrize("largest, asked, pages", [(100, None, [10, 10, 5]), (100, 100, [25]), (20, 100, [20, 5])])
def test_long_lists_come_in_pages(aws: StandInAws, largest: int, asked: int | None, pages: list[int]) -> None:
    aws.sagemaker.domains = {DOMAIN_ID: {f"user-{number}" for number in range(25)}}
    aws.sagemaker.largest_page = largest
    paginator = sagemaker_client(aws).get_paginator("list_user_profiles")
    found = [names(page) for page in paginator.paginate(PaginationConfig={"PageSize": asked})]
    assert [len(page) for page in found] == pages
    assert {name for page in found for name in page} == aws.sagemaker.domains[DOMAIN_ID]


def test_domains_are_listed(aws: StandInAws) -> None:
    aws.sagemaker.domains = {DOMAIN_ID: None, "d-another": None}
    found = sagemaker_client(aws).list_domains()["Domains"]
    assert [domain["DomainId"] for domain in found] == [DOMAIN_ID, "d-another"]


def test_a_domain_of_iam_identity_center_makes_no_links(aws: StandInAws) -> None:
    aws.sagemaker.domain_details[DOMAIN_ID] = {"AuthMode": "SSO"}
    with pytest.raises(botocore.exceptions.ClientError, match="ValidationException.*authentication mode equals IAM"):
        sagemaker_client(aws).create_presigned_domain_url(**PARAMETERS)


@pytest.mark.parametrize("method, step, operation, question, resource", QUESTIONS)
def test_every_question_can_be_denied_in_aws_s_words(aws: StandInAws, method: str, step: str, operation: str,
                                                     question: dict[str, str], resource: str) -> None:
    reason = f"because no VPC endpoint policy allows the sagemaker:{operation} action"
    aws.misbehave(step, "denied", reason=reason)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        getattr(sagemaker_client(aws), method)(**question)
    assert caught.value.response["Error"] == {"Code": "AccessDeniedException", "Message": (
        "User: arn:aws:sts::111122223333:assumed-role/studio-desktop-host/i-0123456789abcdef0 is not authorized to "
        f"perform: sagemaker:{operation} on resource: arn:aws:sagemaker:{REGION}:111122223333:{resource} {reason}")}
    assert aws.count(step) == 1


@pytest.mark.expect_violations
@pytest.mark.parametrize("question", [{"MaxResults": 101}, {"NextToken": "guessed"}])
def test_a_question_that_the_model_does_not_allow_is_refused(aws: StandInAws, question: dict[str, Any]) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="ValidationException"):
        sagemaker_client(aws).list_user_profiles(**question)
    assert len(aws.violations) == 1
