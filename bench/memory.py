"""`python -m bench.memory`: what the processes of the provider hold, after its start and after one load after another.

The resident set (RSS) is what the goal speaks of; the proportional one (PSS) divides a page by those who share it, and private is what a further
process would cost.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

from bench.load import accounting
from bench.load.engine import closed_loop
from bench.load.scenarios import SCENARIOS
from bench.targets import Target, ours

_GOAL = 100.0
_LOADS = (
    (("client_credentials", 3_000),),
    (("refresh", 3_000),),
    (("sign_in", 3_000), ("userinfo", 3_000), ("introspection", 2_000)),
)
_PASSWORDS = 96
_IDLE_GOES_BACK = 7.0
"""Seconds after which a worker has given back what lies idle (`idp.server.memory`)."""

Sizes = dict[str, float]


def _sizes(pid: int) -> Sizes:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = {name: int(value) for name, value in re.findall(r"^(\w+): +(\d+) kB$", text, re.MULTILINE)}
    private = kib["Private_Clean"] + kib["Private_Dirty"]
    return {
        name: round(size / 1024, 1) for name, size in (("rss", kib["Rss"]), ("pss", kib["Pss"]), ("private", private))
    }


def _processes(target: Target) -> dict[str, Sizes]:
    """Return the sizes in MiB of the parent, one worker and the regular tasks, by the names that `ps` shows."""
    root = target.roots["server"]
    named = {pid: Path(f"/proc/{pid}/comm").read_text().strip() for pid in accounting.tree(root)}
    return {"parent" if pid == root else name: _sizes(pid) for pid, name in named.items()}


def _load(target: Target, name: str, units: int) -> None:
    scenario = next(one for one in SCENARIOS if one.name == name)
    outcome = closed_loop(target.address, scenario.prepare(target, units), units)
    if outcome.errors:
        message = f"{name}: {dict(outcome.errors)}"
        raise RuntimeError(message)


def _steps(target: Target) -> Iterator[tuple[str, dict[str, Sizes]]]:
    time.sleep(_IDLE_GOES_BACK)
    yield "the start", _processes(target)
    for loads in _LOADS:
        for name, units in loads:
            _load(target, name, units)
        accounting.settle(target.roots)
        yield ", ".join(f"{units} {name}" for name, units in loads), _processes(target)
    _load(target, "password", _PASSWORDS)
    yield f"{_PASSWORDS} password sign-ins, at once after them", _processes(target)
    time.sleep(_IDLE_GOES_BACK)
    yield "seven seconds later", _processes(target)


def main() -> int:
    """Measure, print, and return 0 when a worker meets the goal at the end."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--stack", choices=("sqlite", "pgredis"), default="sqlite")
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    options = parser.parse_args()
    found = {}
    with ours(options.stack, workers=1, connections=16) as target:
        for step, sizes in _steps(target):
            found[step] = sizes
            print(f"{step}: {sizes}", flush=True)
    if options.out is not None:
        options.out.write_text(json.dumps({"stack": options.stack, "goal": _GOAL, "after": found}, indent=2) + "\n")
    return 0 if sizes["idp-web"]["rss"] <= _GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
