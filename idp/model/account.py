"""An account: our record of a person or an organisation, named by an opaque id of our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.units import UnitReference


@dataclass(frozen=True, slots=True)
class Account:
    """An account with its profile opened.

    ``kind`` is ``person`` or ``organisation``; ``state`` is ``active``, ``locked``, ``closed`` or ``merged``; ``profile`` maps claim
    names of the contract's account columns (``name``, ``birthdate`` …) to values; ``identity_level`` is 1 or 2 (Decree 69/2024);
    ``unit`` is the residence. ``sources`` names, by attribute, the upstream that told it; what is not there was told by an operator or an import.
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
    sources: Mapping[str, str] = field(default_factory=dict)


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
