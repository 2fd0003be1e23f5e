"""``idp accounts add-code``, ``end-code`` and ``replace-code``."""

from __future__ import annotations

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import emit, with_exit_codes
from idp.services.drafts import parsed_code
from policies.identity_codes import SCHEMES, IdentityCode

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_REASON = click.option("--reason", required=True, help="Goes into the audit log.")
_CODE_TYPE = click.option("--code-type", required=True, type=click.Choice(list(SCHEMES)), help="Scheme of the code.")
_CODE = click.option("--code", required=True, help="The code.")


@click.command("add-code")
@click.argument("code_or_id")
@_CODE_TYPE
@_CODE
@_REASON
@_JSON
@pass_context
@with_exit_codes
def add_code(context: Context, /, *, code_or_id: str, code_type: str, code: str, reason: str, as_json: bool) -> None:
    """Give the account CODE_OR_ID another code, such as the old CMND."""
    account_id = context.wiring.accounts.find(code_or_id).id
    context.wiring.account_codes.add(account_id, _parsed(code_type, code), reason=reason)
    emit({"account_id": account_id, "added": code_type}, as_json=as_json)


@click.command("end-code")
@click.argument("code_or_id")
@_CODE_TYPE
@_CODE
@click.option("--mistake", is_flag=True, help="It never was this account's: another account may have it.")
@_REASON
@_JSON
@pass_context
@with_exit_codes
def end_code(
    context: Context, /, *, code_or_id: str, code_type: str, code: str, mistake: bool, reason: str, as_json: bool
) -> None:
    """End a current code of the account CODE_OR_ID; the history keeps it."""
    account_id = context.wiring.accounts.find(code_or_id).id
    ending = "mistake" if mistake else "cancelled"
    context.wiring.account_codes.end(account_id, _parsed(code_type, code), ending=ending, reason=reason)
    emit({"account_id": account_id, "ended": code_type, "ending": ending}, as_json=as_json)


@click.command("replace-code")
@click.argument("code_or_id")
@_CODE_TYPE
@_CODE
@click.option("--by", "successor", required=True, help="The new code, of the same scheme.")
@_REASON
@_JSON
@pass_context
@with_exit_codes
def replace_code(
    context: Context, /, *, code_or_id: str, code_type: str, code: str, successor: str, reason: str, as_json: bool
) -> None:
    """Replace a code of the account CODE_OR_ID by its successor: a number that was established anew."""
    account_id = context.wiring.accounts.find(code_or_id).id
    old, new = _parsed(code_type, code), _parsed(code_type, successor)
    context.wiring.account_codes.replace(account_id, old, new, reason=reason)
    emit({"account_id": account_id, "replaced": code_type}, as_json=as_json)


def _parsed(code_type: str, code: str) -> IdentityCode:
    return parsed_code({"code_type": code_type, "code": code})


code_commands = (add_code, end_code, replace_code)
