"""``idp units``: import, show, tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import Exit as ExitCode
from idp.cli.output import confirm, emit, emit_rows, fail, say, with_exit_codes
from idp.cli.warning_texts import told
from policies.units import Move, Problem, Unit

_DATE = click.DateTime(["%Y-%m-%d"])


@click.group("units")
def units_group() -> None:
    """Administrative units."""


@units_group.command("import")
@click.argument("source")
@click.option("--as-of", type=_DATE, default=None, help="Day of a CSV snapshot that names none.")
@click.option("--dry-run", is_flag=True, help="Check and count, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def import_units(context: Context, /, *, source: str, as_of: Any, dry_run: bool, as_json: bool) -> None:
    """Import SOURCE: a .json or .csv file (docs/units.md) or package:vietnamadminunits."""
    day = as_of.date().isoformat() if as_of else None
    result = context.wiring.units.load(source, as_of=day, dry_run=dry_run)
    _notify(result.notices, as_json=as_json)
    emit({"rows": result.rows, "edges": result.edges, "dry_run": dry_run}, as_json=as_json)


@units_group.command("reorganise")
@click.argument("source", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Show what moves, write nothing.")
@click.option("--reason", default="", help="Why; kept in the audit log.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def reorganise(context: Context, /, *, source: str, dry_run: bool, reason: str, as_json: bool) -> None:
    """Carry out the events of FILE (docs/units.md) on their days, with everything that hangs on the units."""
    plan = context.wiring.reorganisations.plan(source, dry_run=dry_run, reason=reason)
    _notify(plan.register.notices, as_json=as_json)
    data = {
        "id": plan.id,
        "effective": plan.effective,
        "complete": plan.complete,
        "rows": plan.register.rows,
        "edges": plan.register.edges,
        "moves": _by_kind(plan.moves),
        "decisions": [_move(move) for move in plan.decisions],
        "dry_run": dry_run,
    }
    emit(data, as_json=as_json, text=_plan_text(data, plan.moves))


@units_group.command("reorganisations")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_context
@with_exit_codes
def reorganisations(context: Context, /, *, as_json: bool) -> None:
    """List the reorganisations, newest first."""
    names = ("id", "state", "effective", "complete", "source", "created_at", "settled_at")
    emit_rows(
        [{name: getattr(one, name) for name in names} for one in context.wiring.reorganisations.all()], as_json=as_json
    )


@units_group.command("undo")
@click.argument("reorganisation")
@click.option("--reason", required=True, help="Why; kept in the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def undo_reorganisation(context: Context, /, *, reorganisation: str, reason: str, yes: bool, as_json: bool) -> None:
    """Take a REORGANISATION back before its day."""
    entry = context.wiring.reorganisations.get(reorganisation)
    confirm(f"Undo the reorganisation of {entry.effective} ({entry.source})?", yes=yes)
    context.wiring.reorganisations.undo(reorganisation, reason=reason)
    emit({"id": entry.id, "state": "undone", "effective": entry.effective}, as_json=as_json)


@units_group.command("decisions")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_context
@with_exit_codes
def decisions(context: Context, /, *, as_json: bool) -> None:
    """List what hangs on no unit, or on several, today: each waits for a person's decision."""
    emit_rows([_move(move) for move in context.wiring.reorganisations.decisions()], as_json=as_json)


@units_group.command("show")
@click.argument("code")
@click.option("--on", type=_DATE, default=None, help="Day in question; today by default.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def show(context: Context, /, *, code: str, on: Any, as_json: bool) -> None:
    """Show the unit that has CODE on a day, what it became, and every unit that ever had the code."""
    answer = context.wiring.units.show(code, on.date().isoformat() if on else None)
    data: dict[str, Any] = {"on": answer.on, **(_shown(answer.unit) if answer.unit else {"code": code})}
    data["in_force"] = answer.unit is not None
    data["successors"] = [_shown(unit) for unit in answer.became]
    data["history"] = [_shown(unit) for unit in answer.history]
    emit(data, as_json=as_json, text=_text(data))


@units_group.command("tree")
@click.option("--on", type=_DATE, default=None, help="Day in question; today by default.")
@click.option("--under", default=None, help="Only the units below this code.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_context
@with_exit_codes
def tree(context: Context, /, *, on: Any, under: str | None, as_json: bool) -> None:
    """List the units of a day, each under the one above it."""
    service = context.wiring.units
    day = on.date().isoformat() if on else service.today()
    children = service.register.tree(day)
    if under is not None and service.register.on(under, day) is None:
        fail(f"no unit has the code {under} on {day}", ExitCode.NOT_FOUND)
    lines: list[tuple[int, Unit]] = []
    waiting = [(0, unit) for unit in reversed(children.get(under, ()))]
    while waiting:
        depth, unit = waiting.pop()
        lines.append((depth, unit))
        waiting.extend((depth + 1, child) for child in reversed(children.get(unit.code, ())))
    if as_json:
        emit_rows([_shown(unit) for _, unit in lines], as_json=True)
        return
    for depth, unit in lines:
        click.echo(f"{'  ' * depth}{unit.code} {unit.full_name}")


def _notify(notices: Iterable[Problem], *, as_json: bool) -> None:
    """Print what was seen and left as it was: in words, or by its id for scripts."""
    for one in notices:
        say(str(one if as_json else replace(one, reason=told(one.reason))))


def _shown(unit: Unit) -> dict[str, Any]:
    names = ("code", "valid_from", "valid_to", "level", "type", "name", "full_name", "parent_code")
    return {name: getattr(unit, name) for name in names}


def _move(move: Move) -> dict[str, Any]:
    holding = move.holding
    return {
        "kind": holding.kind,
        "holder": holding.holder,
        "count": holding.count,
        "fate": move.fate.value,
        "unit": "@".join(move.unit.key),
        "name": move.unit.full_name,
        "successors": ["@".join(unit.key) for unit in move.targets],
    }


def _by_kind(moves: Iterable[Move]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for move in moves:
        found[move.holding.kind] += move.holding.count
    return dict(sorted(found.items()))


def _plan_text(data: Mapping[str, Any], moves: Iterable[Move]) -> str:
    heading = f"{data['rows']} rows and {data['edges']} edges of the register, effective {data['effective']}"
    lines = [
        f"  {move.fate.value}: {move.holding.kind} {move.holding.holder or move.holding.count}:"
        f" {move.unit.full_name} -> {', '.join(unit.full_name for unit in move.targets) or '(decision needed)'}"
        for move in moves
    ]
    done = "nothing was written (dry run)" if data["dry_run"] else f"reorganisation {data['id']}"
    return "\n".join([heading, *lines, done])


def _text(data: Mapping[str, Any]) -> str:
    heading = f"{data['code']} {data.get('full_name', '(not in force)')} on {data['on']}"
    became = [f"  -> {unit['code']} {unit['full_name']}" for unit in data["successors"]]
    history = [f"  {unit['valid_from']} - {unit['valid_to'] or '…'}: {unit['full_name']}" for unit in data["history"]]
    return "\n".join([heading, *became, "history of the code:", *history])
