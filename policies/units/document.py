"""What one import says, parsed: units as somebody saw them, and events that ended some and began others."""

from __future__ import annotations

from dataclasses import dataclass

from policies.units.model import EdgeKind, Level


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit of a document. Without ``valid_from`` it is an observation: in force on the document's ``as_of``.

    ``place`` says where it stands in the document, for messages.
    """

    code: str
    level: Level
    type: str
    name: str
    full_name: str
    parent: str | None
    valid_from: str | None = None
    valid_to: str | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``kind`` None is ``dissolve``: the units end and nothing follows them.

    ``sources`` end the day before ``effective`` and ``targets`` are in force from it; ``partial`` are the sources of
    which only a part went. A code may be in both, being used again.
    """

    kind: EdgeKind | None
    effective: str
    legal_basis: str
    sources: tuple[str, ...]
    targets: tuple[str, ...] = ()
    partial: frozenset[str] = frozenset()
    place: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole import; ``as_of`` is the day on which its undated units were in force, ``source`` names its origin."""

    source: str
    as_of: str | None
    units: tuple[UnitRow, ...] = ()
    events: tuple[Event, ...] = ()
