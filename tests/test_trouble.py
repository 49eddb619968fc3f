"""Whatever goes wrong at the metadata service or at the API: the helper answers within its budget, says what and what
to do, logs one line, lets nothing through, and makes a link as soon as the trouble is over.

SPDX-License-Identifier: MIT
"""

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from helper_daemon import HelperDaemon
from stand_in.misbehaviour import DENIED, TROUBLES_AT
from stand_in_aws import StandInAws
from studio_config import StudioConfig

BUDGET_MS = 1500
PLENTY_MS = 20000
SLACK = 10  # seconds beyond the budget that a busy machine may take
MOST_ATTEMPTS = 4  # three, and libcurl repeats what dies on a kept connection

STATUSES = (403, 404, 500, 503)
AWS_ERRORS = {
    "ValidationException": "invalid-request",
    "AccessDeniedException": "access-denied",
    "ThrottlingException": "throttled",
    "UnrecognizedClientException": "expired-credentials",
    "InvalidSignatureException": "bad-signature",
    "MissingAuthenticationTokenException": "bad-signature",
    "RequestExpired": "clock",
    "ResourceNotFound": "not-found",
    "InternalFailure": "service-error",
    "ServiceUnavailable": "service-error",
    "OptInRequired": "refused",
}
GOOD_LINKS = ("long-link", "escaped-link")
WAITS = ("silent", "hang", "hang-in-body", "slow")
BREAKS = ("refuse", "close", "truncated", "garbage", "huge", "huge-without-length", "endless-headers")

# The code of the answer; where a step has its own, it is in OWN_CODES.
METADATA_CODES: dict[object, str] = {
    **dict.fromkeys(WAITS, "timeout"), **dict.fromkeys(BREAKS, "imds-unreachable"),
    403: "imds-forbidden", 404: "imds-refused", 500: "imds-refused", 503: "imds-throttled", "redirect": "imds-refused",
    "html": "imds-bad-answer", "not-json": "imds-bad-answer", "empty": "imds-bad-answer",
    "not-success": "imds-refused", "expired": "expired-credentials",
}
API_CODES: dict[object, str] = {
    **dict.fromkeys(WAITS, "timeout"), **dict.fromkeys(BREAKS, "network"), **AWS_ERRORS,
    403: "bad-answer", 404: "bad-answer", 500: "service-error", 503: "service-error",
    "throttled": "throttled", "denied": "access-denied", "expired-token": "expired-credentials",
}
OWN_CODES: dict[tuple[str, object], str] = {
    ("imds-role", 404): "imds-no-role", ("imds-role", "no-role"): "imds-no-role",
    ("imds-role", "empty"): "imds-no-role", ("imds-credentials", 404): "imds-no-role", ("api-connect", "close"): "tls",
}


@dataclass
class Case:
    step: str
    how: str
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.step, self.how, *map(str, self.options.values())])

    @property
    def code(self) -> str:
        kind = self.options.get("status") or self.options.get("code") or self.how
        if (self.step, kind) in OWN_CODES:
            return OWN_CODES[self.step, kind]
        if self.step.startswith("imds"):
            return METADATA_CODES[kind]
        if self.step == "api-tls":
            return "timeout" if self.how == "hang" else "tls"
        return API_CODES.get(kind, "bad-answer")


def all_cases() -> list[Case]:
    cases = []
    for step, troubles in TROUBLES_AT.items():
        for how in troubles:
            if how == "status":
                cases += [Case(step, how, {"status": status}) for status in STATUSES]
            elif how == "error":
                cases += [Case(step, how, {"code": code}) for code in AWS_ERRORS]
            elif how not in GOOD_LINKS:
                cases.append(Case(step, how))
    return cases


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_trouble_ends_in_time_with_a_reason_and_then_it_is_over(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, case: Case) -> None:
    config.set_domain(region=None)  # so that the metadata service is asked for it
    aws.misbehave(case.step, case.how, **case.options)
    started = time.monotonic()
    answer = helper_daemon.ask(budget_ms=BUDGET_MS)
    took = time.monotonic() - started

    assert took < BUDGET_MS / 1000 + SLACK
    assert (answer["status"], answer["code"]) == ("error", case.code), answer
    assert "url" not in answer
    if case.step.startswith("imds"):
        assert "metadata service" in answer["message"]
    assert aws.count(case.step) <= MOST_ATTEMPTS

    aws.behave()
    assert helper_daemon.ask(budget_ms=PLENTY_MS)["status"] == "ok"
    helper_daemon.wait_for("event=link-made")
    refused, made = helper_daemon.stop()
    assert refused.startswith("sagemaker-studio: event=link-refused ") and f" code={case.code} message=" in refused
    assert made.startswith("sagemaker-studio: event=link-made ")


@pytest.mark.parametrize("form", ["plain", "namespace", "url", "namespace-and-url", "header", "code-member"])
@pytest.mark.parametrize("message_key", ["message", "Message"])
def test_every_form_of_an_error_is_understood(
        helper_daemon: HelperDaemon, aws: StandInAws, form: str, message_key: str) -> None:
    aws.misbehave("api", "error", code="AccessDeniedException", message=DENIED, form=form, message_key=message_key)
    answer = helper_daemon.ask(budget_ms=PLENTY_MS)
    assert (answer["code"], answer["request_id"]) == ("access-denied", aws.requests[-1].request_id)
    assert f'AccessDeniedException: "{DENIED}"' in answer["message"]


def test_an_error_without_words_is_understood(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    aws.misbehave("api", "error", code="AccessDeniedException", message=None)
    assert helper_daemon.ask(budget_ms=PLENTY_MS)["code"] == "access-denied"


def test_what_an_error_says_can_forge_neither_answer_nor_log(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    forged = 'x\n\nproto=1\nstatus=ok\nurl=https://example.com/\x1b[2J\n" event=link-made user=root'
    aws.misbehave("api", "error", code="ValidationException", message=forged)
    answer = helper_daemon.ask(budget_ms=PLENTY_MS)
    assert (answer["status"], answer["code"]) == ("error", "invalid-request") and "url" not in answer
    (line,) = helper_daemon.stop()
    assert line.startswith("sagemaker-studio: event=link-refused ") and line.isprintable()
    assert '\\" event=link-made' in line  # inside the quotes of message=, that is


@pytest.mark.parametrize("how", GOOD_LINKS)
def test_an_unusual_but_good_link_is_given(helper_daemon: HelperDaemon, aws: StandInAws, how: str) -> None:
    aws.misbehave("api", how)
    answer = helper_daemon.ask(budget_ms=PLENTY_MS)
    assert answer["status"] == "ok"
    assert len(answer["url"]) == 16384 if how == "long-link" else 4200 < len(answer["url"]) < 4400


@pytest.mark.parametrize("step, how, options", [
    ("imds-token", "status", {"status": 503}),
    ("imds-role", "close", {}),
    ("imds-credentials", "status", {"status": 500}),
    ("api", "expired-token", {}),
])
def test_what_passes_at_once_costs_nobody_a_link(
        helper_daemon: HelperDaemon, aws: StandInAws, step: str, how: str, options: dict[str, Any]) -> None:
    aws.misbehave(step, how, times=1, **options)
    assert helper_daemon.ask(budget_ms=PLENTY_MS)["status"] == "ok"


@pytest.mark.parametrize("step, how", [("imds-connect", "refuse"), ("imds-connect", "silent"), ("imds-token", "hang"),
                                       ("imds-role", "no-role")])
def test_kept_credentials_need_no_metadata_service(
        helper_daemon: HelperDaemon, aws: StandInAws, step: str, how: str) -> None:
    assert helper_daemon.ask(budget_ms=PLENTY_MS)["status"] == "ok"
    aws.misbehave(step, how)
    assert helper_daemon.ask(budget_ms=BUDGET_MS)["status"] == "ok"


@pytest.mark.parametrize("step, how", [("api-connect", "silent"), ("imds-connect", "refuse")])
def test_an_outage_costs_three_requests_and_no_further_ones(
        helper_daemon: HelperDaemon, aws: StandInAws, step: str, how: str) -> None:
    aws.misbehave(step, how)
    for _ in range(3):
        assert helper_daemon.ask(budget_ms=BUDGET_MS)["code"] in ("timeout", "imds-unreachable")
    asked = aws.imds.connections
    for _ in range(5):
        answer = helper_daemon.ask(budget_ms=PLENTY_MS)
        assert answer["code"] == "unavailable" and "until then nobody waits" in answer["message"]
    assert aws.imds.connections == asked
    assert len(helper_daemon.wait_for("event=outage-begins")) == 1
