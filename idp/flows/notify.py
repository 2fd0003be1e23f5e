"""Delivers waiting messages to departments from the durable outbox: one courier, one sender a kind of message.

A department that is down is tried again with growing pauses for a day; then the failure is recorded for its operator and the message is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import orjson

from clients.model import Client
from idp.clock import Clock
from idp.errors import DomainError
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.outbox import OutboxMessage
from idp.ports.fetcher import Fetched, Fetcher
from idp.ports.outbox import Outbox
from idp.services.audit import AuditLog

PING: Final = "ciba_ping"
_PAUSES: Final = (1, 5, 30, 120, 600, 3600, 7200, 14400, 28800, 28800)
_LEASE: Final = 60
_BATCH: Final = 20
_FORM: Final = "application/x-www-form-urlencoded"
_TAKEN: Final = frozenset({200, 204})

MintLogoutToken = Callable[[Client, str, str], str]
"""Takes the client, ``sub`` and the session's id, and returns a signed logout token."""


@dataclass(frozen=True, slots=True)
class Sender:
    """One kind of message: the act that is recorded, where the client wants it, and how a payload is sent there.

    ``pauses`` are the seconds between attempts; after the last one the message is given up.
    """

    event: Event
    address: Callable[[Client], str | None]
    send: Callable[[Client, str, Mapping[str, Any]], Fetched]
    pauses: tuple[int, ...] = _PAUSES


def logout_sender(mint: MintLogoutToken, fetcher: Fetcher) -> Sender:
    """Return the sender of OpenID Connect Back-Channel Logout 1.0 section 2.5.

    The token is minted at delivery, so a message that waited an hour still carries a fresh one.
    """

    def send(client: Client, uri: str, payload: Mapping[str, Any]) -> Fetched:
        token = mint(client, payload["sub"], payload["sid"])
        return fetcher.post(uri, f"logout_token={quote(token)}".encode(), _FORM)

    return Sender(Event.LOGOUT_NOTIFY, lambda client: client.backchannel_logout_uri, send)


def ping_sender(fetcher: Fetcher) -> Sender:
    """Return the sender of CIBA Core section 10.2; a request lives minutes, so the attempts end soon: the client can still poll."""

    def send(_client: Client, uri: str, payload: Mapping[str, Any]) -> Fetched:
        body = orjson.dumps({"auth_req_id": payload["auth_req_id"]})
        return fetcher.post(uri, body, "application/json", authorization=f"Bearer {payload['token']}")

    return Sender(
        Event.BACKCHANNEL_NOTIFY, lambda client: client.backchannel_client_notification_endpoint, send, _PAUSES[:5]
    )


class Courier:
    """Sends waiting messages."""

    def __init__(
        self,
        outbox: Outbox,
        find_client: Callable[[str], Client | None],
        senders: Mapping[str, Sender],
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        """Take collaborators; ``senders`` by the kind of message: another kind is an entry there."""
        self._outbox = outbox
        self._find = find_client
        self._senders = senders
        self._audit = audit
        self._clock = clock

    def run(self) -> int:
        """Try every message that is due; returns how many were tried."""
        tried = 0
        while messages := self._outbox.lease(self._clock.now(), _LEASE, _BATCH):
            for message in messages:
                sender = self._senders.get(message.kind)
                # A kind that only a newer release of ours knows waits for it.
                if sender is not None:
                    self._deliver(message, sender)
            tried += len(messages)
        return tried

    def _deliver(self, message: OutboxMessage, sender: Sender) -> None:
        client = self._find(message.client_id)
        address = sender.address(client) if client is not None else None
        if client is None or not address:
            self._close(message, sender, "client_gone")
            return
        if not message.payload:
            self._close(message, sender, "payload_unreadable")
            return
        error = self._sent(message, sender, client, address)
        now = self._clock.now()
        if not error:
            self._outbox.sent(message.id, now, self._audit.record(_event(message, sender, Outcome.DONE, "")))
        elif message.attempts > len(sender.pauses):
            self._close(message, sender, error)
        else:
            self._outbox.retry(message.id, now + sender.pauses[message.attempts - 1], error)

    @staticmethod
    def _sent(message: OutboxMessage, sender: Sender, client: Client, address: str) -> str:
        try:
            answer = sender.send(client, address, orjson.loads(message.payload))
        except DomainError as error:
            return error.code
        return "" if answer.status in _TAKEN else f"http_{answer.status}"

    def _close(self, message: OutboxMessage, sender: Sender, error: str) -> None:
        record = self._audit.record(_event(message, sender, Outcome.FAILED, error))
        self._outbox.give_up(message.id, self._clock.now(), error, record)


def _event(message: OutboxMessage, sender: Sender, outcome: Outcome, reason: str) -> AuditEvent:
    return AuditEvent(
        sender.event,
        outcome,
        reason,
        client_id=message.client_id,
        target=f"outbox:{message.id}",
        detail={"attempts": message.attempts},
    )
