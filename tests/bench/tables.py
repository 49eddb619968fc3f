"""Figures as tables that read well in a terminal and in README.md alike.

SPDX-License-Identifier: MIT
"""

from collections.abc import Callable, Sequence
from typing import Any

Column = tuple[str, Callable[[dict[str, Any]], str]]


def table(columns: Sequence[Column], rows: Sequence[dict[str, Any]]) -> str:
    cells = [[name for name, _ in columns], *([show(row) for _, show in columns] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    lines = ["| " + " | ".join(cell.ljust(width) if index == 0 else cell.rjust(width)
                               for index, (cell, width) in enumerate(zip(row, widths))) + " |" for row in cells]
    rule = "|" + "|".join("-" * (width + 2) if index == 0 else "-" * (width + 1) + ":" for index, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def number(value: float) -> str:
    """Three figures that count, and no more than a microsecond of a millisecond."""
    if abs(value) < 1:
        return f"{value:.3f}"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def shown(key: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: str(row[key]) if isinstance(row[key], (str, int)) else number(row[key])


def times(key: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: f"{number(row[key])} x"


LINKS: list[Column] = [
    ("", shown("who")), ("wall, ms", shown("wall_ms")), ("±", lambda row: f"{row['wall_spread']:.0%}"), ("x wall", times("wall_times")),
    ("CPU, ms", shown("cpu_ms")), ("x CPU", times("cpu_times")), ("memory, MiB", shown("memory_mib")),
]
REQUESTS: list[Column] = [("requests to IMDS, API", lambda row: f"{row['imds_requests']}, {row['api_requests']}"),
                          ("handshakes", shown("handshakes")), ("failed", shown("failed"))]
ROUND_TRIPS: list[Column] = [("", shown("who")), ("wall, ms", shown("wall_ms")), ("±", lambda row: f"{row['wall_spread']:.0%}"),
                             ("x wall", times("wall_times")), ("CPU, ms", shown("cpu_ms")), ("failed", shown("failed"))]
STORM: list[Column] = [("", shown("who")), ("at once", shown("count")), ("all done, ms", shown("total_ms")), ("p50, ms", shown("p50_ms")),
                       ("p99, ms", shown("p99_ms")), ("CPU each, ms", shown("cpu_ms")), ("credential fetches", shown("credential_fetches")),
                       ("handshakes", shown("handshakes")), ("failed", shown("failed"))]
PACED: list[Column] = [("", shown("who")), ("logins per second", shown("per_second")), ("p50, ms", shown("p50_ms")),
                       ("p99, ms", shown("p99_ms")), ("failed", shown("failed"))]
NOBODY: list[Column] = [("login", shown("what")), ("wall, ms", shown("wall_ms")), ("CPU, ms", shown("cpu_ms")),
                        ("beyond libpam, ms", shown("beyond_ms"))]
RULES: list[Column] = [("rules", shown("rules")), ("first after a change, ms", shown("first_after_change_ms")),
                       ("login of the last named, ms", shown("wall_ms")), ("look-up, CPU ms", shown("lookup_cpu_ms")),
                       ("helper, MiB", shown("helper_mib"))]
CLICKS: list[Column] = [("clicks at once", shown("at_once")), ("all done, ms", shown("total_ms")), ("p50, ms", shown("p50_ms")),
                        ("p99, ms", shown("p99_ms")), ("CPU each, ms", shown("cpu_ms")), ("failed", shown("failed"))]
GROUPS: list[Column] = [("user in 200 groups, found", shown("what")), ("login, ms", shown("wall_ms")),
                        ("look-up, CPU ms", shown("lookup_cpu_ms")), ("failed", shown("failed"))]
TARGETS: list[Column] = [("", shown("what")), ("to reach", shown("aim")), ("measured", shown("measured")),
                         ("", lambda row: "yes" if row["reached"] else "NO")]
STALL: list[Column] = [("rules", shown("rules")), ("an answer, ms", shown("usual_ms")), ("99 of 100 meanwhile, ms", shown("p99_ms")),
                       ("the slowest, ms", shown("longest_ms")), ("answers meanwhile", shown("answers"))]
CONVERSATIONS: list[Column] = [("conversations open", shown("conversations")), ("helper, MiB", shown("mib")), ("served", shown("served"))]
MEMORY: list[Column] = [("links made", shown("links")), ("helper, MiB", shown("mib"))]
