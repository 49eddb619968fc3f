"""What `make bench` measures us against (tests/bench/peers) does the same job: each program makes one link for PAM_USER
with requests that AWS would accept, by itself and at a login through pam_exec(8).

SPDX-License-Identifier: MIT
"""

import importlib.util
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import PROJECT, Build
from login_host import PAM_FOLDER, inside_sandbox, run
from stand_in.sagemaker_domains import DOMAIN_ID
from stand_in_aws import REGION, StandInAws

STEPS = ["imds-token", "imds-role", "imds-credentials", "api"]
METADATA_ENDPOINT = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
sandboxed = pytest.mark.skipif(not inside_sandbox(), reason="only in tests/sandbox, as root")


@dataclass
class Peer:
    """files: what it cannot run without; modules: likewise, of Python."""

    program: str
    files: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    is_built: bool = False

    def path(self, build: Build) -> Path:
        missing = [file for file in self.files if not Path(file).exists()]
        missing += [module for module in self.modules if importlib.util.find_spec(module) is None]
        if missing:
            pytest.skip(f"{self.program}: {', '.join(missing)} is missing (tests/install-packages bench)")
        if not self.is_built:
            return PROJECT / "tests/bench/peers" / self.program
        path = build.folder / "bench" / self.program
        if not path.exists():
            pytest.skip(f"{path} is missing: `make bench` builds it")
        return path


YARDSTICK = Peer("one_shot", is_built=True)
PEERS = [
    Peer("aws_cli.sh", files=("/usr/bin/aws",)),
    Peer("boto3_script.py", modules=("boto3",)),
    Peer("curl_jq.sh", files=("/usr/bin/curl", "/usr/bin/jq")),
    Peer("go_program", is_built=True),
    YARDSTICK,
]


@pytest.fixture(params=PEERS, ids=lambda peer: peer.program)
def program(request: pytest.FixtureRequest, build: Build) -> Path:
    return request.param.path(build)


@pytest.fixture
def environment(aws: StandInAws, folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
    return {"BENCH_DOMAIN_ID": DOMAIN_ID, "BENCH_ENDPOINT_URL": aws.api_url, "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION, "AWS_CA_BUNDLE": str(aws.ca_bundle), METADATA_ENDPOINT: aws.imds_url,
            "PATH": "/usr/bin:/bin", "HOME": str(folder), **kept}


def assert_one_link_was_made(aws: StandInAws, output: str, user: str) -> None:
    (link,) = output.splitlines()
    assert link.startswith("https://") and link.partition("token=")[2] in aws.secrets
    assert aws.parameters() == [{"DomainId": DOMAIN_ID, "UserProfileName": user}]
    assert [(record.step, record.status) for record in aws.requests] == [(step, 200) for step in STEPS]


def test_a_peer_prints_one_link_for_the_user(program: Path, environment: dict[str, str], aws: StandInAws):
    done = run(program, env={**environment, "PAM_USER": "alice"})
    assert (done.returncode, done.stderr) == (0, "")
    assert_one_link_was_made(aws, done.stdout, "alice")


def test_the_yardstick_keeps_its_connection_to_the_metadata_service(build: Build, environment: dict[str, str],
                                                                    aws: StandInAws):
    run(YARDSTICK.path(build), env={**environment, "PAM_USER": "alice"}, check=True)
    assert (aws.imds.connections, aws.api.connections, aws.tls_handshakes) == (1, 1, 1)


def test_a_peer_fails_where_the_link_is_denied(program: Path, environment: dict[str, str], aws: StandInAws):
    aws.misbehave("api", "denied")
    done = run(program, env={**environment, "PAM_USER": "alice"})
    assert [(record.step, record.status) for record in aws.requests[3:]] == [("api", 400)]
    assert done.returncode != 0
    assert done.stdout == ""


@sandboxed
def test_a_peer_makes_the_link_at_a_login(program: Path, environment: dict[str, str], aws: StandInAws, folder: Path,
                                          build: Build):
    """With what PAM hands to it alone: no PATH, no HOME."""
    printed = folder / "printed"
    (PAM_FOLDER / "bench-peer").write_text(f"session required pam_exec.so quiet log={printed} {program}\n")
    told = [word for name, value in environment.items() if name not in ("PATH", "HOME")
            for word in ("-E", f"{name}={value}")]
    done = run(build.pam_application, *told, "--no-close", "bench-peer", "alice", PAM_FOLDER)
    assert done.returncode == 0, done.stderr
    (heading, *lines) = printed.read_text().splitlines()
    assert heading.startswith("*** "), "what pam_exec(8) writes before the program's output"
    assert_one_link_was_made(aws, "\n".join(lines), "alice")


@sandboxed
def test_a_peer_refuses_to_run_where_it_would_ask_the_real_metadata_service(
        program: Path, environment: dict[str, str], aws: StandInAws):
    for without in ({}, {METADATA_ENDPOINT: ""}):
        rest = {name: value for name, value in environment.items() if name != METADATA_ENDPOINT}
        done = run(program, env={**rest, "PAM_USER": "alice", **without})
        assert done.returncode != 0
        assert METADATA_ENDPOINT in done.stderr and done.stdout == ""
    assert aws.requests == []
