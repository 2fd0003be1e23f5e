"""``idp audit archive`` and ``idp audit erase``: what keeps the log within the bounds of the law, and provable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import confirm, emit, with_exit_codes
from idp.errors import InvalidInput

_OPERATOR: Final = "operator:local"
_SECOND_US: Final = 1_000_000
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.command("archive")
@_JSON
@pass_context
@with_exit_codes
def archive(context: Context, /, *, as_json: bool) -> None:
    """Move records older than IDP_AUDIT__ONLINE_DAYS into files, and remove files older than IDP_AUDIT__KEEP_DAYS."""
    wiring, moved = context.wiring, 0
    wiring.audit_tree.sequence()
    wiring.audit_heads.publish()
    while done := wiring.audit_archive.run(actor=_OPERATOR):
        moved += done
    emit({"archived": moved}, as_json=as_json)


@click.command("erase")
@click.argument("code_or_id")
@click.option("--before", default=None, help="Only records before this moment, such as 2026-11-27T08:00:00+07:00.")
@click.option("--reason", required=True, help="Goes into the audit log; name the decision, not the person.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@pass_context
@with_exit_codes
def erase(context: Context, /, *, code_or_id: str, before: str | None, reason: str, yes: bool, as_json: bool) -> None:
    """Erase the personal part of all audit records that name an account, in archives too; proofs hold, the person is gone."""
    wiring = context.wiring
    moment = _moment(before) if before else wiring.clock.now_us() + 1
    account_id = wiring.account_id(code_or_id)
    confirm("What is erased cannot be brought back. Erase?", yes=yes)
    count = wiring.audit_erasure.erase(account_id, before_us=moment, reason=reason, actor=_OPERATOR)
    archived = wiring.audit_archive.erase(account_id, before_us=moment, reason=reason, actor=_OPERATOR)
    emit({"erased": count, "erased_in_archives": archived}, as_json=as_json)


def _moment(text: str) -> int:
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("must be a moment such as 2026-11-27T08:00:00+07:00", field="before") from error
    return int((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()) * _SECOND_US
