"""What a reorganisation leaves to a person: of a system, whose it is now; of a right, over which unit it goes on, or that it ends.

Each decision is an act that there is anyway (a system's unit is changed, a role granted, one taken away), by the same right and, where that
takes two, by two: a right over a unit that is no more belongs to the whole deployment, so its end waits for a second person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clients.documents import to_metadata
from idp.errors import Conflict, InvalidInput, NotFound
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.admins import AdminAdministration, GrantWish
from idp.flows.administration.client_changes import ClientChanges
from idp.flows.administration.clients import ClientAdministration
from idp.flows.administration.paging import Window
from idp.flows.administration.units import UnitAdministration
from idp.model.approval import Approval
from idp.ports.administration import GrantQuery
from policies.delegation import AdminGrant
from policies.units import Move

MOVE: Final = "move"
END: Final = "end"
_CHUNK: Final = 200
_RECORD: Final = frozenset(
    {"state", "created_at", "updated_at", "client_id_issued_at", "client_secret_expires_at", "sector_id"}
)
"""What the registry says of a client by itself, and no document does."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to decide: its kind (``client``, ``role``), the holder as the list has it, and its unit as ``code@day``."""

    kind: str
    holder: str
    unit: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision: ``move`` to a unit by its code of today, or ``end``, which is for roles alone."""

    verdict: str
    target: str
    reason: str


class UnitDecisions:
    """Finds what waits, and decides it."""

    def __init__(
        self,
        units: UnitAdministration,
        clients: ClientAdministration,
        changes: ClientChanges,
        admins: AdminAdministration,
    ) -> None:
        """Take the use cases that decide."""
        self._units = units
        self._clients = clients
        self._changes = changes
        self._admins = admins

    def find(self, who: Administrator, question: Question) -> Move:
        """Return what waits; raises ``NotFound`` for what does not, or is out of sight."""
        for move in self._units.decisions(who):
            named = (move.holding.kind, move.holding.holder, "@".join(move.unit.key))
            if named == (question.kind, question.holder, question.unit):
                return move
        raise NotFound("nothing of this name waits for a decision")

    def decide(self, who: Administrator, question: Question, verdict: Verdict) -> Approval | None:
        """Decide; returns what waits for a second person, None where it is done. Raises ``InvalidInput``, ``Refused``, ``Conflict``."""
        move = self.find(who, question)
        if not verdict.reason.strip():
            raise InvalidInput("is required", field="reason")
        if question.kind not in {"client", "role"} or not question.holder:
            raise InvalidInput("must be one of client, role", field="kind")
        if verdict.verdict not in ({MOVE} if question.kind == "client" else {MOVE, END}):
            raise InvalidInput("must be one of move, end; a system is never ended here", field="verdict")
        if verdict.verdict == MOVE and not verdict.target.strip():
            raise InvalidInput("is required", field="target")
        if question.kind == "client":
            return self._client(who, question.holder, verdict)
        return self._role(who, move, verdict)

    def _client(self, who: Administrator, client_id: str, verdict: Verdict) -> Approval | None:
        client = self._clients.show(who, client_id).client
        document = {name: value for name, value in to_metadata(client).items() if name not in _RECORD}
        changed = {**document, "unit": verdict.target.strip()}
        done = self._changes.update(who, client_id, changed, version=client.version, reason=verdict.reason)
        return done if isinstance(done, Approval) else None

    def _role(self, who: Administrator, move: Move, verdict: Verdict) -> Approval | None:
        grant = self._grant(who, move)
        if verdict.verdict == MOVE:
            wish = GrantWish(grant.principal, grant.role.value, verdict.target.strip(), grant.begins, grant.ends)
            try:
                made = self._admins.grant(who, wish, verdict.reason)
            except Conflict as error:
                if error.code != "taken":
                    raise
                made = grant
            if isinstance(made, Approval):
                # The old right reaches nothing; it stays on the list until the new one is there.
                return made
        ended = self._admins.revoke(who, grant.id, verdict.reason)
        return ended if isinstance(ended, Approval) else None

    def _grant(self, who: Administrator, move: Move) -> AdminGrant:
        """Return the grant that hangs on a unit; the list names it by its principal and role."""
        principal, _, role = move.holding.holder.rpartition(" ")
        after = ""
        while True:
            found = self._admins.search(who, GrantQuery(principal, role), Window(after, _CHUNK))
            for grant in found.rows:
                if (grant.unit.code, grant.unit.valid_from) == (move.holding.code, move.holding.since):
                    return grant
            if not found.following:
                raise NotFound("nothing of this name waits for a decision")
            after = found.rows[-1].id
