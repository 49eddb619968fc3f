"""What the project has promised of its speed, held against what was measured.

SPDX-License-Identifier: MIT
"""

from typing import Any

Figures = dict[str, Any]
API_ROUND_TRIP_MS = 20  # of measurements.with_round_trips


def row_of(rows: list[Figures], who: str) -> Figures | None:
    return next((row for row in rows if row["who"] == who), None)


def target(what: str, aim: str, measured: str, reached: bool) -> Figures:
    return {"what": what, "aim": aim, "measured": measured, "reached": reached}


def of_a_warm_login(results: Figures) -> list[Figures]:
    warm = row_of(results["logins"], "ours, warm")
    far = row_of(results["far_logins"], "ours, warm")
    beyond = far["wall_ms"] - API_ROUND_TRIP_MS
    helper = results["warm_cpu"]["helper_ms"] + results["warm_cpu"]["workers_ms"]
    requests = (warm["imds_requests"], warm["api_requests"], warm["handshakes"])
    return [
        target("warm login, requests to IMDS, to the API, handshakes", "0, 1, 0", ", ".join(map(str, requests)), requests == (0, 1, 0)),
        target("warm login, beyond the round trip", "< 2 ms", f"{beyond:.2f} ms", beyond < 2),
        target("of it the helper and its workers (CPU)", "< 0.5 ms", f"{helper:.2f} ms", helper < 0.5),
    ]


def against(results: Figures, peer: str, aim: float, kind: str) -> list[Figures]:
    rows = results[kind]
    other = row_of(rows, peer)
    if other is None:
        return []
    what = "warm login" if kind == "logins" else "click"
    return [target(f"{what}, CPU of all our processes", f"1/{aim:.0f} of {peer}", f"1/{other['cpu_times']:.1f}",
                   other["cpu_times"] >= aim)]


def of_a_cold_login(results: Figures) -> list[Figures]:
    cold, one_shot = (row_of(results["logins"], who) for who in ("ours, cold", "one-shot C"))
    if one_shot is None:
        return []
    ratio = cold["cpu_times"] / one_shot["cpu_times"]
    return [target("cold login, CPU", "1 x one-shot C", f"{ratio:.2f} x ({cold['cpu_ms']:.1f} ms)", ratio <= 1)]


def of_a_storm(results: Figures) -> list[Figures]:
    ours, go = (row_of(results["storms"], who) for who in ("ours, warm", "Go SDK"))
    rows = [target(f"{ours['count']} logins at once, failed", "0", str(ours["failed"]), ours["failed"] == 0),
            target(f"{ours['count']} logins at once, credential fetches", "at most 1", str(ours["credential_fetches"]),
                   ours["credential_fetches"] <= 1)]
    if go is not None:
        ratio = go["total_ms"] / ours["total_ms"]
        rows.append(target(f"{ours['count']} logins at once", "1/5 of Go SDK", f"1/{ratio:.1f}", ratio >= 5))
    return rows


def of_nobody(results: Figures) -> list[Figures]:
    _, ignored, unmapped = (row["beyond_ms"] for row in results["nobody"])
    return [target("ignored login, beyond libpam", "< 0.1 ms", f"{ignored:.3f} ms", ignored < 0.1),
            target("unmapped user, warm, beyond libpam", "< 0.5 ms", f"{unmapped:.2f} ms", unmapped < 0.5)]


def of_the_map(results: Figures) -> list[Figures]:
    few, many = results["rules"][0], results["rules"][-1]
    grown = many["lookup_cpu_ms"] - few["lookup_cpu_ms"]
    stall = results["stall"]["longest_ms"]
    return [target(f"{many['rules']} rules, look-up by name, beyond {few['rules']} rules", "< 0.1 ms", f"{grown:.3f} ms", grown < 0.1),
            target(f"{many['rules']} rules, others wait while it is read", "< 10 ms", f"{stall:.1f} ms", stall < 10)]


def of_memory(results: Figures) -> list[Figures]:
    open_mib = results["conversations"]["mib"]
    first, last = results["links"][0]["mib"], results["links"][-1]["mib"]
    return [target("helper, 200 conversations open", "< 16 MiB", f"{open_mib:.1f} MiB", open_mib < 16),
            target(f"helper, over {results['links'][-1]['links']} links", "flat", f"{first:.1f} to {last:.1f} MiB", last - first < 0.5)]


def reached(results: Figures) -> list[Figures]:
    return [*of_a_warm_login(results), *against(results, "Go SDK", 8, "logins"), *against(results, "aws CLI", 300, "logins"),
            *against(results, "Go SDK", 8, "clicks"), *against(results, "aws CLI", 300, "clicks"), *of_a_cold_login(results),
            *of_a_storm(results), *of_nobody(results), *of_the_map(results), *of_memory(results)]
