"""A unit in one stretch of its life, and the edge to what it became."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

BEGINNING: Final = "0001-01-01"
"""``valid_from`` of a row whose true beginning is not known: it was already in force when somebody first wrote it
down."""


class Level(StrEnum):
    """The level of a unit; districts exist until 2025-06-30."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


RANK: Final = {Level.PROVINCE: 1, Level.DISTRICT: 2, Level.COMMUNE: 3}


class EdgeKind(StrEnum):
    """What happened to a unit. ``convert`` changes its level, ``transfer`` only the unit above it."""

    MERGE = "merge"
    SPLIT = "split"
    RENAME = "rename"
    TYPE_CHANGE = "type_change"
    CONVERT = "convert"
    TRANSFER = "transfer"


class UnitKey(NamedTuple):
    """What names a row: codes are used again for other units, so the code alone names nothing."""

    code: str
    valid_from: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it was from ``valid_from`` (inclusive) to ``valid_to`` (exclusive, None while it lasts).

    Dates are ISO text.

    ``type`` is the Vietnamese word in lower case (``phường``), ``name`` is without it, ``full_name`` with it.
    ``parent_code`` names whichever row of that code is valid at the time. ``source`` says where the row comes from.
    """

    code: str
    valid_from: str
    valid_to: str | None
    level: Level
    type: str
    name: str
    full_name: str
    parent_code: str | None
    source: str

    @property
    def key(self) -> UnitKey:
        """Return the key of the row."""
        return UnitKey(self.code, self.valid_from)

    def is_valid_on(self, date: str) -> bool:
        """Tell whether the row is in force on an ISO date."""
        return self.valid_from <= date and (self.valid_to is None or date < self.valid_to)


@dataclass(frozen=True, slots=True)
class Edge:
    """From a row that ended on ``effective`` to a row in force from then on.

    ``partial`` when only a part of it went there.
    """

    from_code: str
    from_valid_from: str
    to_code: str
    to_valid_from: str
    kind: EdgeKind
    effective: str
    partial: bool
    legal_basis: str

    @property
    def source_key(self) -> UnitKey:
        """Return the key of the row that ended."""
        return UnitKey(self.from_code, self.from_valid_from)

    @property
    def target_key(self) -> UnitKey:
        """Return the key of the row that it became (a part of)."""
        return UnitKey(self.to_code, self.to_valid_from)


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of an import.

    Where (``units[3]``, ``line 14``, or ``code@valid_from`` of a row in the register), which field, why.
    """

    row: str
    field: str
    reason: str
    detail: str = ""

    def __str__(self) -> str:
        """Return one line for an operator."""
        return f"{self.row}: {self.field}: {self.reason}" + (f" ({self.detail})" if self.detail else "")


class RegisterError(ValueError):
    """An import was refused as a whole; ``problems`` names every fault that was found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems; the message shows the first."""
        super().__init__(f"{len(problems)} problem(s), first: {problems[0]}")
        self.problems = problems
