"""The register of administrative units, effective-dated.

Provinces, (until 2025-06-30) districts, communes, and what became of each.

Owns the model, the questions, the rules of an import and its proof. Does not own where units are stored or files are
read. Codes are used again for other places, so a row is named by its code and the day from which it is valid. Imports
the standard library only.
"""

from policies.units.checks import problems_of
from policies.units.difference import Difference, difference, restored, undo
from policies.units.document import Document, Event, UnitRow
from policies.units.importing import Applied, Changes, apply, changes
from policies.units.model import BEGINNING, Edge, EdgeKind, Level, Problem, RegisterError, Unit, UnitKey
from policies.units.reference import UnitReference
from policies.units.register import Register
from policies.units.reorganisation import Fate, Holding, Move, moves, undecided

__all__ = [
    "BEGINNING",
    "Applied",
    "Changes",
    "Difference",
    "Document",
    "Edge",
    "EdgeKind",
    "Event",
    "Fate",
    "Holding",
    "Level",
    "Move",
    "Problem",
    "Register",
    "RegisterError",
    "Unit",
    "UnitKey",
    "UnitReference",
    "UnitRow",
    "apply",
    "changes",
    "difference",
    "moves",
    "problems_of",
    "restored",
    "undecided",
    "undo",
]
