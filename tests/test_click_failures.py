"""Every failure of a click has a sentence that a user can act on, whom to ask, and the details for who is asked.

The real helper runs against the stand-in AWS in each trouble; the launcher runs as the user.

SPDX-License-Identifier: MIT
"""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from helper_daemon import HelperDaemon
from login_host import LAUNCHER, inside_sandbox
from stand_in_aws import StandInAws
from studio_config import HARDLY_LIMITED, StudioConfig

PATIENCE = 60
CONTACT = "\n[desktop]\ncontact = ask it-desk@example.com\n"
ASK = "If you need it, ask your administrator (it-desk@example.com)."
TELL = "Tell your administrator (it-desk@example.com)."
AGAIN = "Try again in a minute; if it stays so, tell your administrator (it-desk@example.com)."
UNREACHABLE = "SageMaker Studio cannot be reached from this computer right now."
NO_CREDENTIALS = "This computer has no valid permission of its own to ask AWS with at the moment."


@dataclass
class Case:
    name: str
    sentence: str
    then: str
    code: str  # "": nothing failed, so there are no details
    trouble: tuple[str, str] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    change: Callable[[StudioConfig, StandInAws], None] = lambda config, aws: None

    def __str__(self) -> str:
        return self.name


def aws_error(code: str, text: str = "What AWS has to say.") -> dict[str, Any]:
    return {"trouble": ("api", "error"), "options": {"code": code, "message": text}}


def without_map(config: StudioConfig, aws: StandInAws) -> None:
    (config.folder / "users.map").unlink()


def with_map(text: str) -> Callable[[StudioConfig, StandInAws], None]:
    return lambda config, aws: config.set_map(text)


def with_domain(more: str = HARDLY_LIMITED + CONTACT, **changes: object) -> Callable[[StudioConfig, StandInAws], None]:
    return lambda config, aws: config.set_domain(more=more, **changes)


def without_profiles(config: StudioConfig, aws: StandInAws) -> None:
    aws.sagemaker.domains = {domain: set() for domain in aws.sagemaker.domains}


def without_this_name(config: StudioConfig, aws: StandInAws) -> None:
    config.set_domain(more=HARDLY_LIMITED + CONTACT, endpoint_url="https://no-such-name.invalid")


CASES = [
    Case("no rule", "No SageMaker Studio user profile is assigned to you on this computer.", ASK, "",
         change=with_map("nobody-else  research  x\n")),
    Case("rule '-'", "Your account is one of those that do not use SageMaker Studio on this computer.", ASK, "",
         change=with_map("*  -\n")),
    Case("not configured", "SageMaker Studio has not been set up on this computer yet.",
         "If you need it, ask your administrator.", "", change=without_map),
    Case("broken map", "The Studio settings of this computer have an error, so nobody gets a link.",
         "Tell your administrator.", "config", change=with_map("*  research\n")),
    Case("no such profile", "Your SageMaker Studio user profile does not exist: it has not been made yet, or it was "
         "removed.", TELL, "not-found", change=without_profiles),
    Case("no legal profile name", "The name of your account does not lead to a SageMaker Studio user profile.", TELL,
         "profile-name", change=with_map("*  research  {user}-\n")),
    Case("Identity Center", "Your Studio domain signs people in with IAM Identity Center, so this icon cannot open it.",
         ASK, "identity-center", **aws_error("ValidationException", "AuthMode of the domain is SSO.")),
    Case("other invalid request", "SageMaker does not take the request that this computer makes for you.", TELL,
         "invalid-request", **aws_error("ValidationException")),
    Case("denied", "This computer is not allowed to open SageMaker Studio for you.", TELL, "access-denied",
         trouble=("api", "denied")),
    Case("throttled", "Many people are opening SageMaker Studio right now", AGAIN, "throttled",
         trouble=("api", "throttled")),
    Case("AWS in trouble", "SageMaker itself has a problem at the moment.", AGAIN, "service-error",
         **aws_error("InternalFailure")),
    Case("clock", "The clock of this computer is wrong", TELL, "clock", **aws_error("RequestExpired")),
    Case("signature", "AWS does not recognise this computer.", TELL, "bad-signature",
         **aws_error("InvalidSignatureException")),
    Case("portal page", "Something that is not SageMaker answered in its place.", TELL, "bad-answer",
         trouble=("api", "html")),
    Case("refused connection", UNREACHABLE, AGAIN, "network", trouble=("api-connect", "refuse")),
    Case("no address", UNREACHABLE, AGAIN, "dns", change=without_this_name),
    Case("certificate", "This computer has no secure connection to SageMaker, so it asked for nothing.", TELL, "tls",
         trouble=("api-tls", "wrong-name")),
    Case("expired keys", NO_CREDENTIALS, AGAIN, "expired-credentials", trouble=("api", "expired-token")),
    Case("no metadata service", NO_CREDENTIALS, AGAIN, "imds-unreachable", trouble=("imds-connect", "refuse")),
    Case("no role", NO_CREDENTIALS, TELL, "imds-no-role", trouble=("imds-role", "no-role")),
    Case("too many links", "You have opened SageMaker Studio too often within a minute.", AGAIN, "rate-limited",
         change=with_domain(more="[helper]\nmax_links_per_user_per_minute = 1\n" + CONTACT)),
]


class Click:
    """What the launcher, mostly `url`, says to the user of the test."""

    def __init__(self, build, user, folder: Path):
        self.user = user
        self.folder = folder
        self.program = Path(LAUNCHER) if inside_sandbox() else build.launcher

    def __call__(self, socket: Path, word: str = "url", **environment: str) -> subprocess.CompletedProcess:
        as_user = {"user": self.user.uid, "group": self.user.uid, "extra_groups": []} if os.geteuid() == 0 else {}
        return subprocess.run([self.program, word, "--socket", socket], capture_output=True, text=True, cwd="/",
                              timeout=PATIENCE, env={"PATH": "/usr/bin:/bin", **environment}, **as_user)

    def fails(self, socket: Path, *word: str, **environment: str) -> str:
        done = self(socket, *word, **environment)
        assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1
        assert done.stderr.startswith("sagemaker-studio: ")
        return done.stderr.removeprefix("sagemaker-studio: ").rstrip("\n")


@pytest.fixture
def click(build, user, folder: Path) -> Click:
    return Click(build, user, folder)


@pytest.fixture
def asked_for_help(config: StudioConfig) -> StudioConfig:
    config.set_domain(more=HARDLY_LIMITED + CONTACT)
    return config


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_user_reads_what_he_can_do(asked_for_help: StudioConfig, aws: StandInAws, start_helper, click: Click,
                                       case: Case) -> None:
    case.change(asked_for_help, aws)
    helper: HelperDaemon = start_helper()
    if case.trouble:
        aws.misbehave(*case.trouble, **case.options)
    if case.code == "rate-limited":
        assert click(helper.socket).returncode == 0
    said = click.fails(helper.socket)
    shown, _, details = said.partition(" Details: ")
    assert shown.startswith(case.sentence) and shown.endswith(" " + case.then), said
    if case.code:
        assert details.startswith((f"{case.code}: ", f"{case.code}, request id ")), said
    else:
        assert details == ""


def test_details_hold_what_aws_said_and_its_request_id(asked_for_help: StudioConfig, aws: StandInAws, start_helper,
                                                       click: Click) -> None:
    helper = start_helper()
    aws.misbehave("api", "denied")
    said = click.fails(helper.socket)
    assert f"Details: access-denied, request id {aws.requests[-1].request_id}: AWS denies it" in said
    assert "assumed-role/studio-desktop-host/i-0123456789abcdef0" in said


def test_an_outage_is_told_like_its_cause(asked_for_help: StudioConfig, aws: StandInAws, start_helper,
                                          click: Click) -> None:
    """After a few requests the helper asks nobody any more for a while; root's logins are what opens that."""
    helper: HelperDaemon = start_helper()
    aws.misbehave("api-connect", "refuse")
    for _ in range(4):
        helper.ask(budget_ms=5000)
    said = click.fails(helper.socket)
    assert said.startswith(f"{UNREACHABLE} {AGAIN} Details: unavailable: ")


@pytest.mark.parametrize("left", [False, True], ids=["never there", "stopped"])
def test_a_host_whose_helper_does_not_run_says_so(asked_for_help: StudioConfig, start_helper, click: Click,
                                                  folder: Path, left: bool) -> None:
    path = folder / "nothing.sock"
    if left:
        helper = start_helper()
        helper.process.kill()
        helper.process.wait()
        path = helper.socket
        helper.stop = lambda: []  # it did not end well, by intent
    said = click.fails(path)
    assert said.startswith("The service that makes Studio links does not run on this computer. Tell your administrator. "
                           "Details: helper-absent: "), said


def test_a_desktop_without_a_browser_says_so(asked_for_help: StudioConfig, aws: StandInAws, start_helper, click: Click,
                                             folder: Path) -> None:
    nothing = folder / "nothing"
    nothing.mkdir()
    home = folder / "home"
    home.mkdir()
    os.chown(home, click.user.uid, -1)
    said = click.fails(start_helper().socket, "open", DISPLAY=":99", HOME=str(home), PATH=str(nothing),
                       XDG_DATA_DIRS=str(nothing), XDG_CONFIG_DIRS=str(nothing))
    assert said.startswith("There is no web browser here that SageMaker Studio could be opened in. " + TELL
                           + " Details: no-browser: "), said
    assert aws.count("api") == 0
