"""``idp federation``: subordinates, trust marks, the caps by level, and the keys of our entities."""

from __future__ import annotations

from typing import IO, Any

import click
import orjson

from idp.cli.context import Context, pass_context
from idp.cli.keys import WITH_KID
from idp.cli.output import confirm, emit, emit_rows, with_exit_codes
from idp.errors import InvalidInput
from policies.federation.caps import CAPS

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_REASON = click.option("--reason", default="", help="Goes into the audit log.")
_UNIT = click.option("--unit", default="", help="Code of the unit that vouches; without it the province.")
_DAY = 86400


@click.group("federation")
def federation_group() -> None:
    """OpenID Federation: whom the province and its units vouch for."""


@federation_group.command("caps")
@_JSON
@with_exit_codes
def caps(*, as_json: bool) -> None:
    """Show what a system may ask at all, by the level of the unit that vouches for it."""
    rows = [
        {
            "level": cap.level,
            "scopes": " ".join(cap.scopes),
            "claims": " ".join(cap.claims),
            "grant_types": " ".join(cap.grant_types),
            "acr_values": " ".join(cap.acr_values),
            "subject_types": " ".join(cap.subject_types),
        }
        for cap in CAPS.values()
    ]
    emit_rows(rows, as_json=as_json)


@federation_group.group("subordinates")
def subordinates() -> None:
    """Entities that the province or one of its units vouches for."""


@subordinates.command("add")
@click.argument("entity_id")
@click.argument("file", type=click.File("rb"))
@_UNIT
@_REASON
@_JSON
@pass_context
@with_exit_codes
def add(context: Context, /, *, entity_id: str, file: IO[bytes], unit: str, reason: str, as_json: bool) -> None:
    """Vouch for ENTITY_ID, or change what is vouched; FILE holds its jwks, and may hold metadata, metadata_policy and constraints."""
    try:
        document = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"not JSON: {error}", field="FILE") from error
    if not isinstance(document, dict):
        raise InvalidInput("must be one JSON object", field="FILE")
    member = context.wiring.members.put(unit, entity_id, document, reason=reason)
    superior = context.wiring.authority.identifier(unit)
    emit({"entity_id": member.entity_id, "superior": superior}, as_json=as_json)


@subordinates.command("list")
@_UNIT
@_JSON
@pass_context
@with_exit_codes
def list_subordinates(context: Context, /, *, unit: str, as_json: bool) -> None:
    """Show whom the province or a unit vouches for by the operator's word; units below come from the register."""
    rows = [
        {"entity_id": one.entity_id, "entity_types": " ".join(one.entity_types), "since": one.created_at}
        for one in context.wiring.authority.members(unit)
    ]
    emit_rows(rows, as_json=as_json)


@subordinates.command("remove")
@click.argument("entity_id")
@_UNIT
@click.option("--reason", required=True, help="Goes into the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@pass_context
@with_exit_codes
def remove(context: Context, /, *, entity_id: str, unit: str, reason: str, yes: bool, as_json: bool) -> None:
    """Cease to vouch for ENTITY_ID."""
    confirm(f"Cease to vouch for {entity_id}?", yes=yes)
    context.wiring.members.remove(unit, entity_id, reason=reason)
    emit({"entity_id": entity_id, "state": "removed"}, as_json=as_json)


@federation_group.group("trust-marks")
def trust_marks() -> None:
    """Trust marks that the province issues."""


@trust_marks.command("issue")
@click.argument("mark_type")
@click.argument("entity_id")
@click.option("--days", default=365, show_default=True, help="How long it counts.")
@_REASON
@_JSON
@pass_context
@with_exit_codes
def issue(context: Context, /, *, mark_type: str, entity_id: str, days: int, reason: str, as_json: bool) -> None:
    """Issue a mark of MARK_TYPE to ENTITY_ID."""
    mark = context.wiring.members.issue_mark(mark_type, entity_id, days * _DAY, reason=reason)
    token = context.wiring.own_marks.token(mark)
    emit({"id": mark.id, "expires_at": mark.expires_at, "trust_mark": token}, as_json=as_json)


@trust_marks.command("list")
@_JSON
@pass_context
@with_exit_codes
def list_marks(context: Context, /, *, as_json: bool) -> None:
    """Show every mark, ended ones too."""
    names = ("id", "mark_type", "subject", "issued_at", "expires_at", "revoked_at")
    rows = [{name: getattr(mark, name) for name in names} for mark in context.wiring.federation_store.marks()]
    emit_rows(rows, as_json=as_json)


@trust_marks.command("revoke")
@click.argument("mark_id")
@click.option("--reason", required=True, help="Goes into the audit log.")
@_JSON
@pass_context
@with_exit_codes
def revoke(context: Context, /, *, mark_id: str, reason: str, as_json: bool) -> None:
    """Revoke a mark for good."""
    context.wiring.members.revoke_mark(mark_id, reason=reason)
    emit({"id": mark_id, "state": "revoked"}, as_json=as_json)


@federation_group.group("keys")
def keys() -> None:
    """Keys that sign entity statements."""


@keys.command("list")
@_JSON
@pass_context
@with_exit_codes
def list_keys(context: Context, /, *, as_json: bool) -> None:
    """Show every key with its state and moments (epoch seconds)."""
    names = ("kid", "alg", "use", "state", "created", "activates", "retires")
    rows: list[dict[str, Any]] = [
        {name: getattr(row, name) for name in names} for row in context.wiring.federation_key_service.rows()
    ]
    emit_rows(rows, as_json=as_json)


@keys.command("rotate")
@click.option("--force", is_flag=True, help="Although superiors and caches may not know the next key yet.")
@_REASON
@_JSON
@pass_context
@with_exit_codes
def rotate(context: Context, /, *, force: bool, reason: str, as_json: bool) -> None:
    """Make the next key active and publish a new next."""
    wiring = context.wiring
    actor = "operator:local"
    outcome = wiring.federation_key_service.rotate("ES256", wiring.clock.now(), force=force, actor=actor, note=reason)
    emit({"version": outcome.version, "events": len(outcome.events)}, as_json=as_json)


@keys.command("revoke", context_settings=WITH_KID)
@click.argument("kid")
@click.option("--reason", required=True, help="Goes into the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@pass_context
@with_exit_codes
def revoke_key(context: Context, /, *, kid: str, reason: str, yes: bool, as_json: bool) -> None:
    """Void a key and everything that it signed, at once."""
    confirm(f"Every statement signed by {kid} becomes invalid at once. Revoke it?", yes=yes)
    wiring = context.wiring
    outcome = wiring.federation_key_service.revoke(kid, wiring.clock.now(), actor="operator:local", note=reason)
    emit({"version": outcome.version, "events": len(outcome.events)}, as_json=as_json)
