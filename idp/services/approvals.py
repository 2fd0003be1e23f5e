"""Acts that wait for a second person: asked, decided once, and how they ended. The only writer.

What the act is and who may decide is told by ``flows.administration``; a decision is claimed in one statement before anything is done, so that
of two persons who approve at the same moment one has done it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idp import handles
from idp.clock import Clock
from idp.errors import Conflict, NotFound
from idp.model.approval import SEALED, Approval
from idp.model.audit import AuditEvent, AuditRecord, Event, Outcome
from idp.ports.administration import ApprovalStore
from idp.services.audit import AuditLog

PENDING: Final = "pending"
EXPIRED: Final = "expired"
UNEXPECTED: Final = "unexpected"
"""Outcome of an act that ended in a fault which nobody foresaw: it may be done in part, so look before it is asked again."""
INTERRUPTED: Final = "interrupted"
"""Outcome of an act whose process died while it was at it."""
_LONGEST_ACT: Final = 3600
"""Seconds after which an act that was begun has been given up by whoever did it: no request lives that long."""
_CHUNK: Final = 100
_BEGUN: Final = "approved"
_ENDED: Final = (_BEGUN, "done", "failed", "rejected")
_OF_THE_MOMENT: Final = frozenset({"begins"}) | SEALED
"""Arguments that differ between two requests for the same; what is sealed is sealed anew each time."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody would like to be done; see ``Approval``."""

    act: str
    action: str
    target: str
    arguments: Mapping[str, Any]
    reason: str


class ApprovalService:
    """Keeps approvals."""

    def __init__(self, store: ApprovalStore, audit: AuditLog, clock: Clock, lifetime: int) -> None:
        """Take collaborators; ``lifetime`` is in seconds."""
        self._store = store
        self._audit = audit
        self._clock = clock
        self._lifetime = lifetime

    def ask(self, request: Request, requester: str) -> Approval:
        """Write down that an act waits."""
        now = self._clock.now()
        approval = Approval(
            handles.new_id(),
            request.act,
            request.action,
            request.target,
            request.arguments,
            requester,
            request.reason,
            now,
            now + self._lifetime,
        )
        self._store.add(approval, self._record(Event.APPROVAL_REQUEST, approval, requester, request.reason))
        return approval

    def is_waiting(self, request: Request, requester: str) -> bool:
        """Tell whether this requester has asked for the same already, which waits still."""
        waiting = self._store.pending(request.act, request.target, requester, self._clock.now())
        wanted = _lasting(request.arguments)
        return any(_lasting(one.arguments) == wanted for one in waiting)

    def get(self, approval_id: str) -> Approval:
        """Return one; raises ``NotFound``."""
        found = self._store.get(approval_id)
        if found is None:
            raise NotFound("no such approval")
        return self._seen(found)

    def search(self, *, pending: bool, after: str = "", limit: int = 100) -> list[Approval]:
        """Return those that wait (also those that have run out), or those that were decided, newest first."""
        return [self._seen(one) for one in self._store.search((PENDING,) if pending else _ENDED, after, limit)]

    def claim(self, approval: Approval, by: str, reason: str = "") -> None:
        """Claim one to carry it out; raises ``Conflict`` when it was decided before or has run out."""
        record = self._record(Event.APPROVAL_APPROVE, approval, by, reason)
        self._decided(self._store.decide(approval.id, _BEGUN, by, self._clock.now(), record))

    def reject(self, approval: Approval, by: str, reason: str) -> None:
        """Reject one, or take one's own back; raises ``Conflict`` as ``claim`` does."""
        record = self._record(Event.APPROVAL_REJECT, approval, by, reason)
        self._decided(self._store.decide(approval.id, "rejected", by, self._clock.now(), record))

    def close_interrupted(self) -> int:
        """Note of each that was begun and never ended that it failed; returns how many. The act may be done or not: nothing is done again."""
        closed, after, latest = 0, "", self._clock.now() - _LONGEST_ACT
        while True:
            rows = self._store.search((_BEGUN,), after, _CHUNK)
            for one in rows:
                if one.decided_at is not None and one.decided_at <= latest:
                    self.settle(one, "system", failure=INTERRUPTED)
                    closed += 1
            if len(rows) < _CHUNK:
                return closed
            after = rows[-1].id

    def settle(self, approval: Approval, by: str, *, failure: str = "") -> None:
        """Note how a claimed one ended."""
        record = self._record(Event.APPROVAL_SETTLE, approval, by, failure, failed=bool(failure))
        self._store.settle(approval.id, "failed" if failure else "done", failure, record)

    def _decided(self, done: bool) -> None:
        if not done:
            raise Conflict("it was decided by somebody else, or has run out", code="decided")

    def _seen(self, approval: Approval) -> Approval:
        is_late = approval.state == PENDING and approval.expires_at <= self._clock.now()
        return replace(approval, state=EXPIRED) if is_late else approval

    def _record(self, event: Event, approval: Approval, by: str, reason: str, *, failed: bool = False) -> AuditRecord:
        return self._audit.record(
            AuditEvent(
                event,
                Outcome.FAILED if failed else Outcome.DONE,
                reason,
                actor=by,
                target=f"approval:{approval.id}",
                detail={"act": approval.act, "about": approval.target, "requester": approval.requester},
            )
        )


def _lasting(arguments: Mapping[str, Any]) -> str:
    """Return arguments in the one way in which they are stored and compared."""
    return json.dumps({name: value for name, value in arguments.items() if name not in _OF_THE_MOMENT}, sort_keys=True)
