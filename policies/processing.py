"""The record of processing: which data is basic and which sensitive, and what protects it, read from a registration.

Decree 356/2025 articles 3 and 4, by summaries: name, birth date, sex, address, telephone and personal number are basic;
user name and password of an electronic identity are sensitive, and no system is ever given those.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policies.claims import unpack

_CATEGORIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("email", "email_verified", "phone_number", "phone_number_verified"), "contact"),
        **dict.fromkeys(("address", "unit"), "residence"),
        **dict.fromkeys(("identity_code", "identity_code_type"), "personal_number"),
        "identity_level": "account",
        "roles": "office",
        **dict.fromkeys(("nickname", "preferred_username", "profile", "picture", "website"), "account"),
        **dict.fromkeys(("zoneinfo", "locale", "updated_at"), "account"),
    }
)
CATEGORIES: Final = ("identity", "personal_number", "contact", "residence", "account", "office")
"""Categories of basic personal data, in the order in which pages name them."""


def categories(claims: int) -> tuple[str, ...]:
    """Return the categories of a set of claims; names, birth date and sex identify a person."""
    found = {_CATEGORIES.get(name, "identity") for name in unpack(claims)}
    return tuple(one for one in CATEGORIES if one in found)
