"""``idp registration``: initial access tokens, by which departments register their own systems over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import emit, emit_rows, with_exit_codes
from idp.model.initial_token import InitialToken

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_DAY = 86400


@click.group("registration")
def registration_group() -> None:
    """Initial access tokens (RFC 7591)."""


@registration_group.command("issue")
@click.option("--unit", required=True, help="Code of the unit that owns what is registered.")
@click.option("--legal-basis", required=True, help="consent, public_duty, legal_obligation or contract.")
@click.option("--purpose", required=True, help="The purpose that people read, in Vietnamese.")
@click.option("--purpose-en", default="", help="The same in English.")
@click.option("--scope", default="", help="What the systems may ever ask; empty: all but identity.")
@click.option("--grant-type", "grant_types", multiple=True, help="A grant that they may use; none given: the usual.")
@click.option("--uses", default=1, show_default=True, help="How many systems it registers.")
@click.option("--days", default=7, show_default=True, help="How long it lives.")
@click.option("--reason", default="", help="Goes into the audit log.")
@_JSON
@pass_context
@with_exit_codes
def issue(
    context: Context, /, *, uses: int, days: int, reason: str, as_json: bool, scope: str, grant_types: tuple[str, ...],
    unit: str, legal_basis: str, purpose: str, purpose_en: str,
) -> None:  # fmt: skip
    """Issue an initial access token; it is shown this once."""
    document: dict[str, Any] = {
        "unit": unit,
        "legal_basis": legal_basis,
        "purpose": {"vi": purpose, **({"en": purpose_en} if purpose_en else {})},
        "scope": scope.split(),
        "grant_types": list(grant_types),
    }
    token, secret = context.wiring.initial_tokens.issue(document, uses=uses, lifetime=days * _DAY, reason=reason)
    emit({"initial_access_token": secret, **_row(token)}, as_json=as_json)


@registration_group.command("list")
@_JSON
@pass_context
@with_exit_codes
def list_tokens(context: Context, /, *, as_json: bool) -> None:
    """Show every initial access token, never its secret."""
    emit_rows([_row(token) for token in context.wiring.initial_tokens.all()], as_json=as_json)


@registration_group.command("revoke")
@click.argument("token_id")
@click.option("--reason", default="", help="Goes into the audit log.")
@_JSON
@pass_context
@with_exit_codes
def revoke(context: Context, /, *, token_id: str, reason: str, as_json: bool) -> None:
    """Revoke an initial access token; what it registered stays."""
    emit(_row(context.wiring.initial_tokens.revoke(token_id, reason)), as_json=as_json)


def _row(token: InitialToken) -> dict[str, Any]:
    state = "revoked" if token.revoked_at is not None else "used" if token.uses_left == 0 else "live"
    return {
        "id": token.id,
        "unit": token.terms.unit,
        "scope": " ".join(sorted(token.terms.scope)),
        "uses_left": token.uses_left,
        "expires": datetime.fromtimestamp(token.expires_at, UTC).isoformat(),
        "state": state,
    }
