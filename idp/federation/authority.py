"""The entities that this process serves: the province, which is the provider and a trust anchor, and its units as intermediates.

The province's entity identifier is the issuer; a unit's is ``{issuer}/federation/units/{code}``, and lives as long as the unit in the register.
Statements are made when they are asked for: a subordinate that was dropped is gone with the next question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.clock import Clock, local_day
from idp.federation.entity_keys import EntityKeys
from idp.federation.statements import STATEMENT
from idp.ports.federation import FederationStore, Subordinate
from idp.services.units import UnitService
from policies.federation.caps import RELYING_PARTY, cap_of
from policies.federation.constraints import ALWAYS_ALLOWED
from policies.federation.metadata_policy import check, merge
from policies.units import Unit, UnitReference

UNITS: Final = "/federation/units/"
PROVINCE: Final = ""
"""The province where a unit's code is expected."""
PROVIDER: Final = "openid_provider"
UNIT_CONSTRAINTS: Final = {"max_path_length": 3, "allowed_entity_types": [RELYING_PARTY]}
"""What the province lets a unit vouch for: relying parties, with few between."""
_SERVED: Final = (
    ("federation_fetch_endpoint", "/federation/fetch"),
    ("federation_list_endpoint", "/federation/list"),
    ("federation_resolve_endpoint", "/federation/resolve"),
    ("federation_historical_keys_endpoint", "/federation/historical-keys"),
    ("federation_trust_mark_status_endpoint", "/federation/trust-mark-status"),
    ("federation_trust_mark_list_endpoint", "/federation/trust-marked"),
    ("federation_trust_mark_endpoint", "/federation/trust-mark"),
)
REGISTRATION_PATH: Final = "/federation/register"


@dataclass(frozen=True, slots=True)
class Standing:
    """What an operator decides about our place in the federation; see the settings of the same names."""

    issuer: str
    province: str
    organization_name: str
    authority_hints: tuple[str, ...]
    statement_lifetime: int
    trust_mark_types: tuple[str, ...]


class Authority:
    """Makes statements. Implements ``idp.federation.collecting.Entities``."""

    def __init__(
        self,
        standing: Standing,
        keys: EntityKeys,
        store: FederationStore,
        units: UnitService,
        clock: Clock,
        provider: Callable[[], Mapping[str, Any]],
    ) -> None:
        """Take the standing, keys, members, the register of units, the clock, and the provider's own discovery document."""
        self.standing = standing
        self._keys = keys
        self._store = store
        self._units = units
        self._clock = clock
        self._provider = provider

    @property
    def entity_id(self) -> str:
        """Return the province's identifier."""
        return self.standing.issuer

    def is_ours(self, entity_id: str) -> bool:
        """Tell whether the identifier lies in the part of the name space that we serve."""
        return entity_id == self.entity_id or entity_id.startswith(self.entity_id + UNITS)

    def code_of(self, entity_id: str) -> str | None:
        """Return the code of an entity of ours that exists today, ``PROVINCE`` for the province; None for any other."""
        if entity_id == self.entity_id:
            return PROVINCE
        code = entity_id.removeprefix(self.entity_id + UNITS)
        return code if code != entity_id and self.unit(code) is not None else None

    def identifier(self, code: str) -> str:
        """Return the identifier of a unit, or of the province."""
        return self.entity_id + (UNITS + code if code not in {PROVINCE, self.standing.province} else "")

    def unit(self, code: str) -> Unit | None:
        """Return a unit of the province that is in force today."""
        today, register = self._units.today(), self._units.register
        found = register.on(code, today)
        above = (one.code for one in register.ancestors(code, today))
        return found if found is not None and self.standing.province in above else None

    def is_within(self, code: str, above: str) -> bool:
        """Tell whether a unit is another, or lies below it today."""
        return code == above or above in (one.code for one in self._units.register.ancestors(code, self._units.today()))

    def units_below(self, code: str) -> Iterable[Unit]:
        """Return the units immediately below one of ours."""
        if not self.standing.province:
            return ()
        return self._units.register.tree(self._units.today()).get(code or self.standing.province, ())

    def members(self, code: str) -> list[Subordinate]:
        """Return whom one of ours vouches for: for a unit also what those began that became it."""
        if code == PROVINCE:
            return self._store.subordinates(code)
        unit = self.unit(code)
        return [
            one for one in self._store.of_units() if unit is not None and self._units.meant(_voucher(one)) == (unit,)
        ]

    def member(self, code: str, entity_id: str) -> Subordinate | None:
        """Return one of them."""
        if code == PROVINCE:
            return self._store.subordinate(code, entity_id)
        return next((one for one in self.members(code) if one.entity_id == entity_id), None)

    def level(self, code: str) -> str:
        """Return the level whose cap holds for what an entity of ours vouches for."""
        unit = self.unit(code) if code else None
        return unit.level.value if unit is not None else "province"

    def configuration(self, entity_id: str) -> str | None:
        """Return the entity configuration of one of ours; None for any other."""
        code = self.code_of(entity_id)
        if code is None:
            return None
        unit = self.unit(code) if code else None
        claims = self._of_unit(unit) if unit is not None else self._of_province()
        return self._signed(entity_id, entity_id, self._keys.jwks(), claims)

    def statement(self, issuer: str, subject: str) -> str | None:
        """Return what one of ours says of an immediate subordinate; None where it says nothing."""
        code = self.code_of(issuer)
        if code is None:
            return None
        source = {"source_endpoint": self.endpoint(code, "federation_fetch_endpoint")}
        for unit in self.units_below(code):
            if self.identifier(unit.code) == subject:
                claims = {"metadata_policy": cap_of(unit.level.value).policy(), "constraints": UNIT_CONSTRAINTS}
                return self._signed(issuer, subject, self._keys.jwks(), {**claims, **source})
        member = self.member(code, subject)
        if member is None:
            return None
        return self._signed(issuer, subject, member.jwks, {**self._of_member(code, member), **source})

    def endpoint(self, code: str, name: str) -> str:
        """Return the address of a federation endpoint of one of ours."""
        path = dict(_SERVED)[name]
        return self.entity_id + path if code == PROVINCE else self.identifier(code) + path.removeprefix("/federation")

    def _of_province(self) -> dict[str, Any]:
        standing = self.standing
        entity: dict[str, Any] = {name: self.entity_id + path for name, path in _SERVED}
        if standing.organization_name:
            entity["organization_name"] = standing.organization_name
        claims: dict[str, Any] = {"metadata": {ALWAYS_ALLOWED: entity, PROVIDER: self._provider()}}
        if standing.authority_hints:
            claims["authority_hints"] = list(standing.authority_hints)
        if standing.trust_mark_types:
            claims["trust_mark_issuers"] = {kind: [self.entity_id] for kind in standing.trust_mark_types}
        return claims

    def _of_unit(self, unit: Unit) -> dict[str, Any]:
        names = ("federation_fetch_endpoint", "federation_list_endpoint")
        entity = {name: self.endpoint(unit.code, name) for name in names}
        superior = self.identifier(unit.parent_code or PROVINCE)
        metadata = {ALWAYS_ALLOWED: {"organization_name": unit.full_name, **entity}}
        return {"metadata": metadata, "authority_hints": [superior]}

    def _of_member(self, code: str, member: Subordinate) -> dict[str, Any]:
        """A relying party belongs to the unit that vouches for it, unless the operator named another."""
        cap = check(cap_of(self.level(code)).policy())
        claims: dict[str, Any] = {
            "metadata_policy": merge(cap, check(member.metadata_policy)),
            "constraints": {**member.constraints, "allowed_entity_types": list(member.entity_types)},
        }
        metadata = {kind: dict(values) for kind, values in member.metadata.items()}
        if RELYING_PARTY in member.entity_types:
            owner = {"unit": code or self.standing.province} if code or self.standing.province else {}
            metadata[RELYING_PARTY] = {**owner, **metadata.get(RELYING_PARTY, {})}
        return {**claims, "metadata": metadata} if metadata else claims

    def _signed(self, issuer: str, subject: str, jwks: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        now = self._clock.now()
        whole = {
            **claims,
            "iss": issuer,
            "sub": subject,
            "iat": now,
            "exp": now + self.standing.statement_lifetime,
            "jwks": jwks,
        }
        return self._keys.sign(whole, STATEMENT)


def _voucher(member: Subordinate) -> UnitReference:
    return UnitReference(member.superior, local_day(member.created_at))
