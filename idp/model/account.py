"""An account: our record of a person or an organisation, named by an opaque id of our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from policies.units import UnitReference


@dataclass(frozen=True, slots=True)
class Source:
    """Who told an attribute and when (epoch seconds, 0 where it was not written down).

    ``name`` is an upstream's name, or one of ours: ``OPERATOR``, ``IMPORT``, ``DIRECTORY``, ``SELF``,
    ``BEGINNING`` where it is only known that it came with the account.
    """

    name: str
    at: int = 0


OPERATOR: Final = ":operator"
IMPORT: Final = ":import"
DIRECTORY: Final = ":directory"
SELF: Final = ":self"
BEGINNING: Final = ":beginning"
"""Sources that are no upstream; no upstream's name holds a colon."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account with its profile opened.

    ``kind`` is ``person`` or ``organisation``; ``state`` is ``active``, ``locked``, ``closed`` or ``merged``; ``profile`` maps claim
    names of the contract's account columns (``name``, ``birthdate`` …) to values; ``identity_level`` is 1 or 2 (Decree 69/2024);
    ``unit`` is the residence. ``sources`` has, by attribute, who told it; what is not there came with the account (``services.provenance``).
    """

    id: str
    kind: str
    state: str
    identity_level: int
    unit: UnitReference | None
    sample: bool
    profile: Mapping[str, object]
    created_at: int
    updated_at: int
    external_id: str | None = None
    merged_into: str | None = None
    state_reason: str | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """One row of the history of identity code -> account. ``value`` is the opened code; treat it as personal data."""

    id: str
    account_id: str
    entity_type: str
    scheme: str
    value: str
    valid_from: int
    valid_to: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Credential:
    """A stored factor. ``secret`` is a password hash (``password``) or a sealed seed (``totp``); ``last_step`` stops a TOTP replay."""

    account_id: str
    kind: str
    secret: bytes
    must_change: bool
    last_step: int
    created_at: int
    updated_at: int
