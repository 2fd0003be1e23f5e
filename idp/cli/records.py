"""``idp audit``: search, export, verify, checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click
import orjson

from idp.cli.context import Context, pass_context
from idp.cli.output import Exit, emit, emit_rows, fail, with_exit_codes
from idp.ports.audit import AuditQuery

_PAGE = 1_000


@click.group("audit")
def audit_group() -> None:
    """The audit log."""


@audit_group.command("search")
@click.option("--account", default=None, help="Account id.")
@click.option("--client", default=None, help="Client id.")
@click.option("--event", "events", multiple=True, help="Event, such as session:sign-in; may be repeated.")
@click.option("--outcome", type=click.Choice(["done", "refused", "failed"]), default=None, help="How it ended.")
@click.option("--case", "case_code", default=None, help="Case code of an error page.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_context
@with_exit_codes
def search(context: Context, /, *, as_json: bool, limit: int, **wanted: Any) -> None:
    """Show matching records, newest first."""
    query = AuditQuery(
        account_id=wanted["account"],
        client_id=wanted["client"],
        events=wanted["events"],
        outcome=wanted["outcome"],
        case_code=wanted["case_code"],
        limit=limit,
    )
    rows = context.wiring.audit.search(query)
    if not as_json:
        names = ("seq", "at_us", "event", "outcome", "reason", "actor", "target", "case_code")
        rows = [{name: row[name] for name in names} for row in rows]
    emit_rows(list(rows), as_json=as_json)


@audit_group.command("export")
@click.argument("file", type=click.File("wb"))
@pass_context
@with_exit_codes
def export(context: Context, /, *, file: IO[bytes]) -> None:
    """Write the whole log as JSON lines, oldest first; `-` writes to stdout."""
    for row in _all(context):
        file.write(orjson.dumps(row) + b"\n")


@audit_group.command("verify")
@click.option(
    "--checkpoint", type=click.Path(exists=True, path_type=Path), default=None, help="A file of `audit checkpoint`."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def verify(context: Context, /, *, checkpoint: Path | None, as_json: bool) -> None:
    """Check every record, its number and the tree; exit 5 names the first bad record."""
    expected = orjson.loads(checkpoint.read_bytes()) if checkpoint else None
    verdict = context.wiring.audit_tree.verify(expected)
    fault = verdict.fault
    data: dict[str, Any] = {
        "ok": fault is None,
        "checked": verdict.checked,
        "sequenced": verdict.sequenced,
        "head": verdict.head,
    }
    if fault is not None:
        data |= {"record": fault.record_id, "position": fault.position, "reason": fault.reason}
    emit(data, as_json=as_json)
    if fault is not None:
        fail(f"record {fault.record_id or fault.position}: {fault.reason}", Exit.CHECK_FAILED)


@audit_group.command("checkpoint")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def checkpoint(context: Context, /, *, as_json: bool) -> None:
    """Enter what waits and print the tree's head: keep it elsewhere, and a truncated log is found by `verify --checkpoint`."""
    context.wiring.audit_tree.sequence()
    emit(context.wiring.audit_tree.checkpoint(), as_json=as_json)


def _all(context: Context) -> Iterator[dict[str, object]]:
    after: AuditQuery = AuditQuery(limit=_PAGE, ascending=True)
    while rows := context.wiring.audit.search(after):
        yield from rows
        after = AuditQuery(limit=_PAGE, ascending=True, after_id=str(rows[-1]["id"]))
