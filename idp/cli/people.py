"""``idp sessions`` and ``idp consents``: look and revoke."""

from __future__ import annotations

from collections.abc import Iterable

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import confirm, emit, emit_rows, with_exit_codes
from idp.errors import NotFound
from idp.model.session import Session

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_YES = click.option("--yes", is_flag=True, help="Do not ask.")
_OPERATOR = "operator:local"


@click.group("sessions")
def sessions_group() -> None:
    """SSO sessions."""


@sessions_group.command("list")
@click.argument("account", required=False)
@_JSON
@pass_context
@with_exit_codes
def list_sessions(context: Context, /, *, account: str | None, as_json: bool) -> None:
    """Show the live sessions of ACCOUNT (code or id), newest first; without one those of everybody, by id."""
    service = context.wiring.sessions
    found: Iterable[Session] = service.everybodys()
    if account:
        found = (view.session for view in service.of_account(context.wiring.account_id(account)))
    names = ("account_id", "created_at", "last_seen_at", "acr")
    rows = ({"session_id": one.id, **{name: getattr(one, name) for name in names}} for one in found)
    emit_rows(rows, as_json=as_json)


@sessions_group.command("revoke")
@click.argument("account")
@click.option("--session", "session_id", default=None, help="Only this session; all by default.")
@click.option("--reason", default="", help="Goes into the audit log.")
@_YES
@_JSON
@pass_context
@with_exit_codes
def revoke_sessions(
    context: Context, /, *, account: str, session_id: str | None, reason: str, yes: bool, as_json: bool
) -> None:
    """End the sessions of ACCOUNT (code or id); the departments are told."""
    sessions = context.wiring.sessions
    views = sessions.of_account(context.wiring.account_id(account))
    chosen = [view.session for view in views if session_id in {None, view.session.id}]
    if session_id is not None and not chosen:
        raise NotFound(f"the account has no live session {session_id}")
    if chosen:
        confirm(f"End {len(chosen)} sessions?", yes=yes, is_final=False)
    for session in chosen:
        sessions.end(session, reason or "operator", _OPERATOR)
    emit({"ended": len(chosen)}, as_json=as_json)


@click.group("consents")
def consents_group() -> None:
    """Consents and notices."""


@consents_group.command("list")
@click.argument("account", required=False)
@click.option("--client", "client_id", default=None, help="Only for this client.")
@_JSON
@pass_context
@with_exit_codes
def list_consents(context: Context, /, *, account: str | None, client_id: str | None, as_json: bool) -> None:
    """Show consents, current and ended, newest first."""
    account_id = context.wiring.account_id(account) if account else None
    names = ("id", "account_id", "client_id", "kind", "scope", "text_version", "given_at", "ended_at", "end_reason")
    found = context.wiring.consents.search(account_id, client_id)
    emit_rows([{name: getattr(one, name) for name in names} for one in found], as_json=as_json)


@consents_group.command("revoke")
@click.argument("account")
@click.argument("client_id")
@click.option("--reason", required=True, help="Goes into the audit log.")
@_YES
@_JSON
@pass_context
@with_exit_codes
def revoke_consent(context: Context, /, *, account: str, client_id: str, reason: str, yes: bool, as_json: bool) -> None:
    """Withdraw the consent of ACCOUNT for CLIENT_ID; every token from it ends."""
    account_id = context.wiring.account_id(account)
    confirm(f"Withdraw the consent for {client_id}, and end every token from it?", yes=yes, is_final=False)
    if not context.wiring.consents.withdraw(account_id, client_id, actor=_OPERATOR, reason=reason):
        raise NotFound("there is no current consent of this account for this client")
    emit({"account_id": account_id, "client_id": client_id, "withdrawn": True}, as_json=as_json)
