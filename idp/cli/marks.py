"""``idp clients not-before`` and ``idp accounts not-before``: what was issued before a moment counts for nothing any more."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import emit, with_exit_codes
from idp.errors import InvalidInput

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_AT = click.option("--at", default=None, help="Moment as 2026-11-27T08:00:00+07:00; without it now.")
_REASON = click.option("--reason", required=True, help="Goes into the audit log.")


@click.command("not-before")
@click.argument("client_id")
@_AT
@_REASON
@_JSON
@pass_context
@with_exit_codes
def clients_not_before(context: Context, /, *, client_id: str, at: str | None, reason: str, as_json: bool) -> None:
    """Void every token that was issued to a client before a moment; a mark never moves back."""
    moment = _moment(context, at)
    client = context.wiring.clients.set_not_before(client_id, moment, note=reason)
    emit({"client_id": client.client_id, "not_before": client.not_before}, as_json=as_json)


@click.command("not-before")
@click.argument("code_or_id")
@_AT
@_REASON
@_JSON
@pass_context
@with_exit_codes
def accounts_not_before(context: Context, /, *, code_or_id: str, at: str | None, reason: str, as_json: bool) -> None:
    """Void every token that was issued for an account before a moment; sessions go on (see `idp sessions revoke`)."""
    moment = _moment(context, at)
    account_id = context.wiring.account_id(code_or_id)
    ended = context.wiring.account_marks.void_before(account_id, moment, reason=reason)
    emit({"account_id": account_id, "not_before": moment, "ended": ended}, as_json=as_json)


def _moment(context: Context, at: str | None) -> int:
    """Return the mark in epoch seconds: within the second of "now" nothing is spared."""
    now = context.wiring.clock.now()
    if at is None:
        return now + 1
    try:
        given = datetime.fromisoformat(at)
    except ValueError as error:
        raise InvalidInput("must be a moment such as 2026-11-27T08:00:00+07:00", field="at") from error
    moment = int((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp())
    if moment > now + 1:
        raise InvalidInput("must not lie in the future", field="at")
    return moment
