"""What a directory answers, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from policies.officials.comparison import Standing


@dataclass(frozen=True, slots=True)
class Entry:
    """One person's entry. ``link`` is immutable (entryUUID, objectGUID) and the only thing that we know a person by.

    ``dn`` is where the entry lies today: names change, so it is never stored. ``profile`` maps account columns to values as the directory has
    them, unchecked; ``unit`` is the unit's code that the entry names, "" for none.
    """

    link: str
    dn: str
    standing: Standing
    profile: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    groups: frozenset[str] = frozenset()


class Proof(StrEnum):
    """What became of a password. All but ``RIGHT`` look the same outside; the audit log has the difference."""

    RIGHT = "right"
    WRONG = "wrong_password"
    DISABLED = "disabled"
    EXPIRED = "expired"
    LOCKED = "locked"
    PASSWORD_EXPIRED = "password_expired"  # noqa: S105 - the name of a verdict
    MUST_CHANGE = "must_change"
    NOT_NOW = "not_permitted_now"
    CHANGED = "entry_changed"
    REFUSED = "bind_refused"


@dataclass(frozen=True, slots=True)
class Verified:
    """The verdict on a password; with ``RIGHT`` the entry as it was read after the bind, and the person's groups."""

    proof: Proof
    entry: Entry | None = None
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Listing:
    """Everybody in a directory, and links to groups.

    ``is_whole`` is False when a limit, a referral or an unreadable entry may have hidden somebody; ``why`` then says which.
    """

    entries: Mapping[str, Entry]
    groups: Mapping[str, frozenset[str]]
    is_whole: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class ServerStanding:
    """One server as this process knows it: whether it is left alone at the moment, and why it failed last ("" if it has answered since)."""

    url: str
    is_left_alone: bool
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One step of an examination: ``state`` is ``ok``, ``failed``, ``warning`` or ``skipped``; ``advice`` says what to do."""

    step: str
    state: str
    detail: str = ""
    server: str = ""
    advice: str = ""
