"""``idp admins``: grant, revoke, list. The local operator grants anything, alone and with a reason in the audit log."""

from __future__ import annotations

from typing import Any

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import confirm, emit, emit_rows, say, with_exit_codes
from idp.errors import InvalidInput, NotFound
from idp.ports.administration import GrantQuery
from policies.delegation import TOP, AdminGrant, Proposal, Role

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_ROLE = click.option(
    "--role", type=click.Choice([role.value for role in Role]), required=True, help="What they may do."
)
_UNIT = click.option("--unit", default=TOP.code, show_default=True, help="Unit code; * is the whole deployment.")
_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"])
_OPERATOR = "operator:local"
_PAGE = 500


@click.group("admins")
def admins_group() -> None:
    """Administrators: a role over a unit and what is below it."""


@admins_group.command("grant")
@click.argument("who")
@_ROLE
@_UNIT
@click.option("--from", "begins", type=_MOMENT, default=None, help="First moment; now by default.")
@click.option("--until", "ends", type=_MOMENT, default=None, help="End; none by default.")
@click.option("--reason", default="", help="Goes into the audit log.")
@_JSON
@pass_context
@with_exit_codes
def grant(
    context: Context, /, *, who: str, role: str, unit: str, begins: Any, ends: Any, reason: str, as_json: bool
) -> None:
    """Grant WHO (an account's code or id, or client:ID) a role."""
    wiring = context.wiring
    now = wiring.clock.now()
    first, last = _epoch(begins) or now, _epoch(ends)
    if last is not None and last <= max(first, now):
        raise InvalidInput("must lie after the beginning and after now", field="--until")
    proposal = Proposal(_principal(context, who), Role(role), wiring.admins.unit(unit), first, last)
    emit(_shown(wiring.admins.grant(proposal, by=_OPERATOR, reason=reason)), as_json=as_json)


@admins_group.command("revoke")
@click.argument("who")
@_ROLE
@_UNIT
@click.option("--with-granted", is_flag=True, help="Also what they granted alone, and those in turn.")
@click.option("--reason", default="", help="Goes into the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@pass_context
@with_exit_codes
def revoke(
    context: Context,
    /,
    *,
    who: str,
    role: str,
    unit: str,
    with_granted: bool,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Take a role of WHO away, at once."""
    admins, principal = context.wiring.admins, _principal(context, who)
    mine = [
        one for one in admins.search(GrantQuery(principal=principal, role=role, limit=_PAGE)) if one.unit.code == unit
    ]
    if not mine:
        raise NotFound(f"{principal} does not have the role {role} over {unit}")
    more = [found for one in mine for found in admins.everything_from(one)] if with_granted else []
    confirm(f"Revoke {len(mine)} grant(s) of {principal} and {len(more)} made by them?", yes=yes)
    done = admins.revoke([*mine, *more], by=_OPERATOR, reason=reason)
    emit({"principal": principal, "role": role, "unit": unit, "revoked": done}, as_json=as_json)


@admins_group.command("list")
@click.option("--who", default=None, help="Only of this account (code or id) or client:ID.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=None, help="Only this role.")
@click.option("--unit", default=None, help="Only over the unit that has this code.")
@click.option("--all", "ended", is_flag=True, help="Also those that were revoked.")
@_JSON
@pass_context
@with_exit_codes
def list_admins(
    context: Context, /, *, who: str | None, role: str | None, unit: str | None, ended: bool, as_json: bool
) -> None:
    """Show who has which role over which unit."""
    principal = _principal(context, who) if who else ""
    rows: list[dict[str, Any]] = []
    after = ""
    while page := context.wiring.admins.search(GrantQuery(principal, role or "", after, _PAGE, ended=ended)):
        rows += [_shown(one) for one in page if unit in {None, one.unit.code}]
        after = page[-1].id
    emit_rows(rows, as_json=as_json)


def _principal(context: Context, who: str) -> str:
    """Return the principal that an operator means; it has to be there."""
    kind, _, name = who.partition(":")
    if kind == "client" and name:
        return f"client:{context.wiring.clients.known(name).client_id}"
    account = context.wiring.accounts.find(name if kind == "account" and name else who)
    if account.state != "active":
        say(f"warning: the account is {account.state}")
    return f"account:{account.id}"


def _epoch(moment: Any) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _shown(one: AdminGrant) -> dict[str, Any]:
    return {
        "id": one.id,
        "principal": one.principal,
        "role": one.role.value,
        "unit": one.unit.code,
        "unit_from": one.unit.valid_from,
        "begins": one.begins,
        "ends": one.ends,
        "granted_by": one.granted_by,
        "approved_by": one.approved_by,
        "granted_at": one.granted_at,
        "revoked_at": one.revoked_at,
    }
