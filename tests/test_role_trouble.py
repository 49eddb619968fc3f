"""Whatever goes wrong at STS or at the container endpoint: no link, least of all by other permissions than those that
are configured; the answer comes in time and says why; and when the trouble is over there is a link.

SPDX-License-Identifier: MIT
"""

import time
from typing import Any

import pytest

from helper_daemon import HelperDaemon
from stand_in.misbehaviour import ON_THE_WIRE, TROUBLES_BESIDE
from stand_in_aws import StandInAws
from studio_config import StudioConfig

BUDGET_MS = 1500
PLENTY_MS = 20000
SLACK = 10  # seconds beyond the budget that a busy machine may take
OPTIONS: dict[str, dict[str, Any]] = {"status": {"status": 503}, "error": {"code": "RegionDisabledException"}}

WAITS = ("silent", "hang", "hang-in-body", "slow")
BREAKS = ("refuse", "close", "truncated", "garbage", "huge", "huge-without-length", "endless-headers")
STS_CODES = {
    **dict.fromkeys(WAITS, "timeout"), **dict.fromkeys(BREAKS, "network"),
    **dict.fromkeys(("html", "not-json", "empty", "redirect"), "bad-answer"),
    **dict.fromkeys(("denied", "denied-set-source-identity", "denied-tag-session"), "role-denied"),
    "status": "service-error", "error": "refused", "throttled": "throttled", "expired-token": "expired-credentials",
}
CONTAINER_CODES = {
    **dict.fromkeys(WAITS, "timeout"), **dict.fromkeys(BREAKS, "container-unreachable"),
    **dict.fromkeys(("html", "not-json", "empty", "redirect", "status"), "credentials"),
    "expired": "expired-credentials",
}


def sts_cases() -> list[tuple[str, str, str]]:
    """step, trouble, form of the answers: the second form only where there is something to read."""
    plain = [(step, how, "json") for step in ("sts-connect", "sts-tls", "sts") for how in TROUBLES_BESIDE[step]]
    return plain + [("sts", how, "xml") for how in TROUBLES_BESIDE["sts"] if how not in ON_THE_WIRE]


def sts_code(step: str, how: str) -> str:
    over_tls = step == "sts-tls" or (step, how) == ("sts-connect", "close")
    return "tls" if over_tls and how != "hang" else STS_CODES[how]


def answer_in_trouble(helper: HelperDaemon, aws: StandInAws, step: str, how: str) -> dict[str, str]:
    aws.misbehave(step, how, **OPTIONS.get(how, {}))
    started = time.monotonic()
    answer = helper.ask(budget_ms=BUDGET_MS)
    assert time.monotonic() - started < BUDGET_MS / 1000 + SLACK
    assert answer["status"] == "error" and "url" not in answer and answer["message"]
    assert aws.count("api") == 0
    return answer


def is_over(helper: HelperDaemon, aws: StandInAws) -> bool:
    aws.behave()
    return helper.ask(budget_ms=PLENTY_MS)["status"] == "ok"


@pytest.mark.parametrize("step, how, answers", sts_cases())
def test_without_its_role_no_link_is_made(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, step: str, how: str, answers: str) -> None:
    config.set_role()
    aws.sts.answers = answers
    answer = answer_in_trouble(helper_daemon, aws, step, how)
    assert answer["code"] == sts_code(step, how), answer
    assert "STS" in answer["message"] or "sts:" in answer["message"] or "AssumeRole" in answer["message"]
    assert is_over(helper_daemon, aws)


@pytest.mark.parametrize("step, how", [
    (step, how) for step in ("container-connect", "container-credentials") for how in TROUBLES_BESIDE[step]])
def test_without_the_keys_of_its_container_no_link_is_made(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws, step: str, how: str) -> None:
    config.set_credentials(source="container", container_credentials_full_uri=aws.container_url)
    answer = answer_in_trouble(helper_daemon, aws, step, how)
    assert answer["code"] == CONTAINER_CODES[how], answer
    assert aws.container_url.rpartition("/v2/")[0] in answer["message"]
    assert aws.imds.connections == 0
    assert is_over(helper_daemon, aws)
