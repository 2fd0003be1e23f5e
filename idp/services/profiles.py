"""The account columns of the contract: what each may hold, and clear errors that name the column and the fix."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from idp.errors import InvalidInput

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{7,14}")
_PHONE_VN: Final = re.compile(r"\+84[1-9][0-9]{8,9}")
"""Nine digits for a mobile, ten for a fixed line, never the national 0 after the country code."""
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LONGEST: Final = 300
_LONGEST_EMAIL: Final = 254
"""RFC 5321 section 4.5.3.1.3, less the angle brackets."""
_LONGEST_URL: Final = 2048
_ZONE: Final = re.compile(r"[A-Za-z0-9_+/-]{1,64}")

Rule = Callable[[str, str], object]


def text(name: str, raw: str) -> str:
    """Return a text in NFC with single spaces."""
    clean = unicodedata.normalize("NFC", raw)
    _check_visible(name, clean)
    clean = " ".join(clean.split())
    if len(clean) > _LONGEST:
        raise InvalidInput(f"is longer than {_LONGEST} characters", field=name)
    return clean


def _lines(name: str, raw: str) -> str:
    """Return a text that may have several lines (OpenID Connect Core section 5.1.1)."""
    return "\n".join(filter(None, (text(name, line) for line in raw.replace("\r\n", "\n").split("\n"))))


def _check_visible(name: str, value: str) -> None:
    """Refuse what two readers would see differently.

    A name must not end a line, turn its direction or hide a character.
    """
    if not value.isprintable() and any(unicodedata.category(character) in _INVISIBLE for character in value):
        raise InvalidInput("holds control, invisible or direction characters: type it again by hand", field=name)


def _gender(name: str, raw: str) -> str:
    if raw not in {"male", "female"}:
        raise InvalidInput("must be male or female", field=name)
    return raw


def _birthdate(name: str, raw: str) -> str:
    try:
        # fromisoformat would also take 20000101 and 2000-W01-1.
        if _DATE.fullmatch(raw):
            return date.fromisoformat(raw).isoformat()
    except ValueError:
        pass
    raise InvalidInput("must be a date as YYYY-MM-DD", field=name)


def _email(name: str, raw: str) -> str:
    if len(raw) > _LONGEST_EMAIL or not _EMAIL.fullmatch(raw):
        raise InvalidInput("must be an e-mail address", field=name)
    return raw


def _phone(name: str, raw: str) -> str:
    digits = re.sub(r"[ .()-]", "", raw)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif digits.startswith("0"):
        digits = f"+84{digits[1:]}"
    form = _PHONE_VN if digits.startswith("+84") else _PHONE
    if not form.fullmatch(digits):
        raise InvalidInput("must be a telephone number such as 0905123456 or +84905123456", field=name)
    return digits


def _flag(name: str, raw: str) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if raw.lower() not in known:
        raise InvalidInput("must be true or false", field=name)
    return known[raw.lower()]


def _url(name: str, raw: str) -> str:
    try:
        parts = urlsplit(raw)
        plain = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        plain = False
    # urlsplit drops line breaks and tabs before it reads: what it approved is not what would be stored.
    if not plain or not raw.isprintable() or " " in raw or len(raw) > _LONGEST_URL:
        raise InvalidInput("must be an https URL such as https://example.vn/a", field=name)
    return raw


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str, raw: str) -> str:
    # A machine without tzdata knows no zone at all; there only the form can be checked.
    if raw not in (_zones() or {raw}) or not _ZONE.fullmatch(raw):
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
    **dict.fromkeys(("address_formatted", "address_street_address"), _lines),
    **dict.fromkeys(("address_locality", "address_region", "address_postal_code", "address_country"), text),
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
