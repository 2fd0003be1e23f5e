"""All factors together, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from idp.authn.factors.factor import Enrolled, Factor
from idp.errors import Refused
from policies import assurance


class Factors:
    """The factors that people can use here; the order is the order on pages."""

    def __init__(self, members: Iterable[Factor], counts_from: Callable[[str], int] = lambda _account_id: 0) -> None:
        """Take the factors; a name must not be there twice.

        ``counts_from`` returns since when an account's factors count: those from before its last recovery do not.
        """
        self._counts_from = counts_from
        self._by_name: dict[str, Factor] = {}
        rows: list[assurance.Factor] = []
        for member in members:
            rows.extend(member.rules)
            self._by_name[member.rules[0].name] = member
        self.table = assurance.table(*rows)
        if len(self.table) != len(rows):
            message = "two factors have the same name"
            raise ValueError(message)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names under which factors are enrolled."""
        return tuple(self._by_name)

    def enrolled(self, account_id: str) -> tuple[Enrolled, ...]:
        """Return all that a person has enrolled."""
        since = self._counts_from(account_id)
        found = (one for member in self._by_name.values() for one in member.enrolled(account_id))
        return tuple(one for one in found if one.created_at >= since)

    def of(self, account_id: str) -> frozenset[str]:
        """Return the names of the factors that a person can use now."""
        return frozenset(one.factor for one in self.enrolled(account_id) if one.left != 0)

    def prove(self, name: str, account_id: str, answer: str, bound_to: str) -> str:
        """Judge an answer to one factor; raises as ``Factor.prove`` does."""
        member = self._by_name.get(name)
        if member is None:
            raise Refused(f"there is no factor {name}", code="unknown_factor")
        since = self._counts_from(account_id)
        if since and not any(one.created_at >= since for one in member.enrolled(account_id)):
            raise Refused(f"{name} was enrolled before the account was recovered", code="before_recovery")
        return member.prove(account_id, answer, bound_to)
