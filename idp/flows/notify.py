"""Delivers waiting messages from the durable outbox: one courier, one sender a kind of message.

Who is out of reach is tried again with growing pauses; then the failure is recorded for the operator and the message is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol
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
_REDIRECTS_AND_FAULTS: Final = range(300, 500)
_BUSY: Final = frozenset({408, 425, 429})
"""Faults that another attempt may mend (RFC 9110 section 15.5.9, RFC 8470 section 5.2, RFC 6585 section 4)."""

MintLogoutToken = Callable[[Client, str, str], str]
"""Takes the client, ``sub`` and the session's id, and returns a signed logout token."""

FindClient = Callable[[str], Client | None]


class GivenUp(DomainError):
    """Another attempt would change nothing; ``code`` is the reason id."""


class Sender(Protocol):
    """What sends one kind of message; ``pauses`` are the seconds between attempts, after the last of which the message is given up."""

    @property
    def pauses(self) -> tuple[int, ...]:
        """Return the pauses."""
        ...

    def send(self, message: OutboxMessage) -> None:
        """Hand the message over; raises ``GivenUp``, or another ``DomainError`` (``code`` a reason id) to be tried again."""
        ...

    def event(self, message: OutboxMessage) -> AuditEvent:
        """Return the act that is recorded, but for outcome and reason."""
        ...


@dataclass(frozen=True, slots=True)
class ClientSender:
    """Sends to departments: the act, where the client wants it, how a payload is sent there, and which answers are a refusal for good."""

    act: Event
    find: FindClient
    address: Callable[[Client], str | None]
    post: Callable[[Client, str, Mapping[str, Any]], Fetched]
    pauses: tuple[int, ...] = _PAUSES
    refusals: range = range(0)

    def send(self, message: OutboxMessage) -> None:
        """Post the message to its client."""
        client = self.find(message.client_id)
        address = self.address(client) if client is not None else None
        if client is None or not address:
            raise GivenUp("the client is gone or wants no such message any more", code="client_gone")
        answer = self.post(client, address, orjson.loads(message.payload))
        if answer.status in self.refusals and answer.status not in _BUSY:
            raise GivenUp("the department does not want the message", code=f"http_{answer.status}")
        if answer.status not in _TAKEN:
            raise DomainError("the department did not take the message", code=f"http_{answer.status}")

    def event(self, message: OutboxMessage) -> AuditEvent:
        """Return the act for the client's operator."""
        return AuditEvent(
            self.act,
            client_id=message.client_id,
            target=f"outbox:{message.id}",
            detail={"attempts": message.attempts},
        )


def logout_sender(find: FindClient, mint: MintLogoutToken, fetcher: Fetcher) -> Sender:
    """Return the sender of OpenID Connect Back-Channel Logout 1.0 section 2.5.

    The token is minted at delivery, so a message that waited an hour still carries a fresh one.
    """

    def post(client: Client, uri: str, payload: Mapping[str, Any]) -> Fetched:
        token = mint(client, payload["sub"], payload["sid"])
        return fetcher.post(uri, f"logout_token={quote(token)}".encode(), _FORM)

    return ClientSender(Event.LOGOUT_NOTIFY, find, lambda client: client.backchannel_logout_uri, post)


def ping_sender(find: FindClient, fetcher: Fetcher) -> Sender:
    """Return the sender of CIBA Core section 10.2; a request lives minutes, so the attempts end soon: the client can still poll.

    A redirect or a fault is the client's to mend, not to be asked again.
    """

    def post(_client: Client, uri: str, payload: Mapping[str, Any]) -> Fetched:
        body = orjson.dumps({"auth_req_id": payload["auth_req_id"]})
        return fetcher.post(uri, body, "application/json", authorization=f"Bearer {payload['token']}")

    def address(client: Client) -> str | None:
        return client.backchannel_client_notification_endpoint

    return ClientSender(Event.BACKCHANNEL_NOTIFY, find, address, post, _PAUSES[:5], _REDIRECTS_AND_FAULTS)


class Courier:
    """Sends waiting messages."""

    def __init__(
        self,
        outbox: Outbox,
        senders: Mapping[str, Sender],
        audit: AuditLog,
        clock: Clock,
        *,
        batch: int = _BATCH,
        lease: int = _LEASE,
    ) -> None:
        """Take collaborators; ``senders`` by the kind of message: another kind is an entry there.

        ``batch`` messages are taken at a time for ``lease`` seconds: as many as are surely sent before that runs out.
        """
        self._outbox = outbox
        self._senders = senders
        self._audit = audit
        self._clock = clock
        self._batch = batch
        self._seconds = lease

    def run(self) -> int:
        """Try every message that is due; returns how many were tried."""
        tried = 0
        while messages := self._outbox.lease(self._clock.now(), self._seconds, self._batch):
            for message in messages:
                sender = self._senders.get(message.kind)
                # A kind that only a newer release of ours knows waits for it.
                if sender is not None:
                    self._deliver(message, sender)
            tried += len(messages)
        return tried

    def _deliver(self, message: OutboxMessage, sender: Sender) -> None:
        try:
            if not message.payload:
                raise GivenUp("the payload was damaged", code="payload_unreadable")
            sender.send(message)
        except GivenUp as error:
            self._close(message, sender, error.code)
        except DomainError as error:
            self._later(message, sender, error.code)
        else:
            record = self._audit.record(sender.event(message))
            self._outbox.sent(message.id, self._clock.now(), record)

    def _later(self, message: OutboxMessage, sender: Sender, error: str) -> None:
        if message.attempts > len(sender.pauses):
            self._close(message, sender, error)
        else:
            self._outbox.retry(message.id, self._clock.now() + sender.pauses[message.attempts - 1], error)

    def _close(self, message: OutboxMessage, sender: Sender, error: str) -> None:
        event = replace(sender.event(message), outcome=Outcome.FAILED, reason=error)
        self._outbox.give_up(message.id, self._clock.now(), error, self._audit.record(event))
