"""``idp keys``: list, rotate, move a rotation, retire, revoke, drill, exchange the master key."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import click

from idp.cli.context import Context, pass_context
from idp.cli.key_drill import drill
from idp.cli.master_key import rewrap
from idp.cli.output import confirm, emit, emit_rows, with_exit_codes
from idp.errors import InvalidInput
from keys.service import Outcome

WITH_KID: Final = {"ignore_unknown_options": True, "help_option_names": ["--help"]}
"""A thumbprint may begin with a hyphen, as ``-h3r…``, which would ask for help instead of revoking a key, and end with 0."""


@click.group("keys")
def keys_group() -> None:
    """Signing keys, and the master key."""


keys_group.add_command(drill)
keys_group.add_command(rewrap)


@keys_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_context
@with_exit_codes
def list_keys(context: Context, /, *, as_json: bool) -> None:
    """Show every key with its state and moments (epoch seconds)."""
    names = ("kid", "alg", "use", "state", "created", "activates", "retires", "moved_from")
    rows = [{name: getattr(row, name) for name in names} for row in context.stores.key_service.rows()]
    emit_rows(rows, as_json=as_json)


@keys_group.command("rotate")
@click.option("--alg", default="ES256", show_default=True, help="Algorithm whose key is replaced.")
@click.option("--force", is_flag=True, help="Although the next key is too young for caches to know it.")
@click.option("--reason", default="", help="Goes into the audit log.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def rotate(context: Context, /, *, alg: str, force: bool, reason: str, as_json: bool) -> None:
    """Make the next key active and publish a new next."""
    stores = context.stores
    outcome = stores.key_service.rotate(alg, stores.clock.now(), force=force, actor="operator:local", note=reason)
    _report(outcome, as_json=as_json)


@keys_group.command("schedule", context_settings=WITH_KID)
@click.argument("kid")
@click.option("--at", required=True, help="When to rotate, as 2026-12-01T22:00+07:00.")
@click.option("--reason", default="", help="Goes into the audit log.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def schedule(context: Context, /, *, kid: str, at: str, reason: str, as_json: bool) -> None:
    """Move the next rotation of the active key KID; the rotation after it keeps to the settings."""
    stores, moment = context.stores, _moment(at)
    outcome = stores.key_service.move(kid, moment, stores.clock.now(), actor="operator:local", note=reason)
    _report(outcome, as_json=as_json)


@keys_group.command("unschedule", context_settings=WITH_KID)
@click.argument("kid")
@click.option("--reason", default="", help="Goes into the audit log.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def unschedule(context: Context, /, *, kid: str, reason: str, as_json: bool) -> None:
    """Give the next rotation of the active key KID the moment of the settings back."""
    stores = context.stores
    outcome = stores.key_service.unmove(kid, stores.clock.now(), actor="operator:local", note=reason)
    _report(outcome, as_json=as_json)


@keys_group.command("retire", context_settings=WITH_KID)
@click.argument("kid")
@click.option("--reason", default="", help="Goes into the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def retire(context: Context, /, *, kid: str, reason: str, yes: bool, as_json: bool) -> None:
    """Stop a key from signing; what it signed stays valid."""
    confirm(f"{kid} never signs again. Retire it?", yes=yes, is_final=False)
    stores = context.stores
    outcome = stores.key_service.retire(kid, stores.clock.now(), actor="operator:local", note=reason)
    _report(outcome, as_json=as_json)


@keys_group.command("revoke", context_settings=WITH_KID)
@click.argument("kid")
@click.option("--reason", required=True, help="Goes into the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def revoke(context: Context, /, *, kid: str, reason: str, yes: bool, as_json: bool) -> None:
    """Void a key and everything that it signed, at once."""
    confirm(f"Every token signed by {kid} becomes invalid at once. Revoke it?", yes=yes)
    stores = context.stores
    outcome = stores.key_service.revoke(kid, stores.clock.now(), actor="operator:local", note=reason)
    _report(outcome, as_json=as_json)


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("must be a moment such as 2026-12-01T22:00+07:00", field="--at") from error
    if moment.tzinfo is None:
        raise InvalidInput("must say the offset from UTC, such as 2026-12-01T22:00+07:00", field="--at")
    return int(moment.timestamp())


def _report(outcome: Outcome, *, as_json: bool) -> None:
    events = [{"action": event.action.value, "kid": event.kid, "alg": event.alg} for event in outcome.events]
    emit(
        {"version": outcome.version, "events": events},
        as_json=as_json,
        text="\n".join(f"{event['action']} {event['alg']} {event['kid']}" for event in events) or "nothing to do",
    )
