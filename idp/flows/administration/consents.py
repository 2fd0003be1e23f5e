"""Consents: what a consent officer sees of the clients within reach, and the withdrawal in a person's name."""

from __future__ import annotations

from dataclasses import dataclass

from clients.registry import ClientRegistry
from idp.errors import InvalidInput
from idp.flows.administration import targets
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate, Reach
from idp.flows.administration.paging import Page, Window, page
from idp.ports.consents import Consent, ConsentCount, ConsentQuery
from idp.services.consents import ConsentService
from policies.delegation import Action, Target

_STATES = ("", "current", "ended")


@dataclass(frozen=True, slots=True)
class ConsentSearch:
    """A search by client, by account (our ids) and by state (``current``, ``ended``)."""

    client_id: str = ""
    account_id: str = ""
    state: str = ""


class ConsentAdministration:
    """A consent belongs to the unit of its client."""

    def __init__(self, gate: Gate, registry: ClientRegistry, consents: ConsentService) -> None:
        """Take collaborators."""
        self._gate = gate
        self._registry = registry
        self._consents = consents

    def search(self, who: Administrator, wanted: ConsentSearch, window: Window) -> Page[Consent]:
        """Return consents and notices, newest first; those of clients out of reach are not there."""
        if wanted.state not in _STATES:
            raise InvalidInput("must be current or ended", field="state")
        reach = self._gate.anywhere(who, Action.CONSENT_READ, "consents")
        query = ConsentQuery(
            account_id=wanted.account_id or None,
            client_ids=self._clients(reach, wanted.client_id),
            state=wanted.state,
            before_id=window.after,
            limit=window.limit + 1,
        )
        rows = self._consents.page(query)
        return page(rows, [row.id for row in rows], window.limit)

    def counts(self, who: Administrator) -> list[ConsentCount]:
        """Return how many consents and notices each client within reach has."""
        reach = self._gate.anywhere(who, Action.CONSENT_COUNT, "consents")
        return self._consents.counts(self._clients(reach, ""))

    def show(self, who: Administrator, consent_id: str) -> Consent:
        """Return one."""
        return self._seen(who, Action.CONSENT_READ, consent_id)

    def withdraw(self, who: Administrator, consent_id: str, reason: str) -> Consent:
        """Withdraw in the name of the person, who asked for it elsewhere; what lives from it ends."""
        if not reason.strip():
            raise InvalidInput("is required: how and when the person asked", field="reason")
        found = self._seen(who, Action.CONSENT_WITHDRAW, consent_id)
        if found.ended_at is None:
            self._consents.withdraw(found.account_id, found.client_id, actor=who.principal, reason=reason)
        return self._consents.get(consent_id) or found

    def _seen(self, who: Administrator, action: Action, consent_id: str) -> Consent:
        found = self._consents.get(consent_id)
        if found is None:
            self._gate.enter(who, action, f"consent:{consent_id}")
            self._gate.refuse(who, action, f"consent:{consent_id}", "unknown", visible=False)
        self._gate.require(who, action, self._target(found.client_id), f"consent:{consent_id}")
        return found

    def _clients(self, reach: Reach, only: str) -> tuple[str, ...] | None:
        """Return the ids of the clients to look at, None for all: also those that were removed, for the proof outlives them."""
        if reach.everywhere:
            return (only,) if only else None
        self._registry.refresh_if_older_than(0)
        names = (only,) if only else self._registry.snapshot()
        return tuple(name for name in names if reach.covers(self._target(name)))

    def _target(self, client_id: str) -> Target:
        client = self._registry.find(client_id)
        return targets.of_client(client, self._gate.ground()) if client is not None else Target()
