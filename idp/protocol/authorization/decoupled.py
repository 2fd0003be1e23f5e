"""How a transaction ends whose client waits at another device: the answer is kept for the client that polls, the browser stays with us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from idp import handles
from idp.clock import Clock
from idp.errors import NotFound
from idp.flows.decoupled import APPROVED, DENIED, DecoupledRequests
from idp.flows.dispatcher import Facts
from idp.flows.notify import PING
from idp.flows.pending import PendingRequests
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.authorization import PendingRequest
from idp.model.decoupled import DecoupledRequest
from idp.model.outbox import OutboxMessage
from idp.ports.outbox import Postbox
from idp.protocol.authorization.endpoint import AuthorizationEndpoint
from idp.protocol.errors import LoginRequired, ProtocolError
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.audit import AuditLog
from idp.services.codes import CodeBox

_PAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "device": {APPROVED: "/device/done", DENIED: "/device/declined"},
    "ciba": {APPROVED: "/account?notice=request_approved", DENIED: "/account?notice=request_declined"},
}
"""Where the browser goes after an answer, by the kind of request."""


class DecoupledAnswers:
    """Ends transactions as ``AuthorizationEndpoint`` does, but for clients that poll."""

    def __init__(
        self,
        authorization: AuthorizationEndpoint,
        decoupled: DecoupledRequests,
        pending: PendingRequests,
        codes: CodeBox,
        postbox: Postbox,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        """Take collaborators; ``postbox`` takes the notice for a client that wants to be told (CIBA in ping mode)."""
        self._authorization = authorization
        self._decoupled = decoupled
        self._pending = pending
        self._codes = codes
        self._postbox = postbox
        self._audit = audit
        self._clock = clock

    def waiting(self, pending: PendingRequest) -> DecoupledRequest:
        """Return the request that a transaction answers; raises ``NotFound`` when it has expired or was answered."""
        found = self._decoupled.waiting(pending.decoupled)
        if found is None:
            raise NotFound("the request of the other device has expired or was answered", code="expired_transaction")
        return found

    def complete(self, facts: Facts) -> WireResponse | None:
        """Use the transaction up and approve; None when it was used up before."""
        pending, snapshot = facts.pending, facts.snapshot
        if pending is None or snapshot is None:
            raise LoginRequired("nobody is signed in")
        if not self._pending.claim(pending.id):
            return None
        asked, session = self.waiting(pending), snapshot.session
        if asked.account_id and asked.account_id != session.account_id:
            raise NotFound("the request is for another person", code="expired_transaction")
        payload = self._authorization.payload(facts, snapshot)
        self._answered(asked, APPROVED, self._codes.seal(payload))
        self._record(asked, Outcome.DONE, "", account_id=session.account_id, session_id=session.id)
        return redirect(_PAGES[asked.kind][APPROVED])

    def fail(self, pending: PendingRequest, error: ProtocolError, wire: WireRequest) -> WireResponse | None:
        """Use the transaction up and deny; None when it was used up before."""
        if not self._pending.claim(pending.id):
            return None
        asked = self.waiting(pending)
        self._answered(asked, DENIED, "")
        self._record(asked, Outcome.REFUSED, error.reason, case_code=wire.case_code)
        return redirect(_PAGES[asked.kind][DENIED])

    def _answered(self, asked: DecoupledRequest, answer: str, code: str) -> None:
        if self._decoupled.answer(asked.key, answer, code) is None:
            raise NotFound("another browser answered first", code="expired_transaction")

    def _record(
        self,
        asked: DecoupledRequest,
        outcome: Outcome,
        reason: str,
        *,
        account_id: str | None = None,
        session_id: str | None = None,
        case_code: str = "",
    ) -> None:
        client_id = asked.request.client_id
        event = AuditEvent(
            Event.DECOUPLED_ANSWER,
            outcome,
            reason,
            actor=f"account:{account_id}" if account_id else "anonymous",
            account_id=account_id,
            client_id=client_id,
            session_id=session_id,
            target=f"client:{client_id}",
            case_code=case_code,
            detail={"kind": asked.kind, "scope": " ".join(asked.request.scope)},
        )
        if not asked.notification:
            self._audit.write(event)
            return
        token, secret = asked.notification
        payload = orjson.dumps({"token": token, "auth_req_id": secret})
        message = OutboxMessage(handles.new_id(), PING, client_id, payload, 0, self._clock.now())
        self._postbox.put(message, self._audit.record(event))
