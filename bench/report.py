"""The report: one JSON document and one markdown table."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from statistics import median
from typing import Any, Final

from bench.measure import Series
from bench.targets import Target

GOALS: Final = {
    "discovery": 0.30,
    "jwks": 0.30,
    "client_credentials": 0.50,
    "refresh": 0.40,
    "sign_in": 0.40,
    "userinfo": 0.80,
    "introspection": 0.80,
}
"""Goals of the ratio ours / peer in CPU time of the whole stack for one unit."""

FEW: Final = "ours with few grants"
"""The target that holds ten thousand grants, where the effect of many is measured."""
GROWTH_GOAL: Final = 1.2
PASSWORD_GOAL: Final = 0.95
RSS_GOAL_MIB: Final = 100.0


def ratio(ours: Series, peer: Series) -> float | None:
    """Return the median of the rounds' ratios, each of neighbours in time; None if either side failed throughout."""
    pairs = zip(ours.rounds, peer.rounds, strict=True)
    found = [one.cpu_per_unit / other.cpu_per_unit for one, other in pairs if one.units and other.cpu_per_unit]
    return median(found) if found else None


def build(
    found: Sequence[Series], targets: Sequence[Target], settings: dict[str, Any], argon: tuple[float, float] | None
) -> dict[str, Any]:
    """Return the report as JSON values; times in microseconds of CPU or milliseconds of waiting, as the names say."""
    report: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()},
        "settings": settings,
        "scenarios": [_row(name, found) for name in dict.fromkeys(one.scenario.name for one in found)],
        "rss_mib": {target.name: target.rss() for target in targets},
    }
    if argon is not None:
        report["argon2id"] = {"per_second": round(argon[0], 1), "cpu_us": round(argon[1] * 1e6)}
        password = next((one for one in found if one.scenario.name == "password"), None)
        if password is not None and password.rate():
            report["argon2id"]["sign_in_rate_share"] = round(password.rate() / argon[0], 3)
            report["argon2id"]["sign_in_cpu_share"] = round(argon[1] / password.cpu_per_unit(), 3)
    return report


def _row(name: str, found: Sequence[Series]) -> dict[str, Any]:
    chosen = {one.target: one for one in found if one.scenario.name == name}
    row: dict[str, Any] = {"name": name, "title": next(iter(chosen.values())).scenario.title, "targets": {}}
    for target, series in chosen.items():
        p50, p99 = series.latency()
        row["targets"][target] = {
            "cpu_us": round(series.cpu_per_unit() * 1e6, 1),
            "cpu_us_by_tree": {key: round(value * 1e6, 1) for key, value in series.cpu_by_tree().items()},
            "per_second": round(series.rate(), 1),
            "p50_ms": round(p50 * 1e3, 2),
            "p99_ms": round(p99 * 1e3, 2),
            "units": sum(one.units for one in series.rounds),
            "errors": series.errors(),
        }
    for target, series in chosen.items():
        if target != "ours" and "ours" in chosen:
            found_ratio = ratio(chosen["ours"], series)
            row["targets"][target]["ratio"] = None if found_ratio is None else round(found_ratio, 3)
    if name in GOALS and "ours" in chosen:
        row["goal"] = GOALS[name]
    return row


def markdown(report: dict[str, Any]) -> str:
    """Return the report as a markdown table with its remarks."""
    lines = [
        "| scenario | server | CPU µs a unit | of it | a second | p50 ms | p99 ms | ours / this | goal | errors |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in report["scenarios"]:
        for target, figures in row["targets"].items():
            trees = ", ".join(f"{name} {value:.0f}" for name, value in figures["cpu_us_by_tree"].items())
            goal = f"{row['goal']:.2f}" if target == "peer" and "goal" in row else ""
            against = f"**{figures['ratio']:.2f}**" if figures.get("ratio") is not None else ""
            lines.append(
                f"| {row['title']} | {target} | {figures['cpu_us']:.0f} | {trees} | {figures['per_second']:.0f} "
                f"| {figures['p50_ms']:.2f} | {figures['p99_ms']:.2f} | {against} | {goal} "
                f"| {sum(figures['errors'].values())} |"
            )
    for target, sizes in report["rss_mib"].items():
        workers = ", ".join(f"{size:.0f}" for size in sizes["children"]) or "none"
        lines += ["", f"Resident memory of {target} in MiB: first process {sizes['first']:.0f}, children {workers}."]
    if "argon2id" in report:
        lines += ["", _argon_line(report["argon2id"])]
    return "\n".join(lines) + "\n"


def _argon_line(figures: dict[str, float]) -> str:
    line = f"argon2id on all cores: {figures['per_second']:.1f} a second, {figures['cpu_us']:.0f} µs of CPU each."
    if "sign_in_rate_share" in figures:
        line += (
            f" Password sign-ins reach {figures['sign_in_rate_share']:.0%} of that rate (the load driver shares the cores);"
            f" the hash is {figures['sign_in_cpu_share']:.0%} of a sign-in's CPU time (goal {PASSWORD_GOAL:.0%})."
        )
    return line


def misses(report: dict[str, Any]) -> list[str]:
    """Return one sentence for each goal that was not met and each scenario with errors."""
    found = []
    for row in report["scenarios"]:
        for target, figures in row["targets"].items():
            if figures["errors"]:
                found.append(f"{row['name']}: {target}: {figures['errors']}")
        reached = row["targets"].get("peer", {}).get("ratio")
        if reached is not None and "goal" in row and reached > row["goal"]:
            found.append(f"{row['name']}: {reached:.2f} is above {row['goal']:.2f}")
        growth = row["targets"].get(FEW, {}).get("ratio")
        if growth is not None and growth > GROWTH_GOAL:
            found.append(f"{row['name']}: with many grants it costs {growth:.2f} times as much")
    ours = report["rss_mib"].get("ours", {"children": []})
    heavy = [size for size in ours["children"] if size > RSS_GOAL_MIB]
    found.extend(f"memory: a process of ours holds {size:.0f} MiB" for size in heavy)
    return found
