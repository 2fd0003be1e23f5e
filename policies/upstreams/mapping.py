"""From an upstream's fields to our attributes, by rules that an operator writes; what no rule names is dropped (data minimisation)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

CODES: Final = ("cccd", "mst", "foreigner")
"""Identity codes that an upstream may tell us; each is its ``code_type``."""
ACCOUNT_TYPE: Final = "account_type"
"""Whose account it is upstream: ``person`` or ``organisation``; decides which code counts, and is not stored."""
PROFILE: Final = (
    *("name", "family_name", "given_name", "middle_name", "gender", "birthdate"),
    *("email", "email_verified", "phone_number", "phone_number_verified"),
    *("address_formatted", "address_street_address", "address_locality", "address_region"),
    *("address_postal_code", "address_country", "locale"),
)
"""Account columns that an upstream may fill."""
TARGETS: Final = frozenset((*CODES, ACCOUNT_TYPE, *PROFILE))

_LONGEST: Final = 300
_GENDERS: Final[Mapping[str, str]] = MappingProxyType(
    {"nam": "male", "male": "male", "m": "male", "nữ": "female", "nu": "female", "female": "female", "f": "female"}
)
_ACCOUNT_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {"1": "person", "2": "organisation", "person": "person", "organisation": "organisation"}
)
_PERSON_CODES: Final = ("cccd", "foreigner")

Transform = Callable[[str], str]
"""Returns our value, "" for one that it cannot read."""


def _text(raw: str) -> str:
    return unicodedata.normalize("NFC", raw)


def _dated(pattern: str) -> Transform:
    form = re.compile(pattern, re.ASCII)

    def read(raw: str) -> str:
        found = form.fullmatch(raw)
        try:
            return date(int(found["y"]), int(found["m"]), int(found["d"])).isoformat() if found else ""
        except ValueError:
            return ""

    return read


def _looked_up(table: Mapping[str, str]) -> Transform:
    return lambda raw: table.get(unicodedata.normalize("NFC", raw).lower(), "")


def _yes(raw: str) -> str:
    return "true" if raw.lower() in {"true", "1"} else "false"


_D, _M, _Y = r"(?P<d>\d{2})", r"(?P<m>\d{2})", r"(?P<y>\d{4})"
TRANSFORMS: Final[Mapping[str, Transform]] = MappingProxyType(
    {
        "text": _text,
        "date": _dated(f"{_Y}-{_M}-{_D}"),
        "date_ddMMyyyy": _dated(_D + _M + _Y),
        "date_dd/MM/yyyy": _dated(f"{_D}/{_M}/{_Y}"),
        "date_yyyyMMdd": _dated(_Y + _M + _D),
        "gender": _looked_up(_GENDERS),
        "account_type": _looked_up(_ACCOUNT_TYPES),
        "flag": _yes,
    }
)
"""Every transform that a rule may name; another one is a row."""


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """One upstream field, the attribute that it becomes, and how its value is read."""

    field: str
    to: str
    transform: str = "text"

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an attribute or a transform that does not exist."""
        if self.to not in TARGETS:
            message = f"{self.to!r} is no attribute: {', '.join(sorted(TARGETS))}"
            raise ValueError(message)
        if self.transform not in TRANSFORMS:
            message = f"{self.transform!r} is no transform: {', '.join(TRANSFORMS)}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What is left of an upstream's answer.

    ``code_type`` and ``code`` are "" where it told none; ``unread`` names attributes whose value no transform could read, for the
    operator: never the value.
    """

    attributes: Mapping[str, str] = field(default_factory=dict)
    code_type: str = ""
    code: str = ""
    account_type: str = ""
    unread: tuple[str, ...] = ()


def mapped(fields: Mapping[str, object], rules: Iterable[ClaimRule]) -> Mapped:
    """Return the attributes of the rules; the first rule that finds a value for an attribute wins."""
    found: dict[str, str] = {}
    unread: list[str] = []
    for rule in rules:
        raw = scalar(fields.get(rule.field))
        if rule.to in found or not raw:
            continue
        value = TRANSFORMS[rule.transform](raw) if len(raw) <= _LONGEST else ""
        if value:
            found[rule.to] = value
        else:
            unread.append(rule.to)
    account_type = found.get(ACCOUNT_TYPE, "")
    code_type = _code_type(found, account_type)
    missed = tuple(name for name in dict.fromkeys(unread) if name not in found)
    attributes = {name: value for name, value in found.items() if name in PROFILE}
    return Mapped(attributes, code_type, found.get(code_type, ""), account_type, missed)


def scalar(value: object) -> str:
    """Return a JSON scalar as trimmed text, "" for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def _code_type(found: Mapping[str, str], account_type: str) -> str:
    """Return which code names the account.

    The upstream account of an organisation also tells who represents it: that number must not open the person's account.
    """
    fitting = ("mst",) if account_type == "organisation" else _PERSON_CODES if account_type == "person" else CODES
    return next((name for name in fitting if name in found), "")
