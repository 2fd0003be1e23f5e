"""``idp clients``: add, list, show, update, rotate-secret, changes, suspend, resume, remove."""

from __future__ import annotations

from typing import IO, Any

import click
import orjson

from clients.documents import to_metadata
from clients.purposes import SIGN_IN
from idp.cli.context import Context, pass_context
from idp.cli.marks import clients_not_before
from idp.cli.output import confirm, emit, emit_rows, say, with_exit_codes
from idp.errors import InvalidInput
from idp.storage.client_history import SqlClientHistory

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_REASON = click.option("--reason", default="", help="Goes into the audit log.")


@click.group("clients")
def clients_group() -> None:
    """Department systems."""


clients_group.add_command(clients_not_before)


@clients_group.command("add")
@click.argument("file", type=click.File("rb"))
@_JSON
@pass_context
@with_exit_codes
def add(context: Context, /, *, file: IO[bytes], as_json: bool) -> None:
    """Register the client whose metadata FILE holds (`-` for stdin); the secret is shown this once."""
    document = _with_purpose(_document(file))
    wiring = context.wiring
    _check_unit(context, document)
    wiring.sector_documents.check(wiring.clients.checked(document, is_operator=True).values)
    client, secret, ignored = wiring.clients.register(document, is_operator=True)
    if ignored:
        say(f"ignored unknown fields: {', '.join(ignored)}")
    data: dict[str, Any] = {"client_id": client.client_id}
    if secret is not None:
        data["client_secret"] = secret
    emit(data, as_json=as_json)


@clients_group.command("list")
@_JSON
@pass_context
@with_exit_codes
def list_clients(context: Context, /, *, as_json: bool) -> None:
    """Show every client."""
    rows = [
        {"client_id": one.client_id, "state": one.state, "unit": one.unit, "name": one.name("vi")}
        for one in context.stores.clients.all()
    ]
    emit_rows(rows, as_json=as_json)


@clients_group.command("show")
@click.argument("client_id")
@_JSON
@pass_context
@with_exit_codes
def show(context: Context, /, *, client_id: str, as_json: bool) -> None:
    """Show a client's metadata, never its secrets."""
    emit(to_metadata(context.stores.clients.known(client_id)), as_json=as_json)


@clients_group.command("update")
@click.argument("client_id")
@click.argument("file", type=click.File("rb"))
@_REASON
@_JSON
@pass_context
@with_exit_codes
def update(context: Context, /, *, client_id: str, file: IO[bytes], reason: str, as_json: bool) -> None:
    """Replace a client's metadata by FILE's; id, sector and secrets stay."""
    document = _document(file)
    _check_unit(context, document)
    context.wiring.sector_documents.check(context.wiring.clients.checked(document, is_operator=True).values)
    emit(to_metadata(context.wiring.clients.update(client_id, document, note=reason)), as_json=as_json)


@clients_group.command("rotate-secret")
@click.argument("client_id")
@click.option("--overlap", default=7 * 86400, show_default=True, help="Seconds for which the old secret still works.")
@_REASON
@_JSON
@pass_context
@with_exit_codes
def rotate_secret(context: Context, /, *, client_id: str, overlap: int, reason: str, as_json: bool) -> None:
    """Give a client a new secret, shown this once; the old one works until the overlap has run out."""
    client, secret = context.stores.clients.rotate_secret(client_id, overlap=overlap, note=reason)
    emit({"client_id": client.client_id, "client_secret": secret}, as_json=as_json)


@clients_group.command("changes")
@click.argument("client_id")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many, newest first.")
@_JSON
@pass_context
@with_exit_codes
def changes(context: Context, /, *, client_id: str, limit: int, as_json: bool) -> None:
    """Show what each change of a client changed, by whom and why; secrets by their moments."""
    rows = [
        {"version": one.version, "at": one.at, "action": one.action, "actor": one.actor, "reason": one.reason}
        | {"fields": {name: {"before": old, "after": new} for name, (old, new) in one.fields.items()}}
        for one in SqlClientHistory(context.stores.database).changes(client_id, None, limit)
    ]
    emit_rows(rows, as_json=as_json)


def _state_command(name: str, state: str, text: str, *, destructive: bool = False) -> None:
    """Add a command that changes a client's state."""

    @clients_group.command(name, help=text)
    @click.argument("client_id")
    @_REASON
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @_JSON
    @pass_context
    @with_exit_codes
    def change(context: Context, /, *, client_id: str, reason: str, yes: bool, as_json: bool) -> None:
        if destructive:
            confirm(f"{name} {client_id}?", yes=yes)
        client = context.stores.clients.set_state(client_id, state, note=reason)
        emit({"client_id": client.client_id, "state": client.state}, as_json=as_json)


_state_command("suspend", "suspended", "Stop a client at once; resume undoes it.")
_state_command("resume", "active", "Let a suspended client work again.")
_state_command("remove", "removed", "Remove a client for good; its id is never used again.", destructive=True)


def _document(file: IO[bytes]) -> dict[str, Any]:
    try:
        document = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"not JSON: {error}", field="FILE") from error
    if not isinstance(document, dict):
        raise InvalidInput("must be one JSON object of registration metadata", field="FILE")
    return document


def _with_purpose(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the one purpose that every system has, and a warning, where the operator names none."""
    if "purpose" in document:
        return document
    say(
        'warning: purpose: none is given, so people read "Đăng nhập vào hệ thống"; say what the system needs their data for'
    )
    return {**document, "purpose": dict(SIGN_IN)}


def _check_unit(context: Context, document: dict[str, Any]) -> None:
    """Warn about an owner that the register does not know: the register may be loaded later, or the owner be an agency."""
    unit = document.get("unit")
    if isinstance(unit, str) and not context.wiring.units.register.history(unit):
        say(f"warning: unit: the register knows no unit {unit}")
