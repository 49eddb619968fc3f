"""The bench measures what it says: everybody who is measured got his links, for real, from a stand-in that verifies
signatures.  Its figures are nobody's business here.

SPDX-License-Identifier: MIT
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from login_host import inside_sandbox

NOTHING = "/bin/true: no link"
RUN = Path(__file__).resolve().parent / "bench/run"

pytestmark = pytest.mark.skipif(not inside_sandbox(), reason="makes 600 accounts: only in tests/sandbox, as root")


@pytest.fixture(scope="module")
def results() -> dict:
    done = subprocess.run([RUN, os.environ["BUILD"], "--quick"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(Path(os.environ["SANDBOX_RESULTS"], "bench.json").read_text())


def makers_of_links(rows: list[dict]) -> list[dict]:
    return [row for row in rows if row["who"] != NOTHING]


@pytest.mark.parametrize("kind", ["logins", "clicks"])
def test_everybody_gets_a_link_from_one_request(results, kind):
    for row in makers_of_links(results[kind]):
        assert (row["failed"], row["refused"], row["links"], row["api_requests"]) == (0, 0, 1, 1), row


def test_a_warm_login_costs_one_request_and_nothing_else(results):
    warm = next(row for row in results["logins"] if row["who"] == "ours, warm")
    assert (warm["imds_requests"], warm["handshakes"]) == (0, 0)


def test_a_program_for_each_login_asks_for_keys_each_time(results):
    for row in makers_of_links(results["logins"]):
        if row["who"] != "ours, warm":
            assert row["imds_requests"] >= 3 and row["handshakes"] == 1, row


@pytest.mark.parametrize("kind", ["storms", "paced", "at_once", "far_logins"])
def test_nobody_fails_in_a_crowd_or_from_afar(results, kind):
    assert [row for row in results[kind] if row["failed"]] == []


def test_twenty_logins_at_once_share_the_keys(results):
    warm = next(row for row in results["storms"] if row["who"] == "ours, warm")
    assert (warm["links"], warm["imds_requests"]) == (warm["count"], 0)


def test_simulated_round_trips_are_waited_for(results):
    for row in results["far_logins"]:
        trips = 20 if row["who"] == "ours, warm" else 3 * 20 + 4
        assert row["wall_ms"] >= trips, row


def test_all_conversations_that_were_held_open_are_served(results):
    assert results["conversations"]["served"] == results["conversations"]["conversations"] == 20
