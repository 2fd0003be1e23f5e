"""``idp export`` and ``idp apply``: what is in the database as one document, and the way from here to another one."""

from __future__ import annotations

from typing import IO, Any

import click
import orjson

from idp.cli.context import Context, pass_context
from idp.cli.output import confirm, emit, say, with_exit_codes
from idp.errors import InvalidInput
from idp.flows.administration.configuration import Applied, Change
from keys.strict_json import read_object


@click.command("export")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def export(context: Context, /, *, as_json: bool) -> None:
    """Print the configuration that lives in the database, without secrets, as JSON: clients, administrators, federation, streams, initial tokens."""
    document = context.wiring.configuration.export()
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
    emit(document, as_json=as_json, text=text)


@click.command("apply")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Print the difference, write nothing.")
@click.option("--prune", is_flag=True, help="Also remove what the lists of FILE do not name.")
@click.option("--reason", default="idp apply", show_default=True, help="Goes into the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask before something is removed.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def apply(
    context: Context,
    /,
    *,
    file: IO[bytes],
    dry_run: bool,
    prune: bool,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Make the database hold what FILE says (`-` for stdin), all of it or nothing; secrets of new clients are shown this once."""
    try:
        document = read_object(file.read())
    except ValueError as error:
        raise InvalidInput(f"is no JSON object: {error}", field="FILE") from error
    configuration = context.wiring.configuration
    if prune and not dry_run and not yes:
        removed = _removed(configuration.apply(document, reason=reason, prune=True, dry_run=True))
        if removed:
            confirm(f"Remove {', '.join(removed)}?", yes=yes)
    done = configuration.apply(document, reason=reason, prune=prune, dry_run=dry_run)
    data: dict[str, Any] = {
        "dry_run": dry_run,
        "changes": [_row(one) for one in done.changes],
        "secrets": dict(done.secrets),
        "passed_over": list(done.passed_over),
    }
    for place in done.passed_over:
        say(f"{place}: is not in force here, and none is made from a file (`idp registration` issues one): passed over")
    if not done.changes:
        say("nothing to change")
    emit(data, as_json=as_json, text=_text(done))


def _removed(done: Applied) -> list[str]:
    return [f"{one.kind} {one.name}" for one in done.changes if one.act == "remove"]


def _row(one: Change) -> dict[str, Any]:
    fields = {name: {"before": before, "after": after} for name, (before, after) in one.fields.items()}
    return {"act": one.act, "kind": one.kind, "name": one.name, "fields": fields}


def _text(done: Applied) -> str:
    lines = []
    for one in done.changes:
        lines.append(f"{_SIGNS[one.act]} {one.kind} {one.name}")
        if one.act == "update":
            for name, (before, after) in one.fields.items():
                lines += [f"    - {name}: {_json(before)}", f"    + {name}: {_json(after)}"]
    lines += [f"client_secret of {client_id}: {secret}" for client_id, secret in done.secrets.items()]
    return "\n".join(lines)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


_SIGNS = {"add": "+", "update": "~", "remove": "-"}
