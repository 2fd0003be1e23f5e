"""``idp data-protection``: figures, the record of processing, and what the log knows of a breach, as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson

from idp.cli.bundle_files import opened_to_write
from idp.cli.context import Context, pass_context
from idp.cli.output import emit, emit_rows, say, with_exit_codes
from idp.clock import VIETNAM
from idp.endpoints.api.protection import processing_view
from idp.endpoints.breach_files import drafts_of, people_of, report_of
from idp.errors import InvalidInput
from idp.flows.administration.breaches import BreachQuestion
from idp.model.audit import AuditEvent, Event
from policies.breach import Scope

_OPERATOR = "operator:local"
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group("data-protection")
def protection_group() -> None:
    """For the data-protection officer."""


@protection_group.command("report")
@click.option("--from", "since", required=True, help="First day, such as 2026-10-01.")
@click.option("--to", "until", required=True, help="Last day.")
@_JSON
@pass_context
@with_exit_codes
def report(context: Context, /, *, since: str, until: str, as_json: bool) -> None:
    """Show consents, requests and looks of staff in a period; nobody is named."""
    found = context.wiring.administration.protection.figures(_day(since), _day(until) + 86400)
    rows: list[dict[str, Any]] = [{"figure": "consents", **asdict(one)} for one in found.systems]
    rows += [{"figure": "requests", **asdict(one)} for one in found.requests]
    rows += [{"figure": "looks", "event": event, "count": count} for event, count in found.looks or ()]
    emit_rows(rows, as_json=as_json)


@protection_group.command("processing")
@_JSON
@pass_context
@with_exit_codes
def processing(context: Context, /, *, as_json: bool) -> None:
    """List the record of processing activities, a system a row."""
    rows: Iterable[dict[str, Any]] = (
        processing_view(one) for one in context.wiring.administration.protection.everything()
    )
    emit_rows(
        rows if as_json else ({name: _plain(value) for name, value in row.items()} for row in rows), as_json=as_json
    )


@protection_group.command("breach")
@click.option("--scope", type=click.Choice([one.value for one in Scope]), required=True, help="What was broken into.")
@click.option(
    "--id", "ids", multiple=True, required=True, help="Of the system, unit, key, session or account; may be repeated."
)
@click.option("--since", required=True, help="Moment in Vietnam's time, such as 2026-11-27T08:30.")
@click.option("--until", required=True, help="Moment, not included.")
@click.option("--discovered", required=True, help="When it was found out: 72 hours run from then.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder, made if missing.")
@click.option("--whole-ids", is_flag=True, help="List people by whole account ids, to tell them.")
@click.option("--reason", required=True, help="What happened; goes into the audit log and the draft.")
@_JSON
@pass_context
@with_exit_codes
def breach(context: Context, /, *, out: Path, whole_ids: bool, as_json: bool, **given: Any) -> None:
    """Write report.json, people.csv and drafts of the notification; recorded before anything is read."""
    wiring = context.wiring
    since, until, discovered = (_moment(given[name], name) for name in ("since", "until", "discovered"))
    asked = BreachQuestion(given["scope"], tuple(given["ids"]), since, until, discovered, given["reason"])
    breaches = wiring.administration.breaches
    wanted = breaches.wanted(asked)
    detail = {"scope": asked.scope, "since": since, "until": until, "whole_ids": whole_ids}
    wiring.audit.write(
        AuditEvent(Event.ADMIN_EXPORT, reason=asked.reason, actor=_OPERATOR, target="list:breach", detail=detail)
    )
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = wiring.clock.now()
    with wiring.breach_collector.collect(wanted) as found:
        shown = report_of(found, asked, now, breaches.name)
        _write(out / "report.json", [orjson.dumps(shown, option=orjson.OPT_INDENT_2)])
        for language, text in drafts_of(found, asked, now, breaches.name).items():
            _write(out / f"notification.{language}.txt", [text.encode()])
        _write(out / "people.csv", (line.encode() for line in people_of(found, masked=not whole_ids)))
    emit({"people": shown["people"], "notify_by": shown["notify_by"], "folder": str(out)}, as_json=as_json)
    if asked.notify_by <= now:
        say("the 72 hours since the discovery are over")


def _write(path: Path, lines: Iterable[bytes]) -> None:
    with opened_to_write(path) as out:
        out.writelines(lines)


def _plain(value: object) -> object:
    return len(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _day(text: str) -> int:
    return _moment(f"{text}T00:00", "--from or --to")


def _moment(text: str, name: str) -> int:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("must be a moment such as 2026-11-27T08:30", field=name) from error
    return int((parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=VIETNAM)).timestamp())
