"""What etc/aws/ brings for the AWS side: the policies are well formed and allow what the helper does and little else, and
the CloudFormation template makes the same ones.

SPDX-License-Identifier: MIT
"""

import itertools
import json
import re
from pathlib import Path

import botocore.session
import cloudformation
import pytest

SOURCE = Path(__file__).resolve().parent.parent
FOLDER = SOURCE / "etc/aws"
POLICIES = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
EVERY_POLICY = pytest.mark.parametrize("name", POLICIES)

API, STUDIO, STS = "vpce-11111111111111111", "vpce-22222222222222222", "vpce-33333333333333333"
HOST_ROLE = "arn:aws:iam::111122223333:role/studio-desktop-host"
LINK_ROLE = "arn:aws:iam::111122223333:role/studio-links"
ACCOUNT = "arn:aws:iam::111122223333:root"
PROFILES = "arn:aws:sagemaker:REGION:111122223333:user-profile/d-abcdefghij12/*"
TAG = "SageMakerStudioUserProfileName"
MINT = {"sagemaker:CreatePresignedDomainUrl", "sagemaker:CreatePresignedDomainUrlWithPrincipalTag"}
# Actions that are permissions alone, and no operation of an API.  Sources: "Permissions required to set source identity"
# and "Passing session tags" of the IAM User Guide; "Set up IAM ... for Canvas" of the SageMaker Developer Guide.
PERMISSIONS_ALONE = {"sts:SetSourceIdentity", "sts:TagSession", "sagemaker:CreatePresignedDomainUrlWithPrincipalTag"}
# Characters without white space: IAM and STS quotas (a role's inline policies, its trust policy), Organizations' quotas,
# "Control access to VPC endpoints using endpoint policies".
LIMITS = {"trust": 2048, "scp": 5120, "endpoint": 20480}
OTHER_LIMIT = 6144  # of a managed policy; an inline one of a role may have 10240


def list_of(value: object) -> list:
    return value if isinstance(value, list) else [value]


def statements(name: str) -> list[dict]:
    return POLICIES[name]["Statement"]


def operations() -> set[str]:
    loader = botocore.session.Session().get_component("data_loader")
    return {f"{service}:{operation}" for service in ("sagemaker", "sts")
            for operation in loader.load_service_model(service, "service-2")["operations"]}


def conditions_of(statement: dict) -> dict[str, list]:
    return {key: list_of(value) for pairs in statement.get("Condition", {}).values() for key, value in pairs.items()}


# ---- each by itself --------------------------------------------------------------------------------------------------


@EVERY_POLICY
def test_a_policy_is_made_of_what_iam_knows(name):
    policy = POLICIES[name]
    assert set(policy) == {"Version", "Statement"} and policy["Version"] == "2012-10-17"
    sids = [statement["Sid"] for statement in policy["Statement"]]
    assert len(sids) == len(set(sids)) and all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
    is_of_a_resource = name.startswith(("trust-", "endpoint-"))
    for statement in policy["Statement"]:
        expected = {"Sid", "Effect", "Action"} | ({"Principal"} if is_of_a_resource else set())
        expected |= set() if name.startswith("trust-") else {"Resource"}
        assert expected <= set(statement) <= expected | {"Condition"}
        assert statement["Effect"] in ("Allow", "Deny")


@EVERY_POLICY
def test_a_policy_is_within_its_limit(name):
    text = json.dumps(POLICIES[name], separators=(",", ":"))
    assert len(text) <= LIMITS.get(name.partition("-")[0], OTHER_LIMIT)


@EVERY_POLICY
def test_every_action_exists(name):
    actions = {action for statement in statements(name) for action in list_of(statement["Action"])}
    if name == "revoke-all-links":
        assert actions == {"*"} and statements(name)[0]["Effect"] == "Deny"
    else:
        assert actions <= operations() | PERMISSIONS_ALONE


@EVERY_POLICY
def test_every_resource_is_in_the_one_domain_or_the_one_role(name):
    shapes = [r"arn:aws:sagemaker:REGION:111122223333:(user-profile|app)/d-abcdefghij12/\*",
              r"arn:aws:sagemaker:REGION:111122223333:domain/d-abcdefghij12", re.escape(LINK_ROLE)]
    without_a_resource = {"sagemaker:ListDomains", "sagemaker:ListUserProfiles", "sts:GetCallerIdentity"}
    for statement in statements(name):
        for resource in list_of(statement.get("Resource", [])):
            if resource != "*":
                assert any(re.fullmatch(shape, resource) for shape in shapes), resource
            elif statement["Effect"] == "Allow" and not name.startswith("endpoint-"):
                assert set(list_of(statement["Action"])) <= without_a_resource


@EVERY_POLICY
def test_placeholders_are_those_that_the_readme_replaces(name):
    text = json.dumps(POLICIES[name])
    assert set(re.findall(r"vpce-\w+", text)) <= {API, STUDIO, STS}
    assert set(re.findall(r"(?<!vpce-)\b\d{12}\b", text)) <= {"111122223333"}
    assert set(re.findall(r"\bd-\w+", text)) <= {"d-abcdefghij12"}
    assert set(re.findall(r"\bvpc-\w+", text)) <= {"vpc-44444444444444444"}
    replacing = re.search(r"^sed -i .*?\*\.json", (SOURCE / "README.md").read_text(), re.MULTILINE | re.DOTALL)[0]
    assert {"REGION", "111122223333", "d-abcdefghij12", API, STUDIO, STS, "vpc-44444444444444444"} == set(
        re.findall(r"s/([^/]+)/", replacing))
    for line in (FOLDER / f"{name}.json").read_text().splitlines():  # the command replaces one of a kind in a line
        assert line.count("REGION") <= 1 and line.count("111122223333") <= 1 and line.count("d-abcdefghij12") <= 1


# ---- what they allow -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["host-role", "link-role", "link-role-by-tag"])
def test_who_makes_links_does_so_within_both_endpoints_and_in_one_domain(name):
    making = [statement for statement in statements(name) if MINT & set(list_of(statement["Action"]))]
    (statement,) = making
    assert statement["Condition"]["StringEquals"]["aws:SourceVpce"] == [API, STUDIO]
    assert statement["Resource"] == PROFILES


def test_the_host_with_a_link_role_makes_no_links_itself():
    allowed = {action for statement in statements("host-role-with-link-role") for action in list_of(statement["Action"])}
    assert not MINT & allowed
    (becoming,) = [one for one in statements("host-role-with-link-role") if "sts:AssumeRole" in one["Action"]]
    assert set(becoming["Action"]) == {"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"}
    assert becoming["Resource"] == LINK_ROLE and conditions_of(becoming) == {"aws:SourceVpce": [STS]}


@pytest.mark.parametrize("name", ["host-role", "host-role-with-link-role"])
def test_the_host_may_look_at_what_check_looks_at(name):
    looking = {action for statement in statements(name) for action in list_of(statement["Action"])
               if action.startswith(("sagemaker:Describe", "sagemaker:List"))}
    assert looking == {"sagemaker:DescribeDomain", "sagemaker:DescribeUserProfile", "sagemaker:ListDomains",
                       "sagemaker:ListUserProfiles"}


@pytest.mark.parametrize("name", ["trust-link-role", "trust-link-role-external-id"])
def test_the_link_role_is_taken_by_the_host_alone_and_only_in_somebodys_name(name):
    """The account is the principal: to one that a trust policy names itself, a role of the same account opens without
    the permission of the host's policy, and its aws:SourceVpce would not count (AssumeRole in the STS API Reference)."""
    taking, tagging = statements(name)
    for one in (taking, tagging):
        assert one["Principal"] == {"AWS": ACCOUNT} and one["Condition"]["ArnEquals"] == {"aws:PrincipalArn": HOST_ROLE}
    assert set(taking["Action"]) == {"sts:AssumeRole", "sts:SetSourceIdentity"} and tagging["Action"] == "sts:TagSession"
    assert taking["Condition"]["StringLike"] == {"sts:SourceIdentity": "*"}
    assert ("sts:ExternalId" in conditions_of(taking)) == name.endswith("external-id")


def test_the_tag_is_the_one_that_the_helper_sets():
    header = (SOURCE / "helper/aws/role_session.h").read_text()
    assert re.search(r'#define ROLE_SESSION_TAG_KEY\s+"(\w+)"', header)[1] == TAG
    (statement,) = statements("link-role-by-tag")
    assert set(statement["Action"]) == MINT
    assert statement["Condition"]["StringEquals"][f"sagemaker:ResourceTag/{TAG}"] == f"${{aws:PrincipalTag/{TAG}}}"
    for name in ("trust-link-role", "trust-link-role-external-id"):
        assert statements(name)[1]["Condition"]["ForAllValues:StringEquals"] == {"aws:TagKeys": [TAG]}


def test_revoking_denies_everything_to_keys_from_before():
    (statement,) = statements("revoke-all-links")
    assert (statement["Effect"], statement["Resource"]) == ("Deny", "*")
    assert statement["Condition"] == {"DateLessThan": {"aws:TokenIssueTime": "2026-01-31T12:00:00Z"}}


def test_the_organizations_policy_denies_links_from_elsewhere_to_whoever_makes_them():
    (statement,) = statements("scp-links-in-the-vpc-alone")
    assert statement["Effect"] == "Deny" and set(statement["Action"]) == MINT
    # Not ...IfExists: where there is no endpoint there is no such key, and then it is to be denied too.
    assert list(statement["Condition"]) == ["StringNotEquals"]


# ---- the template ----------------------------------------------------------------------------------------------------

TEMPLATE = cloudformation.load(FOLDER / "cloudformation.yaml")
BASICS = {"VpcId": "vpc-44444444444444444", "SubnetIds": ["subnet-1", "subnet-2"], "DesktopSecurityGroupId": "sg-desktops",
          "DomainId": "d-abcdefghij12", "AWS::Partition": "aws", "AWS::Region": "REGION",
          "AWS::AccountId": "111122223333", "AWS::URLSuffix": "amazonaws.com"}
ATTRIBUTES = {"ApiVpcEndpoint": API, "StudioVpcEndpoint": STUDIO, "StsVpcEndpoint": STS, "HostRole": "studio-desktop-host",
              "HostRole.Arn": HOST_ROLE, "LinkRole": "studio-links", "LinkRole.Arn": LINK_ROLE,
              "EndpointSecurityGroup": "sg-endpoints", "HostInstanceProfile": "profile"}


def stack(**parameters: str) -> cloudformation.Stack:
    return cloudformation.Stack(TEMPLATE, {**BASICS, **parameters}, ATTRIBUTES)


def normal(policy: dict) -> dict:
    """Lists of one are what they hold: IAM sees no difference."""
    return {"Version": policy["Version"], "Statement": [
        {key: (sorted(value) if isinstance(value, list) and len(value) > 1 else list_of(value)[0])
         if key in ("Action", "Resource") else
         {operator: {name: list_of(values) for name, values in pairs.items()} for operator, pairs in value.items()}
         if key == "Condition" else value for key, value in statement.items()} for statement in policy["Statement"]]}


def assert_same(made: dict, name: str) -> None:
    assert normal(made) == normal(POLICIES[name])


EXISTING_ENDPOINTS = {"ApiEndpoint": API, "StudioEndpoint": STUDIO, "StsEndpoint": STS}
EXISTING_ROLE = {"HostRoleName": "studio-desktop-host"}
WAYS = pytest.mark.parametrize("way", [{}, EXISTING_ENDPOINTS, EXISTING_ROLE, {**EXISTING_ENDPOINTS, **EXISTING_ROLE}],
                               ids=["everything is made", "endpoints are there", "the role is there", "both are there"])


@WAYS
def test_the_template_makes_the_policies_of_a_host_with_a_link_role(way):
    made = stack(**way).resources()
    assert_same(made["HostPolicyWithLinkRole"]["PolicyDocument"], "host-role-with-link-role")
    assert made["HostPolicyWithLinkRole"]["Roles"] == ["studio-desktop-host"] and "HostPolicy" not in made
    assert_same(made["LinkPolicy"]["PolicyDocument"], "link-role")
    assert_same(made["LinkRole"]["AssumeRolePolicyDocument"], "trust-link-role")
    if "HostRoleName" not in way:
        assert_same(made["HostRole"]["AssumeRolePolicyDocument"], "trust-host-role")


@WAYS
def test_the_template_makes_the_policies_of_a_host_without_one(way):
    made = stack(UseLinkRole="no", **way).resources()
    assert_same(made["HostPolicy"]["PolicyDocument"], "host-role")
    assert not {"LinkRole", "LinkPolicy", "HostPolicyWithLinkRole"} & set(made)


def test_the_template_makes_the_policies_by_tag_and_with_an_external_id():
    made = stack(UseSessionTags="yes", ExternalId="EXTERNAL-ID").resources()
    assert_same(made["LinkPolicy"]["PolicyDocument"], "link-role-by-tag")
    assert_same(made["LinkRole"]["AssumeRolePolicyDocument"], "trust-link-role-external-id")


@pytest.mark.parametrize("way", [{}, EXISTING_ROLE])
def test_the_template_narrows_the_endpoints_only_when_told_so(way):
    for endpoint, name in (("Api", "sagemaker-api"), ("Studio", "studio"), ("Sts", "sts")):
        assert "PolicyDocument" not in stack(**way).resources()[f"{endpoint}VpcEndpoint"]
        narrow = stack(NarrowEndpointPolicies="yes", **way).resources()[f"{endpoint}VpcEndpoint"]
        assert_same(narrow["PolicyDocument"], f"endpoint-{name}")


def test_the_template_makes_three_endpoints_with_private_dns_that_admit_the_desktops():
    made = stack().resources()
    endpoints = {name: resource for name, resource in made.items() if resource["Type"] == "AWS::EC2::VPCEndpoint"}
    assert {resource["ServiceName"] for resource in endpoints.values()} == {
        "com.amazonaws.REGION.sagemaker.api", "aws.sagemaker.REGION.studio", "com.amazonaws.REGION.sts"}
    for endpoint in endpoints.values():
        assert endpoint["VpcEndpointType"] == "Interface" and endpoint["PrivateDnsEnabled"] is True
        assert endpoint["SecurityGroupIds"] == ["sg-endpoints"] and endpoint["SubnetIds"] == ["subnet-1", "subnet-2"]
    (rule,) = made["EndpointSecurityGroup"]["SecurityGroupIngress"]
    assert (rule["FromPort"], rule["ToPort"], rule["SourceSecurityGroupId"]) == (443, 443, "sg-desktops")
    wider = stack(EndpointClientCidr="10.0.0.0/16").resources()["EndpointSecurityGroup"]["SecurityGroupIngress"]
    assert [rule.get("CidrIp") for rule in wider] == [None, "10.0.0.0/16"]


def test_the_template_without_an_sts_endpoint_does_not_ask_for_one():
    made = stack(StsEndpoint="none").resources()
    (becoming,) = [one for one in made["HostPolicyWithLinkRole"]["PolicyDocument"]["Statement"]
                   if one["Sid"] == "BecomeTheLinkRole"]
    assert "Condition" not in becoming and "StsVpcEndpoint" not in made


def test_every_choice_of_parameters_makes_a_stack():
    """Nothing refers to what is not made."""
    choices = {name: TEMPLATE["Parameters"][name].get("AllowedValues") for name in TEMPLATE["Parameters"]}
    choices = {name: values for name, values in choices.items() if values}
    choices |= {"ApiEndpoint": ["create", API], "StudioEndpoint": ["create", STUDIO], "StsEndpoint": ["create", "none", STS],
                "HostRoleName": ["", "studio-desktop-host"], "ExternalId": ["", "xy"]}
    for values in itertools.product(*choices.values()):
        one = stack(**dict(zip(choices, values)))
        made = one.resources()
        for resource in made.values():
            for document in ("PolicyDocument", "AssumeRolePolicyDocument"):
                assert document not in resource or resource[document]["Statement"]
        for output in TEMPLATE["Outputs"].values():
            if "Condition" not in output or one.holds(output["Condition"]):
                assert one.evaluate(output["Value"])


def test_everything_in_the_template_is_declared_and_used_and_nothing_waits_for_itself():
    declared = {"Parameters", "Conditions", "Resources", "Outputs", "AWSTemplateFormatVersion", "Description"}
    assert set(TEMPLATE) == declared and len((FOLDER / "cloudformation.yaml").read_bytes()) <= 51200
    used: set[str] = set()
    needs: dict[str, set[str]] = {}
    conditions = [resource["Condition"] for resource in [*TEMPLATE["Resources"].values(), *TEMPLATE["Outputs"].values()]
                  if "Condition" in resource]
    for section in ("Conditions", "Resources", "Outputs"):
        for name, item in TEMPLATE[section].items():
            references = set()
            for function, argument in cloudformation.functions(item):
                if function == "Fn::If":
                    conditions.append(argument[0])
                elif function == "Condition":
                    conditions.append(argument)
                elif function == "Fn::Sub":
                    references |= {inner.partition(".")[0] for inner in cloudformation.names_in(argument)}
                elif function in ("Ref", "Fn::GetAtt"):
                    references.add(list_of(argument)[0])
            used |= references
            needs[name] = references & set(TEMPLATE["Resources"])
    assert set(conditions) == set(TEMPLATE["Conditions"])
    assert used - cloudformation.PSEUDO_PARAMETERS <= set(TEMPLATE["Parameters"]) | set(TEMPLATE["Resources"])
    assert set(TEMPLATE["Parameters"]) <= used
    remaining = {name: set(needs[name]) for name in TEMPLATE["Resources"]}
    while ready := [name for name, waits in remaining.items() if not waits & set(remaining)]:
        for name in ready:
            del remaining[name]
    assert not remaining, "a circle"
