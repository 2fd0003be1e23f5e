"""The account columns of the contract: what each may hold, and clear errors that name the column and the fix."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from idp.errors import InvalidInput

_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{7,14}")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LONGEST: Final = 300

Rule = Callable[[str, str], object]


def text(name: str, raw: str) -> str:
    """Return a text in NFC with single spaces."""
    clean = unicodedata.normalize("NFC", " ".join(raw.split(" "))).strip()
    if len(clean) > _LONGEST:
        raise InvalidInput(f"is longer than {_LONGEST} characters", field=name)
    if any(unicodedata.category(character) in _INVISIBLE for character in clean):
        raise InvalidInput("holds control, invisible or direction characters", field=name)
    return clean


def _gender(name: str, raw: str) -> str:
    if raw not in {"male", "female"}:
        raise InvalidInput("must be male or female", field=name)
    return raw


def _birthdate(name: str, raw: str) -> str:
    try:
        return date.fromisoformat(raw).isoformat() if len(raw) == len("2000-01-01") else _raise(name)
    except ValueError:
        return _raise(name)


def _raise(name: str) -> str:
    raise InvalidInput("must be a date as YYYY-MM-DD", field=name)


def _email(name: str, raw: str) -> str:
    if len(raw) > 254 or not _EMAIL.fullmatch(raw):  # noqa: PLR2004 - RFC 5321 section 4.5.3.1.3
        raise InvalidInput("must be an e-mail address", field=name)
    return raw


def _phone(name: str, raw: str) -> str:
    digits = re.sub(r"[ .()-]", "", raw)
    if digits.startswith("0"):
        digits = f"+84{digits[1:]}"
    if not _PHONE.fullmatch(digits):
        raise InvalidInput("must be a telephone number such as 0905123456 or +84905123456", field=name)
    return digits


def _flag(name: str, raw: str) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if raw.lower() not in known:
        raise InvalidInput("must be true or false", field=name)
    return known[raw.lower()]


def _url(name: str, raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme != "https" or not parts.hostname or parts.username or len(raw) > 2048:  # noqa: PLR2004 - as clients.uris
        raise InvalidInput("must be an https URL", field=name)
    return raw


def _zone(name: str, raw: str) -> str:
    if raw not in available_timezones():
        raise InvalidInput("must be a time zone such as Asia/Ho_Chi_Minh", field=name)
    return raw


def _locale(name: str, raw: str) -> str:
    if not _LOCALE.fullmatch(raw):
        raise InvalidInput("must be a language tag such as vi-VN", field=name)
    return raw


COLUMNS: Final[Mapping[str, Rule]] = {
    **dict.fromkeys(("name", "family_name", "given_name", "middle_name", "nickname", "preferred_username"), text),
    "gender": _gender,
    "birthdate": _birthdate,
    "email": _email,
    "email_verified": _flag,
    "phone_number": _phone,
    "phone_number_verified": _flag,
    **dict.fromkeys(("address_formatted", "address_street_address", "address_locality"), text),
    **dict.fromkeys(("address_region", "address_postal_code", "address_country"), text),
    **dict.fromkeys(("profile", "picture", "website"), _url),
    "zoneinfo": _zone,
    "locale": _locale,
}
"""Every column that becomes part of the sealed profile."""


def checked(values: Mapping[str, Any]) -> dict[str, object]:
    """Return the profile of given columns; empty ones are left out. Raises ``InvalidInput`` that names the column.

    Columns that are not of the profile are passed over: the caller knows them.
    """
    profile: dict[str, object] = {}
    for name, rule in COLUMNS.items():
        raw = values.get(name)
        if raw is None or raw == "":
            continue
        if isinstance(raw, bool):
            raw = "true" if raw else "false"
        if not isinstance(raw, str):
            raise InvalidInput("must be a text", field=name)
        profile[name] = rule(name, raw.strip())
    if not profile.get("name"):
        raise InvalidInput("is missing", field="name")
    return profile
