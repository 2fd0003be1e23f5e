"""``idp keys drill``: the emergency rehearsed on a running deployment, and what it measured."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import emit, say, with_exit_codes
from idp.flows.key_drill import Drill, last_drill
from idp.wiring.drilling import drills_of


@click.command("drill")
@click.option(
    "--alg", default="", help="Algorithm whose next key is revoked; by default the last of IDP_KEYS__ALGORITHMS."
)
@click.option("--at", default="", help="Base address at which the key set is read, e.g. http://127.0.0.1:8000.")
@click.option("--reason", default="", help="Goes into the audit log.")
@click.option("--last", is_flag=True, help="Show what the last drill found; start none.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def drill(context: Context, /, *, alg: str, at: str, reason: str, last: bool, as_json: bool) -> None:
    """Revoke a next key, which has signed nothing, and measure until nobody accepts it; nobody loses a session."""
    wiring = context.wiring
    if last:
        _report(last_drill(wiring.deployment), as_json=as_json)
        return
    say(f"this takes a cache lifetime ({context.settings.jwks_max_age} s) and some seconds")
    chosen = alg or context.settings.keys.algorithms[-1]
    _report(drills_of(wiring, at).run(chosen, "operator:local", reason), as_json=as_json)


def _report(found: Drill | None, *, as_json: bool) -> None:
    data: dict[str, Any] = asdict(found) if found else {}
    emit(data, as_json=as_json, text=None if found else "no drill yet")
