"""Who makes links: we, warm and cold, and what people use instead.

Everybody does the same job on the same host.  At a login he is a line of the PAM stack: our module, or pam_exec.so with
the program.  A click is a command that the user runs.

SPDX-License-Identifier: MIT
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench_host import PEOPLE, Host, Resident, Runs, write_pam_service
from login_host import LAUNCHER

PEERS = Path(__file__).resolve().parent / "peers"
MODULE = "pam_sagemaker_studio.so"
NOTHING = "/bin/true: no link"
PATIENT = "timeout=30"  # seconds, the most that the module takes: in a storm everybody is to be served, however late


@dataclass
class Contender:
    name: str
    command: list[object]  # that prints a link; of a click
    at_login: list[object]  # of a PAM stack
    each_round: int = 1  # so many, one after the other
    storm: int = 200  # so many at once
    resident: Resident | None = None  # which works for it, and whose CPU time is its own
    taken: int = 0  # of the people

    def __post_init__(self) -> None:
        self.service = "bench-" + "".join(letter if letter.isalnum() else "-" for letter in self.name.lower())
        if self.at_login:
            write_pam_service(self.service, *self.at_login)

    def people(self, count: int) -> list[str]:
        """Not the same ones each time: each may have so many links in a minute."""
        chosen = [PEOPLE[(self.taken + index) % len(PEOPLE)] for index in range(count)]
        self.taken += count
        return chosen

    def log_in(self, host: Host, count: int, *options: object) -> Runs:
        return self.with_resident(lambda: host.load.logins(self.service, self.people(count), *options))

    def click(self, host: Host, count: int, *options: object) -> Runs:
        return self.with_resident(lambda: host.load.commands(self.people(count), self.command, *options))

    def with_resident(self, work: Callable[[], Runs]) -> Runs:
        """What the resident helper used meanwhile is shared out evenly."""
        if self.resident is None:
            return work()
        before = self.resident.cpu_ns() + self.resident.cpu_of_workers_ns()
        runs = work()
        share = (self.resident.cpu_ns() + self.resident.cpu_of_workers_ns() - before) // len(runs.runs)
        for run in runs.runs:
            run.cpu += share
        return runs


def ours_warm(resident: Resident) -> Contender:
    service = "bench-ours--warm"
    return Contender("ours, warm", [LAUNCHER, "url"], [MODULE, f"services={service}", PATIENT], 10, resident=resident)


def ours_cold() -> Contender:
    """Without a socket the module starts the helper for this one login."""
    service = "bench-ours--cold"
    return Contender("ours, cold", [], [MODULE, f"services={service}", PATIENT, "socket=/run/no-helper.sock"], 5)


def nothing() -> Contender:
    """What starting any program costs on this machine, and pam_exec.so, which closes 20 000 descriptors first."""
    return Contender(NOTHING, ["/bin/true"], ["pam_exec.so", "quiet", "type=open_session", "/bin/true"], 10)


def peer(name: str, program: Path, each_round: int, storm: int) -> Contender | None:
    if not program.exists():
        print(f"not measured: {name} ({program} is missing)")
        return None
    return Contender(name, [program], ["pam_exec.so", "quiet", "type=open_session", program], each_round, storm)


def peers(build: Path) -> list[Contender]:
    found = [
        peer("one-shot C", build / "bench/one_shot", 5, 200),
        peer("Go SDK", build / "bench/go_program", 5, 200),
        peer("curl + jq", PEERS / "curl_jq.sh", 2, 200),
        peer("boto3", PEERS / "boto3_script.py", 1, 50),
        peer("aws CLI", PEERS / "aws_cli.sh", 1, 50),
    ]
    return [contender for contender in found if contender is not None]
