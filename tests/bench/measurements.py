"""What is measured.  Each function returns plain figures, for the table and for the JSON alike.

SPDX-License-Identifier: MIT
"""

import multiprocessing
import multiprocessing.synchronize
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench_host import (GROUPS, MEMBER_OF_MANY, PEOPLE, Host, Resident, Run, Runs, map_everybody, uid_of,
                        write_configuration, write_pam_service)
from contenders import MODULE, Contender
from conversation import ask, connect, parse_answer, receive, request_text, send
from login_host import SOCKET, eventually
from samples import Rounds, cpu_ms, memory_mib, percentile, wall_ms

Figures = dict[str, Any]
Work = Callable[[Contender, int], Runs]


# ---- one link at a time ----------------------------------------------------------------------------------------------


def interleaved(contenders: list[Contender], work: Work, rounds: int) -> dict[str, Rounds]:
    """Everybody once to warm up, then round after round, each one after another."""
    taken = {contender.name: Rounds() for contender in contenders}
    for contender in contenders:
        work(contender, 1)
    for _ in range(rounds):
        for contender in contenders:
            taken[contender.name].add(work(contender, contender.each_round).runs)
    return taken


def figures_of(taken: dict[str, Rounds], reference: str) -> list[Figures]:
    yardstick = taken[reference]
    return [{"who": name, "wall_ms": rounds.median(wall_ms), "wall_times": rounds.times(yardstick, wall_ms),
             "wall_spread": rounds.spread(wall_ms), "cpu_ms": rounds.median(cpu_ms),
             "cpu_times": rounds.times(yardstick, cpu_ms), "memory_mib": rounds.median(memory_mib),
             "count": len(rounds.runs), "failed": rounds.failed} for name, rounds in taken.items()]


def one_at_a_time(host: Host, contenders: list[Contender], work: Work, rounds: int) -> list[Figures]:
    figures = figures_of(interleaved(contenders, work, rounds), contenders[0].name)
    for contender, row in zip(contenders, figures):
        row.update(requests_per_link(host, contender, work))
    return figures


def requests_per_link(host: Host, contender: Contender, work: Work) -> Figures:
    """What goes to AWS for the next link, counted at the other end."""
    host.aws.reset()
    work(contender, 1)
    counted = host.aws.counters()
    return {key: counted[key] for key in ("imds_requests", "api_requests", "handshakes", "links", "refused")}


def with_round_trips(host: Host, contenders: list[Contender], work: Work, rounds: int) -> list[Figures]:
    """1 ms to the metadata service and 20 ms to the API, for TCP, for TLS and for each request."""
    host.aws.set_round_trips(1, 20)
    try:
        return figures_of(interleaved(contenders, work, rounds), contenders[0].name)
    finally:
        host.aws.set_round_trips(0, 0)


def cpu_of_resident(helper: Resident, host: Host, contender: Contender, count: int) -> Figures:
    """Where the CPU time of a warm login goes."""
    before, workers_before = helper.cpu_ns(), helper.cpu_of_workers_ns()
    runs = host.load.logins(contender.service, contender.people(count)).runs
    return {"login_ms": statistics.median(map(cpu_ms, runs)), "close_ms": statistics.median(run.closing / 1e6 for run in runs),
            "helper_ms": (helper.cpu_ns() - before) / 1e6 / count,
            "workers_ms": (helper.cpu_of_workers_ns() - workers_before) / 1e6 / count}


# ---- many at once ----------------------------------------------------------------------------------------------------


def latencies(runs: list[Run], total_ns: int) -> Figures:
    walls = [(run.late + run.wall) / 1e6 for run in runs]
    return {"count": len(runs), "total_ms": total_ns / 1e6, "p50_ms": percentile(walls, 50), "p99_ms": percentile(walls, 99),
            "cpu_ms": statistics.mean(map(cpu_ms, runs)), "failed": sum(not run.good for run in runs)}


def storm(host: Host, contender: Contender, repeats: int) -> Figures:
    """All at one instant; the middle one of the repeats."""
    results = []
    for _ in range(repeats):
        host.aws.reset()
        done = contender.log_in(host, contender.storm, "--at-once")
        results.append({"who": contender.name, **latencies(done.runs, done.total), **host.aws.counters()})
    return sorted(results, key=lambda result: result["total_ms"])[len(results) // 2]


def paced(host: Host, contender: Contender, per_second: int, count: int) -> Figures:
    done = contender.log_in(host, count, "--per-second", per_second)
    return {"who": contender.name, "per_second": per_second, **latencies(done.runs, done.total)}


# ---- logins that are not ours ----------------------------------------------------------------------------------------


def nobodys(host: Host, count: int) -> list[Figures]:
    """What a login costs that gets no link."""
    write_pam_service("bench-ignored", MODULE, "services=other-than-this")
    write_pam_service("bench-unmapped", MODULE, "services=bench-unmapped")
    write_pam_service("bench-libpam", "pam_permit.so")
    write_configuration("users.map", f"{PEOPLE[0]}  research  {{user}}\n")
    try:
        floor, *rows = [nobodys_login(host, what, service, PEOPLE[1], count) for what, service in (
            ("libpam itself (pam_permit.so alone)", "bench-libpam"), ("the service is not listed", "bench-ignored"),
            ("no rule for the user", "bench-unmapped"))]
        return [{**row, "beyond_ms": row["wall_ms"] - floor["wall_ms"]} for row in (floor, *rows)]
    finally:
        map_everybody()


def nobodys_login(host: Host, what: str, service: str, user: str, count: int) -> Figures:
    host.load.logins(service, [user], "--times", 3)
    runs = host.load.logins(service, [user], "--times", count).runs
    return {"what": what, "wall_ms": statistics.median(map(wall_ms, runs)), "cpu_ms": statistics.median(map(cpu_ms, runs))}


# ---- how cost grows --------------------------------------------------------------------------------------------------


def growth_of_map(host: Host, helper: Resident, login: Contender, rules: int, count: int) -> Figures:
    """The one who logs in is named in the last line."""
    user = PEOPLE[-1]
    others = "".join(f"person-{number:06}  research  profile-{number:06}\n" for number in range(rules - 1))
    write_configuration("users.map", f"{others}{user}  research  {{user}}\n")
    began = time.monotonic()
    ask(SOCKET, uid=uid_of(user), budget_ms=20000)
    after_change = time.monotonic() - began
    return {"rules": rules, "first_after_change_ms": after_change * 1000, **logins_of(host, helper, login, user, count),
            "helper_mib": helper.resident_mib()}


def logins_of(host: Host, helper: Resident, login: Contender, user: str, count: int) -> Figures:
    """What one user waits for, and what the workers use to find who he is in Studio."""
    before = helper.cpu_of_workers_ns()
    runs = host.load.logins(login.service, [user], "--times", count).runs
    return {"wall_ms": statistics.median(map(wall_ms, runs)), "failed": sum(not run.good for run in runs),
            "lookup_cpu_ms": (helper.cpu_of_workers_ns() - before) / count / 1e6}


def ask_for_nothing(over: multiprocessing.synchronize.Event, told: multiprocessing.SimpleQueue) -> None:
    waits = []
    while not over.is_set():
        began = time.monotonic()
        ask(SOCKET, op="stats")
        waits.append((began, time.monotonic()))
    told.put(waits)


def stall_while_map_is_read(rules: int) -> Figures:
    """How long others wait for an answer, at most, while a changed map is being read.  Who asks is a process of his
    own, so that he waits for nobody but the helper."""
    text = "".join(f"person-{number:06}  research  changed-{number:06}\n" for number in range(rules))
    context = multiprocessing.get_context("fork")
    over, told = context.Event(), context.SimpleQueue()
    asking = context.Process(target=ask_for_nothing, args=(over, told))
    asking.start()
    time.sleep(0.5)
    write_configuration("users.map", f"{text}*  research  {{user}}\n")
    changed = time.monotonic()
    ask(SOCKET, uid=uid_of(PEOPLE[0]), budget_ms=20000)
    over.set()
    waits = told.get()
    asking.join()
    before = [ended - began for began, ended in waits if ended < changed]
    meanwhile = [ended - began for began, ended in waits if ended >= changed]
    return {"rules": rules, "usual_ms": statistics.median(before) * 1000, "answers": len(meanwhile),
            "p99_ms": percentile(meanwhile, 99) * 1000, "longest_ms": max(meanwhile) * 1000}


def growth_of_clicks(host: Host, click: Contender, at_once: int) -> Figures:
    done = click.click(host, at_once, "--at-once")
    return {"at_once": at_once, **latencies(done.runs, done.total)}


def growth_of_groups(host: Host, helper: Resident, login: Contender, count: int) -> list[Figures]:
    """A user in 200 groups, found by a rule for one of them: the first line, or after those of a hundred others."""
    results = []
    for what, lines in (("by name", [f"{MEMBER_OF_MANY}  research  {{user}}"]),
                        ("by a group, first rule", [f"@{GROUPS[-1]}  research  {{user}}"]),
                        ("by a group, 101st rule", [*(f"@team-{n:03}-admins  -" for n in range(100)),
                                                    f"@{GROUPS[-1]}  research  {{user}}"])):
        write_configuration("users.map", "\n".join(lines) + "\n")
        ask(SOCKET, uid=uid_of(MEMBER_OF_MANY), budget_ms=20000)
        results.append({"what": what, **logins_of(host, helper, login, MEMBER_OF_MANY, count)})
    map_everybody()
    return results


# ---- memory ----------------------------------------------------------------------------------------------------------


def memory_with_conversations(host: Host, helper: Resident, count: int) -> Figures:
    """All of them wait for an API that takes two seconds."""
    host.aws.set_round_trips(0, 2000)
    clients = [connect(SOCKET) for _ in range(count)]
    try:
        for user, client in zip(PEOPLE, clients):
            send(client, request_text(op="issue", uid=uid_of(user), budget_ms=30000))
        eventually("all conversations under way", lambda: host.aws.counters()["api_connections"] >= 8)
        time.sleep(0.5)
        resident_mib = helper.resident_mib()
    finally:
        host.aws.set_round_trips(0, 0)
    answers = [parse_answer(receive(client))["status"] for client in clients]
    for client in clients:
        client.close()
    return {"conversations": count, "mib": resident_mib, "served": answers.count("ok")}


def ask_for_links(count: int) -> None:
    for number in range(count):
        answer = ask(SOCKET, uid=uid_of(PEOPLE[number % len(PEOPLE)]), budget_ms=20000)
        if answer["status"] != "ok":
            raise RuntimeError(f"no link: {answer}")


def memory_over_links(helper: Resident, count: int, steps: int = 10) -> list[Figures]:
    """After each tenth part of so many links."""
    figures = []
    for step in range(steps):
        ask_for_links(count // steps)
        figures.append({"links": count // steps * (step + 1), "mib": helper.resident_mib()})
    return figures
