"""As whom a person acts in an authorization: reads what the choice depends on. The choice itself is ``policies.capacities``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from clients.model import Client
from idp.model.authorization import AuthorizationRequest, PendingRequest
from idp.model.session import Session
from idp.ports.mandates import LiveMandate
from idp.ports.sessions import ConsentState, Snapshot
from idp.services.acting import ActingClaims
from idp.services.mandates import MandateService
from policies import capacities
from policies.capacities import Decision, Option, Wish
from policies.mandate_kinds import ASSISTED, KINDS, PERSON

_ONLY_PERSON: Final = frozenset({PERSON})
_ONESELF_ANYWAY: Final = frozenset({"", PERSON, capacities.SELECT})
"""What a client that takes only people may ask without there being anything to choose."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The decision, and what it is about: ``held`` is what the person can act by; ``acting`` the mandate that was settled, None for himself."""

    decision: Decision
    held: tuple[LiveMandate, ...] = ()
    acting: LiveMandate | None = None

    @property
    def mandate_id(self) -> str:
        """Return the id of the mandate that the person acts by, "" for himself."""
        return self.acting.mandate.id if self.acting is not None else ""

    @property
    def settled(self) -> str:
        """Return what was settled as a transaction keeps it, "" where the choice is open."""
        return self.decision.option.id if self.decision.option is not None else ""

    @property
    def until(self) -> int:
        """Return the moment in which that mandate ends, 0 without one."""
        return self.acting.mandate.valid_to if self.acting is not None else 0


class Capacities:
    """Looks up what a person can act by, where his department's system takes more than people for themselves."""

    def __init__(self, mandates: MandateService, claims: ActingClaims) -> None:
        """Take collaborators."""
        self._mandates = mandates
        self._claims = claims

    def admits(self, session: Session, client: Client) -> bool:
        """Tell whether a session counts at a client: one that a clerk began counts at the one system that it was begun for."""
        if not session.is_assisted:
            return True
        live = self._mandates.live(session.mandate_id)
        return live is not None and live.mandate.client_id == client.client_id and ASSISTED in client.capacities

    def of(
        self, request: AuthorizationRequest, client: Client, snapshot: Snapshot, pending: PendingRequest | None
    ) -> Capacity | None:
        """Return as whom the person acts, or what he has to choose from. None, and nothing is read, where nothing but himself is possible."""
        session = snapshot.session
        if session.is_assisted:
            live = self._mandates.live(session.mandate_id)
            option = Option(session.mandate_id, ASSISTED)
            return Capacity(Decision(ASSISTED, option if live is not None else None), acting=live)
        if client.capacities == _ONLY_PERSON and request.capacity in _ONESELF_ANYWAY:
            return None
        held = tuple(self._mandates.usable(session.account_id))
        options = [Option(one.mandate.id, KINDS[one.mandate.kind].capacity) for one in held]
        wish = Wish(
            asked=self._asked(request.capacity, client, held),
            chosen=pending.capacity if pending is not None else "",
            remembered=session.capacity,
            must_choose="select_account" in request.prompt,
            is_begun=pending is not None,
        )
        decision = capacities.decide(client.capacities, options, wish)
        settled = decision.option.id if decision.option is not None else ""
        acting = next((one for one in held if one.mandate.id == settled), None)
        return Capacity(decision, held, acting)

    def agreed(self, snapshot: Snapshot, client: Client, capacity: Capacity | None) -> Snapshot:
        """Return the snapshot with the consent that counts: what was agreed to for oneself is not agreed to for a business."""
        if capacity is None or capacity.acting is None:
            return snapshot
        return replace(snapshot, consent=self._consent(snapshot, client, capacity.mandate_id))

    def _consent(self, snapshot: Snapshot, client: Client, mandate_id: str) -> ConsentState | None:
        return self._mandates.consent(snapshot.session.account_id, mandate_id, client.client_id)

    def _asked(self, asked: str, client: Client, held: tuple[LiveMandate, ...]) -> str:
        """A client names a mandate as it knows it from a token."""
        return next((one.mandate.id for one in held if self._claims.reference(one.mandate.id, client) == asked), asked)
