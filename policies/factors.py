"""What factors do for a session and for an account: which raise it, which are missing, which may be changed or taken away."""

from __future__ import annotations

from collections.abc import Iterable

from policies.assurance import FACTORS, LOA_1, SEVERAL, Table, kinds_of, level, rank, reached, satisfies


def proved(values: Iterable[str], known: Table = FACTORS) -> tuple[str, ...]:
    """Return the factors that a session's ``amr`` values tell of: those all of whose values are among them.

    What only stood in for one was not proved.
    """
    given = frozenset(values)
    return tuple(name for name, factor in known.items() if given.issuperset(factor.amr) and not factor.ceiling)


def firm(acr: str, values: tuple[str, ...], known: Table = FACTORS) -> tuple[str, tuple[str, ...]]:
    """Return ``acr`` and ``amr`` of a session without what only stood in for a factor.

    This is what counts wherever the account itself is at stake: its factors, contacts and data, administration, and
    what another device is granted by this one.
    """
    marks = {value for factor in known.values() if factor.ceiling for value in factor.amr}
    if marks.isdisjoint(values):
        return acr, values
    kept = tuple(value for value in values if value not in marks)
    names = proved(kept, known)
    return min(acr, reached(names, known) if names else LOA_1, key=rank), kept


def raised(acr: str, values: tuple[str, ...], factor: str, known: Table = FACTORS) -> tuple[str, tuple[str, ...]]:
    """Return ``acr`` and ``amr`` of a session after one more factor was verified in it; never lower than it had."""
    acr, values = firm(acr, values, known)
    names = (*proved(values, known), factor)
    new_acr = max(acr, reached(names, known), key=rank)
    kept = [value for value in values if value != SEVERAL]
    new = tuple(dict.fromkeys((*kept, *known[factor].amr)))
    is_several = SEVERAL in values or len(kinds_of(names, known)) > 1
    return new_acr, (*new, SEVERAL) if is_several else new


def reachable(values: Iterable[str], enrolled: Iterable[str], known: Table = FACTORS) -> str:
    """Return the level that a session can come to: by what it has proved and what the person has enrolled.

    Nothing reaches "", which satisfies nothing.
    """
    kinds = kinds_of((*proved(values, known), *_among(enrolled, known)), known)
    return level(kinds) if kinds else ""


def missing_factors(
    acr: str, values: tuple[str, ...], wanted: str, enrolled: Iterable[str], known: Table = FACTORS
) -> tuple[str, ...]:
    """Return the enrolled factors each of which alone raises the session to ``wanted``, in the order of the table.

    A step-up asks for what is missing and for nothing that the session has shown already.
    """
    mine = frozenset(_among(enrolled, known))
    return tuple(name for name in known if name in mine and satisfies(raised(acr, values, name, known)[0], wanted))


def may_remove(enrolled: Iterable[str], remaining: Iterable[str], known: Table = FACTORS) -> bool:
    """Tell whether a person may go on with what remains: it lasts, and reaches the level that was reached before.

    Spares count on neither side: printed codes alone are no way of signing in for long.
    """
    before = {name for name in _among(enrolled, known) if known[name].lasts}
    after = {name for name in _among(remaining, known) if known[name].lasts}
    return bool(after) and satisfies(reached(after, known), reached(before, known))


def level_of_changes(enrolled: Iterable[str], known: Table = FACTORS) -> str:
    """Return the level at which a person must have signed in to change the factors of the account.

    It is the highest that the enrolled ones reach: else whoever has guessed the password could take the second factor
    away, or add one of his own.
    """
    names = tuple(_among(enrolled, known))
    return reached(names, known) if names else LOA_1


def _among(names: Iterable[str], known: Table) -> Iterable[str]:
    """Return what an account can be left with, changed by or stepped up by: known factors, and no stand-ins."""
    return (name for name in names if name in known and not known[name].ceiling)
