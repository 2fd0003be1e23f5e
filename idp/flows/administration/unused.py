"""Accounts of staff that nobody uses: whose people were told, and which were locked; what an administrator can open again."""

from __future__ import annotations

from typing import Final

from idp.errors import InvalidInput
from idp.flows.administration.accounts import AccountAdministration
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, page
from idp.flows.staff_watch import StaffWatch, Unused
from idp.services.accounts import AccountService
from policies.delegation import Action

STATES: Final = ("warned", "locked")


class UnusedAccounts:
    """Lists them; opening one again is ``AccountStates.unlock``."""

    def __init__(self, gate: Gate, people: AccountAdministration, accounts: AccountService, watch: StaffWatch) -> None:
        """Take collaborators."""
        self._gate = gate
        self._people = people
        self._accounts = accounts
        self._watch = watch

    def search(self, who: Administrator, window: Window, state: str = "") -> Page[Unused]:
        """Return unused accounts within reach, by id: all, those that were ``warned`` or ``locked``; raises ``InvalidInput`` and ``Refused``.

        Names are not told: whoever looks at one is recorded there.
        """
        if state not in {"", *STATES}:
            raise InvalidInput(f"must be one of {', '.join(STATES)}", field="state")
        self._gate.anywhere(who, Action.ACCOUNT_READ, "accounts")
        found: list[Unused] = []
        for one in self._watch.unused(window.after):
            if state and state != ("locked" if one.locked_at else "warned"):
                continue
            target = self._people.target(self._accounts.get(one.account_id))
            if not self._gate.decide(who.actor, Action.ACCOUNT_READ, target).is_denied:
                found.append(one)
            if len(found) > window.limit:
                break
        return page(found, [one.account_id for one in found], window.limit)
