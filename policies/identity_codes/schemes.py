"""The schemes, one row each, and the two ways in.

``parse`` where the scheme is named, ``recognise`` where only a code is typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policies.identity_codes import agency, business, citizen
from policies.identity_codes.model import CodeError, EntityType, IdentityCode, SchemeName
from policies.identity_codes.normal_form import to_ascii, to_digits, without_separators

_CMND_LENGTH: Final = 9
_FOREIGNER: Final = re.compile(r"(?=.*[0-9])[0-9A-Z]{4,32}")


def _never(_value: str) -> bool:
    return False


def _always(_value: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Scheme:
    """One kind of code: ``canonical`` turns raw text into the one stored value or raises ``CodeError``.

    ``may_sign_in`` tells by the value whether a person may sign in with it; what may not is kept as history only.
    """

    name: SchemeName
    entity_type: EntityType
    canonical: Callable[[str], str]
    may_sign_in: Callable[[str], bool] = _always


def _cccd(raw: str) -> str:
    digits = to_digits(raw)
    if len(digits) != citizen.LENGTH:
        raise CodeError("wrong_length", "give the 12 digits of the identity card")
    return digits


def _cmnd(raw: str) -> str:
    digits = to_digits(raw)
    if len(digits) == citizen.LENGTH:
        # Twelve-digit CMND were the personal number already: kept under cmnd, the same citizen would have two codes.
        raise CodeError("cmnd_of_twelve_digits", "give it as cccd: it is the personal number", field="code_type")
    if len(digits) != _CMND_LENGTH:
        raise CodeError("wrong_length", "give the 9 digits of the old identity card")
    return digits


def _mst(raw: str) -> str:
    return business.check(to_digits(raw))


def _foreigner(raw: str) -> str:
    """Nothing is published about the format, so the text is opaque, yet of few characters.

    Separators and case never distinguish.
    """
    text = without_separators(to_ascii(raw).replace("/", ""))
    if not _FOREIGNER.fullmatch(text):
        raise CodeError("not_foreigner_code", "give 4 to 32 letters A-Z and digits, with a digit among them")
    return text


def _agency(raw: str) -> str:
    return agency.check(to_ascii(raw))


_ROWS: Final = (
    Scheme(SchemeName.CCCD, EntityType.PERSON, _cccd),
    # Invalid since 2025-01-01 (Law on Identification 26/2023): an alias in the history, never a way in.
    Scheme(SchemeName.CMND, EntityType.PERSON, _cmnd, _never),
    Scheme(SchemeName.MST, EntityType.BUSINESS, _mst),
    Scheme(SchemeName.FOREIGNER, EntityType.PERSON, _foreigner),
    Scheme(SchemeName.AGENCY, EntityType.AGENCY, _agency, lambda value: not agency.is_old_form(value)),
)
SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType({row.name.value: row for row in _ROWS})
"""Every scheme by its ``code_type``, in the order in which ``recognise`` offers them."""


def parse(scheme: str, raw: str) -> IdentityCode:
    """Return the code that ``raw`` stands for under a named scheme; idempotent on canonical values.

    Raises ``CodeError`` with ``field``, ``reason`` and ``fix``; reasons are ``unknown_scheme``, ``code_empty``,
    ``code_too_long``, ``hidden_character``, ``not_ascii``, ``not_digits``, ``wrong_length``, ``check_digit``,
    ``no_such_number``, ``cmnd_of_twelve_digits``, ``not_foreigner_code``, ``not_agency_code``.
    """
    row = SCHEMES.get(scheme)
    if row is None:
        raise CodeError("unknown_scheme", f"give one of {', '.join(SCHEMES)}", field="code_type")
    return IdentityCode(row.entity_type, row.name, row.canonical(raw))


def recognise(raw: str) -> tuple[IdentityCode, ...]:
    """Return what ``raw`` can be where only a code is typed: at most one candidate a scheme, likeliest first.

    Never raises.

    Twelve digits are a citizen, a household business and perhaps a foreigner's number: whoever looks them up tries
    each, and asks in which capacity if more than one exists. What nobody may sign in with is left out.
    """
    return tuple(code for code in aliases(raw) if may_sign_in(code))


def aliases(raw: str) -> tuple[IdentityCode, ...]:
    """Return what ``raw`` can be under any scheme, also what nobody signs in with: at most one candidate a scheme.

    Never raises. For counting tries: an old card's number is the same person's as today's.
    """
    candidates = []
    for row in _ROWS:
        try:
            candidates.append(IdentityCode(row.entity_type, row.name, row.canonical(raw)))
        except CodeError:
            continue
    return tuple(candidates)


def may_sign_in(code: IdentityCode) -> bool:
    """Tell whether a person may sign in with this code; false for a CMND and for an agency's code of the old form."""
    return SCHEMES[code.scheme.value].may_sign_in(code.value)
