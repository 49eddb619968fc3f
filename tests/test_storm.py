"""Two hundred people log in at once, against an API that throttles, recovers or is slow: each gets a link or is told
why not, within the time that the login has, and no storm of retries follows.

SPDX-License-Identifier: MIT
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conversation import connect, parse_answer, receive, request_text, send
from helper_daemon import HelperDaemon
from login_host import inside_sandbox
from stand_in_aws import StandInAws
from studio_config import StudioConfig

PEOPLE = range(20001, 20201)
BUDGET_MS = 5000
SLACK = 15  # seconds beyond it that a busy machine may take
RETRIES = 100  # a quota of 500, of which each retry after throttling takes 5 (botocore/retries/quota.py)
ACCOUNTS = Path("/etc/passwd")
TOLD = {"throttled", "timeout"}

pytestmark = pytest.mark.skipif(not inside_sandbox(), reason="makes 200 accounts: only in tests/sandbox, as root")


@pytest.fixture(scope="module", autouse=True)
def people() -> Iterator[None]:
    known = ACCOUNTS.read_text()
    ACCOUNTS.write_text(known + "".join(f"storm-{uid}:x:{uid}:100::/nonexistent:/usr/sbin/nologin\n" for uid in PEOPLE))
    yield
    ACCOUNTS.write_text(known)


@pytest.fixture(autouse=True)
def mapped(config: StudioConfig) -> None:
    config.set_map("*  research  {user}\n")


@dataclass
class Outcome:
    links: int
    codes: Counter[str]  # of those who got none


def storm(helper: HelperDaemon) -> Outcome:
    """As root, that is in the name of 200 logins, all before any answer is read."""
    started = time.monotonic()
    clients = [connect(helper.socket) for _ in PEOPLE]
    for uid, client in zip(PEOPLE, clients):
        send(client, request_text(op="issue", uid=uid, service="xrdp-sesman", budget_ms=BUDGET_MS))
    answers = []
    for client in clients:
        with client:
            answers.append(parse_answer(receive(client)))
    assert time.monotonic() - started < BUDGET_MS / 1000 + SLACK
    return outcome_of(answers)


def outcome_of(answers: list[dict[str, str]]) -> Outcome:
    good = [answer for answer in answers if answer["status"] == "ok"]
    assert len({answer["url"] for answer in good}) == len(good)
    codes = Counter(answer["code"] for answer in answers if answer["status"] == "error")
    assert len(good) + codes.total() == len(PEOPLE) and set(codes) <= TOLD, codes
    return Outcome(len(good), codes)


def fetched_once(aws: StandInAws) -> bool:
    return [aws.count(f"imds-{step}") for step in ("token", "role", "credentials")] == [1, 1, 1]


@pytest.fixture(params=[False, True], ids=["instance-keys", "role-per-link"])
def role(request: pytest.FixtureRequest, config: StudioConfig) -> bool:
    if request.param:
        config.set_role()
    return request.param


def test_in_a_quiet_hour_everybody_is_served_by_one_request_each(
        helper_daemon: HelperDaemon, aws: StandInAws, role: bool) -> None:
    assert storm(helper_daemon).links == len(PEOPLE)
    assert (aws.count("api"), aws.count("sts")) == (len(PEOPLE), len(PEOPLE) if role else 0)
    assert fetched_once(aws)


def test_an_api_that_only_throttles_is_asked_no_more_than_the_quota_allows(
        helper_daemon: HelperDaemon, aws: StandInAws, role: bool) -> None:
    aws.misbehave("api", "throttled")
    outcome = storm(helper_daemon)
    assert outcome.links == 0 and outcome.codes["throttled"] > 0
    assert len(PEOPLE) <= aws.count("api") <= len(PEOPLE) + RETRIES
    assert fetched_once(aws)


def test_a_quota_that_is_used_up_is_no_reason_to_ask_twice(helper_daemon: HelperDaemon, aws: StandInAws) -> None:
    aws.misbehave("api", "throttled")
    storm(helper_daemon)
    before = aws.count("api")
    assert storm(helper_daemon).links == 0
    assert aws.count("api") - before <= len(PEOPLE) + RETRIES - (before - len(PEOPLE))


@pytest.mark.parametrize("throttled", [120, 300])
def test_when_the_api_recovers_whoever_asks_is_served(
        helper_daemon: HelperDaemon, aws: StandInAws, throttled: int) -> None:
    aws.misbehave("api", "throttled", times=throttled)
    outcome = storm(helper_daemon)
    assert aws.count("api") <= len(PEOPLE) + RETRIES + outcome.links  # what is served may be retried by others
    assert outcome.links >= len(PEOPLE) - throttled
    while aws.troubles:  # what the first storm left of it
        storm(helper_daemon)
    assert storm(helper_daemon).links == len(PEOPLE)
    assert fetched_once(aws)


def test_a_slow_api_holds_up_nobody(helper_daemon: HelperDaemon, aws: StandInAws, role: bool) -> None:
    aws.latency = {"api": 0.2, "sts": 0.2}
    assert storm(helper_daemon).links == len(PEOPLE)
    assert aws.count("api") == len(PEOPLE)
    assert fetched_once(aws)


def test_an_api_that_is_slower_than_the_storm_serves_as_many_as_it_can_and_is_no_outage(
        helper_daemon: HelperDaemon, aws: StandInAws, role: bool) -> None:
    aws.latency = {"api": 1.5}
    outcome = storm(helper_daemon)
    assert 0 < outcome.links < len(PEOPLE) and set(outcome.codes) == {"timeout"}
    aws.latency = {}
    assert storm(helper_daemon).links == len(PEOPLE)
    assert not helper_daemon.lines_with("event=outage")


def test_an_sts_that_throttles_is_asked_no_more_than_the_quota_allows(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    aws.misbehave("sts", "throttled")
    outcome = storm(helper_daemon)
    assert outcome.links == 0 and outcome.codes["throttled"] > 0
    assert len(PEOPLE) <= aws.count("sts") <= len(PEOPLE) + RETRIES
    assert aws.count("api") == 0 and aws.sts.sessions == []
    assert fetched_once(aws)


def test_every_link_of_a_storm_has_a_role_session_of_its_own(
        helper_daemon: HelperDaemon, config: StudioConfig, aws: StandInAws) -> None:
    config.set_role()
    storm(helper_daemon)
    names = {session.role_session_name for session in aws.sts.sessions}
    assert names == {f"storm-{uid}" for uid in PEOPLE}
    callers = [record.caller.rpartition("/")[2] for record in aws.requests if record.step == "api"]
    profiles = [parameters["UserProfileName"] for parameters in aws.parameters()]
    assert callers == profiles and len(set(callers)) == len(PEOPLE)
