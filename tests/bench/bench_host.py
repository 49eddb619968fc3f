"""The inside of tests/sandbox as the host that is measured: its many people, the compiled stand-in for AWS, the resident
helper, and the driver that logs people in and clicks for them.

SPDX-License-Identifier: MIT
"""

import contextlib
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from login_host import CONFIG_FOLDER, PAM_FOLDER, PamHost, eventually, resident_helper
from stand_in.certificates import Authority
from studio_config import put_in_place, section

FOLDER = Path("/tmp/bench")
ACCOUNTS, ALL_GROUPS = Path("/etc/passwd"), Path("/etc/group")
FIRST_UID = 30001
PEOPLE = [f"u{number:04}" for number in range(1, 601)]
MEMBER_OF_MANY = "member"  # of all these:
GROUPS = [f"team-{number:03}" for number in range(1, 201)]
FIRST_GID = 40001
SETTINGS = {"helper": {"max_links_per_user_per_minute": 1000}}  # one user asks more often here than people do


@contextlib.contextmanager
def people() -> Iterator[None]:
    """Appended at once: useradd(8) would take minutes.  Gone afterwards, with all that the bench configures."""
    before = {path: path.read_text() for path in (ACCOUNTS, ALL_GROUPS, *CONFIG_FOLDER.iterdir()) if path.is_file()}
    ALL_GROUPS.write_text(before[ALL_GROUPS] + "".join(
        f"{group}:x:{FIRST_GID + index}:{MEMBER_OF_MANY}\n" for index, group in enumerate(GROUPS)))
    ACCOUNTS.write_text(before[ACCOUNTS] + "".join(
        f"{name}:x:{uid_of(name)}:100::/tmp:/bin/sh\n" for name in (*PEOPLE, MEMBER_OF_MANY)))
    try:
        yield
    finally:
        for path, text in before.items():
            path.write_text(text)
        for path in PAM_FOLDER.glob("bench-*"):
            path.unlink()


def uid_of(name: str) -> int:
    return FIRST_UID + [*PEOPLE, MEMBER_OF_MANY].index(name)


# ---- AWS -------------------------------------------------------------------------------------------------------------


class BenchAws:
    """tests/bench/stand_in.c: it verifies every signature, and counts."""

    def __init__(self, program: Path):
        folder = FOLDER / "aws"
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        authority = Authority(folder)
        authority.server_certificate("server.pem", ["localhost", "127.0.0.1"])
        self.ca_bundle = authority.certificate
        self.ca_bundle.chmod(0o644)
        self.process = subprocess.Popen([str(program), str(folder)])
        ready = folder / "ready.json"
        eventually("the stand-in AWS", lambda: ready.exists() or self.process.poll() is not None)
        told = json.loads(ready.read_text())
        self.imds_url, self.api_url = told["imds_url"], told["api_url"]
        self.region, self.domain_id = told["region"], told["domain_id"]

    def control(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(f"{self.imds_url}/bench/{path}", method=method, data=b"" if method == "PUT" else None)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()

    def counters(self) -> dict[str, int]:
        return json.loads(self.control("GET", "counters"))

    def reset(self) -> None:
        self.control("PUT", "reset")

    def set_round_trips(self, imds_ms: float, api_ms: float) -> None:
        self.control("PUT", f"delays?imds={imds_ms}&api={api_ms}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)

    def settings(self) -> dict[str, str]:
        """What the programs that people use instead are told, in their environment."""
        return {"BENCH_DOMAIN_ID": self.domain_id, "BENCH_ENDPOINT_URL": self.api_url, "AWS_REGION": self.region,
                "AWS_DEFAULT_REGION": self.region, "AWS_CA_BUNDLE": str(self.ca_bundle), "HOME": "/tmp",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.imds_url, "PATH": "/usr/bin:/bin"}


# ---- our configuration -----------------------------------------------------------------------------------------------


def write_configuration(name: str, text: str) -> None:
    put_in_place(CONFIG_FOLDER / name, text)


def configure(aws: BenchAws) -> None:
    parts = {"domain research": {"domain_id": aws.domain_id, "region": aws.region, "endpoint_url": aws.api_url,
                                 "ca_bundle": aws.ca_bundle},
             "credentials": {"source": "imds", "ec2_metadata_service_endpoint": aws.imds_url}, **SETTINGS}
    write_configuration("studio.conf", "\n".join(line for part in parts.items() for line in section(*part)) + "\n")
    map_everybody()


def map_everybody() -> None:
    write_configuration("users.map", "*  research  {user}\n")


def write_pam_service(name: str, *words: object) -> None:
    """This module alone, and its result is the login's."""
    (PAM_FOLDER / name).write_text(f"session {PamHost.CONTROL} {' '.join(map(str, words))}\n")


# ---- the resident helper ---------------------------------------------------------------------------------------------


def schedule_ns(pid: int) -> int:
    """Nanoseconds that a process was on a CPU (Documentation/scheduler/sched-stats.rst); none when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0


@dataclass
class Resident:
    """The helper and its workers."""

    process: subprocess.Popen

    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def cpu_ns(self) -> int:
        """Of the helper's own process."""
        return schedule_ns(self.process.pid)

    def cpu_of_workers_ns(self) -> int:
        """Of those that live; they live for as long as the configuration does."""
        return sum(map(schedule_ns, self.workers()))

    def resident_mib(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


@contextlib.contextmanager
def resident() -> Iterator[Resident]:
    with resident_helper() as process:
        yield Resident(process)


# ---- logins and clicks -----------------------------------------------------------------------------------------------


@dataclass
class Run:
    """One login or one command: nanoseconds, and KiB at most (of what was started, not of the login program)."""

    wall: int
    cpu: int
    memory: int
    good: bool
    late: int  # after it was released, for want of a CPU
    closing: int = 0


class Load:
    """tests/bench/load.c."""

    def __init__(self, program: Path, environment: dict[str, str]):
        self.program = program
        self.environment = [f"--env={name}={value}" for name, value in environment.items()]

    def run(self, *words: object) -> tuple[list[dict], dict]:
        done = subprocess.run([str(self.program), *self.environment, *map(str, words)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True, check=True, timeout=600)
        *lines, total = map(json.loads, done.stdout.splitlines())
        return lines, total

    def logins(self, service: str, people: list[str], *options: object) -> "Runs":
        lines, total = self.run(*options, "login", service, PAM_FOLDER, *people)
        runs = [Run(line["open_ns"], line["open_cpu_ns"], line["max_rss_kib"], line["result"] == "PAM_SUCCESS",
                    line["late_ns"], line["close_ns"]) for line in lines]
        return Runs(runs, total["total_ns"])

    def commands(self, people: list[str], command: list[object], *options: object) -> "Runs":
        lines, total = self.run(*options, "command", *people, "--", *command)
        runs = [Run(line["wall_ns"], line["cpu_ns"], line["max_rss_kib"], line["status"] == 0, line["late_ns"])
                for line in lines]
        return Runs(runs, total["total_ns"])


@dataclass
class Runs:
    runs: list[Run]
    total: int  # nanoseconds from the first one's beginning to the last one's end


@dataclass
class Host:
    """All of it, made once."""

    build: Path
    aws: BenchAws
    load: Load


@contextlib.contextmanager
def host(build: Path) -> Iterator[Host]:
    FOLDER.mkdir()
    with people():
        aws = BenchAws(build / "bench/stand_in")
        try:
            configure(aws)
            yield Host(build, aws, Load(build / "bench/load", aws.settings()))
        finally:
            aws.stop()
            shutil.rmtree(FOLDER)
