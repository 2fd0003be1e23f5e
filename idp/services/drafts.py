"""Drafts: accounts that have been checked and not yet stored.

Owns the checks of the contract's account columns as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from idp.errors import InvalidInput
from idp.services import profiles
from policies import identity_codes
from policies.identity_codes import CodeError, EntityType, Findings, IdentityCode
from policies.units import UnitReference

OWN_COLUMNS: Final = ("code_type", "code", "identity_level", "unit", "external_id", "password_hash")
"""The account columns that are not part of the sealed profile."""
COLUMNS: Final = (*OWN_COLUMNS, *profiles.COLUMNS)
"""Every account column of the contract: CSV header names, JSON keys and options alike."""

_LEVELS: Final = ("1", "2")
_LONGEST: Final = {"unit": 43, "external_id": 200}
_CONTRADICTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "birthdate_malformed": ("birthdate", "must be a date as YYYY-MM-DD"),
    "birth_year_mismatch": ("birthdate", "is of another year than the citizen number says: compare both with the card"),
    "sex_mismatch": ("gender", "is another one than the citizen number says: compare both with the card"),
    "birth_in_future": ("birthdate", "lies in the future"),
}
"""What ``check_consistency`` may find, as column and fix."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An account that has been checked and not yet stored: its parts, warnings (reason ids) for the operator, who told what."""

    code: IdentityCode
    profile: Mapping[str, object]
    identity_level: int
    unit: UnitReference | None
    external_id: str | None
    password_hash: str | None
    is_sample: bool
    warnings: tuple[str, ...]
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Return ``person`` or ``organisation``."""
        return "person" if self.code.entity_type is EntityType.PERSON else "organisation"


def checked(values: Mapping[str, Any], today: date) -> Draft:
    """Return the draft of given columns; raises ``InvalidInput`` that names the column, the reason id and the fix."""
    code = parsed_code(values)
    profile = profiles.checked(values)
    findings = check_fits(code, profile, today)
    return Draft(
        code,
        profile,
        checked_level(values.get("identity_level")),
        unit_reference(values),
        short(values, "external_id"),
        str(values["password_hash"]) if values.get("password_hash") else None,
        findings.sample,
        findings.warnings,
    )


def parsed_code(values: Mapping[str, Any]) -> IdentityCode:
    """Return the identity code of ``code_type`` and ``code``; raises ``InvalidInput``."""
    try:
        return identity_codes.parse(str(values.get("code_type") or ""), str(values.get("code") or ""))
    except CodeError as error:
        raise InvalidInput(error.fix, code=error.reason, field=error.field) from error


def check_fits(code: IdentityCode, profile: Mapping[str, object], today: date) -> Findings:
    """Raise ``InvalidInput`` when a code contradicts the sex or the birth date that are declared beside it.

    Returns what else was found.
    """
    gender, birthdate = profile.get("gender"), profile.get("birthdate")
    findings = identity_codes.check_consistency(code, _text(gender), _text(birthdate), today)
    if findings.errors:
        column, fix = _CONTRADICTIONS[findings.errors[0]]
        raise InvalidInput(fix, code=findings.errors[0], field=column)
    return findings


def checked_level(raw: object) -> int:
    """Return the account level (Decree 69/2024 article 5); 1 where nothing is given. Raises ``InvalidInput``."""
    level = str(raw).strip() if raw is not None else ""
    if level and level not in _LEVELS:
        raise InvalidInput("must be 1 or 2", field="identity_level")
    return int(level or "1")


def short(values: Mapping[str, Any], name: str) -> str | None:
    """Return a short text column, None where it is empty; raises ``InvalidInput``."""
    raw = values.get(name)
    if raw is None or raw == "":
        return None
    value = profiles.text(name, str(raw))
    if len(value) > _LONGEST[name]:
        raise InvalidInput(f"is longer than {_LONGEST[name]} characters", field=name)
    return value or None


def unit_reference(values: Mapping[str, Any]) -> UnitReference | None:
    """Return the residence: a unit's code, or ``CODE@YYYY-MM-DD`` where it is that day's; raises ``InvalidInput``."""
    given = short(values, "unit")
    try:
        return UnitReference.parse(given) if given is not None else None
    except ValueError as error:
        raise InvalidInput(str(error), field="unit") from error


def _text(value: object) -> str | None:
    return str(value) if value is not None else None
