"""``idp mandates``: who acts for whom, as the office that keeps the register sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import emit, emit_rows, with_exit_codes
from idp.clock import VIETNAM
from idp.errors import InvalidInput, NotFound
from idp.model.mandate import Mandate
from idp.services.mandate_drafts import Draft
from policies import identity_codes
from policies.mandate_kinds import KINDS
from policies.mandates import ALL_PROCEDURES

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_REASON = click.option("--reason", required=True, help="Goes into the audit log.")
_SHOWN: Final = (
    *(
        "id",
        "kind",
        "principal_id",
        "actor_id",
        "state",
        "unit_code",
        "valid_from",
        "valid_to",
        "may_delegate",
        "depth",
    ),
    *("evidence_kind", "granted_by", "parent_id", "created_at", "answered_at", "ended_at", "end_reason"),
)
_GIVEN: Final = tuple(name for name, kind in KINDS.items() if "operator" in kind.grantors)


@click.group("mandates")
def mandates_group() -> None:
    """Mandates: legal representatives, delegated staff, parents."""


@mandates_group.command("add")
@click.argument("kind", type=click.Choice(_GIVEN))
@click.argument("principal")
@click.argument("actor")
@click.option(
    "--principal-code-type", type=click.Choice(list(identity_codes.SCHEMES)), help="Where digits alone are not enough."
)
@click.option(
    "--evidence-kind", required=True, help="The sort of document, such as business_registration or birth_certificate."
)
@click.option("--evidence", default="", help="Number and date of the document; kept sealed.")
@click.option(
    "--procedure", "procedures", multiple=True, help="A procedure code; several times for several. All by default."
)
@click.option("--unit", default="", help="Only at this unit.")
@click.option("--from", "start", default=None, help="First day as 2026-11-27; without it now.")
@click.option("--until", "end", default=None, help="Last day as 2027-11-27; without it as long as the kind may last.")
@click.option("--may-delegate", is_flag=True, help="The holder may appoint others.")
@click.option("--accepted", is_flag=True, help="The holder accepted at the counter.")
@_REASON
@_JSON
@pass_context
@with_exit_codes
def add(
    context: Context,
    /,
    *,
    kind: str,
    principal: str,
    actor: str,
    principal_code_type: str | None,
    accepted: bool,
    reason: str,
    as_json: bool,
    **terms: Any,
) -> None:
    """Propose that ACTOR acts for PRINCIPAL (codes or ids)."""
    wiring = context.wiring
    draft = Draft(
        kind,
        wiring.accounts.find(principal, principal_code_type).id,
        wiring.accounts.find(actor).id,
        terms["evidence_kind"],
        terms["evidence"],
        terms["procedures"] or (ALL_PROCEDURES,),
        _unit(context, terms["unit"]),
        _day(terms["start"], "from", 0),
        _day(terms["end"], "until", 86400),
        terms["may_delegate"],
    )
    mandate = wiring.mandates.propose(draft, reason=reason)
    if accepted:
        mandate = wiring.mandates.accept(mandate.id, reason=reason)
    emit(_row(mandate), as_json=as_json)


@mandates_group.command("list")
@click.argument("account", required=False)
@click.option("--state", default=None, help="Only those in this state.")
@_JSON
@pass_context
@with_exit_codes
def list_mandates(context: Context, /, *, account: str | None, state: str | None, as_json: bool) -> None:
    """Show mandates, newest first: of ACCOUNT (code or id) on either side, or all."""
    mandates = context.wiring.mandates
    if account is None:
        found = mandates.all()
    else:
        account_id = context.wiring.account_id(account)
        both = {one.id: one for one in (*mandates.of_actor(account_id), *mandates.of_principal(account_id))}
        found = sorted(both.values(), key=lambda one: (one.created_at, one.id), reverse=True)
    emit_rows([_row(one) for one in found if state in {None, one.state}], as_json=as_json)


def _answer(name: str, text: str) -> None:
    """Add a command that changes one mandate."""

    @mandates_group.command(name, help=text)
    @click.argument("mandate_id")
    @_REASON
    @_JSON
    @pass_context
    @with_exit_codes
    def change(context: Context, *, mandate_id: str, reason: str, as_json: bool) -> None:
        mandates = context.wiring.mandates
        getattr(mandates, name)(mandate_id, reason=reason)
        emit(_row(mandates.get(mandate_id)), as_json=as_json)


_answer("accept", "Accept a proposed mandate for its holder, who said so at the counter.")
_answer("decline", "Decline a proposed mandate for its holder.")
_answer("revoke", "End a mandate, what was passed on from it, and every token that rests on any of them.")


def _row(mandate: Mandate) -> dict[str, Any]:
    shown = {name: getattr(mandate, name) for name in _SHOWN}
    return {**shown, "procedures": " ".join(mandate.procedures)}


def _unit(context: Context, code: str) -> str:
    """Return the code of a unit in force today, "" for none: a code that nobody has would be a duty at whichever unit gets it."""
    units = context.wiring.units
    if code and units.register.on(code, units.today()) is None:
        raise NotFound("names no unit that is in force today", code="unknown_unit", field="unit")
    return code


def _day(text: str | None, field: str, more: int) -> int | None:
    """Return a day of Vietnam's calendar as a moment; ``more`` seconds later for a last day, which counts whole."""
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=VIETNAM)
    except ValueError as error:
        raise InvalidInput("must be a day such as 2026-11-27", field=field) from error
    return int(day.timestamp()) + more
