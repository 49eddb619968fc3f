"""Trouble that passes costs nobody a link, and trouble that does not is told in time; a clock that is wrong is corrected
once, with one log line.

SPDX-License-Identifier: MIT
"""

import time
from typing import Any

import pytest

from helper_daemon import HelperDaemon
from stand_in_aws import StandInAws
from studio_config import StudioConfig

LOGIN_MS = 3000
PLENTY_MS = 20000
SLACK = 10  # seconds beyond the budget that a busy machine may take
ATTEMPTS = 3
HOUR = 3600


def link_for(helper: HelperDaemon) -> dict[str, str]:
    answer = helper.ask(budget_ms=PLENTY_MS)
    assert answer["status"] == "ok", answer
    return answer


# ---- retries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how, options", [
    ("throttled", {}), ("status", {"status": 500}), ("status", {"status": 503}),
    ("error", {"code": "InternalFailure", "status": 500}), ("close", {}), ("truncated", {}),
])
def test_trouble_that_passes_costs_nobody_a_link(
        helper_daemon: HelperDaemon, aws: StandInAws, how: str, options: dict[str, Any]) -> None:
    aws.misbehave("api", how, times=1, **options)
    answer = link_for(helper_daemon)
    assert aws.count("api") == 2 and answer["request_id"] == aws.requests[-1].request_id


def test_two_throttled_attempts_cost_nobody_a_link(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    aws.misbehave("api", "throttled", times=2)
    link_for(helper_daemon)
    assert aws.count("api") == ATTEMPTS


def test_a_role_that_is_throttled_is_asked_for_again(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    aws.misbehave("sts", "throttled", times=2)
    link_for(helper_daemon)
    assert (aws.count("sts"), aws.count("api")) == (ATTEMPTS, 1)


def test_what_stays_throttled_is_told_after_three_attempts(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    aws.misbehave("api", "throttled")
    answer = helper_daemon.ask(budget_ms=PLENTY_MS)
    assert (answer["status"], answer["code"]) == ("error", "throttled")
    assert aws.count("api") == ATTEMPTS


def test_a_login_is_told_of_the_throttling_within_its_time(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    aws.misbehave("api", "throttled")
    started = time.monotonic()
    answer = helper_daemon.ask(budget_ms=LOGIN_MS)
    assert time.monotonic() - started < LOGIN_MS / 1000 + SLACK
    assert answer["code"] == "throttled" and 1 <= aws.count("api") <= ATTEMPTS


@pytest.mark.parametrize("how, options", [
    ("denied", {}), ("error", {"code": "ValidationException"}), ("error", {"code": "InvalidSignatureException"}),
    ("html", {}), ("link-is-missing", {}),
])
def test_a_clear_no_is_not_asked_for_twice(
        helper_daemon: HelperDaemon, aws: StandInAws, how: str, options: dict[str, Any]) -> None:
    aws.misbehave("api", how, **options)
    assert helper_daemon.ask(budget_ms=PLENTY_MS)["status"] == "error"
    assert aws.count("api") == 1


# ---- the clock -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [HOUR, -HOUR])
def test_a_clock_that_is_an_hour_off_costs_one_more_request_and_one_log_line(
        helper_daemon: HelperDaemon, aws: StandInAws, offset: int) -> None:
    aws.clock_offset = offset
    answer = link_for(helper_daemon)
    assert abs(int(answer["issued_at"]) - time.time()) < HOUR / 2  # by the host's own clock: who reads it has no other
    assert aws.count("api") == 2
    link_for(helper_daemon)
    assert aws.count("api") == 3
    lines = [line for line in helper_daemon.stop() if "event=clock-corrected" in line]
    assert len(lines) == 1
    seconds = int(lines[0].partition(" seconds=")[2].split()[0])
    assert abs(seconds - offset) <= 5
    assert ("behind" if offset > 0 else "ahead of") + " AWS's" in lines[0] and "chronyc tracking" in lines[0]


def test_a_clock_that_sts_has_corrected_is_right_for_sagemaker(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    aws.clock_offset = HOUR
    link_for(helper_daemon)
    assert (aws.count("sts"), aws.count("api")) == (2, 1)


def test_a_difference_of_a_minute_or_two_is_none(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    aws.clock_offset = 100
    link_for(helper_daemon)
    assert aws.count("api") == 1
    assert not [line for line in helper_daemon.stop() if "event=clock-corrected" in line]


@pytest.mark.expect_violations  # until it notices, it signs for the hour that was right before
def test_a_clock_that_is_set_later_is_believed_again(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    aws.clock_offset = HOUR
    link_for(helper_daemon)
    aws.clock_offset = 0
    aws.metadata_service.revoke_keys()
    link_for(helper_daemon)
    assert "agrees with AWS's again" in helper_daemon.wait_for("event=clock-corrected seconds=0")[0]
