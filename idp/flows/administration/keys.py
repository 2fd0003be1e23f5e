"""Signing keys: the acts of a key custodian. All of them are about the whole deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idp.clock import Clock
from idp.errors import InvalidInput
from idp.flows.administration.acts import Act, Arguments, Parties
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, place_page
from idp.flows.key_drill import Drill
from idp.flows.key_drill_orders import DrillOrder, KeyDrillOrders
from idp.model.approval import Approval
from idp.services.approvals import Request
from keys.errors import RotationOutOfBounds
from keys.model import KeyState
from keys.rows import KeyRow
from keys.service import KeyService, Outcome
from policies.delegation import DEPLOYMENT, Action

REVOKE: Final = "key:revoke"


@dataclass(frozen=True, slots=True)
class KeySearch:
    """A search by algorithm, by state, and by how the id begins."""

    alg: str = ""
    state: str = ""
    kid: str = ""


class KeyAdministration:
    """Lists, rotates, retires, moves a rotation; revokes by two; rehearses that."""

    def __init__(self, gate: Gate, keys: KeyService, drills: KeyDrillOrders, clock: Clock) -> None:
        """Take collaborators."""
        self._gate = gate
        self._keys = keys
        self._drills = drills
        self._clock = clock

    def acts(self) -> Mapping[str, Act]:
        """Return the acts that may wait."""
        return {
            REVOKE: Act(
                lambda actor, _arguments: self._gate.decide(actor, Action.KEY_REVOKE, DEPLOYMENT), self._carry_out
            )
        }

    def rows(self, who: Administrator) -> tuple[KeyRow, ...]:
        """Return every key, oldest first."""
        self._require(who, Action.KEY_READ, "keys")
        return self._keys.rows()

    def search(self, who: Administrator, wanted: KeySearch, window: Window) -> Page[KeyRow]:
        """Return keys, oldest first; raises ``InvalidInput`` for a state that there is not."""
        rows = self.rows(who)
        if wanted.state and wanted.state not in set(KeyState):
            raise InvalidInput(f"must be one of {', '.join(KeyState)}", field="state")
        fits = (row for row in rows if wanted.alg in {"", row.alg} and wanted.state in {"", row.state})
        return place_page([row for row in fits if row.kid.startswith(wanted.kid)], window)

    def show(self, who: Administrator, kid: str) -> KeyRow:
        """Return one key."""
        self._require(who, Action.KEY_READ, f"key:{kid}")
        return self._row(who, Action.KEY_READ, kid)

    def rotate(self, who: Administrator, alg: str, reason: str) -> Outcome:
        """Make the next key of an algorithm active; raises ``KeyRefused`` while caches may not know it yet."""
        self._require(who, Action.KEY_ROTATE, f"keys:{alg}")
        return self._keys.rotate(alg, self._clock.now(), actor=who.principal, note=reason)

    def retire(self, who: Administrator, kid: str, reason: str) -> Outcome:
        """Stop a key from signing; what it signed stays valid."""
        self._require(who, Action.KEY_RETIRE, f"key:{kid}")
        return self._keys.retire(
            self._row(who, Action.KEY_RETIRE, kid).kid, self._clock.now(), actor=who.principal, note=reason
        )

    def move(self, who: Administrator, kid: str, moment: int, reason: str) -> Outcome:
        """Move the next rotation of an active key to a moment (seconds since the epoch).

        Raises ``InvalidInput`` for one out of bounds, and ``KeyRefused`` for a key that is not active any more.
        """
        self._require(who, Action.KEY_ROTATE, f"key:{kid}")
        row = self._row(who, Action.KEY_ROTATE, kid)
        try:
            return self._keys.move(row.kid, moment, self._clock.now(), actor=who.principal, note=reason)
        except RotationOutOfBounds as error:
            raise InvalidInput(error.reason, field="at", code=error.code) from error

    def unmove(self, who: Administrator, kid: str, reason: str) -> Outcome:
        """Give the next rotation of an active key its planned moment back; raises ``KeyRefused``."""
        self._require(who, Action.KEY_ROTATE, f"key:{kid}")
        row = self._row(who, Action.KEY_ROTATE, kid)
        return self._keys.unmove(row.kid, self._clock.now(), actor=who.principal, note=reason)

    def drill(self, who: Administrator, alg: str, reason: str) -> DrillOrder:
        """Order a drill of the emergency; one person may, for the key that is revoked has signed nothing. Raises ``Conflict``."""
        self._require(who, Action.KEY_DRILL, f"keys:{alg}")
        return self._drills.give(alg, who.principal, reason)

    def last_drill(self, who: Administrator) -> tuple[Drill | None, DrillOrder | None]:
        """Return what the last drill found, and the one that waits or runs."""
        self._require(who, Action.KEY_READ, "keys")
        return self._drills.last(), self._drills.pending()

    def revoke(self, who: Administrator, kid: str, reason: str) -> Approval:
        """Ask that a key and everything that it signed be void at once."""
        self._require(who, Action.KEY_REVOKE, f"key:{kid}")
        row = self._row(who, Action.KEY_REVOKE, kid)
        return self._gate.wait(who, Request(REVOKE, Action.KEY_REVOKE, f"key:{row.kid}", {"kid": row.kid}, reason))

    def _carry_out(self, arguments: Arguments, parties: Parties) -> None:
        actor = parties.requester.principal
        self._keys.revoke(arguments["kid"], self._clock.now(), actor=actor, note=parties.reason)

    def _row(self, who: Administrator, action: Action, kid: str) -> KeyRow:
        found = next((row for row in self._keys.rows() if row.kid == kid), None)
        if found is None:
            self._gate.refuse(who, action, f"key:{kid}", "unknown", visible=False)
        return found

    def _require(self, who: Administrator, action: Action, name: str) -> None:
        self._gate.require(who, action, DEPLOYMENT, name, hidden=False)
