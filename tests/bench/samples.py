"""Figures of interleaved rounds: medians, ratios within a round, and how much they scatter.

SPDX-License-Identifier: MIT
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from bench_host import Run


@dataclass
class Rounds:
    """What one contender did, round by round."""

    rounds: list[list[Run]] = field(default_factory=list)

    def add(self, runs: list[Run]) -> None:
        self.rounds.append(runs)

    @property
    def runs(self) -> list[Run]:
        return [run for runs in self.rounds for run in runs]

    @property
    def failed(self) -> int:
        return sum(not run.good for run in self.runs)

    def median(self, figure: Callable[[Run], float]) -> float:
        return statistics.median(map(figure, self.runs))

    def spread(self, figure: Callable[[Run], float]) -> float:
        """Half of what lies between the quartiles, as a part of the median."""
        values = list(map(figure, self.runs))
        if len(values) < 4:
            return 0
        first, _, third = statistics.quantiles(values, n=4)
        return (third - first) / 2 / statistics.median(values)

    def times(self, other: "Rounds", figure: Callable[[Run], float]) -> float:
        """How many times the other's figure this is: the median of the rounds' own ratios, so that a machine whose
        speed drifts does not count."""
        ratios = [statistics.median(map(figure, mine)) / statistics.median(map(figure, theirs))
                  for mine, theirs in zip(self.rounds, other.rounds)]
        return statistics.median(ratios)


def percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def wall_ms(run: Run) -> float:
    return run.wall / 1e6


def cpu_ms(run: Run) -> float:
    return run.cpu / 1e6


def memory_mib(run: Run) -> float:
    return run.memory / 1024
