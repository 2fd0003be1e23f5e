"""How machine endpoints say no: JSON, the right challenge, an audit record with the case code."""

from __future__ import annotations

import logging

from idp.model.audit import AuditEvent, Event, Outcome
from idp.protocol.client_authentication import CHALLENGE
from idp.protocol.errors import InvalidClient, ProtocolError
from idp.protocol.wire import NO_STORE, Headers, WireRequest, WireResponse, json_response
from idp.services.audit import AuditLog

_log = logging.getLogger("idp.protocol")


class Refusals:
    """Records refusals and shapes their answers."""

    def __init__(self, audit: AuditLog) -> None:
        """Take the audit log."""
        self._audit = audit

    def answer(
        self, event: Event, request: WireRequest, error: ProtocolError, client_id: str | None = None
    ) -> WireResponse:
        """Return the JSON error (RFC 6749 section 5.2), after it was recorded."""
        self.record(event, request, error, client_id)
        headers: Headers = (*NO_STORE, *error.headers)
        if isinstance(error, InvalidClient):
            headers = (*headers, ("WWW-Authenticate", CHALLENGE))
        body = {"error": error.error, "error_description": error.description, "case_code": request.case_code}
        return json_response(body, error.status, headers)

    def record(self, event: Event, request: WireRequest, error: ProtocolError, client_id: str | None = None) -> None:
        """Write the refusal to the audit log and the operator's log, both with the case code; what is none is not written."""
        if not error.is_recorded:
            return
        _log.info("%s refused: %s", event.value, error.reason, extra={"case_code": request.case_code})
        self._audit.write(
            AuditEvent(
                event,
                Outcome.REFUSED,
                error.reason,
                actor=f"client:{client_id}" if client_id else "anonymous",
                client_id=client_id,
                case_code=request.case_code,
                detail={"error": error.error},
                private={"address": request.address},
            )
        )
