"""What `check` says of AWS: each failure is provoked in the stand-in, and the sentence that a person reads is asserted.

In tests/sandbox alone: names are given addresses in /etc/hosts, and a public one (RFC 5737) to the loopback device.

SPDX-License-Identifier: MIT
"""

import contextlib
import json
import pwd
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import Build
from login_host import SERVICE_ACCOUNT, inside_sandbox
from stand_in import sagemaker_api
from stand_in.loopback_server import LoopbackServer
from stand_in.sagemaker_domains import DOMAIN_ID
from stand_in.sts_api import Role
from stand_in_aws import REGION, StandInAws
from studio_config import StudioConfig

pytestmark = pytest.mark.skipif(not inside_sandbox(), reason="changes /etc/hosts and the loopback device")

STEPS = ("credentials", "region", "api-endpoint", "studio-endpoint", "caller", "clock", "role", "domain", "profile",
         "link", "not-checked")
PATIENCE = 60
API = f"api.sagemaker.{REGION}.amazonaws.com"
MISNAMED = f"sagemaker.api.{REGION}.amazonaws.com"
STUDIO = f"{DOMAIN_ID}.studio.{REGION}.sagemaker.aws"
INSIDE = "127.0.0.2"
OUTSIDE = "203.0.113.5"
HOST_ARN = "arn:aws:sts::111122223333:assumed-role/studio-desktop-host/i-0123456789abcdef0"
PROFILE_ARN = f"arn:aws:sagemaker:{REGION}:111122223333:user-profile/{DOMAIN_ID}/studio-tester"


# ---- the host's network ----------------------------------------------------------------------------------------------


class Names:
    """/etc/hosts, and who takes connections at port 443."""

    def __init__(self, stack: contextlib.ExitStack):
        self.stack = stack
        self.hosts = Path("/etc/hosts")
        before = self.hosts.read_text()
        stack.callback(self.hosts.write_text, before)
        self.lines = before
        self.known: dict[str, str] = {}

    def set(self, **addresses: str | None) -> None:
        self.known.update({{"api": API, "misnamed": MISNAMED, "studio": STUDIO}[name]: address
                           for name, address in addresses.items()})
        self.hosts.write_text(self.lines + "".join(f"{address} {name}\n" for name, address in self.known.items()
                                                   if address is not None))

    def listen(self, address: str) -> None:
        listener = self.stack.enter_context(socket.create_server((address, 443)))
        assert listener.getsockname()[1] == 443

    def add(self, label: str, address: str) -> None:
        self.known[f"{label}.{REGION}.sagemaker.aws"] = address
        self.set()

    def make_public_address(self) -> None:
        change_address("add")
        self.stack.callback(change_address, "del")


def change_address(how: str) -> None:
    subprocess.run(["ip", "address", how, f"{OUTSIDE}/32", "dev", "lo"], check=True)


@pytest.fixture
def names() -> Iterator[Names]:
    """As in a VPC with both endpoints."""
    with contextlib.ExitStack() as stack:
        result = Names(stack)
        result.set(studio=INSIDE)
        result.listen(INSIDE)
        yield result


# ---- the report ------------------------------------------------------------------------------------------------------


@dataclass
class Finding:
    step: str
    status: str
    found: str
    advice: str | None


@dataclass
class Report:
    findings: list[Finding]

    def of(self, step: str) -> Finding:
        (finding,) = self.all_of(step)
        return finding

    def all_of(self, step: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.step == step]

    def troubles(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.status not in ("ok", "note")]

    @property
    def not_checked(self) -> list[str]:
        note = self.of("not-checked")
        assert note.status == "note" and note.found[0].isupper() and note.found[-1] == "."
        return (note.found[0].lower() + note.found[1:-1]).split("; ")


class Check:
    def __init__(self, build: Build, config: StudioConfig):
        self.build = build
        self.config = config

    def __call__(self, *words: str) -> Report:
        done = subprocess.run([self.build.helper, "--config-dir", self.config.folder, "check", *words, "--json"],
                              capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode in (0, 1, 2), done.stderr
        assert not any(secret[:12] in done.stdout + done.stderr for secret in self.config.aws.secrets)
        steps = [Finding(**step) for step in json.loads(done.stdout)["steps"]]
        for step in steps:
            print(step)
        return Report([finding for finding in steps if finding.step in STEPS])


@pytest.fixture
def check(build: Build, config: StudioConfig, names: Names) -> Check:
    return Check(build, config)


def by_first_words(value: object) -> str | None:
    """Names parametrized tests after what is told apart, not after whole sentences."""
    return value[:40] if isinstance(value, str) else None


def good(step: str, found: str) -> Finding:
    return Finding(step, "ok", found, None)


def warning(step: str, found: str, advice: str | None) -> Finding:
    return Finding(step, "warning", found, advice)


def critical(step: str, found: str, advice: str | None = None) -> Finding:
    return Finding(step, "critical", found, advice)


BROWSER = ('whether policies let a browser on this host use a link (if it shows 403 "Auth token containing '
           'insufficient permissions", aws:SourceVpce lacks the studio endpoint)')


# ---- nothing is wrong ------------------------------------------------------------------------------------------------


def test_where_nothing_is_wrong_each_step_says_what_is_there(check: Check, aws: StandInAws) -> None:
    report = check("alice")
    keys = report.findings.pop(0)
    assert keys.step == "credentials" and keys.status == "ok"
    assert re.fullmatch(r"This host's keys come from the role studio-desktop-host of this instance; they are good "
                        r"until "
                        r"20[0-9-]{8} [0-9:]{8} UTC\.", keys.found)
    assert report.findings == [
        good("region", f"Domain {DOMAIN_ID} is asked about in {REGION}, as the settings say."),
        good("api-endpoint", "localhost leads to ::1, 127.0.0.1 (private)."),
        good("studio-endpoint", f"{STUDIO} leads to {INSIDE} (private) and takes connections."),
        good("clock", "The clock of this host agrees with AWS's."),
        good("caller", f"To AWS this host is {HOST_ARN}."),
        good("domain", f"Domain {DOMAIN_ID} (research) of account 111122223333 is in service; AuthMode IAM, VpcOnly in "
                       "vpc-0123456789abcdef0."),
        good("profile", f'User profile "studio-tester" in domain {DOMAIN_ID} is in service: alice is sent there by '
                        "users.map:1."),
        good("link", f'A link to {STUDIO} for alice was made, for user profile "studio-tester", and thrown away '
                     f'unused.'),
        Finding("not-checked", "note", f"W{BROWSER[1:]}.", None),
    ]
    assert [parameters["ExpiresInSeconds"] for parameters in aws.parameters("api")] == [5]


def test_monitoring_makes_no_link(check: Check, aws: StandInAws) -> None:
    report = check("alice", "--no-link")
    assert report.troubles() == [] and report.all_of("link") == []
    assert report.not_checked == ["a link (--no-link)"]
    assert aws.count("api") == 0


def test_without_a_user_every_domain_that_is_used_is_looked_at_once(
        check: Check, config: StudioConfig, aws: StandInAws) -> None:
    aws.sagemaker.domains["d-bare"] = set()
    config.set_map("alice  research  alice\nbob  d-bare  bob\n*  d-bare  {user}\n")
    config.write("studio.conf", (config.folder / "studio.conf").read_text().replace(
        "[defaults]", f"[defaults]\nendpoint_url = {aws.api_url}\nregion = {REGION}"))
    report = check()
    assert [finding.found.split()[1] for finding in report.all_of("domain")] == [DOMAIN_ID, "d-bare"]
    assert len(report.all_of("caller")) == len(report.all_of("api-endpoint")) == len(report.all_of("credentials")) == 1
    assert report.not_checked == ["user profiles and links (name a user, or say --all-users)"]


def fifty_domains(config: StudioConfig, aws: StandInAws) -> None:
    config.write("studio.conf", (config.folder / "studio.conf").read_text() + "".join(
        f"[domain lab-{number}]\ndomain_id = d-lab{number}\nregion = {REGION}\nendpoint_url = {aws.api_url}\n"
        for number in range(50)))
    aws.sagemaker.domains.update({f"d-lab{number}": set() for number in range(50)})


def test_an_api_that_does_not_answer_is_waited_for_once(check: Check, config: StudioConfig, aws: StandInAws) -> None:
    fifty_domains(config, aws)
    aws.misbehave("api-describe-domain", "hang")
    started = time.monotonic()
    report = check()
    assert time.monotonic() - started < 30
    assert [finding.status for finding in report.all_of("domain")] == ["critical"]
    assert "domain d-lab49 (see above)" in report.not_checked


def test_each_domain_has_a_way_to_studio_of_its_own(check: Check, config: StudioConfig, aws: StandInAws) -> None:
    """A private zone with a record for one domain alone."""
    fifty_domains(config, aws)
    report = check()
    assert [finding.status for finding in report.all_of("domain")] == ["ok"] * 51
    ways = {finding.found: finding.status for finding in report.all_of("studio-endpoint")}
    assert sorted(ways.values()) == ["critical"] * 50 + ["ok"]
    assert ways[f"{STUDIO} leads to {INSIDE} (private) and takes connections."] == "ok"


def test_monitoring_puts_no_session_into_cloudtrail_in_a_users_name(
        check: Check, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    report = check("alice", "--no-link")
    assert report.troubles() == []
    assert {session.role_session_name for session in aws.sts.sessions} == {"sagemaker-studio-check"}


# ---- keys and region -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step, how, options, found", [
    ("imds-connect", "refuse", {},
     "The metadata service at {imds} did not give a session token to this account (uid {uid}): cannot connect to "
     "{host}: Connection refused; check routes, firewalls, security groups and endpoints. Either this is no EC2 "
     "instance ([credentials] in studio.conf says where its keys come from), or a firewall rule keeps this account "
     "out."),
    ("imds-token", "hang", {},
     "The metadata service at {imds} did not give a session token to this account (uid {uid}): {host} was connected, "
     "but there was no answer in time. It was reached, but its token was not: in a container the hop limit is too low "
     "(aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2), else a firewall rule drops its "
     "answers."),
    ("imds-token", "status", {"status": 403},
     "The metadata service at {imds} answered a request for a session token with status 403. It is switched off for "
     "this instance, or a policy forbids it: aws ec2 modify-instance-metadata-options --http-endpoint enabled."),
    ("imds-role", "no-role", {},
     "The metadata service at {imds} answered a request for the name of the instance's role with status 404. This "
     "instance has no instance profile, or its role is gone. Attach a role to it (EC2 console: Security, Modify IAM "
     "role)."),
], ids=by_first_words)
@pytest.mark.expect_violations  # the exposure probe tries version 1, too
def test_a_host_without_keys_is_told_why(
        check: Check, aws: StandInAws, step: str, how: str, options: dict[str, Any], found: str) -> None:
    aws.misbehave(step, how, **options)
    report = check("alice")
    host = aws.imds_url.removeprefix("http://").replace(":", " port ")
    values = {"imds": aws.imds_url, "host": host, "uid": pwd.getpwnam(SERVICE_ACCOUNT).pw_uid}
    assert report.troubles() == [critical("credentials", f"This host has no keys for AWS. {found.format_map(values)}")]
    assert report.not_checked == [
        f"domain {DOMAIN_ID} (there are no keys)",
        'user profile "studio-tester" (there are no keys)', "a link (it cannot be made, as said above)",
        "the clock (AWS has not answered)"]


def test_a_missing_file_of_keys(check: Check, config: StudioConfig) -> None:
    config.set_credentials(source="file", shared_credentials_file=config.folder / "credentials")
    assert check("alice").troubles() == [critical(
        "credentials", f"This host has no keys for AWS. There is no file {config.folder}/credentials with AWS "
                       "credentials in it. Put it there (chown root:sagemaker-studio; chmod 0640), or set source or "
                       "shared_credentials_file in studio.conf.")]


def test_keys_that_do_not_expire(check: Check, config: StudioConfig, aws: StandInAws) -> None:
    keys = aws.long_lived_keys()
    path = config.write("credentials", "[default]\n"
                        f"aws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n")
    config.set_credentials(source="file", shared_credentials_file=path)
    report = check("alice")
    assert report.of("credentials") == good(
        "credentials", f"This host's keys come from profile default of {path}; they do not expire.")
    assert report.of("caller").found == "To AWS this host is arn:aws:iam::111122223333:user/studio-desktop."


def test_the_region_of_the_instance(check: Check, config: StudioConfig) -> None:
    config.set_domain(region=None)
    report = check("alice")
    assert report.of("region") == good("region", f"Domain {DOMAIN_ID} is asked about in {REGION}, the region of this "
                                                 f"host.")
    assert report.troubles() == []


def test_a_region_that_nobody_knows(check: Check, config: StudioConfig, aws: StandInAws) -> None:
    config.set_domain(region=None)
    aws.misbehave("imds-region", "status", status=404)
    report = check("alice")
    assert report.troubles() == [critical(
        "region", f"It is not known in which region domain {DOMAIN_ID} is. The metadata service at {aws.imds_url} "
                  "answered a request for the region with status 404. What listens there is not the metadata service, "
                  "version 2. Check ec2_metadata_service_endpoint. Or set region in studio.conf, then nobody is asked "
                  "for it.")]
    assert report.not_checked == [f"domain {DOMAIN_ID} (its region is not known)", "the clock (AWS has not answered)"]


# ---- the clock -------------------------------------------------------------------------------------------------------

SET_IT = "Set it, and keep it so: `chronyc tracking`, or `timedatectl`, tells whether somebody does."


@pytest.mark.parametrize("offset, status, found", [
    (100, "warning", "The clock of this host is {} s behind AWS's. From 300 s on AWS refuses what it signs."),
    (-100, "warning", "The clock of this host is {} s ahead of AWS's. From 300 s on AWS refuses what it signs."),
    (700, "critical", "The clock of this host is {} s behind AWS's. AWS refuses what is signed 300 s off; links are "
                      "made as long as signing for AWS's time instead works."),
    (-700, "critical", "The clock of this host is {} s ahead of AWS's. AWS refuses what is signed 300 s off; links "
                       "are made as long as signing for AWS's time instead works."),
], ids=by_first_words)
@pytest.mark.expect_violations
def test_a_clock_that_is_off(check: Check, aws: StandInAws, offset: int, status: str, found: str) -> None:
    aws.clock_offset = offset
    report = check("alice")
    (trouble,) = report.troubles()
    seconds = int(re.search(r" is (\d+) s ", trouble.found)[1])
    assert abs(seconds - abs(offset)) <= 5
    assert trouble == Finding("clock", status, found.format(seconds), SET_IT)
    assert report.of("link").status == "ok"


# ---- who this host is, and the role ----------------------------------------------------------------------------------


def sts_refuses(aws: StandInAws) -> str:
    """Makes it so, and returns what is said of it."""
    aws.misbehave("sts-connect", "refuse")
    host = aws.sts_url.removeprefix("https://").replace(":", " port ")
    refused = f"cannot connect to {host}: Connection refused; check routes, firewalls, security groups and endpoints"
    return (f"STS could not be asked: {refused}. The VPC endpoint com.amazonaws.{REGION}.sts "
            f"is missing, or does not admit port 443 from this host; or a proxy_url is needed.")


def test_sts_that_cannot_be_reached_is_no_trouble_for_links_without_a_role(check: Check, aws: StandInAws) -> None:
    found = sts_refuses(aws)
    report = check("alice")
    assert report.troubles() == [warning(
        "caller", found, "Links do not need STS here, since no role_arn is set: it is only that this check cannot "
                         "tell who this host is to AWS.")]
    assert report.of("link").status == "ok"


def test_sts_that_cannot_be_reached_means_no_links_with_a_role(
        check: Check, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    found = sts_refuses(aws)
    report = check("alice")
    assert report.troubles() == [
        critical("caller", found, "Without STS the role of role_arn cannot be assumed, and no link be made."),
        critical("role", found)]
    assert "a link (it cannot be made, as said above)" in report.not_checked


def test_keys_that_sts_does_not_take(check: Check, aws: StandInAws) -> None:
    aws.misbehave("sts-identity", "error", code="InvalidClientTokenId",
                  message="The security token included in the request is invalid.", status=403)
    assert check("alice", "--no-link").of("caller") == critical(
        "caller", 'STS does not take this host\'s credentials (InvalidClientTokenId: "The security token included in '
                  'the request is invalid."). They are fetched anew for the next link; if it lasts, check the clock, '
                  'that the role or user '
                  f"of these keys still exists, and that region {REGION} is enabled in its account.")


@pytest.mark.parametrize("settings, how", [
    ({}, "source identity, session policy"),
    ({"session_tags": "yes"}, "source identity, session tag, session policy"),
    ({"source_identity": "no", "session_policy": "no"}, "nothing but a session name"),
])
def test_a_role_that_can_be_assumed(
        check: Check, config: StudioConfig, aws: StandInAws, settings: dict[str, Any], how: str) -> None:
    config.set_role(**settings)
    report = check("alice")
    assert report.of("role") == good("role", f"{aws.sts.default_role} can be assumed for alice ({how}).")
    assert report.troubles() == []
    assert aws.sts.sessions[-1].role_session_name == "alice"


def test_without_a_user_the_role_is_assumed_in_the_checks_own_name(
        check: Check, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    report = check()
    assert report.of("role") == good("role", f"{aws.sts.default_role} can be assumed for sagemaker-studio-check "
                                             f"(source identity).")
    (session,) = aws.sts.sessions
    assert (session.role_session_name, session.source_identity, session.policy) == (
        "sagemaker-studio-check", "sagemaker-studio-check", None)


NOT_TRUSTED = (
    "AWS denies sts:AssumeRole: the trust policy of {role} does not let {host} assume it, or the policy of the latter "
    "does not allow sts:AssumeRole on that role (in another account, both must). Or the trust policy asks for another "
    "external_id than the one that is configured; AWS does not say which.")
LACKS = ("AWS denies {action}: the trust policy of {role} and the policy of {host} must both allow {action} (or set "
         "{key} = no in studio.conf).")


@pytest.mark.parametrize("role, action, found", [
    (None, "sts:AssumeRole", NOT_TRUSTED),
    (Role(external_id="another"), "sts:AssumeRole", NOT_TRUSTED),
    (Role(may_set_source_identity=False), "sts:SetSourceIdentity", LACKS.replace("{key}", "source_identity")),
    (Role(may_tag=False), "sts:TagSession", LACKS.replace("{key}", "session_tags")),
], ids=by_first_words)
def test_a_role_that_cannot_be_assumed(
        check: Check, config: StudioConfig, aws: StandInAws, role: Role | None, action: str, found: str) -> None:
    config.set_role(session_tags="yes", external_id="desktop-7")
    aws.sts.roles = {} if role is None else {aws.sts.default_role: role}
    report = check("alice")
    answer = (f' AWS answered AccessDenied: "User: {HOST_ARN} is not authorized to perform: {action} on resource: '
              f'{aws.sts.default_role}".')
    assert report.troubles() == [critical(
        "role", found.format(role=aws.sts.default_role, host=HOST_ARN, action=action) + answer)]
    assert report.not_checked == ["a link (it cannot be made, as said above)"]
    assert aws.count("api") == 0


OTHER_ACCOUNT = "arn:aws:iam::444455556666:role/studio-links"


def test_a_domain_of_another_account_is_described_by_the_role_there(
        check: Check, config: StudioConfig, aws: StandInAws) -> None:
    aws.sts.roles = {OTHER_ACCOUNT: Role()}
    config.set_role(OTHER_ACCOUNT)
    report = check("alice")
    assert report.troubles() == []
    assert report.of("domain").found == (f"Domain {DOMAIN_ID} (research) of account 444455556666 is in service; "
                                         f"AuthMode IAM, VpcOnly in vpc-0123456789abcdef0.")
    assert [session.role_session_name for session in aws.sts.sessions] == ["alice", "sagemaker-studio-check"]
    assert aws.sts.sessions[0].policy is not None and aws.sts.sessions[1].policy is None


# ---- the domain ------------------------------------------------------------------------------------------------------


def test_a_domain_that_does_not_exist(check: Check, config: StudioConfig, aws: StandInAws) -> None:
    config.set_domain(domain_id="d-abcdefhgij12")
    report = check("alice")
    assert report.troubles()[-1] == critical(
        "domain", f"There is no domain d-abcdefhgij12 in {REGION} of account 111122223333 (ResourceNotFound: \"Domain "
                  "[d-abcdefhgij12] does not exist.\").",
        f"The nearest name is {DOMAIN_ID}. Compare with `aws sagemaker list-domains --region {REGION}`.")
    assert "user profiles and links of domain d-abcdefhgij12 (see above)" in report.not_checked
    assert aws.count("api") == aws.count("api-describe-user-profile") == 0


def test_a_domain_that_may_be_in_the_region_of_the_host(
        build: Build, folder: Path, names: Names) -> None:
    with StandInAws(folder / "aws", regions=("eu-west-1", REGION)) as aws:
        config = StudioConfig(folder / "etc", aws)
        config.set_domain(domain_id="d-other")
        names.add("d-other.studio", INSIDE)
        report = Check(build, config)("alice")
    assert report.troubles() == [critical(
        "domain", f"There is no domain d-other in {REGION} of account 111122223333 (ResourceNotFound: \"Domain "
                  f"[d-other] does not exist.\").",
        "This host is in eu-west-1: if the domain is there too, set region = eu-west-1. Else compare with `aws "
        f"sagemaker list-domains --region {REGION}`.")]


def test_a_domain_of_identity_center(check: Check, aws: StandInAws) -> None:
    aws.sagemaker.domain_details[DOMAIN_ID] = {"AuthMode": "SSO"}
    report = check("alice")
    assert report.troubles() == [critical(
        "domain", f"Domain {DOMAIN_ID} signs people in with IAM Identity Center (AuthMode SSO): no links can be made "
                  f"for it.",
        f"Open https://{STUDIO} instead. Links need a domain whose AuthMode is IAM, which is chosen when a domain is "
        "created.")]
    assert aws.count("api") == 0


@pytest.mark.parametrize("status, level", [
    ("Failed", "critical"), ("Deleting", "critical"), ("Update_Failed", "warning")])
def test_a_domain_that_is_not_in_service(check: Check, aws: StandInAws, status: str, level: str) -> None:
    aws.sagemaker.domain_details[DOMAIN_ID] = {"Status": status, "FailureReason": "The subnet has no free address."}
    assert check("alice").troubles() == [Finding(
        "domain", level, f"Domain {DOMAIN_ID} is not in service: {status} (\"The subnet has no free address.\").",
        "The SageMaker console shows what happened to the domain.")]


def test_a_landing_uri_of_a_portal_that_is_switched_off(check: Check, config: StudioConfig, aws: StandInAws) -> None:
    config.set_domain(landing_uri="studio::jupyterlab/own")
    aws.sagemaker.domain_details[DOMAIN_ID] = {"DefaultUserSettings": {"StudioWebPortal": "DISABLED"}}
    assert check("alice").troubles() == [warning(
        "domain", f"Links are to open studio::jupyterlab/own, but StudioWebPortal of domain {DOMAIN_ID} is DISABLED.",
        "Use another landing_uri, or enable the portal in the domain's DefaultUserSettings.")]


def test_a_domain_that_may_not_be_described_is_left_out(check: Check, aws: StandInAws) -> None:
    aws.misbehave("api-describe-domain", "denied", reason="because no identity-based policy allows the "
                                                          "sagemaker:DescribeDomain action")
    report = check("alice")
    assert report.troubles() == [warning(
        "domain", f"Not checked: domain {DOMAIN_ID}, since the permission sagemaker:DescribeDomain is missing "
                  f"(AccessDeniedException: \"User: {HOST_ARN} is not authorized to perform: sagemaker:DescribeDomain "
                  f"on resource: arn:aws:sagemaker:{REGION}:111122223333:domain/{DOMAIN_ID} because no identity-based "
                  f"policy allows the sagemaker:DescribeDomain action\").",
        "Links do not need it. To have this checked, allow sagemaker:DescribeDomain for the role studio-desktop-host.")]
    assert report.of("profile").status == report.of("link").status == "ok"
    assert report.not_checked == [f"domain {DOMAIN_ID} (needs sagemaker:DescribeDomain)", BROWSER]


def test_a_domain_that_aws_is_too_busy_to_describe(check: Check, aws: StandInAws) -> None:
    aws.misbehave("api-describe-domain", "throttled")
    assert check("alice").troubles() == [warning(
        "domain", f"AWS limits the rate of calls, and did not tell of domain {DOMAIN_ID} (ThrottlingException: \"Rate "
                  "exceeded\").", "Run the check again in a minute.")]


REFUSED = "cannot connect to {host}: Connection refused; check routes, firewalls, security groups and endpoints"
NOT_TRUSTED_TLS = ("no trusted TLS connection to {host} (127.0.0.1): SSL certificate problem: unable to get local "
                   "issuer certificate; check this host's clock, and ca_bundle if a private CA or an inspecting proxy "
                   "is in between")


@pytest.mark.parametrize("step, how, found, advice", [
    ("api-connect", "refuse", REFUSED,
     "The security group of the VPC endpoint sagemaker.api must admit port 443 from this host; where there is none, a "
     "way out or a proxy_url is needed."),
    ("api-tls", "other-authority", NOT_TRUSTED_TLS,
     "ca_bundle is {ca_bundle}: it must be readable, and hold the authority of that certificate."),
    ("api-describe-domain", "hang", "{host} (127.0.0.1) was connected, but there was no answer in time",
     "It is there, and slow; a firewall or a wrong MTU on the way may swallow packets."),
], ids=by_first_words)
def test_an_api_that_cannot_be_asked(
        check: Check, aws: StandInAws, step: str, how: str, found: str, advice: str) -> None:
    aws.misbehave(step, how)
    report = check("alice")
    host = aws.api_url.removeprefix("https://").replace(":", " port ")
    assert report.troubles() == [critical(
        "domain", f"SageMaker could not be asked about domain {DOMAIN_ID}: {found.format(host=host)}.",
        advice.format(ca_bundle=aws.ca_bundle))]
    assert report.not_checked == [f"user profiles and links of domain {DOMAIN_ID} (see above)"]


def test_a_certificate_that_the_systems_trust_store_does_not_vouch_for(
        check: Check, config: StudioConfig, aws: StandInAws) -> None:
    config.write("studio.conf", re.sub(r"ca_bundle = .*", "", (config.folder / "studio.conf").read_text()))
    host = aws.api_url.removeprefix("https://").replace(":", " port ")
    assert check("alice").of("domain") == critical(
        "domain", f"SageMaker could not be asked about domain {DOMAIN_ID}: {NOT_TRUSTED_TLS.format(host=host)}.",
        "The system's trust store does not vouch for it. Where TLS is inspected on the way, name the file with that "
        "authority in ca_bundle.")


# ---- user profiles ---------------------------------------------------------------------------------------------------


def test_a_user_profile_that_does_not_exist(check: Check, config: StudioConfig, aws: StandInAws) -> None:
    config.set_map("*  research  {user}\n")
    aws.sagemaker.domains[DOMAIN_ID] = {"alice-tanaka", "alcie", "bob", *(f"user-{number}" for number in range(250))}
    report = check("alice")
    assert report.troubles() == [critical(
        "profile", f'There is no user profile "alice" in domain {DOMAIN_ID}, where users.map:1 sends alice.',
        "The nearest names are alcie and alice-tanaka. Correct the map, or make the profile: `aws sagemaker "
        f"create-user-profile --domain-id {DOMAIN_ID} --user-profile-name alice --region {REGION}`.")]
    assert report.not_checked == ["a link (it cannot be made, as said above)"]
    assert aws.count("api-list-user-profiles") == 3 and aws.count("api") == 0


def test_a_user_profile_that_aws_writes_in_other_letters(check: Check, config: StudioConfig, aws: StandInAws) -> None:
    config.set_map("alice  research  Alice-Tanaka\n")
    aws.sagemaker.domains[DOMAIN_ID] = {"alice-tanaka"}
    assert check("alice", "--no-link").troubles() == [warning(
        "profile", 'AWS calls the user profile of alice "alice-tanaka", the map (users.map:1) "Alice-Tanaka".',
        "Write it as AWS does: alice-tanaka. DescribeUserProfile takes either, a link may not.")]


@pytest.mark.parametrize("status, level", [("Failed", "critical"), ("Pending", "critical"), ("Updating", "warning")])
def test_a_user_profile_that_is_not_in_service(check: Check, aws: StandInAws, status: str, level: str) -> None:
    aws.sagemaker.profile_details[DOMAIN_ID, "studio-tester"] = {"Status": status, "FailureReason": "EFS is full."}
    assert check("alice").troubles() == [Finding(
        "profile", level, f'User profile "studio-tester" in domain {DOMAIN_ID} is not in service: {status} ("EFS is '
                          f'full.").',
        "The SageMaker console shows what happened to the user profile.")]


def test_a_user_profile_of_single_sign_on(check: Check, aws: StandInAws) -> None:
    aws.sagemaker.profile_details[DOMAIN_ID, "studio-tester"] = {"SingleSignOnUserValue": "tester@example.com"}
    assert check("alice").troubles() == [warning(
        "profile", 'User profile "studio-tester" belongs to the single sign-on user tester@example.com.',
        "Profiles with SingleSignOnUserValue are for domains with IAM Identity Center.")]


def test_a_user_profile_that_may_not_be_described_is_left_out(check: Check, aws: StandInAws) -> None:
    aws.misbehave("api-describe-user-profile", "denied")
    report = check("alice")
    (trouble,) = report.troubles()
    assert (trouble.step, trouble.status) == ("profile", "warning")
    assert trouble.found.startswith('Not checked: user profile "studio-tester", since the permission '
                                    "sagemaker:DescribeUserProfile is missing (AccessDeniedException: ")
    assert report.not_checked[0] == 'user profile "studio-tester" (needs sagemaker:DescribeUserProfile)'
    assert report.of("link").status == "ok"


def test_all_mapped_users_without_a_profile_each_have_their_command(
        check: Check, config: StudioConfig, aws: StandInAws) -> None:
    config.set_map("svc-backup  -\nalice  research  Alice\n/(.*)\\..*/  research  {1}\n12001:12005  research  {user}\n")
    aws.sagemaker.domains[DOMAIN_ID] = {"alice", "bob", *(f"user-{number}" for number in range(950))}
    aws.sagemaker.largest_page = 90
    report = check("--all-users")
    command = f"aws sagemaker create-user-profile --domain-id {DOMAIN_ID} --user-profile-name {{}} --region {REGION}"
    missing = f'There is no user profile "{{}}" in domain {DOMAIN_ID}, where users.map:{{}} sends {{}}.'
    assert sorted(report.troubles(), key=lambda finding: finding.found) == [
        warning("profile", 'AWS calls the user profile of alice "alice", the map (users.map:2) "Alice".',
                "Write it as AWS does: alice. DescribeUserProfile takes either, a link may not."),
        critical("profile", missing.format("carol", 3, "carol.d"),
                 f"Correct the map, or make the profile: `{command.format('carol')}`."),
        critical("profile", missing.format("dave", 4, "dave"),
                 f"Correct the map, or make the profile: `{command.format('dave')}`."),
        critical("profile", f"Users who are mapped to domain {DOMAIN_ID} and have no user profile there: 2 of 4."),
    ]
    assert aws.count("api-list-user-profiles") == 11 and aws.count("api-describe-user-profile") == 0


def test_all_mapped_users_have_their_profile(check: Check, config: StudioConfig, aws: StandInAws) -> None:
    aws.sagemaker.domains[DOMAIN_ID] = {"studio-tester"}
    report = check("--all-users")
    assert report.troubles() == []
    assert report.of("profile").found.startswith(
        f"All users who are mapped to domain {DOMAIN_ID} have their user profile: ")
    assert report.not_checked == ["links (name a user)"]


def test_a_list_of_profiles_that_may_not_be_seen_is_left_out(check: Check, aws: StandInAws) -> None:
    aws.misbehave("api-list-user-profiles", "denied")
    report = check("--all-users")
    (trouble,) = report.troubles()
    assert trouble.found.startswith(f"Not checked: the user profiles of all who are mapped to domain {DOMAIN_ID}, "
                                    f"since the permission sagemaker:ListUserProfiles is missing (")


# ---- a link ----------------------------------------------------------------------------------------------------------

ACTION = "sagemaker:CreatePresignedDomainUrl"


@pytest.mark.parametrize("reason, advice", [
    (f"because no identity-based policy allows the {ACTION} action",
     f"Allow {ACTION} on this user profile in a policy of the caller. If one allows it on the condition of "
     f"aws:SourceVpce, that must list the ids of both endpoints, sagemaker.api and studio."),
    ("with an explicit deny in an identity-based policy",
     "A Deny statement of the caller's own policies matches. The call came by a private address, so if its condition "
     "is on aws:SourceVpce or aws:SourceVpc, it does not list the VPC endpoint that was used: list the ids of both "
     "endpoints, sagemaker.api and studio."),
    ("with an explicit deny in a VPC endpoint policy",
     f"The policy of the VPC endpoint sagemaker.api leaves it out: allow {ACTION} on this domain's user profiles "
     f"there, for this caller."),
    (f"because no VPC endpoint policy allows the {ACTION} action",
     f"The policy of the VPC endpoint sagemaker.api leaves it out: allow {ACTION} on this domain's user profiles "
     f"there, for this caller."),
    (f"because no session policy allows the {ACTION} action",
     "The role was assumed with a session policy that does not allow it: the one of this host's own keys, or that for "
     "the user's link (session_policy), if role_arn, region or domain_id is of another account or region than the "
     "domain."),
    (f"because no permissions boundary allows the {ACTION} action",
     f"The permissions boundary of the role leaves it out: allow {ACTION} there too."),
    ("with an explicit deny in a service control policy",
     "A service control policy of the organization denies it, often where a call does not come from a known network: "
     "ask who administers the organization."),
    ("with an explicit deny in a resource control policy",
     "A resource control policy of the organization denies it: ask who administers the organization."),
], ids=by_first_words)
def test_a_link_that_is_denied(check: Check, aws: StandInAws, reason: str, advice: str) -> None:
    aws.misbehave("api", "denied", reason=reason)
    host = aws.api_url.removeprefix("https://")
    assert check("alice").troubles() == [critical(
        "link", f"No link could be made: AWS denies it (AccessDeniedException: \"User: {HOST_ARN} is not authorized "
                f"to perform: {ACTION} on resource: {PROFILE_ARN} {reason}\"). The call went to {host} (127.0.0.1, a "
                f"private address).",
        advice)]


def test_a_link_that_aws_is_too_busy_for(check: Check, aws: StandInAws) -> None:
    aws.misbehave("api", "throttled")
    assert check("alice").troubles() == [warning(
        "link", 'No link could be made. AWS limits the rate of calls (ThrottlingException: "Rate exceeded"): many '
                'logins at once, '
                "or other programs of this account, use it up. Opening Studio from the icon in a minute makes a new "
                "link.",
        None)]


def test_a_link_of_an_identity_center_domain_that_may_not_be_described(check: Check, aws: StandInAws) -> None:
    aws.sagemaker.domain_details[DOMAIN_ID] = {"AuthMode": "SSO"}
    aws.misbehave("api-describe-domain", "denied")
    assert check("alice").of("link") == critical(
        "link", f"No link could be made. Domain {DOMAIN_ID} signs people in with IAM Identity Center (SSO), it seems "
                '(ValidationException: "This operation can only be called when the authentication mode equals IAM"). '
                'Links can be '
                "made only where the domain's AuthMode is IAM, which is chosen when a domain is created.")


def test_a_link_to_a_host_that_was_not_looked_at_yet(
        check: Check, aws: StandInAws, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first label of a link's host is not always the domain's id."""
    monkeypatch.setattr(sagemaker_api, "new_link", lambda *arguments: (
        f"https://studio-{DOMAIN_ID}.studio.{REGION}.sagemaker.aws/auth?token=t0ken"))
    report = check("alice")
    assert report.all_of("studio-endpoint")[1].found.startswith(
        f"Browsers on this host cannot find Studio: no address for the host name studio-{STUDIO}: ")
    names.add(f"studio-{DOMAIN_ID}.studio", INSIDE)
    report = check("alice")
    assert report.troubles() == [] and report.of("link").found.startswith(f"A link to studio-{STUDIO} for alice was "
                                                                          f"made")


# ---- names and addresses ---------------------------------------------------------------------------------------------

TRY_AGAIN = "Temporary failure in name resolution"


def test_a_studio_that_cannot_be_found(check: Check, names: Names) -> None:
    names.set(studio=None)
    assert check("alice").troubles() == [critical(
        "studio-endpoint",
        f"Browsers on this host cannot find Studio: no address for the host name {STUDIO}: {TRY_AGAIN}; check the "
        f"name and /etc/resolv.conf.",
        f"In a VPC without internet, add the VPC endpoint aws.sagemaker.{REGION}.studio with private DNS. A zone of "
        f"your own needs a record for *.studio.{REGION}, not for one domain alone.")]


def test_a_studio_endpoint_that_does_not_admit_this_host(check: Check, names: Names) -> None:
    names.set(studio="127.0.0.3")
    assert check("alice").troubles() == [critical(
        "studio-endpoint",
        f"Browsers on this host cannot reach Studio: {STUDIO} at 127.0.0.3 (private) port 443: Connection refused.",
        f"The security group of the VPC endpoint aws.sagemaker.{REGION}.studio must admit port 443 from this host, "
        f"where the users' browsers run.")]


def test_a_studio_endpoint_that_swallows_packets(check: Check, names: Names) -> None:
    silent = LoopbackServer(443, lambda connection: None, "127.0.0.4")
    names.stack.callback(silent.stop)
    silent.stay_silent()
    names.set(studio="127.0.0.4")
    assert check("alice").troubles() == [critical(
        "studio-endpoint", f"Browsers on this host cannot reach Studio: {STUDIO} at 127.0.0.4 (private) port 443: no "
                           f"answer.",
        f"The security group of the VPC endpoint aws.sagemaker.{REGION}.studio must admit port 443 from this host, "
        f"where the users' browsers run.")]


def test_links_that_browsers_will_be_refused(check: Check, names: Names) -> None:
    names.make_public_address()
    names.listen(OUTSIDE)
    names.set(studio=OUTSIDE)
    assert check("alice").troubles() == [warning(
        "studio-endpoint",
        f"{STUDIO} leads to {OUTSIDE} (public), but the API to a private address: links will be made, and where a "
        "policy asks "
        'for aws:SourceVpce, browsers will show 403 "Auth token containing insufficient permissions".',
        f"Add the VPC endpoint aws.sagemaker.{REGION}.studio with private DNS, and list its id beside that of "
        f"sagemaker.api in the policy's aws:SourceVpce.")]


def test_a_studio_out_there_that_this_host_does_not_reach(check: Check, names: Names) -> None:
    names.set(studio=OUTSIDE)
    assert check("alice").troubles() == [warning(
        "studio-endpoint",
        f"Browsers on this host cannot reach Studio: {STUDIO} at {OUTSIDE} (public) port 443: Network is unreachable.",
        f"Add the VPC endpoint aws.sagemaker.{REGION}.studio with private DNS, or let this host out to port 443. If "
        f"its browsers use a proxy, this is as it must be.")]


def test_an_api_that_cannot_be_found(check: Check, config: StudioConfig) -> None:
    config.set_domain(endpoint_url=None)
    report = check("alice")
    assert report.troubles() == [critical(
        "api-endpoint", f"SageMaker's API cannot be found: no address for the host name {API}: {TRY_AGAIN}; check the "
                        "name and "
                        "/etc/resolv.conf.", "In a VPC without internet, add the VPC endpoint sagemaker.api with "
                                             "private DNS.")]
    assert report.not_checked == [f"domain {DOMAIN_ID} (see above)",
                                  f"user profiles and links of domain {DOMAIN_ID} (see above)"]


def test_a_private_zone_that_is_named_the_wrong_way_round(check: Check, config: StudioConfig, names: Names) -> None:
    config.set_domain(endpoint_url=None)
    names.set(misnamed=INSIDE)
    assert check("alice").of("api-endpoint") == critical(
        "api-endpoint",
        f"The private zone of the SageMaker API is named the wrong way round: {API} has no address, but {MISNAMED} "
        f"leads to {INSIDE}.",
        f"Rename the private hosted zone {MISNAMED} to {API}: in the service's name, sagemaker.api, the words stand "
        f"the other way round than in its host name.")


@pytest.fixture
def public_aws(folder: Path, names: Names) -> Iterator[StandInAws]:
    """Its API is found by its own name, at a public address."""
    names.make_public_address()
    names.set(api=OUTSIDE)
    with StandInAws(folder / "aws", api_port=443, addresses={"api": OUTSIDE}) as aws:
        yield aws


def test_an_api_out_there(build: Build, folder: Path, names: Names, public_aws: StandInAws) -> None:
    config = StudioConfig(folder / "etc", public_aws)
    config.set_domain(endpoint_url=None)
    names.set(studio=OUTSIDE)
    report = Check(build, config)("alice")
    assert report.troubles() == []
    assert [report.of("api-endpoint"), report.of("studio-endpoint")] == [
        Finding("api-endpoint", "ok", f"{API} leads to {OUTSIDE} (public): calls leave the VPC.",
                "If the VPC has an endpoint sagemaker.api, turn on its private DNS. Without one this is as it must "
                "be, and no policy may ask for aws:SourceVpce or aws:SourceVpc."),
        Finding("studio-endpoint", "ok", f"{STUDIO} leads to {OUTSIDE} (public) and takes connections: browsers leave the "
                                   f"VPC.",
                f"If the VPC has an endpoint aws.sagemaker.{REGION}.studio, turn on its private DNS. Without one this "
                f"is as it must be.")]
    public_aws.misbehave("api", "denied", reason="with an explicit deny in an identity-based policy")
    assert Check(build, config)("alice").of("link").advice == (
        "A Deny statement of the caller's own policies matches. The call came by a public address, so a condition on "
        "aws:SourceVpce or aws:SourceVpc cannot be met: turn private DNS on for the sagemaker.api endpoint.")


def test_links_that_go_out_while_browsers_stay_inside(
        build: Build, folder: Path, names: Names, public_aws: StandInAws) -> None:
    config = StudioConfig(folder / "etc", public_aws)
    config.set_domain(endpoint_url=None)
    assert Check(build, config)("alice").troubles() == [warning(
        "studio-endpoint", f"{STUDIO} leads to {INSIDE} (private) and takes connections, but the API to a public address: "
                           "where a policy asks for aws:SourceVpce, links will be denied.",
        "Turn on the private DNS of the VPC endpoint sagemaker.api; if there is none, add it.")]


def test_a_wrong_zone_beside_the_public_one(build: Build, folder: Path, names: Names, public_aws: StandInAws) -> None:
    config = StudioConfig(folder / "etc", public_aws)
    config.set_domain(endpoint_url=None)
    names.set(misnamed=INSIDE)
    assert Check(build, config)("alice").of("api-endpoint").found == (
        f"The private zone of the SageMaker API is named the wrong way round: {API} leads out of the VPC, but "
        f"{MISNAMED} leads to {INSIDE}.")


def test_behind_a_proxy_addresses_are_not_judged(check: Check, config: StudioConfig, names: Names) -> None:
    config.set_domain(proxy_url="http://127.0.0.1:9")
    names.set(studio=None)
    report = check("alice")
    assert report.of("api-endpoint") == good(
        "api-endpoint", "SageMaker is asked by the proxy http://127.0.0.1:9, which finds its addresses.")
    assert report.all_of("studio-endpoint") == []
    assert report.not_checked[0] == "the addresses of the API and of Studio (a proxy is used)"
