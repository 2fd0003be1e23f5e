"""Small registers of units for tests of rights: a province, two communes whose codes look alike, one with a hamlet's code below."""

from __future__ import annotations

from policies.units import BEGINNING, Edge, EdgeKind, Level, Register, Unit, UnitKey

PROVINCE = "79"
SHORT = "79.1"
LONG = "79.10"
BELOW = "791"
OTHER = "48"


def unit(code: str, parent: str | None, begins: str = BEGINNING, ends: str | None = None) -> Unit:
    """Return a row; the level follows from what is above it."""
    level = Level.PROVINCE if parent is None else Level.DISTRICT if parent in {PROVINCE, OTHER} else Level.COMMUNE
    return Unit(code, begins, ends, level, "xã", code, f"Xã {code} {begins}", parent, "thử")


def key(code: str, begins: str = BEGINNING) -> UnitKey:
    """Return the key of a row."""
    return UnitKey(code, begins)


def edge(source: tuple[str, str], target: tuple[str, str], kind: EdgeKind, day: str, *, partial: bool = False) -> Edge:
    """Return an edge."""
    return Edge(*source, *target, kind, day, partial, "NQ")


def register() -> Register:
    """Return the tree of today: 79 over 79.1 (over 791) and 79.10, and 48 by itself."""
    return Register(
        [unit(PROVINCE, None), unit(OTHER, None), unit(SHORT, PROVINCE), unit(LONG, PROVINCE), unit(BELOW, SHORT)]
    )
