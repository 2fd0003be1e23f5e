"""`python -m bench.passwords`: password sign-ins against the hash alone, in alternating windows of one run.

Both are CPU time: of the whole server for one sign-in (four requests), and of one argon2id hash. Neighbours on a shared machine slow both alike
within one pair of windows, so the share of each pair counts, and the median of the shares is the figure.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from statistics import median

from bench.argon import argon2id_rate
from bench.load import accounting
from bench.load.engine import closed_loop
from bench.load.scenarios import SCENARIOS
from bench.targets import Target, ours

_GOAL = 0.95


def _pair(target: Target, units: int, seconds: float) -> dict[str, float]:
    scenario = next(one for one in SCENARIOS if one.name == "password")
    before = argon2id_rate(seconds)
    factories = scenario.prepare(target, units)
    accounting.settle(target.roots)
    began = sum(accounting.cpu_seconds(target.roots).values())
    outcome = closed_loop(target.address, factories, units)
    accounting.settle(target.roots)
    cpu = (sum(accounting.cpu_seconds(target.roots).values()) - began) / max(1, len(outcome.latencies))
    after = argon2id_rate(seconds)
    hash_cpu = (before[1] + after[1]) / 2
    return {
        "sign_in_us": round(cpu * 1e6),
        "hash_us": round(hash_cpu * 1e6),
        "share": round(hash_cpu / cpu, 3),
        "sign_ins_per_second": round(len(outcome.latencies) / outcome.wall, 1),
        "hashes_per_second": round((before[0] + after[0]) / 2, 1),
        "errors": sum(outcome.errors.values()),
    }


def main() -> int:
    """Measure, print, and return 0 when the goal is met."""
    parser = argparse.ArgumentParser(prog="python -m bench.passwords", description=__doc__)
    parser.add_argument("--stack", choices=("sqlite", "pgredis"), default="sqlite")
    parser.add_argument("--pairs", type=int, default=5, help="pairs of windows")
    parser.add_argument("--units", type=int, default=100, help="sign-ins of one window")
    parser.add_argument("--seconds", type=float, default=2.0, help="of hashing, before and after each window")
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    options = parser.parse_args()
    with ours(options.stack, workers=1, connections=4) as target:
        _pair(target, 20, 0.1)
        pairs = [_pair(target, options.units, options.seconds) for _ in range(options.pairs)]
    share = median(pair["share"] for pair in pairs)
    result = {"cores": os.cpu_count(), "share": share, "goal": _GOAL, "pairs": pairs}
    for pair in pairs:
        print(pair)
    print(f"the hash is {share:.1%} of a sign-in's CPU time (goal {_GOAL:.0%})")
    if options.out is not None:
        options.out.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if share >= _GOAL and not any(pair["errors"] for pair in pairs) else 1


if __name__ == "__main__":
    raise SystemExit(main())
