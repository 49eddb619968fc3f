"""Where the host's own keys come from: each source gives a link, and each says what is wrong with it.

SPDX-License-Identifier: MIT
"""

import datetime
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import helper_daemon as daemons
from helper_daemon import HelperDaemon
from login_host import inside_sandbox
from stand_in.container_credentials import ROLE as TASK_ROLE
from stand_in.issued_keys import IssuedKeys
from stand_in.metadata_service import ROLE as INSTANCE_ROLE
from stand_in.sts_api import Role
from stand_in_aws import StandInAws
from studio_config import StudioConfig

PLENTY_MS = 20000
AT_ONCE = 16
CHAIN = "arn:aws:iam::111122223333:role/studio-chain"

StartHelper = Callable[[], HelperDaemon]
only_in_sandbox = pytest.mark.skipif(not inside_sandbox(), reason="needs addresses of its own")


def link_for(helper: HelperDaemon, aws: StandInAws) -> str:
    """The ARN of whoever signed for it."""
    answer = helper.ask(budget_ms=PLENTY_MS)
    assert answer["status"] == "ok", answer
    return aws.requests[-1].caller


def error_for(helper: HelperDaemon) -> dict[str, str]:
    answer = helper.ask(budget_ms=PLENTY_MS)
    assert answer["status"] == "error", answer
    return answer


def profile(name: str, keys: IssuedKeys, **more: str) -> str:
    lines = {"aws_access_key_id": keys.access_key_id, "aws_secret_access_key": keys.secret_access_key,
             **({"aws_session_token": keys.session_token} if keys.session_token else {}), **more}
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


def printed_keys(keys: IssuedKeys) -> str:
    """As a credential process prints them."""
    document = {"Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
    if keys.session_token and keys.expires_at:
        document |= {"SessionToken": keys.session_token, "Expiration": keys.expires_at.isoformat() + "Z"}
    return json.dumps(document)


def write_process(config: StudioConfig, keys: IssuedKeys) -> str:
    """A command that prints these keys, for want of a program that root alone can write to."""
    path = config.write("printed.json", printed_keys(keys) + "\n")
    return f"{os.path.realpath(shutil.which('cat') or '/bin/cat')} '{path}'"


# ---- each of them ----------------------------------------------------------------------------------------------------


def test_the_instances_role(start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    config.set_credentials(source="imds", ec2_metadata_service_endpoint=aws.imds_url)
    assert f"/{INSTANCE_ROLE}/" in link_for(start_helper(), aws)


def test_a_containers_role(start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    config.set_credentials(source="container", container_credentials_full_uri=aws.container_url)
    assert f"/{TASK_ROLE}/" in link_for(start_helper(), aws)
    assert aws.imds.connections == 0


def test_keys_in_a_file(start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    file = config.write("credentials", profile("default", aws.long_lived_keys()))
    config.set_credentials(source="file", shared_credentials_file=file)
    assert link_for(start_helper(), aws).endswith(":user/studio-desktop")
    assert aws.imds.connections == 0


def test_temporary_keys_in_the_profile_that_is_named(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    file = config.write("credentials", profile("default", aws.long_lived_keys()) +
                        profile("profile kiosk", aws.temporary_keys(3600)))
    config.set_credentials(source="file", shared_credentials_file=file, profile="kiosk")
    assert "/studio-desktop-elsewhere/" in link_for(start_helper(), aws)


def test_what_a_program_prints(start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    config.set_credentials(source="process", credential_process=write_process(config, aws.temporary_keys(3600)))
    assert "/studio-desktop-elsewhere/" in link_for(start_helper(), aws)
    assert aws.imds.connections == 0


def test_a_file_that_points_at_the_instance_and_at_a_container(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    aws.sts.roles[CHAIN] = Role()
    file = config.write("credentials", f"[default]\nrole_arn = {CHAIN}\ncredential_source = Ec2InstanceMetadata\n")
    config.set_credentials(source="file", shared_credentials_file=file, ec2_metadata_service_endpoint=aws.imds_url,
                           container_credentials_full_uri=aws.container_url)
    helper = start_helper()
    assert "/studio-chain/sagemaker-studio-" in link_for(helper, aws)
    assert f"/{INSTANCE_ROLE}/" in aws.sts.sessions[-1].caller
    config.write("credentials", f"[default]\nrole_arn = {CHAIN}\ncredential_source = EcsContainer\n")
    assert "/studio-chain/" in link_for(helper, aws)
    assert f"/{TASK_ROLE}/" in aws.sts.sessions[-1].caller


def test_a_chain_of_profiles_through_sts(start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    aws.sts.roles[CHAIN] = Role(external_id="from-the-desktops")
    middle = aws.sts.default_role
    file = config.write("credentials", f"""[default]
role_arn = {CHAIN}
source_profile = middle
external_id = from-the-desktops
role_session_name = desk-7
[profile middle]
role_arn = {middle}
source_profile = user
{profile("user", aws.long_lived_keys())}""")
    config.set_credentials(source="file", shared_credentials_file=file, ec2_metadata_service_endpoint=aws.imds_url)
    helper = start_helper()
    assert link_for(helper, aws).endswith(":assumed-role/studio-chain/desk-7")
    assert link_for(helper, aws).endswith(":assumed-role/studio-chain/desk-7")
    assert [session.role_arn for session in aws.sts.sessions] == [middle, CHAIN]


def test_a_role_that_is_denied_is_no_reason_to_use_the_keys_below_it(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    file = config.write("credentials", f"[default]\nrole_arn = {CHAIN}\nsource_profile = user\n" +
                        profile("user", aws.long_lived_keys()))
    config.set_credentials(source="file", shared_credentials_file=file, ec2_metadata_service_endpoint=aws.imds_url)
    answer = error_for(start_helper())
    assert answer["code"] == "role-denied"
    assert aws.count("api") == 0


# ---- which of them ---------------------------------------------------------------------------------------------------


def test_auto_takes_a_program_before_a_file_before_a_container_before_the_instance(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    file = config.write("credentials", profile("default", aws.long_lived_keys()))
    keys = {"credential_process": write_process(config, aws.temporary_keys(3600)), "shared_credentials_file": file,
            "container_credentials_full_uri": aws.container_url, "ec2_metadata_service_endpoint": aws.imds_url}
    config.set_credentials(**keys)
    helper = start_helper()
    assert "/studio-desktop-elsewhere/" in link_for(helper, aws)
    del keys["credential_process"]
    config.set_credentials(**keys)
    assert link_for(helper, aws).endswith(":user/studio-desktop")
    file.unlink()
    assert f"/{TASK_ROLE}/" in link_for(helper, aws)
    del keys["container_credentials_full_uri"]
    config.set_credentials(**keys)
    assert f"/{INSTANCE_ROLE}/" in link_for(helper, aws)


def test_auto_does_not_go_on_to_the_next_source_when_one_is_out_of_order(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    config.set_credentials(container_credentials_full_uri=aws.container_url,
                           ec2_metadata_service_endpoint=aws.imds_url)
    aws.misbehave("container-connect", "refuse")
    answer = error_for(start_helper())
    assert answer["code"] == "container-unreachable"
    assert aws.imds.connections == 0


# ---- keys that end, keys that change ---------------------------------------------------------------------------------


def test_all_who_ask_at_once_share_one_fetch(start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    config.set_credentials(source="container", container_credentials_full_uri=aws.container_url)
    helper = start_helper()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: helper.ask(budget_ms=PLENTY_MS)["status"], range(AT_ONCE)))
    assert answers == ["ok"] * AT_ONCE
    assert aws.count("container-credentials") == 1


def test_keys_near_their_end_are_renewed_beside_use(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    aws.container.lifetime = datetime.timedelta(minutes=4)
    aws.container.revoke_keys()
    config.set_credentials(source="container", container_credentials_full_uri=aws.container_url)
    helper = start_helper()
    link_for(helper, aws)
    link_for(helper, aws)
    assert aws.count("container-credentials") == 2


def test_keys_that_are_still_good_serve_while_they_cannot_be_renewed(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    aws.container.lifetime = datetime.timedelta(minutes=4)
    aws.container.revoke_keys()
    config.set_credentials(source="container", container_credentials_full_uri=aws.container_url)
    helper = start_helper()
    link_for(helper, aws)
    aws.misbehave("container-connect", "refuse")
    for _ in range(5):
        link_for(helper, aws)
    (line,) = helper.wait_for("event=credentials-not-renewed")
    assert "code=container-unreachable" in line


def test_keys_that_aws_refuses_are_fetched_anew_within_the_same_request(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    config.set_credentials(source="container", container_credentials_full_uri=aws.container_url)
    helper = start_helper()
    link_for(helper, aws)
    aws.container.revoke_keys()
    link_for(helper, aws)
    assert aws.count("container-credentials") == 2


def test_keys_that_aws_refuses_are_fetched_anew_once_for_all_who_had_them(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    """The refusals come one by one, most of them after the new keys."""
    config.set_credentials(source="container", container_credentials_full_uri=aws.container_url)
    helper = start_helper()
    link_for(helper, aws)
    aws.container.revoke_keys()
    aws.latency = {"api": 0.2}

    def ask(turn: int) -> str:
        time.sleep(turn * 0.02)
        return helper.ask(budget_ms=PLENTY_MS)["status"]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, range(AT_ONCE)))
    assert answers == ["ok"] * AT_ONCE
    assert aws.count("container-credentials") == 2


def test_a_file_that_is_rotated_is_read_again(start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    old = aws.temporary_keys(3600)
    file = config.write("credentials", profile("default", old))
    config.set_credentials(source="file", shared_credentials_file=file)
    helper = start_helper()
    assert "/studio-desktop-elsewhere/" in link_for(helper, aws)
    config.write("credentials", profile("default", aws.long_lived_keys()))
    assert link_for(helper, aws).endswith(":user/studio-desktop")


def test_the_containers_token_is_read_for_each_request(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    aws.container_token = "first-token"
    token = config.write("token", "first-token\n")
    config.set_credentials(source="container", container_credentials_full_uri=aws.container_url,
                           container_authorization_token_file=token)
    helper = start_helper()
    link_for(helper, aws)
    aws.container_token = "second-token"
    aws.container.revoke_keys()
    answer = error_for(helper)
    assert answer["code"] == "credentials"
    (line,) = helper.wait_for("Pod Identity association")
    assert "first-token" not in line
    config.write("token", "second-token")
    link_for(helper, aws)


# ---- what is wrong with one ------------------------------------------------------------------------------------------


def test_a_file_that_is_open_to_others_is_refused(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    file = config.write("credentials", profile("default", aws.long_lived_keys()))
    config.set_credentials(source="file", shared_credentials_file=file)
    file.chmod(0o644)
    helper = start_helper()
    assert error_for(helper)["code"] == "credentials"
    helper.wait_for(f"{file} can be read by everybody on this host")
    file.chmod(0o640)
    link_for(helper, aws)


def test_a_profile_that_is_not_there_is_named(start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    file = config.write("credentials", profile("default", aws.long_lived_keys()))
    config.set_credentials(source="file", shared_credentials_file=file, profile="kiosk")
    helper = start_helper()
    assert error_for(helper)["code"] == "credentials"
    helper.wait_for("kiosk")


@pytest.mark.expect_violations
def test_keys_that_aws_does_not_know_are_told_of_with_their_file(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    keys = aws.long_lived_keys()
    file = config.write("credentials", profile("default", keys))
    del aws.key_ring.keys[keys.access_key_id]
    config.set_credentials(source="file", shared_credentials_file=file)
    helper = start_helper()
    answer = error_for(helper)
    assert answer["code"] == "expired-credentials"
    assert "profile default of" in answer["message"] and "Put new keys there" in answer["message"]
    assert aws.count("api") == 1  # the file has no newer ones


def test_a_source_that_needs_more_says_so_as_the_settings_are_read(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    config.set_credentials(source="process")
    helper = start_helper()
    assert error_for(helper)["code"] == "config"
    helper.wait_for("source = process without credential_process")


def test_a_container_without_a_uri_is_told_what_to_set(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    config.set_credentials(source="container")
    helper = start_helper()
    assert error_for(helper)["code"] == "credentials"
    helper.wait_for("container_credentials_relative_uri")


# ---- what ECS and EKS put into the environment -----------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a helper that starts from now on finds in its environment beside the rest."""
    added: dict[str, str] = {}
    usual = daemons.helper_environment
    monkeypatch.setattr(daemons, "helper_environment", lambda: {**usual(), **added})
    return added


def test_a_helper_that_starts_in_a_pod_finds_its_credentials(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws, environment: dict[str, str]) -> None:
    aws.container_token = "pod-token"
    environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = aws.container_url
    environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(config.write("token", "pod-token\n"))
    config.set_credentials(ec2_metadata_service_endpoint=aws.imds_url)
    assert f"/{TASK_ROLE}/" in link_for(start_helper(), aws)
    assert aws.imds.connections == 0


def test_an_environment_that_would_send_the_token_away_is_refused(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws, environment: dict[str, str]) -> None:
    environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://credentials.example.com/"
    config.set_credentials(ec2_metadata_service_endpoint=aws.imds_url)
    helper = start_helper()
    assert error_for(helper)["code"] == "config"
    helper.wait_for("the environment variable AWS_CONTAINER_CREDENTIALS_FULL_URI")


# ---- addresses -------------------------------------------------------------------------------------------------------


@pytest.fixture
def ecs(folder: Path, config: StudioConfig) -> Iterator[StandInAws]:
    """A stand-in at the address that ECS has, on this sandbox's own loopback device."""
    address = "169.254.170.2"
    subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    try:
        with StandInAws(folder / "ecs", container_port=80, addresses={"container": address}) as aws:
            config.aws = aws
            yield aws
            assert aws.violations == []
    finally:
        subprocess.run(["ip", "address", "delete", f"{address}/32", "dev", "lo"], check=True)


@only_in_sandbox
def test_a_relative_uri_leads_to_the_address_of_ecs(
        start_helper: StartHelper, config: StudioConfig, ecs: StandInAws) -> None:
    config.set_credentials(container_credentials_relative_uri=ecs.container.path)
    assert f"/{TASK_ROLE}/" in link_for(start_helper(), ecs)


def test_the_metadata_service_answers_by_ipv6(start_helper: StartHelper, config: StudioConfig, folder: Path) -> None:
    with StandInAws(folder / "six", addresses={"imds": "::1"}) as aws:
        config.aws = aws
        config.set_credentials(source="imds", ec2_metadata_service_endpoint=aws.imds_url)
        config.set_domain(region=None)
        assert f"/{INSTANCE_ROLE}/" in link_for(start_helper(), aws)
        assert aws.imds_url.startswith("http://[::1]:") and aws.count("imds-region") == 1
