"""``idp accounts lock``, ``unlock`` and ``locks``: with the grounds of Decree 69/2024 article 15."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import confirm, emit, emit_rows, with_exit_codes
from idp.errors import InvalidInput
from idp.ports.locks import LockRow
from idp.services.locks import ground
from policies.locks import OF_THE_PRODUCT, TERMS, Reason

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_REASON: Final = click.option("--reason", default="", help="Goes into the audit log.")
_CODE_TYPE: Final = click.option(
    "--code-type", default=None, help="What the code is, where a person and a business have the same digits."
)


@click.command("lock")
@click.argument("code_or_id")
@_CODE_TYPE
@click.option(
    "--reason-code",
    type=click.Choice([one.value for one in Reason if one not in OF_THE_PRODUCT]),
    default=Reason.OPERATOR.value,
    show_default=True,
    help="The ground (Decree 69/2024 article 15, or one of our own).",
)
@click.option("--reference", default="", help="Number of the document behind it, such as an authority's TK03 form.")
@click.option("--until", default="", help="Unlock on its own at this moment: YYYY-MM-DD or YYYY-MM-DDTHH:MM+07:00.")
@_REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@pass_context
@with_exit_codes
def lock(
    context: Context,
    *,
    code_or_id: str,
    code_type: str | None,
    reason_code: str,
    reference: str,
    until: str,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Lock an account: sessions and tokens end at once, and the person is told."""
    wiring = context.wiring
    account = wiring.accounts.find(code_or_id, code_type)
    confirm(f"Lock {account.id}, and end its sessions and tokens?", yes=yes, is_final=False)
    why = ground(reason_code, reason, reference, _moment(until) if until else None)
    row = wiring.locks.lock(account.id, why)
    emit({"account_id": account.id, "state": "locked", "reason_code": row.reason_code, "lock": row.id}, as_json=as_json)


@click.command("unlock")
@click.argument("code_or_id")
@_CODE_TYPE
@click.option("--reason-code", default="", help="End the lock on this ground only; without it every lock ends.")
@_REASON
@_JSON
@pass_context
@with_exit_codes
def unlock(
    context: Context, *, code_or_id: str, code_type: str | None, reason_code: str, reason: str, as_json: bool
) -> None:
    """Unlock an account, and forget the wrong tries that were counted."""
    wiring = context.wiring
    account = wiring.accounts.find(code_or_id, code_type)
    ended = wiring.locks.unlock(account.id, reason=reason, code=reason_code)
    state = wiring.accounts.get(account.id).state
    emit(
        {"account_id": account.id, "state": state, "ended": [row.reason_code for row in ended]},
        as_json=as_json,
    )


@click.command("locks")
@click.argument("code_or_id")
@_CODE_TYPE
@_JSON
@pass_context
@with_exit_codes
def show_locks(context: Context, *, code_or_id: str, code_type: str | None, as_json: bool) -> None:
    """List the locks of an account with their grounds, newest first."""
    wiring = context.wiring
    account = wiring.accounts.find(code_or_id, code_type)
    emit_rows([_row(row) for row in wiring.locks.history(account.id)], as_json=as_json)


lock_commands: Final = (lock, unlock, show_locks)


def _row(row: LockRow) -> dict[str, Any]:
    return {
        "reason_code": row.reason_code,
        "article": TERMS[Reason(row.ground)].article,
        "scope": row.scope,
        "locked_at": row.locked_at,
        "ends_at": row.ends_at,
        "ended_at": row.ended_at,
        "reference": row.reference,
        "reason": row.reason,
        "locked_by": row.locked_by,
        "ended_by": row.ended_by,
        "end_reason": row.end_reason,
    }


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("must be YYYY-MM-DD or YYYY-MM-DDTHH:MM+07:00", field="--until") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
