"""Consents: what a consent officer sees of the clients within reach, and the withdrawal in a person's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idp.clock import Clock
from idp.errors import InvalidInput
from idp.flows.administration import targets
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate, Reach
from idp.flows.administration.paging import Page, Window, key_of, page, place_page
from idp.flows.administration.words import ClientNames
from idp.ports.consents import Consent, ConsentCount, ConsentQuery, ConsentText, Withdrawal, WithdrawalQuery
from idp.services.consents import ConsentService
from policies import data_requests
from policies.delegation import Action, Target

_STATES = ("", "current", "ended")
_TELLING = ("", "open", "told", "all")


@dataclass(frozen=True, slots=True)
class ConsentSearch:
    """A search by client, by account (our ids), by state (``current``, ``ended``), and by words of the client's name (``ClientNames``)."""

    client_id: str = ""
    account_id: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawalSearch:
    """A search: ``state`` is ``open`` (also "") until the system was told, ``told``, ``all``; a client by its id, or by words of its name."""

    state: str = ""
    client_id: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A consent or notice, and what the person read; None for one from before texts were kept.

    ``is_corrected`` tells that this is spelt otherwise today, and stands.
    """

    consent: Consent
    text: ConsentText | None
    is_corrected: bool = False


@dataclass(frozen=True, slots=True)
class WithdrawalView:
    """A withdrawal and how far it is: ``told``, or the way on which its signal stands (``Way``); whole days until it is due, negative once over."""

    withdrawal: Withdrawal
    state: str
    days_left: int
    is_late: bool


Way = Callable[[str], str]
"""Takes a client id and returns how signals reach it: ``waiting``, ``paused`` (its receiver is out of reach), ``no_way`` (it has no stream)."""


class ConsentAdministration:
    """A consent belongs to the unit of its client."""

    def __init__(self, gate: Gate, names: ClientNames, consents: ConsentService, way: Way, clock: Clock) -> None:
        """Take collaborators; ``way`` says how a withdrawal gets to its system."""
        self._way = way
        self._clock = clock
        self._gate = gate
        self._names = names
        self._registry = names.registry
        self._consents = consents

    def search(self, who: Administrator, wanted: ConsentSearch, window: Window) -> Page[Consent]:
        """Return consents and notices, newest first; those of clients out of reach are not there."""
        if wanted.state not in _STATES:
            raise InvalidInput("must be current or ended", field="state")
        reach = self._gate.anywhere(who, Action.CONSENT_READ, "consents")
        query = ConsentQuery(
            account_id=wanted.account_id or None,
            client_ids=self._clients(reach, wanted.client_id, wanted.text),
            state=wanted.state,
            before_id=window.after,
            limit=window.limit + 1,
        )
        rows = self._consents.page(query)
        return page(rows, [row.id for row in rows], window.limit)

    def figures(self, who: Administrator, window: Window, text: str = "") -> Page[ConsentCount]:
        """Return these a page at a time."""
        return place_page(self.counts(who, text), window)

    def counts(self, who: Administrator, text: str = "") -> list[ConsentCount]:
        """Return how many consents and notices each client within reach has, of those whose name has the words of ``text``."""
        reach = self._gate.anywhere(who, Action.CONSENT_COUNT, "consents")
        return self._consents.counts(self._clients(reach, "", text))

    def show(self, who: Administrator, consent_id: str) -> ConsentView:
        """Return one with what stood on the page."""
        found = self._seen(who, Action.CONSENT_READ, consent_id)
        client = self._registry.find(found.client_id)
        is_corrected = client is not None and found.ended_at is None and found.text_version in client.corrected
        return ConsentView(found, self._consents.text(found.text_version), is_corrected)

    def withdraw(self, who: Administrator, consent_id: str, reason: str) -> Consent:
        """Withdraw in the name of the person, who asked for it elsewhere; what lives from it ends."""
        if not reason.strip():
            raise InvalidInput("is required: how and when the person asked", field="reason")
        found = self._seen(who, Action.CONSENT_WITHDRAW, consent_id)
        if found.ended_at is None:
            self._consents.withdraw(found.account_id, found.client_id, actor=who.principal, reason=reason)
        return self._consents.get(consent_id) or found

    def withdrawals(self, who: Administrator, wanted: WithdrawalSearch, window: Window) -> Page[WithdrawalView]:
        """Return withdrawals within reach, the one that is due first first."""
        if wanted.state not in _TELLING:
            raise InvalidInput(f"must be one of {', '.join(_TELLING[1:])}", field="state")
        reach = self._gate.anywhere(who, Action.CONSENT_READ, "withdrawals")
        query = WithdrawalQuery(
            self._clients(reach, wanted.client_id, wanted.text),
            {"open": False, "": False, "told": True}.get(wanted.state),
            key_of(window.after),
            window.limit + 1,
        )
        views = [self._withdrawal(one) for one in self._consents.withdrawals(query)]
        return page(views, [f"{one.withdrawal.due_at}.{one.withdrawal.id}" for one in views], window.limit)

    def show_withdrawal(self, who: Administrator, withdrawal_id: str) -> WithdrawalView:
        """Return one."""
        return self._withdrawal(self._withdrawn(who, Action.CONSENT_READ, withdrawal_id))

    def confirm_told(self, who: Administrator, withdrawal_id: str, note: str) -> WithdrawalView:
        """Note that a system was told by another way than a signal."""
        found = self._withdrawn(who, Action.CONSENT_WITHDRAW, withdrawal_id)
        return self._withdrawal(self._consents.confirm_told(found, note, who.principal))

    def _withdrawn(self, who: Administrator, action: Action, withdrawal_id: str) -> Withdrawal:
        found, name = self._consents.withdrawal(withdrawal_id), f"withdrawal:{withdrawal_id}"
        if found is None:
            self._gate.enter(who, action, name)
            self._gate.refuse(who, action, name, "unknown", visible=False)
        self._gate.require(who, action, self._target(found.client_id), name)
        return found

    def _withdrawal(self, one: Withdrawal) -> WithdrawalView:
        now = self._clock.now()
        left = data_requests.days_left(one.due_at, now)
        if one.told_at is not None:
            return WithdrawalView(one, "told", left, is_late=one.told_at >= one.due_at)
        return WithdrawalView(one, self._way(one.client_id), left, is_late=now >= one.due_at)

    def _seen(self, who: Administrator, action: Action, consent_id: str) -> Consent:
        found = self._consents.get(consent_id)
        if found is None:
            self._gate.enter(who, action, f"consent:{consent_id}")
            self._gate.refuse(who, action, f"consent:{consent_id}", "unknown", visible=False)
        self._gate.require(who, action, self._target(found.client_id), f"consent:{consent_id}")
        return found

    def _clients(self, reach: Reach, only: str, text: str = "") -> tuple[str, ...] | None:
        """Return the ids of the clients to look at, None for all: also those that were removed, for the proof outlives them.

        Words find none that was removed: nobody knows its name any more.
        """
        meant = self._names.found(text)
        if reach.everywhere and meant is None:
            return (only,) if only else None
        self._registry.refresh_if_older_than(0)
        known, target_of = self._registry.snapshot(), targets.ClientTargets(self._gate.ground())
        names = (only,) if only else sorted(meant if meant is not None else known)
        return tuple(
            name
            for name in names
            if (meant is None or name in meant)
            and (reach.everywhere or reach.covers(target_of(known[name]) if name in known else Target()))
        )

    def _target(self, client_id: str) -> Target:
        client = self._registry.find(client_id)
        return targets.of_client(client, self._gate.ground()) if client is not None else Target()
