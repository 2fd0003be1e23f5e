"""How a type of authorization details describes itself, and how its members are read: a small, closed relative of JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

Detail = Mapping[str, Any]
"""One checked detail: ``type`` and the members of that type, lists sorted."""
_MOST_URIS: Final = 4
_LONGEST_URI: Final = 200


class DetailFault(Exception):
    """A detail breaks its type's rules; ``place`` is the member at fault, such as ``[0].actions``."""

    def __init__(self, place: str, fix: str) -> None:
        """Keep both."""
        super().__init__(f"authorization_details{place} {fix}")
        self.place = place
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Member:
    """How one member is read: ``read`` returns the value or raises ``ValueError`` with what would be right.

    ``is_set`` tells that the value is a list whose order means nothing and of which a part may be asked.
    """

    read: Callable[[object], Any]
    is_required: bool = False
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class DetailType:
    """One type: its ``name`` on the wire, the ``key`` of its texts for people, its members in the order in which people read them.

    ``is_of_systems`` tells that a system asks it for itself, within what an operator wrote, and never a person.
    """

    name: str
    key: str
    members: Mapping[str, Member]
    is_of_systems: bool = False

    def read(self, given: Mapping[str, object], place: str) -> Detail:
        """Return the checked detail; raises ``DetailFault``."""
        if len(given) > len(self.members) + 1 or not given.keys() <= {"type", *self.members}:
            raise DetailFault(place, f"may hold type, {', '.join(self.members)} and nothing else")
        found: dict[str, Any] = {"type": self.name}
        for name, member in self.members.items():
            if name not in given:
                if member.is_required:
                    raise DetailFault(f"{place}.{name}", "is required")
                continue
            try:
                found[name] = member.read(given[name])
            except ValueError as fault:
                raise DetailFault(f"{place}.{name}", str(fault)) from fault
        return found

    def is_within(self, part: Detail, whole: Detail) -> bool:
        """Tell whether ``part`` asks nothing that ``whole`` does not grant.

        A list may be shorter; another member must be the same. What bounds the whole (a place, a procedure) may not be left out.
        """
        if part["type"] != self.name or whole["type"] != self.name:
            return False
        return all(self._fits(member, part.get(name), whole.get(name)) for name, member in self.members.items())

    @staticmethod
    def _fits(member: Member, part: Any, whole: Any) -> bool:
        if member.is_set and part is not None:
            return whole is None or set(part) <= set(whole)
        return bool(part == whole)


def text(pattern: str, fix: str) -> Callable[[object], str]:
    """Return the reader of a text that fits a pattern as a whole."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError(fix)
        return value

    return read


def words(*allowed: str) -> Callable[[object], list[str]]:
    """Return the reader of a list of different words out of ``allowed``."""

    def read(value: object) -> list[str]:
        if not isinstance(value, list) or not value or len(value) > len(allowed) or not all(map(_is_text, value)):
            raise ValueError(f"must be a list of {', '.join(allowed)}")
        if not set(value) <= set(allowed) or len(set(value)) != len(value):
            raise ValueError(f"must hold {', '.join(allowed)}, none of them twice")
        return sorted(value, key=allowed.index)

    return read


def day(value: object) -> str:
    """Return a calendar day as ``YYYY-MM-DD``; raises ``ValueError``."""
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else _refuse()
    except ValueError:
        return _refuse()


def uris(value: object) -> list[str]:
    """Return ``locations``: absolute URIs of resources, without a fragment; raises ``ValueError``."""
    fix = f"must be a list of 1 to {_MOST_URIS} absolute URIs"
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_URIS or not all(map(_is_uri, value)):
        raise ValueError(fix)
    if len(set(value)) != len(value):
        raise ValueError("must not name a place twice")
    return sorted(value)


def _refuse() -> str:
    message = "must be a day as YYYY-MM-DD"
    raise ValueError(message)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_uri(value: object) -> bool:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or len(value) > _LONGEST_URI:
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and "#" not in value and " " not in value
