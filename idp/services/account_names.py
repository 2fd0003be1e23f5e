"""Whom a typed code, id or external id means: at sign-in, at the command line, in a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idp.errors import NotFound
from idp.ports.accounts import AccountRow, AccountStore
from policies import identity_codes
from policies.identity_codes import CodeError, IdentityCode

Lookup = Callable[[IdentityCode], bytes]


@dataclass(frozen=True, slots=True)
class Typed:
    """What a typed code stands for: the ``key`` of its counters, and the account that may be signed in to by it."""

    key: str
    account_id: str | None
    state: str


class AccountNames:
    """Finds accounts by what people call them."""

    def __init__(self, store: AccountStore, lookup: Lookup) -> None:
        """Take collaborators; ``lookup`` is the keyed blind index of a code."""
        self._store = store
        self._lookup = lookup

    def typed(self, raw: str) -> Typed:
        """Return whom a typed code means, and under what name tries are counted: the same work for known and unknown codes.

        Whatever alias is typed, an old card's number too, the name is the account's; an unknown code counts under its own canonical form.
        """
        codes = identity_codes.aliases(raw)
        lookups = {code: self._lookup(code) for code in codes}
        found = self._store.aliases(tuple(lookups.values()))
        current = {alias.lookup: alias for alias in found if alias.is_current}
        former = {alias.lookup: alias for alias in found if not alias.is_current}
        usable = (current.get(lookups[code]) for code in codes if identity_codes.may_sign_in(code))
        alias = next((one for one in usable if one is not None), None)
        known = (current.get(lookups[code]) or former.get(lookups[code]) for code in codes)
        holder = alias or next((one for one in known if one is not None), None)
        key = f"account:{holder.account_id}" if holder is not None else f"code:{_canonical(raw, codes)}"
        return Typed(key, alias.account_id if alias else None, alias.state if alias else "")

    def named(self, code_or_id: str, scheme: str | None = None, *, with_former: bool = False) -> str:
        """Return the id of the account that is meant, not following merges; raises ``NotFound``.

        Unlike at sign-in every scheme is tried, also those that nobody signs in with. ``scheme`` (a ``code_type``)
        tells a person from the household business with the same digits. ``with_former`` finds by a code of before too, for who looks: an
        upstream's word for such a code opens nothing.
        """
        row = None if scheme else self._store.get(code_or_id)
        for name in (scheme,) if scheme else identity_codes.SCHEMES:
            row = row or self._by_code(name, code_or_id, with_former=with_former)
        if row is None:
            raise NotFound("no account has this code or id", field="code")
        return row.id

    def named_by(self, text: str) -> tuple[str, ...]:
        """Return the ids of all accounts that a code of any scheme, an id or an external id names, each once."""
        rows = [self._store.get(text), self._store.by_external_id(text)]
        rows += [self._by_code(name, text, with_former=True) for name in identity_codes.SCHEMES]
        return tuple(dict.fromkeys(row.id for row in rows if row is not None))

    def _by_code(self, scheme: str, raw: str, *, with_former: bool) -> AccountRow | None:
        """Return the account that has a code, or ``with_former`` had it for any reason but a mistake: nobody else ever gets it.

        So the old card of a merged account leads to the account that it was merged into.
        """
        try:
            lookup = self._lookup(identity_codes.parse(scheme, raw))
        except CodeError:
            return None
        found = self._store.by_lookup(lookup)
        holder = self._store.holder(lookup) if found is None and with_former else None
        return self._store.get(holder) if holder is not None else found


def _canonical(raw: str, codes: tuple[IdentityCode, ...]) -> str:
    return codes[0].value if codes else identity_codes.folded(raw)
