"""``idp accounts``: add, import, show, lock, unlock, close, merge, enrol, set-password, factors and codes."""

from __future__ import annotations

from typing import Any

import click

from idp.cli.account_codes import code_commands
from idp.cli.account_factors import factor_commands
from idp.cli.account_import import import_accounts
from idp.cli.account_locks import lock_commands
from idp.cli.account_recovery import recover
from idp.cli.context import Context, pass_context
from idp.cli.marks import accounts_not_before
from idp.cli.output import confirm, emit, secret, with_exit_codes
from idp.cli.warning_texts import warn
from idp.errors import InvalidInput
from idp.model.notice import Detail, Topic
from idp.ports.accounts import CredentialRow
from idp.services.accounts import OPERATOR, masked
from idp.services.profiles import COLUMNS

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_REASON = click.option("--reason", default="", help="Goes into the audit log.")
_CODE_TYPE = click.option(
    "--code-type", default=None, help="What the code is, where a person and a business have the same digits."
)
_REQUIRED = ("code_type", "code", "name")
_BESIDE = ("code_type", "code", "identity_level", "unit", "external_id")


@click.group("accounts")
def accounts_group() -> None:
    """Accounts and identity codes."""


accounts_group.add_command(import_accounts)
accounts_group.add_command(accounts_not_before)
for _command in (*code_commands, *factor_commands, *lock_commands, recover):
    accounts_group.add_command(_command)


def _columns(command: Any) -> Any:
    """Add an option for every account column of the contract."""
    for name in reversed((*_BESIDE, *COLUMNS)):
        # A default, even of None, would satisfy click that a required option is there.
        command = click.option(f"--{name.replace('_', '-')}", name, required=name in _REQUIRED)(command)
    return command


# The columns of a file are the options of the command, letter by letter: --code_type is --code-type.
@accounts_group.command("add", context_settings={"token_normalize_func": lambda name: name.replace("_", "-")})
@_columns
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
@click.option("--must-change", is_flag=True, help="The person sets another password at the first sign-in.")
@_JSON
@pass_context
@with_exit_codes
def add(context: Context, /, *, password_stdin: bool, must_change: bool, as_json: bool, **values: str | None) -> None:
    """Add one account; prints its id."""
    wiring = context.wiring
    draft = wiring.accounts.draft(values)
    credentials: tuple[CredentialRow, ...] = ()
    if password_stdin:
        password = secret("Password")
        forbidden = (draft.code.value,)
        credentials = (wiring.credentials.new_password(password, must_change=must_change, forbidden=forbidden),)
    account_id = wiring.accounts.add(draft, credentials)
    for warning in draft.warnings:
        warn("code", warning, as_json=as_json)
    emit({"account_id": account_id}, as_json=as_json)


@accounts_group.command("show")
@click.argument("code_or_id")
@_CODE_TYPE
@click.option("--reveal", is_flag=True, help="Show codes and profile in full; audited.")
@_REASON
@_JSON
@pass_context
@with_exit_codes
def show(
    context: Context, /, *, code_or_id: str, code_type: str | None, reveal: bool, reason: str, as_json: bool
) -> None:
    """Show an account; codes are masked unless revealed."""
    wiring = context.wiring
    account = wiring.accounts.get(wiring.accounts.named(code_or_id, code_type, with_former=True))
    wiring.accounts.note_shown(account.id, reveal=reveal, reason=reason)
    codes = [
        {
            "code_type": entry.scheme,
            "code": entry.value if reveal else masked(entry.value),
            "valid_from": entry.valid_from,
            "valid_to": entry.valid_to,
            "reason": entry.reason,
        }
        for entry in wiring.accounts.codes(account.id)
    ]
    data: dict[str, Any] = {
        "account_id": account.id,
        "kind": account.kind,
        "state": account.state,
        "identity_level": account.identity_level,
        "unit": account.unit.code if account.unit else None,
        "unit_since": account.unit.since if account.unit else None,
        "sample": account.sample,
        "factors": sorted(wiring.factors.of(account.id)),
        "codes": codes,
        "created_at": account.created_at,
    }
    if reveal:
        data["profile"] = dict(account.profile)
        data["sources"] = dict(account.sources)
    emit(data, as_json=as_json)


@accounts_group.command("close")
@click.argument("code_or_id")
@_CODE_TYPE
@_REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@pass_context
@with_exit_codes
def close(context: Context, *, code_or_id: str, code_type: str | None, reason: str, yes: bool, as_json: bool) -> None:
    """Close an account for good: it is kept for the record, and nobody signs in."""
    wiring = context.wiring
    account = wiring.accounts.find(code_or_id, code_type)
    confirm(f"Close {account.id} for good?", yes=yes)
    # One after the other, as only the end of a session tells the departments; the closing ends what is left.
    wiring.sessions.end_all(account.id, "account_closed", OPERATOR)
    wiring.accounts.change_state(account.id, "closed", reason=reason)
    emit({"account_id": account.id, "state": "closed"}, as_json=as_json)


@accounts_group.command("merge")
@click.argument("loser")
@click.argument("winner")
@click.option("--reason", required=True, help="Goes into the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@pass_context
@with_exit_codes
def merge(context: Context, /, *, loser: str, winner: str, reason: str, yes: bool, as_json: bool) -> None:
    """Merge account LOSER into WINNER (codes or ids); subjects, consents and tokens stay answerable."""
    wiring, accounts = context.wiring, context.wiring.accounts
    lost, won = accounts.named(loser), accounts.named(winner)
    confirm(f"Merge {lost} into {won} for good?", yes=yes)
    if accounts.resolve(lost) == lost and lost != won:
        wiring.sessions.end_all(lost, "merged", OPERATOR)
    accounts.merge(lost, won, reason=reason)
    emit({"account_id": accounts.resolve(won), "merged": lost}, as_json=as_json)


@accounts_group.command("enrol")
@click.argument("code_or_id")
@click.argument("factor", type=click.Choice(["totp", "sms_code", "mail_code"]))
@_JSON
@pass_context
@with_exit_codes
def enrol(context: Context, /, *, code_or_id: str, factor: str, as_json: bool) -> None:
    """Give an account a factor, for an operator at a counter.

    The secret of totp is shown this once; sms_code and mail_code go to the address that is verified.
    """
    account = context.wiring.accounts.find(code_or_id)
    sent = next((one for one in context.wiring.code_factors.values() if one.name == factor), None)
    if sent is not None:
        sent.enrol(account.id, actor=OPERATOR)
        context.wiring.notices.tell(account.id, Topic.FACTOR_ADDED, Detail(factor, channel=sent.channel.value))
        emit({"account_id": account.id, "factor": factor, "address": sent.shown_address(account.id)}, as_json=as_json)
        return
    enrolment = context.wiring.credentials.enrol_totp(account.id)
    emit(
        {"account_id": account.id, "factor": factor, "secret": enrolment.secret, "uri": enrolment.uri}, as_json=as_json
    )


@accounts_group.command("set-password")
@click.argument("code_or_id")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from stdin.")
@click.option("--must-change/--keep", default=True, help="Whether the person sets another at the next sign-in.")
@_JSON
@pass_context
@with_exit_codes
def set_password(
    context: Context, /, *, code_or_id: str, password_stdin: bool, must_change: bool, as_json: bool
) -> None:
    """Issue a password at a counter."""
    if not password_stdin:
        raise InvalidInput("the password comes by stdin", field="--password-stdin")
    account = context.wiring.accounts.find(code_or_id)
    password = secret("Password")
    context.wiring.credentials.set_password(account.id, password, must_change=must_change)
    emit({"account_id": account.id, "must_change": must_change}, as_json=as_json)
