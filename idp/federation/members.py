"""Who belongs to our part of the federation: the only writer of subordinates and trust marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from idp import handles
from idp.clock import Clock
from idp.errors import InvalidInput, NotFound, Refused
from idp.federation.authority import PROVINCE, Authority
from idp.federation.entity_ids import is_entity_id
from idp.model.audit import AuditEvent, Event
from idp.ports.federation import FederationStore, IssuedMark, Subordinate
from idp.services.audit import AuditLog
from keys.errors import InvalidJwk
from keys.keyset import import_jwks
from policies.federation import constraints
from policies.federation.caps import RELYING_PARTY, cap_of
from policies.federation.errors import FederationRefusal
from policies.federation.metadata_policy import check, merge

FIELDS: Final = frozenset({"jwks", "entity_types", "metadata", "metadata_policy", "constraints"})
LONGEST_MARK: Final = 5 * 366 * 86400


class Members:
    """Vouches and ceases to, issues marks and revokes them; each act with its audit record."""

    def __init__(
        self,
        store: FederationStore,
        authority: Authority,
        audit: AuditLog,
        clock: Clock,
        end_client: Callable[[str, str], None],
        *,
        loopback: bool,
    ) -> None:
        """Take collaborators; ``end_client`` ends a federated client (id, note); ``loopback`` lets http entities of this machine in."""
        self._end_client = end_client
        self._store = store
        self._authority = authority
        self._audit = audit
        self._clock = clock
        self._loopback = loopback

    def put(self, superior: str, entity_id: str, document: Mapping[str, Any], *, reason: str = "") -> Subordinate:
        """Vouch for an entity, or change what is vouched; raises ``InvalidInput`` naming the fault, ``NotFound`` for an unknown unit.

        ``document`` holds ``jwks`` (the entity's federation keys) and may hold ``entity_types`` (relying party by default), ``metadata``,
        ``metadata_policy`` and ``constraints``. A policy that widens what the superior's level allows is refused.
        """
        if superior != PROVINCE and self._authority.unit(superior) is None:
            raise NotFound(f"no unit {superior!r} of the province is in force today", field="superior")
        if not is_entity_id(entity_id, loopback=self._loopback) or self._authority.is_ours(entity_id):
            raise InvalidInput("must be an https URL without query that is none of our own", field="entity_id")
        unknown = sorted(document.keys() - FIELDS)
        if unknown:
            raise InvalidInput(f"there are only {', '.join(sorted(FIELDS))}", field=str(unknown[0])[:40])
        member = Subordinate(
            superior,
            entity_id,
            _jwks(document.get("jwks")),
            _types(document.get("entity_types", [RELYING_PARTY])),
            self._clock.now(),
            _metadata(document.get("metadata", {})),
            document.get("metadata_policy", {}),
            document.get("constraints", {}),
        )
        self._check_rules(member)
        event = AuditEvent(
            Event.SUBORDINATE_PUT, reason=reason, actor="operator:local", target=_target(superior, entity_id)
        )
        self._store.put(member, self._audit.record(event))
        return member

    def remove(self, superior: str, entity_id: str, *, reason: str = "") -> None:
        """Cease to vouch; raises ``NotFound``. The entity's client ends at once, those below it when their chain is looked at next."""
        event = AuditEvent(
            Event.SUBORDINATE_REMOVE, reason=reason, actor="operator:local", target=_target(superior, entity_id)
        )
        known = self._authority.member(superior, entity_id)
        if known is None or not self._store.drop(known.superior, entity_id, self._audit.record(event)):
            raise NotFound(f"{superior or 'the province'} does not vouch for {entity_id}", field="entity_id")
        self._end_client(entity_id, reason)

    def issue_mark(self, mark_type: str, subject: str, lifetime: int, *, reason: str = "") -> IssuedMark:
        """Issue a trust mark for ``lifetime`` seconds; raises ``Refused`` for a type that the settings do not name, ``InvalidInput``."""
        if mark_type not in self._authority.standing.trust_mark_types:
            raise Refused("IDP_FEDERATION__TRUST_MARK_TYPES does not name this type", code="unknown_mark_type")
        if not is_entity_id(subject, loopback=self._loopback):
            raise InvalidInput("must be an entity identifier", field="subject")
        if not 1 <= lifetime <= LONGEST_MARK:
            raise InvalidInput(f"must be 1 to {LONGEST_MARK} seconds: every mark ends", field="lifetime")
        now = self._clock.now()
        mark = IssuedMark(handles.new_id(), mark_type, subject, now, now + lifetime)
        event = AuditEvent(
            Event.TRUST_MARK_ISSUE,
            reason=reason,
            actor="operator:local",
            target=f"trust-mark:{mark.id}",
            detail={"type": mark_type, "subject": subject},
        )
        self._store.issue(mark, self._audit.record(event))
        return mark

    def revoke_mark(self, mark_id: str, *, reason: str) -> None:
        """Revoke a mark for good; raises ``NotFound`` for one that is unknown or revoked already."""
        event = AuditEvent(
            Event.TRUST_MARK_REVOKE, reason=reason, actor="operator:local", target=f"trust-mark:{mark_id}"
        )
        if not self._store.revoke(mark_id, self._clock.now(), self._audit.record(event)):
            raise NotFound(f"no trust mark {mark_id!r} is in force", field="id")

    def _check_rules(self, member: Subordinate) -> None:
        try:
            cap = check(cap_of(self._authority.level(member.superior)).policy())
            merge(cap, check(member.metadata_policy))
            constraints.parse(member.constraints)
        except FederationRefusal as error:
            raise InvalidInput(f"{error.reason}: {error}", code=error.reason, field="metadata_policy") from error


def _jwks(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput("must be the entity's JWK set of public keys", field="jwks")
    try:
        keys = import_jwks(value)
    except InvalidJwk as error:
        raise InvalidInput(str(error), code=error.code, field="jwks") from error
    if any(key.kid is None for key in keys.keys):
        raise InvalidInput("every key must have a kid", field="jwks")
    return value


def _types(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(kind, str) and kind for kind in value):
        raise InvalidInput("must be a list of entity types", field="entity_types")
    return tuple(value)


def _metadata(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise InvalidInput("must be objects by entity type", field="metadata")
    if any(item is None for one in value.values() for item in one.values()):
        raise InvalidInput("null is no metadata value", field="metadata")
    return value


def _target(superior: str, entity_id: str) -> str:
    return f"subordinate:{superior or 'province'}:{entity_id}"
