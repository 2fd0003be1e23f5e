"""``idp ldap``: department directories: test a configuration, compare people, see what was done."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import Exit, confirm, emit, emit_rows, fail, first_line, say, with_exit_codes
from idp.errors import InvalidInput, NotFound, Refused
from idp.flows.comparing import Report, people
from idp.flows.examining import examined
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.directory import Check
from idp.ports.directories import Directory
from idp.wiring import Wiring

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_OPERATOR = "operator:local"
_DONE = frozenset({"go", "dry_run"})


@click.group("ldap")
def ldap_group() -> None:
    """Directories of departments, with which officials sign in."""


@ldap_group.command("test")
@click.argument("directory", required=False)
@click.option("--username", help="Follow the sign-in of this person, down to the roles.")
@click.option("--password-stdin", is_flag=True, help="Read the person's password from stdin and verify it.")
@_JSON
@pass_context
@with_exit_codes
def test(
    context: Context, /, *, directory: str | None, username: str | None, password_stdin: bool, as_json: bool
) -> None:
    """Go through the configuration of DIRECTORY (or of all) step by step; exit 5 when a step fails."""
    if username is not None and directory is None:
        raise InvalidInput("name the directory of the person", field="DIRECTORY")
    if password_stdin and username is None:
        raise InvalidInput("whose password is it?", field="--username")
    password = first_line() if password_stdin else None
    wiring, is_well = context.wiring, True
    for one in _named(wiring, directory):
        checks = list(examined(one, wiring.officials, username, password))
        emit_rows([_row(one.name, check) for check in checks], as_json=as_json)
        failed = [check.step for check in checks if check.state == "failed"]
        is_well = is_well and not failed
        if username is not None:
            _note(wiring, one.name, failed)
    if not is_well:
        fail("something is wrong: see the lines above", Exit.CHECK_FAILED)


@ldap_group.command("compare")
@click.argument("directory", required=False)
@click.option("--dry-run", is_flag=True, help="Always so: this command changes nothing.")
@_JSON
@pass_context
@with_exit_codes
def compare(context: Context, /, *, directory: str | None, dry_run: bool, as_json: bool) -> None:  # noqa: ARG001 - see its help
    """Show who has moved or left DIRECTORY (or any), and whether it would be carried out; exit 4 when it would not."""
    reports = [context.wiring.comparer.run(one.name, dry_run=True) for one in _named(context.wiring, directory)]
    _show(reports, as_json=as_json)


@ldap_group.command("sync")
@click.argument("directory", required=False)
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option("--force", is_flag=True, help="Although more would go than the brake allows; wants --reason.")
@click.option("--reason", default="", help="Goes into the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@pass_context
@with_exit_codes
def sync(
    context: Context, /, *, directory: str | None, dry_run: bool, force: bool, reason: str, yes: bool, as_json: bool
) -> None:
    """Compare DIRECTORY (or all) now and carry it out: roles and sessions of who left end. Exit 4 when the brake holds."""
    if force and not reason.strip():
        raise click.UsageError("--force wants a --reason")
    if force and not dry_run:
        confirm("The brake will not hold. Carry out whatever the comparison finds?", yes=yes)
    run = context.wiring.comparer.run
    reports = [
        run(one.name, dry_run=dry_run, force=force, reason=reason, actor=_OPERATOR)
        for one in _named(context.wiring, directory)
    ]
    _show(reports, as_json=as_json)


@ldap_group.command("status")
@_JSON
@pass_context
@with_exit_codes
def status(context: Context, /, *, as_json: bool) -> None:
    """Show each directory with its people and its last comparison."""
    wiring = context.wiring
    rows = []
    for source in wiring.settings.directories.sources:
        live = [row for row in wiring.officials.links(source.name) if row.ended_at is None]
        run = wiring.official_store.last_run(source.name)
        last = {"day": run.day, "outcome": run.outcome, **run.counts} if run else {"day": "", "outcome": ""}
        row = {
            "directory": source.name,
            "dialect": source.dialect,
            "servers": " ".join(source.servers),
            "people": len(live),
        }
        rows.append({**row, "day": last["day"], "outcome": last["outcome"], "gone": last.get("gone", 0)})
    emit_rows(rows, as_json=as_json)


@ldap_group.command("retire")
@click.argument("directory")
@click.option("--reason", required=True, help="Goes into the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@pass_context
@with_exit_codes
def retire(context: Context, /, *, directory: str, reason: str, yes: bool, as_json: bool) -> None:
    """End roles, sessions and accounts of everybody from DIRECTORY, which is in the settings no more."""
    wiring = context.wiring
    if directory in {source.name for source in wiring.settings.directories.sources}:
        raise Refused("the directory is in the settings: take it out first, or its people come back")
    live = [row for row in wiring.officials.links(directory) if row.ended_at is None]
    if not live:
        raise NotFound("nobody is known from this directory", field="DIRECTORY")
    confirm(f"Close the accounts of {len(live)} officials?", yes=yes)
    for row in live:
        wiring.officials.let_go(row, "directory_retired")
    event = AuditEvent(
        Event.DIRECTORY_RETIRE,
        reason=reason,
        actor=_OPERATOR,
        target=f"directory:{directory}",
        detail={"gone": len(live)},
    )
    wiring.audit.write(event)
    emit({"directory": directory, "gone": len(live)}, as_json=as_json)


@ldap_group.command("roles")
@click.argument("account_id")
@_JSON
@pass_context
@with_exit_codes
def roles(context: Context, /, *, account_id: str, as_json: bool) -> None:
    """Show the roles in force of an official's account."""
    wiring = context.wiring
    rows = [
        {
            "role": view.role,
            "unit": view.unit["code"] if view.unit else None,
            "edition": view.unit["edition"] if view.unit else None,
            "name": view.unit["name"] if view.unit else None,
            "valid_from": view.valid_from,
            "valid_to": view.valid_to,
            "source": view.source,
        }
        for view in wiring.roles.in_force(wiring.account_id(account_id))
    ]
    emit_rows(rows, as_json=as_json)


def _named(wiring: Wiring, name: str | None) -> list[Directory]:
    """Return the directory of a name, or all; raises ``NotFound``."""
    if name is None and wiring.directories:
        return list(wiring.directories.values())
    if name is None or name not in wiring.directories:
        raise NotFound("there is no such directory: see [[directories.sources]]", field="DIRECTORY")
    return [wiring.directories[name]]


def _row(directory: str, check: Check) -> dict[str, Any]:
    shown = {"state": check.state, "detail": check.detail, "advice": check.advice}
    return {"directory": directory, "step": check.step, "server": check.server, **shown}


def _note(wiring: Wiring, directory: str, failed: list[str]) -> None:
    """Record that an operator tried somebody's sign-in; whose is not said, as it may be nobody's."""
    outcome = Outcome.FAILED if failed else Outcome.DONE
    detail = {"failed": failed}
    event = AuditEvent(Event.DIRECTORY_TEST, outcome, actor=_OPERATOR, target=f"directory:{directory}", detail=detail)
    wiring.audit.write(event)


def _show(reports: Iterable[Report], *, as_json: bool) -> None:
    worst = Exit.OK
    for report in reports:
        emit_rows(
            [{"directory": report.directory, "outcome": report.outcome, **report.counts, "why": report.why}],
            as_json=as_json,
        )
        touched = [dict(zip(("account_id", "what", "detail"), row, strict=True)) for row in people(report)]
        emit_rows(touched, as_json=as_json)
        if report.outcome not in _DONE:
            say(f"{report.directory}: nothing was done: {report.outcome} {report.why}".rstrip())
            worst = max(worst, Exit.FAILURE if report.outcome == "unavailable" else Exit.REFUSED)
        elif report.failed:
            worst = max(worst, Exit.FAILURE)
    if worst is not Exit.OK:
        sys.exit(worst)
