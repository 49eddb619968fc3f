"""Host names of SageMaker and STS: those of botocore's own rule sets, in every region that this botocore knows.

What it does not know yet (aws-eusc, aws-iso-e, aws-iso-f, dual-stack in aws-iso*) is in tests/unit/test_endpoint.c.

SPDX-License-Identifier: MIT
"""
import itertools
import os
import re
import subprocess
from pathlib import Path

import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

BUILD = Path(os.environ.get("BUILD", Path(__file__).resolve().parent.parent / "build")).resolve()
SERVICES = ("sagemaker", "sts")
NO_RULE = "no rule"


def load(name: str) -> dict:
    return botocore.session.Session().get_component("data_loader").load_data(name)


def known_regions() -> set[str]:
    regions = {name for partition in load("endpoints")["partitions"] for name in partition["regions"]}
    return regions | {name for partition in load("partitions")["partitions"] for name in partition["regions"]}


def is_place(region: str) -> bool:
    """aws-global and its like are no places: they stand for an endpoint outside of every region."""
    return re.fullmatch(r".*-\d+", region) is not None


def botocore_provider(service: str) -> EndpointProvider:
    loader = botocore.session.Session().get_component("data_loader")
    rules = loader.load_service_model(service, "endpoint-rule-set-1")
    return EndpointProvider(rules, load("partitions"))


def botocore_url(provider: EndpointProvider, service: str, region: str, fips: bool, dualstack: bool) -> str:
    parameters = {"Region": region, "UseFIPS": fips, "UseDualStack": dualstack}
    if service == "sts":
        parameters["UseGlobalEndpoint"] = False
    try:
        return provider.resolve_endpoint(**parameters).url
    except EndpointProviderError:
        return NO_RULE


def our_urls(questions: list[tuple[str, str, bool, bool]]) -> list[str]:
    lines = "".join(f"{service} {region} {fips:d} {dualstack:d}\n" for service, region, fips, dualstack in questions)
    return subprocess.run([BUILD / "tests/print_endpoints"], input=lines, check=True, capture_output=True,
                          text=True).stdout.splitlines()


def questions_about(regions: set[str]) -> list[tuple[str, str, bool, bool]]:
    return list(itertools.product(SERVICES, sorted(regions), (False, True), (False, True)))


def test_every_endpoint_is_the_one_of_botocores_rule_set():
    questions = questions_about({region for region in known_regions() if is_place(region)})
    providers = {service: botocore_provider(service) for service in SERVICES}
    expected = [botocore_url(providers[service], service, *rest) for service, *rest in questions]
    ours = our_urls(questions)
    assert len(ours) == len(questions) > 200
    assert {question: (url, ours_too) for question, url, ours_too in zip(questions, expected, ours)
            if url not in (ours_too, NO_RULE)} == {}


def test_botocore_lacks_a_rule_for_dual_stack_in_isolated_regions_alone():
    """So that the comparison above is not one with nothing."""
    questions = questions_about({region for region in known_regions() if is_place(region)})
    providers = {service: botocore_provider(service) for service in SERVICES}
    lacking = {(region, dualstack) for service, region, fips, dualstack in questions
               if botocore_url(providers[service], service, region, fips, dualstack) == NO_RULE}
    assert all(dualstack and region.startswith("us-iso") for region, dualstack in lacking)


def test_a_region_of_tomorrow_is_taken_for_one_of_the_partition_that_its_name_says():
    questions = questions_about({"ap-northeast-9", "us-gov-central-1", "cn-south-3", "sa-west-2"})
    providers = {service: botocore_provider(service) for service in SERVICES}
    assert our_urls(questions) == [botocore_url(providers[service], service, *rest) for service, *rest in questions]


def test_the_global_pseudo_regions_are_refused():
    questions = questions_about({region for region in known_regions() if not is_place(region)})
    assert "aws-global" in {region for _, region, _, _ in questions}
    assert set(our_urls(questions)) == {"config"}
