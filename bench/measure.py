"""Rounds: each scenario is run against every target in turn, several times, in alternating order."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.load import accounting
from bench.load.engine import closed_loop
from bench.load.scenarios import SCENARIOS, PreparationError, Scenario
from bench.targets import Target

WARM_UP_UNITS = 1_500


@dataclass(frozen=True, slots=True)
class Round:
    """One run of one scenario against one target; CPU seconds by process tree."""

    units: int
    wall: float
    cpu: dict[str, float]
    p50: float
    p99: float
    errors: dict[str, int]

    @property
    def cpu_per_unit(self) -> float:
        """Return the CPU seconds of the whole stack for one unit that succeeded; 0 if none did."""
        return sum(self.cpu.values()) / self.units if self.units else 0.0


@dataclass(frozen=True, slots=True)
class Series:
    """All rounds of one scenario against one target."""

    scenario: Scenario
    target: str
    rounds: list[Round]

    def cpu_per_unit(self) -> float:
        """Return the median CPU seconds for one unit, whole stack."""
        return median(one.cpu_per_unit for one in self.rounds)

    def cpu_by_tree(self) -> dict[str, float]:
        """Return the median CPU seconds for one unit of each process tree."""
        return {name: median(one.cpu[name] / max(1, one.units) for one in self.rounds) for name in self.rounds[0].cpu}

    def rate(self) -> float:
        """Return the median of units a second."""
        return median(one.units / one.wall for one in self.rounds if one.wall)

    def latency(self) -> tuple[float, float]:
        """Return the medians of p50 and p99 in seconds."""
        return median(one.p50 for one in self.rounds), median(one.p99 for one in self.rounds)

    def errors(self) -> dict[str, int]:
        """Return every error with its number over all rounds."""
        total: dict[str, int] = {}
        for one in self.rounds:
            for text, count in one.errors.items():
                total[text] = total.get(text, 0) + count
        return total


def run(targets: Sequence[Target], *, rounds: int, scale: float, only: frozenset[str]) -> list[Series]:
    """Run all scenarios (or `only` some) and return one series for each scenario and target."""
    found = []
    for scenario in SCENARIOS:
        taking_part = [target for target in targets if scenario.name not in target.skips]
        if not taking_part or (only and scenario.name not in only):
            continue
        found += _run_scenario(scenario, taking_part, rounds=rounds, scale=scale)
    return found


def _run_scenario(scenario: Scenario, targets: list[Target], *, rounds: int, scale: float) -> list[Series]:
    units = max(20, int(scenario.units * scale))
    series = {target.name: Series(scenario, target.name, []) for target in targets}
    # A just-in-time compiler needs more than a handful of requests; a small run warms up with its own size.
    warm_up = min(units, WARM_UP_UNITS)
    try:
        for target in targets:
            warmed = closed_loop(target.address, scenario.prepare(target, warm_up), warm_up)
            if warmed.errors:
                _say(f"{scenario.name}: {target.name} failed while warming up: {dict(warmed.errors)}")
        for number in range(rounds):
            for target in targets if number % 2 == 0 else reversed(targets):
                one = _run_round(scenario, target, units)
                series[target.name].rounds.append(one)
                _say(f"{scenario.name} {number + 1}/{rounds} {target.name}: {one.cpu_per_unit * 1e6:.0f} µs a unit")
    except PreparationError as error:
        _say(f"{scenario.name}: left out: {error}")
        return []
    return list(series.values())


def _run_round(scenario: Scenario, target: Target, units: int) -> Round:
    factories = scenario.prepare(target, units)
    accounting.settle(target.roots)
    before = accounting.cpu_seconds(target.roots)
    outcome = closed_loop(target.address, factories, units)
    accounting.settle(target.roots)
    after = accounting.cpu_seconds(target.roots)
    return Round(
        units=len(outcome.latencies),
        wall=outcome.wall,
        cpu={name: after[name] - before[name] for name in target.roots},
        p50=outcome.percentile(0.50),
        p99=outcome.percentile(0.99),
        errors=dict(outcome.errors),
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
