"""The same request through Debian's `aws` and through the helper: AWS sees the same.

No endpoint is configured: both form the host names of SageMaker and STS themselves.  In the sandbox these lead to a
stand-in for AWS that checks both signatures, and notes what they sign: service, region, host, caller and parameters.

SPDX-License-Identifier: MIT
"""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conftest import Build, open_folder
from helper_daemon import HelperDaemon, helper_environment
from login_host import inside_sandbox
from stand_in.arns import ACCOUNT, arn
from stand_in.issued_keys import IssuedKeys
from stand_in.loopback_server import LoopbackServer
from stand_in.sagemaker_domains import DOMAIN_ID
from stand_in.sts_api import Role
from stand_in_aws import REGION, StandInAws
from studio_config import StudioConfig

AWS_CLI = "/usr/bin/aws"
PATIENCE = 120
HOSTS = Path("/etc/hosts")
STS_ADDRESS = "127.0.0.2"
ECS_ADDRESS = "169.254.170.2"  # on the loopback interface of the sandbox, which has no other
VPC_ENDPOINT = f"vpce-0123456789abcdef0-abcdefgh.api.sagemaker.{REGION}.vpce.amazonaws.com"
VPC_STS_ENDPOINT = f"vpce-0123456789abcdef0-abcdefgh.sts.{REGION}.vpce.amazonaws.com"
FIPS, DUAL_STACK = {"use_fips_endpoint"}, {"use_dualstack_endpoint"}

# Region, options, and the hosts of SageMaker and STS that come out of the rules.  Debian's CLI is of January 2023: of
# aws-iso-e, aws-iso-f and aws-eusc it has not heard.
NAMES = [
    ("ap-northeast-1", set(), "api.sagemaker.ap-northeast-1.amazonaws.com", "sts.ap-northeast-1.amazonaws.com"),
    ("us-east-1", set(), "api.sagemaker.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com"),
    ("us-east-1", FIPS, "api-fips.sagemaker.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com"),
    ("eu-west-1", DUAL_STACK, "api.sagemaker.eu-west-1.api.aws", "sts.eu-west-1.api.aws"),
    ("us-east-2", FIPS | DUAL_STACK, "api.sagemaker-fips.us-east-2.api.aws", "sts-fips.us-east-2.api.aws"),
    ("cn-north-1", set(), "api.sagemaker.cn-north-1.amazonaws.com.cn", "sts.cn-north-1.amazonaws.com.cn"),
    ("cn-northwest-1", DUAL_STACK, "api.sagemaker.cn-northwest-1.api.amazonwebservices.com.cn",
     "sts.cn-northwest-1.api.amazonwebservices.com.cn"),
    ("us-gov-west-1", set(), "api.sagemaker.us-gov-west-1.amazonaws.com", "sts.us-gov-west-1.amazonaws.com"),
    ("us-gov-east-1", FIPS, "api-fips.sagemaker.us-gov-east-1.amazonaws.com", "sts.us-gov-east-1.amazonaws.com"),
    ("us-iso-east-1", set(), "api.sagemaker.us-iso-east-1.c2s.ic.gov", "sts.us-iso-east-1.c2s.ic.gov"),
    ("us-isob-east-1", set(), "api.sagemaker.us-isob-east-1.sc2s.sgov.gov", "sts.us-isob-east-1.sc2s.sgov.gov"),
]
REGIONS = tuple(dict.fromkeys(name[0] for name in NAMES))
SAGEMAKER_HOSTS = [VPC_ENDPOINT, *(name[2] for name in NAMES)]
STS_HOSTS = [VPC_STS_ENDPOINT, *(name[3] for name in NAMES)]

pytestmark = [
    pytest.mark.skipif(not inside_sandbox(), reason="needs the names of AWS: only in tests/sandbox, as root"),
    pytest.mark.skipif(not Path(AWS_CLI).exists(), reason=f"{AWS_CLI} is missing: apt-get install awscli"),
]


@pytest.fixture(scope="module")
def aws_everywhere() -> Iterator[StandInAws]:
    folder = open_folder("aws-everywhere-")
    known = HOSTS.read_text()
    HOSTS.write_text(known + f"127.0.0.1 {' '.join(SAGEMAKER_HOSTS)}\n{STS_ADDRESS} {' '.join(STS_HOSTS)}\n")
    with StandInAws(folder, api_port=443, sts_port=443, addresses={"sts": STS_ADDRESS}, regions=REGIONS,
                    names=(*SAGEMAKER_HOSTS, *STS_HOSTS)) as aws:
        yield aws
    HOSTS.write_text(known)
    shutil.rmtree(folder)


@pytest.fixture
def aws(aws_everywhere: StandInAws) -> Iterator[StandInAws]:
    aws_everywhere.reset()
    yield aws_everywhere
    assert aws_everywhere.violations == [], "requests that AWS would have refused"


@dataclass
class Setup:
    """One way to get keys, as the CLI is told of it and as the helper is.  `file` is the AWS file that both read."""

    file: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    credentials: dict[str, object] = field(default_factory=dict)
    profile: str = "default"


class BothClients:
    def __init__(self, aws: StandInAws, config: StudioConfig, folder: Path, helper: Path):
        self.aws, self.config, self.folder, self.helper = aws, config, folder, helper

    def compare(self, setup: Setup, region: str = REGION, settings: dict[str, object] | None = None,
                options: dict[str, object] | None = None, endpoint_url: str | None = None) -> list[tuple[object, ...]]:
        """What AWS saw, which was the same of both.  options: of the link; settings: of the endpoints."""
        by_cli = self.seen_while(lambda: self.run_cli(setup, region, settings or {}, options or {}, endpoint_url))
        by_helper = self.seen_while(lambda: self.run_helper(setup, region, settings or {}, options or {}, endpoint_url))
        assert by_helper == by_cli
        return by_cli

    def seen_while(self, run: Callable[[], None]) -> list[tuple[object, ...]]:
        self.aws.observations.clear_requests()
        run()
        return [(record.operation or record.step, record.service, record.region, record.host, record.caller,
                 record.parameters, record.error) for record in self.aws.requests if record.host]

    def run_cli(self, setup: Setup, region: str, settings: dict[str, object], options: dict[str, object],
                endpoint_url: str | None) -> None:
        words = [word for name, value in {**ALWAYS, **options}.items() for word in (f"--{name}", str(value))]
        endpoint = [] if endpoint_url is None else ["--endpoint-url", endpoint_url]
        self.cli(setup, region, settings, "sagemaker", "create-presigned-domain-url", "--domain-id", DOMAIN_ID,
                 "--user-profile-name", "alice-tanaka", *words, *endpoint)

    def cli(self, setup: Setup, region: str, settings: dict[str, object], *words: str) -> Any:
        home = Path(self.folder / "home")
        shutil.rmtree(home, ignore_errors=True)  # with what it caches there
        home.mkdir()
        options = "".join(f"{name} = true\n" for name in settings)
        (home / "config").write_text(file_of(setup, f"region = {region}\n{options}"))
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "AWS_CONFIG_FILE": str(home / "config"),
                       "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"), "AWS_PROFILE": setup.profile,
                       "AWS_CA_BUNDLE": str(self.aws.ca_bundle), "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1",
                       "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{self.aws.imds_url}/", **setup.environment}
        done = subprocess.run([AWS_CLI, "--output", "json", *words], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, env=environment, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run_helper(self, setup: Setup, region: str, settings: dict[str, object], options: dict[str, object],
                   endpoint_url: str | None) -> None:
        credentials = dict(setup.credentials)
        if setup.file:
            path = self.config.write("aws-file", file_of(setup, f"region = {region}\n"))
            credentials = {"shared_credentials_file": path, "profile": setup.profile, **credentials}
        of_the_link = {name.replace("-", "_"): value for name, value in {**ALWAYS, **options}.items()}
        self.config.credentials = {"ec2_metadata_service_endpoint": self.aws.imds_url, **credentials}
        self.config.set_domain(region=region, endpoint_url=endpoint_url, sts_endpoint_url=None, **of_the_link,
                               **dict.fromkeys(settings, "yes"), studio_url_suffixes="sagemaker.example.com")
        done = subprocess.run(
            [str(self.helper), "--config-dir", str(self.config.folder), "issue", "--domain", "research",
             "--user-profile-name", "alice-tanaka"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, env=helper_environment(), timeout=PATIENCE)
        assert done.returncode == 0 and done.stdout.startswith("https://"), done.stderr


ALWAYS = {"expires-in-seconds": 300, "session-expiration-duration-in-seconds": 43200}


def file_of(setup: Setup, more: str) -> str:
    """With further lines in the section of its profile."""
    header = "[default]\n" if setup.profile == "default" else f"[profile {setup.profile}]\n"
    return (setup.file or header).replace(header, header + more)


@pytest.fixture
def both(aws: StandInAws, folder: Path, build: Build) -> BothClients:
    return BothClients(aws, StudioConfig(folder / "etc", aws), folder, build.helper)


# ---- where keys come from --------------------------------------------------------------------------------------------

LINKS_ROLE = f"arn:aws:iam::{ACCOUNT}:role/studio-links"
HOST_ROLE = "arn:aws:iam::444455556666:role/studio-hosts"
ROLE_LINES = f"role_arn = {HOST_ROLE}\nrole_session_name = desktop-7\nexternal_id = desk:1/2\nduration_seconds = 900\n"


def key_lines(keys: IssuedKeys) -> str:
    lines = f"aws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
    return lines if keys.session_token is None else f"{lines}aws_session_token = {keys.session_token}\n"


def of_metadata_service(both: BothClients) -> Setup:
    return Setup(credentials={"source": "imds"})


def of_a_container(both: BothClients) -> Setup:
    both.aws.container_token = "Basic b2YtdGhpcy10b2tlbg=="
    token = both.config.write("container-token", both.aws.container_token)
    return Setup(environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": both.aws.container_url,
                              "AWS_CONTAINER_AUTHORIZATION_TOKEN": both.aws.container_token},
                 credentials={"source": "container", "container_credentials_full_uri": both.aws.container_url,
                              "container_authorization_token_file": token})


def of_long_lived_keys(both: BothClients) -> Setup:
    return Setup(f"[default]\n{key_lines(both.aws.long_lived_keys())}", credentials={"source": "file"})


def of_temporary_keys_of_a_profile(both: BothClients) -> Setup:
    return Setup(f"[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n"
                 f"[profile desk]\n{key_lines(both.aws.temporary_keys(3600))}", profile="desk",
                 credentials={"source": "file"})


def of_a_role_of_a_source_profile(both: BothClients) -> Setup:
    return Setup(f"[profile desk]\n{ROLE_LINES}source_profile = base\n"
                 f"[profile base]\n{key_lines(both.aws.long_lived_keys())}", profile="desk",
                 credentials={"source": "file"})


def of_a_role_of_a_role(both: BothClients) -> Setup:
    return Setup(f"[profile desk]\nrole_arn = {LINKS_ROLE}\nrole_session_name = desktop-8\nduration_seconds = 3600\n"
                 f"source_profile = host\n[profile host]\n{ROLE_LINES}source_profile = base\n"
                 f"[profile base]\n{key_lines(both.aws.long_lived_keys())}", profile="desk",
                 credentials={"source": "file"})


def of_a_role_of_the_instance(both: BothClients) -> Setup:
    return Setup(f"[profile desk]\n{ROLE_LINES}credential_source = Ec2InstanceMetadata\n", profile="desk",
                 credentials={"source": "file"})


def of_a_role_of_a_container(both: BothClients) -> Setup:
    return Setup(f"[profile desk]\n{ROLE_LINES}credential_source = EcsContainer\n", profile="desk",
                 environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": both.aws.container_url},
                 credentials={"source": "file", "container_credentials_full_uri": both.aws.container_url})


def program_that_prints(both: BothClients, keys: IssuedKeys) -> Path:
    """Root's, as are the folders above it: the helper starts nothing else."""
    folder = Path("/usr/local/libexec")
    folder.mkdir(exist_ok=True)
    program = folder / "keys-of-this-host"
    content = {"Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key,
               "SessionToken": keys.session_token, "Expiration": keys.expires_at.isoformat() + "Z"}
    program.write_text(f"#!/bin/sh\n[ \"$*\" = '--for this host' ] && echo '{json.dumps(content)}'\n".replace(
        "'--for this host'", '"--for this host"'))
    program.chmod(0o755)
    return program


def of_a_process(both: BothClients) -> Setup:
    command = f"{program_that_prints(both, both.aws.temporary_keys(3600))} --for 'this host'"
    return Setup(f"[default]\ncredential_process = {command}\n", credentials={"source": "file"})


SOURCES = [of_metadata_service, of_a_container, of_long_lived_keys, of_temporary_keys_of_a_profile,
           of_a_role_of_a_source_profile, of_a_role_of_a_role, of_a_role_of_the_instance, of_a_role_of_a_container,
           of_a_process]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_keys_of_every_source_sign_the_same_request(both: BothClients, source: Callable[[BothClients], Setup]) -> None:
    both.aws.sts.roles[HOST_ROLE] = Role(external_id="desk:1/2")
    seen = both.compare(source(both))
    assert seen[-1][:4] == ("CreatePresignedDomainUrl", "sagemaker", REGION, f"api.sagemaker.{REGION}.amazonaws.com")
    assert [line[-1] for line in seen] == [""] * len(seen)
    roles = {"of_a_role_of_a_role": 2}.get(source.__name__, int("_role_of_" in source.__name__))
    assert [line[0] for line in seen].count("AssumeRole") == roles


def test_a_process_of_the_settings_is_as_good_as_one_of_the_aws_file(both: BothClients) -> None:
    setup = of_a_process(both)
    command = setup.file.partition(" = ")[2].strip()
    by_cli = both.seen_while(lambda: both.run_cli(setup, REGION, {}, {}, None))
    own = Setup(credentials={"source": "process", "credential_process": command})
    assert both.seen_while(lambda: both.run_helper(own, REGION, {}, {}, None)) == by_cli


def test_the_metadata_service_may_have_an_address_of_ipv6(both: BothClients) -> None:
    server = LoopbackServer(0, both.aws.talk_imds, "::1")
    url = f"http://{server.authority}"
    try:
        both.compare(Setup(environment={"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{url}/"},
                           credentials={"source": "imds", "ec2_metadata_service_endpoint": url}))
        assert server.connections > 1
    finally:
        server.stop()


@pytest.fixture
def ecs_address() -> Iterator[str]:
    """The address of ECS, where nothing but ourselves can answer."""
    links = subprocess.run(["ip", "-oneline", "link"], capture_output=True, text=True, check=True).stdout
    if [re.split(": ?", line)[1] for line in links.splitlines()] != ["lo"]:
        pytest.skip("there are more interfaces than the loopback one")
    subprocess.run(["ip", "address", "add", f"{ECS_ADDRESS}/32", "dev", "lo"], check=True)
    yield ECS_ADDRESS
    subprocess.run(["ip", "address", "delete", f"{ECS_ADDRESS}/32", "dev", "lo"], check=True)


def test_the_relative_uri_of_a_container_leads_to_ecs(both: BothClients, ecs_address: str) -> None:
    server = LoopbackServer(80, both.aws.talk_container, ecs_address)
    path = both.aws.container.path
    try:
        seen = both.compare(Setup(environment={"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path},
                                  credentials={"source": "container", "container_credentials_relative_uri": path}))
        assert seen[0][:4] == ("container-credentials", "", "", ecs_address)
    finally:
        server.stop()


# ---- whom both ask ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region, options, sagemaker_host, sts_host", NAMES, ids=[name[2] for name in NAMES])
def test_both_form_the_same_names_in_every_partition(
        both: BothClients, region: str, options: set[str], sagemaker_host: str, sts_host: str) -> None:
    role = arn(region, "iam", ACCOUNT, "role/studio-hosts")
    both.aws.sts.roles[role] = Role()
    setup = Setup(f"[profile desk]\nrole_arn = {role}\nrole_session_name = desktop-7\nduration_seconds = 900\n"
                  "credential_source = Ec2InstanceMetadata\n", profile="desk", credentials={"source": "file"})
    seen = both.compare(setup, region, dict.fromkeys(options))
    assert [line[:4] for line in seen] == [("AssumeRole", "sts", region, sts_host),
                                           ("CreatePresignedDomainUrl", "sagemaker", region, sagemaker_host)]


def test_an_endpoint_of_the_vpc_is_asked_by_its_own_name(both: BothClients) -> None:
    seen = both.compare(of_metadata_service(both), endpoint_url=f"https://{VPC_ENDPOINT}")
    assert [line[1:4] for line in seen] == [("sagemaker", REGION, VPC_ENDPOINT)]


# ---- what both ask for -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    {"expires-in-seconds": 5, "session-expiration-duration-in-seconds": 1800},
    {"space-name": "team-space"},
])
def test_every_parameter_that_the_cli_knows_arrives_alike(both: BothClients, options: dict[str, object]) -> None:
    ((*_, parameters, _),) = both.compare(of_metadata_service(both), options=options)
    assert set(options.values()) <= set(parameters.values())


def test_the_role_of_a_link_is_assumed_as_the_cli_would(both: BothClients) -> None:
    """The CLI in two steps, with what the design says of the role session; the helper by itself."""
    role = f"arn:aws:iam::{ACCOUNT}:role/studio-links"
    both.aws.sts.roles[role] = Role(external_id="desk:1/2")
    profile = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:user-profile/{DOMAIN_ID}/alice-tanaka"
    both.config.set_map("alice  research  alice-tanaka\n")
    both.config.credentials = of_metadata_service(both).credentials | {
        "ec2_metadata_service_endpoint": both.aws.imds_url}
    both.config.set_role(role, endpoint_url=None, sts_endpoint_url=f"https://{VPC_STS_ENDPOINT}", session_tags="yes",
                         external_id="desk:1/2", role_duration_seconds=900)
    by_helper = both.seen_while(lambda: ask_for_alice(both))
    (session,) = both.aws.sts.sessions
    assert session.policy["Statement"][0]["Resource"] == [profile]

    policy = both.aws.parameters("sts")[0]["Policy"]
    by_cli = both.seen_while(lambda: link_by_cli(both, role, policy))
    assert by_helper == by_cli
    assert [(line[0], line[3]) for line in by_helper] == [
        ("AssumeRole", VPC_STS_ENDPOINT), ("CreatePresignedDomainUrl", f"api.sagemaker.{REGION}.amazonaws.com")]


def ask_for_alice(both: BothClients) -> None:
    daemon = HelperDaemon(both.helper, both.config.folder, both.folder / "helper.sock", {"uid": 12001})
    try:
        assert daemon.ask(budget_ms=20000)["status"] == "ok"
    finally:
        daemon.stop()


def link_by_cli(both: BothClients, role: str, policy: str) -> None:
    answer = both.cli(of_metadata_service(both), REGION, {}, "sts", "assume-role", "--role-arn", role,
                      "--endpoint-url", f"https://{VPC_STS_ENDPOINT}", "--role-session-name", "alice",
                      "--source-identity", "alice", "--external-id", "desk:1/2", "--duration-seconds", "900",
                      "--policy", policy, "--tags", "Key=SageMakerStudioUserProfileName,Value=alice-tanaka",
                      "--transitive-tag-keys", "SageMakerStudioUserProfileName")
    keys = answer["Credentials"]
    file = (f"[default]\naws_access_key_id = {keys['AccessKeyId']}\naws_secret_access_key = {keys['SecretAccessKey']}\n"
            f"aws_session_token = {keys['SessionToken']}\n")
    both.run_cli(Setup(file), REGION, {}, {}, None)
