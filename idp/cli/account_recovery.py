"""``idp accounts recover``: at a counter, for somebody who cannot sign in any more."""

from __future__ import annotations

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import emit, with_exit_codes
from idp.errors import InvalidInput
from idp.services.accounts import OPERATOR
from policies.recovery import Path


@click.command("recover")
@click.argument("code_or_id")
@click.option("--code-type", default=None, help="What the code is, where a person and a business have the same digits.")
@click.option("--evidence", default="", help="What was seen at the counter, such as the card and the face.")
@click.option("--reason", required=True, help="Goes into the audit log.")
@click.option("--cancel", is_flag=True, help="Cancel the recovery that is under way instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def recover(
    context: Context, *, code_or_id: str, code_type: str | None, evidence: str, reason: str, cancel: bool, as_json: bool
) -> None:
    """Begin a recovery at a counter; prints the activation code once, for the person who stands there."""
    wiring = context.wiring
    account = wiring.accounts.find(code_or_id, code_type)
    if not reason.strip():
        raise InvalidInput("is required", field="--reason")
    if cancel:
        wiring.recoveries.cancel(account.id, actor=OPERATOR, reason=reason)
        emit({"account_id": account.id, "cancelled": True}, as_json=as_json)
        return
    begun = wiring.recoveries.begin(account.id, Path.COUNTER, evidence=evidence, reason=reason)
    emit(
        {
            "account_id": account.id,
            "recovery": begun.row.id,
            "activation_code": begun.activation_code,
            "use_at": f"{wiring.settings.issuer}/recover/activate",
            "expires_at": begun.row.expires_at,
        },
        as_json=as_json,
    )
