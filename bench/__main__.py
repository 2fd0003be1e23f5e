"""`python -m bench`: start the provider and the peer, load both the same, print the table, write the JSON."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path

from bench import measure, report
from bench.argon import argon2id_rate
from bench.load.scenarios import SCENARIOS
from bench.targets import Target, ours, peer

_QUICK = 0.4
_FEW_GRANTS = 10_000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--stack", choices=("sqlite", "pgredis"), default="sqlite", help="what the provider stands on")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="two fifths of the units, two rounds: CPU clocks tick in 10 ms, so small figures are coarse",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the number of units")
    parser.add_argument("--workers", type=int, default=1, help="of each server")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--only", action="append", default=[], choices=[one.name for one in SCENARIOS])
    parser.add_argument("--side", choices=("both", "ours", "peer"), default="both")
    parser.add_argument("--jwt-peer", action="store_true", help="also measure the peer with JWT access tokens")
    parser.add_argument(
        "--stored-grants",
        type=int,
        default=0,
        metavar="N",
        help="ours alone, beside ours with N grants in the database (the ratio is that of the second to the first)",
    )
    parser.add_argument("--id-token-alg", choices=("ES256", "RS256"), default="ES256", help="of the peer")
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    return parser.parse_args()


def _start(stack: ExitStack, options: argparse.Namespace) -> list[Target]:
    size = {"workers": options.workers, "connections": options.connections}
    targets = []
    if options.stored_grants:
        few = min(_FEW_GRANTS, options.stored_grants)
        named = (("ours", options.stored_grants), (report.FEW, few))
        return [stack.enter_context(ours(options.stack, **size, grants=count, name=name)) for name, count in named]
    if options.side != "peer":
        targets.append(stack.enter_context(ours(options.stack, **size)))
    if options.side != "ours":
        targets.append(stack.enter_context(peer(**size, id_token_alg=options.id_token_alg)))
        if options.jwt_peer:
            targets.append(stack.enter_context(peer(**size, is_jwt=True, id_token_alg=options.id_token_alg)))
    return targets


def main() -> int:
    """Measure and report; return 0 when every goal was met, 1 otherwise."""
    options = _arguments()
    if options.quick:
        options.scale, options.rounds = options.scale * _QUICK, min(options.rounds, 2)
    only = frozenset(options.only)
    with ExitStack() as stack:
        targets = _start(stack, options)
        needs_argon = options.side != "peer" and (not only or "password" in only)
        argon = argon2id_rate() if needs_argon else None
        found = measure.run(targets, rounds=options.rounds, scale=options.scale, only=only)
        settings = {name: value for name, value in vars(options).items() if name != "out"}
        result = report.build(found, targets, settings, argon)
    if options.out is not None:
        options.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    print(report.markdown(result))
    for miss in report.misses(result):
        print(f"not met: {miss}", file=sys.stderr)
    return 1 if report.misses(result) else 0


if __name__ == "__main__":
    sys.exit(main())
