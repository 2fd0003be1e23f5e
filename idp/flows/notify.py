"""Delivers back-channel logout (OpenID Connect Back-Channel Logout 1.0 section 2.5) from the durable outbox.

The logout token is minted at delivery, so a message that waited an hour still carries a fresh one. A department that is down is tried
again with growing pauses for a day; then the failure is recorded for its operator and the message is given up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import orjson

from clients.model import Client
from idp.clock import Clock
from idp.errors import DomainError
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.outbox import OutboxMessage
from idp.ports.fetcher import Fetcher
from idp.ports.outbox import Outbox
from idp.services.audit import AuditLog

_PAUSES: Final = (1, 5, 30, 120, 600, 3600, 7200, 14400, 28800, 28800)
_LEASE: Final = 60
_BATCH: Final = 20
_FORM: Final = "application/x-www-form-urlencoded"

MintLogoutToken = Callable[[Client, str, str], str]
"""Takes the client, ``sub`` and the session's id, and returns a signed logout token."""


class LogoutNotifier:
    """Sends waiting logout messages."""

    def __init__(
        self,
        outbox: Outbox,
        find_client: Callable[[str], Client | None],
        mint: MintLogoutToken,
        fetcher: Fetcher,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        """Take collaborators."""
        self._outbox = outbox
        self._find = find_client
        self._mint = mint
        self._fetcher = fetcher
        self._audit = audit
        self._clock = clock

    def run(self) -> int:
        """Try every message that is due; returns how many were tried."""
        tried = 0
        while messages := self._outbox.lease(self._clock.now(), _LEASE, _BATCH):
            for message in messages:
                self._deliver(message)
            tried += len(messages)
        return tried

    def _deliver(self, message: OutboxMessage) -> None:
        client = self._find(message.client_id)
        if client is None or not client.backchannel_logout_uri:
            self._close(message, "client_gone")
            return
        if not message.payload:
            self._close(message, "payload_unreadable")
            return
        error = self._send(message, client, client.backchannel_logout_uri)
        now = self._clock.now()
        if not error:
            self._outbox.sent(message.id, now, self._audit.record(_event(message, Outcome.DONE, "")))
        elif message.attempts > len(_PAUSES):
            self._close(message, error)
        else:
            self._outbox.retry(message.id, now + _PAUSES[message.attempts - 1], error)

    def _send(self, message: OutboxMessage, client: Client, uri: str) -> str:
        payload = orjson.loads(message.payload)
        token = self._mint(client, payload["sub"], payload["sid"])
        try:
            answer = self._fetcher.post(uri, f"logout_token={quote(token)}".encode(), _FORM)
        except DomainError as error:
            return error.code
        return "" if answer.status in {200, 204} else f"http_{answer.status}"

    def _close(self, message: OutboxMessage, error: str) -> None:
        record = self._audit.record(_event(message, Outcome.FAILED, error))
        self._outbox.give_up(message.id, self._clock.now(), error, record)


def _event(message: OutboxMessage, outcome: Outcome, reason: str) -> AuditEvent:
    return AuditEvent(
        Event.LOGOUT_NOTIFY,
        outcome,
        reason,
        client_id=message.client_id,
        target=f"outbox:{message.id}",
        detail={"attempts": message.attempts},
    )
