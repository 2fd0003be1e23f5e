"""Claims release: which scope stands for which claim, and which of a person's attributes leave the house.

A set of claims is an ``int`` bit set, so that it fits into a sealed authorization code and an SQL column. The number of
a claim is its bit for ever: a number is never given to another name, and a claim that goes leaves a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: its permanent ``number``, its name, the scope that stands for it, and another that brings it along."""

    number: int
    name: str
    scope: str
    also: str = ""


_TABLE: Final = (
    Claim(0, "name", "profile"),
    Claim(1, "family_name", "profile"),
    Claim(2, "given_name", "profile"),
    Claim(3, "middle_name", "profile"),
    Claim(4, "nickname", "profile"),
    Claim(5, "preferred_username", "profile"),
    Claim(6, "profile", "profile"),
    Claim(7, "picture", "profile"),
    Claim(8, "website", "profile"),
    Claim(9, "gender", "profile"),
    Claim(10, "birthdate", "profile"),
    Claim(11, "zoneinfo", "profile"),
    Claim(12, "locale", "profile"),
    Claim(13, "updated_at", "profile"),
    Claim(14, "email", "email"),
    Claim(15, "email_verified", "email"),
    Claim(16, "phone_number", "phone"),
    Claim(17, "phone_number_verified", "phone"),
    Claim(18, "address", "address"),
    Claim(19, "unit", "address", also="roles"),
    Claim(20, "identity_code", "identity"),
    Claim(21, "identity_code_type", "identity"),
    Claim(22, "identity_level", "identity"),
    Claim(23, "roles", "roles"),
)
"""OpenID Connect Core section 5.4 for the standard scopes. ``unit`` is where a person lives, so it goes with
``address``; of an official it is the office, and goes with ``roles``. The code goes with ``identity`` alone, because
most systems need a stable subject and not a citizen's number. The next free number is 24."""

SCOPES: Final = ("openid", "profile", "email", "phone", "address", "offline_access", "identity", "roles")
"""Every scope that a client may register or ask; discovery and registration read this list."""

CLAIMS: Final[Mapping[str, Claim]] = MappingProxyType({claim.name: claim for claim in _TABLE})
"""Every claim about a person by name, in the order in which pages show them; ``claims_supported`` is this plus the
protocol's own."""

_OF_SCOPE: Final[Mapping[str, int]] = MappingProxyType(
    {scope: sum(1 << claim.number for claim in _TABLE if scope in {claim.scope, claim.also}) for scope in SCOPES}
)

_CONTACT_SCOPES: Final = ("email", "phone", "address")
"""A system can serve a person without reaching him by every road, so these are the person's choice, box by box (Law
91/2025 article 9: consent may be given in part). What identifies him goes together or not at all."""

_CONFIRMATIONS: Final = MappingProxyType({"email_verified": "email", "phone_number_verified": "phone_number"})
"""Says something about another claim, so it comes and goes with that one: it has no box of its own and means nothing
alone."""

_ADDRESS: Final = (
    ("formatted", "address_formatted"),
    ("street_address", "address_street_address"),
    ("locality", "address_locality"),
    ("region", "address_region"),
    ("postal_code", "address_postal_code"),
    ("country", "address_country"),
)
"""Members of the ``address`` claim (OpenID Connect Core section 5.1.1) and the account columns that they come from."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A request divided for the consent page: ``required`` is one bundle, each of ``optional`` has a box.

    All three are bit sets.

    ``shown`` is the two together without the confirmations, which follow the claim that they confirm.
    """

    required: int
    optional: int
    shown: int


def pack(names: Iterable[str]) -> int:
    """Return the bit set of claim names; unknown names are ignored (OpenID Connect Core section 5.5)."""
    claims = 0
    for name in names:
        claim = CLAIMS.get(name)
        if claim is not None:
            claims |= 1 << claim.number
    return claims


@lru_cache(maxsize=1024)
def unpack(claims: int) -> tuple[str, ...]:
    """Return the names in a bit set, in the order of the table; bits that have no claim (any more) are ignored."""
    return tuple(claim.name for claim in _TABLE if claims >> claim.number & 1)


def for_scopes(scopes: Iterable[str]) -> int:
    """Return the bit set that scopes stand for together.

    ``openid``, ``offline_access`` and unknown ones stand for no claim.
    """
    claims = 0
    for scope in scopes:
        claims |= _OF_SCOPE.get(scope, 0)
    return claims


def choose(requested: int, essential: int = 0) -> Choice:
    """Divide a request into what goes together and what a person may leave out.

    ``essential`` holds the claims that the ``claims`` parameter marks so (OpenID Connect Core section 5.5.1): no box
    for them.
    """
    confirmations = pack(_CONFIRMATIONS)
    shown = requested & ~confirmations
    optional = shown & for_scopes(_CONTACT_SCOPES) & ~essential
    if not _is_of_residence(requested):
        optional &= ~pack(("unit",))  # The office belongs to the roles in it.
    return Choice(required=shown & ~optional, optional=optional, shown=shown)


def accepted(requested: int, ticked: Iterable[str], essential: int = 0) -> int:
    """Return what a consent covers: the required bundle, the boxes ticked, and the confirmations that belong to either.

    A name that was ticked but had no box is not released: a form can be edited by whoever sends it.
    """
    choice = choose(requested, essential)
    agreed = choice.required | (choice.optional & pack(ticked))
    return agreed | (requested & _confirmations_of(agreed))


def confirmed(claims: int) -> int:
    """Return the claims together with what confirms them."""
    return claims | _confirmations_of(claims)


def shown(claims: int) -> int:
    """Return the claims that a page shows: the confirmations follow what they confirm."""
    return claims & ~pack(_CONFIRMATIONS)


def granted(requested: int, allowed_scopes: Iterable[str], consented: int) -> int:
    """Return the claims that may leave.

    Asked for, within the client's registration, and agreed to (or told, by a notice).
    """
    return requested & for_scopes(allowed_scopes) & consented


_MADE: Final = frozenset({"address", "unit"})
"""Claims that are more than the column of their name."""


def release(claims: int, attributes: Mapping[str, object]) -> dict[str, object]:
    """Return name and value of each claim in ``claims`` for which the person has a value.

    ``attributes`` holds the account columns of the contract by their names, plus ``identity_code``,
    ``identity_code_type``, ``identity_level``, ``unit``, ``updated_at``, and of an official ``office`` (sent as ``unit``)
    and ``roles``. Absent, ``None`` and empty values are left out, never sent as null (OpenID Connect Core section 5.3.2).
    """
    released: dict[str, object] = {}
    for name in unpack(claims):
        value = attributes.get(name) if name not in _MADE else _value(claims, name, attributes)
        if value is None or value in ("", {}, []):
            continue
        if name in _CONFIRMATIONS and not attributes.get(_CONFIRMATIONS[name]):
            continue
        released[name] = value
    return released


_OF_PRINCIPAL: Final = ("name", "identity_code", "identity_code_type")
"""What may be told of whom somebody acts for: what the department may learn of the person who acts, and nothing about how he lives."""


def release_principal(claims: int, attributes: Mapping[str, object]) -> dict[str, object]:
    """Return what leaves about a principal: of what may leave about the person himself, that which names somebody."""
    return release(claims & pack(_OF_PRINCIPAL), attributes)


def _value(claims: int, name: str, attributes: Mapping[str, object]) -> object:
    if name == "address":
        return _address(attributes)
    if name == "unit" and (attributes.get("office") or not _is_of_residence(claims)):
        # A system that asks for roles learns where officials work, and not where citizens live.
        return attributes.get("office")
    return attributes.get(name)


def _is_of_residence(claims: int) -> bool:
    """Tell whether ``unit`` in a request may mean where a person lives: unless it came with the roles alone."""
    return not claims & pack(("roles",)) or bool(claims & pack(("address",)))


def _confirmations_of(claims: int) -> int:
    names = unpack(claims)
    return pack(name for name, about in _CONFIRMATIONS.items() if about in names)


def _address(attributes: Mapping[str, object]) -> dict[str, object]:
    return {member: attributes[column] for member, column in _ADDRESS if attributes.get(column)}
