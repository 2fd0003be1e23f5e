"""``idp accounts factors`` and ``remove-factor``: what a person signs in with, and what is taken away at a counter."""

from __future__ import annotations

from typing import Any, Final

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import confirm, emit, emit_rows, with_exit_codes
from idp.errors import InvalidInput, NotFound
from idp.services.accounts import OPERATOR

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.command("factors")
@click.argument("code_or_id")
@_JSON
@pass_context
@with_exit_codes
def factors(context: Context, /, *, code_or_id: str, as_json: bool) -> None:
    """List the factors of an account with their dates; no secret, and no name that the person gave."""
    wiring = context.wiring
    account = wiring.accounts.find(code_or_id)
    rows: list[dict[str, Any]] = [
        {
            "factor": one.factor,
            "item": one.item,
            "created_at": one.created_at,
            "last_used_at": one.last_used_at,
            "left": one.left,
        }
        for one in wiring.factors.enrolled(account.id)
    ]
    emit_rows(rows, as_json=as_json)


@click.command("remove-factor")
@click.argument("code_or_id")
@click.argument("factor")
@click.option("--item", default="", help="Which passkey, by its id in `idp accounts factors`, where there are several.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@pass_context
@with_exit_codes
def remove_factor(context: Context, /, *, code_or_id: str, factor: str, item: str, yes: bool, as_json: bool) -> None:
    """Take a factor away, as for a lost telephone, the last one too; the person is told."""
    wiring = context.wiring
    if factor not in wiring.factors.names:
        raise click.BadParameter(f"is one of {', '.join(wiring.factors.names)}", param_hint="FACTOR")
    account = wiring.accounts.find(code_or_id)
    item = item or _only(context, account.id, factor)
    confirm(f"Remove {factor} from {account.id}?", yes=yes)
    wiring.factor_changes.take_away(account.id, factor, item, actor=OPERATOR)
    emit({"account_id": account.id, "removed": factor, "item": item}, as_json=as_json)


def _only(context: Context, account_id: str, factor: str) -> str:
    """Return the item that is meant where none is named."""
    if factor != "passkey":
        return factor
    items = [one.item for one in context.wiring.factors.enrolled(account_id) if one.factor == factor]
    if not items:
        raise NotFound(f"the account has no {factor}", field="factor")
    if len(items) > 1:
        raise InvalidInput(f"name one of {', '.join(items)}", field="--item")
    return items[0]


factor_commands: Final = (factors, remove_factor)
