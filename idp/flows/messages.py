"""Sends messages to people from the outbox: the words are made at delivery, and what is late is not sent.

A one-time code lives minutes: its attempts come close together. A notice is tried for a day.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from idp import handles
from idp.clock import Clock
from idp.errors import DomainError, Refused
from idp.flows.notify import GivenUp
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.message import Channel, Message
from idp.model.outbox import OutboxMessage
from idp.ports.carriers import Carrier, Texts, Undeliverable
from idp.services.accounts import OPERATOR
from idp.services.audit import AuditLog
from idp.services.contacts import checked_address
from idp.services.messages import from_outbox

_log = logging.getLogger("idp.messages")
_TEST_LIFETIME: Final = 300
_PAUSES: Final = (2, 5, 10, 20, 40, 60, 120, 600, 3600, 3600, 7200, 14400, 28800)


class PersonSender:
    """``flows.notify.Sender`` of one channel."""

    pauses: Final = _PAUSES

    def __init__(self, carrier: Carrier, texts: Texts, clock: Clock) -> None:
        """Take collaborators."""
        self._carrier = carrier
        self._texts = texts
        self._clock = clock

    def send(self, message: OutboxMessage) -> None:
        """Put the message into words and hand it over; one that is late is given up."""
        read = _read(message)
        if read.expires_at <= self._clock.now():
            raise GivenUp("the message would come too late", code="expired")
        try:
            rendered = self._texts.render(read)
        except KeyError as error:
            raise GivenUp("there are no such words", code="text_unknown") from error
        try:
            self._carrier.deliver(read, rendered, message.id)
        except Undeliverable as error:
            raise GivenUp(error.reason, code=error.code) from error
        except DomainError as error:
            # By id and reason only: what was said to whom is in no log.
            _log.warning("message %s by %s was not taken: %s", message.id, message.kind, error.code)
            raise

    def event(self, message: OutboxMessage) -> AuditEvent:
        """Return the act: who was told what kind of thing by which channel, and not at which address."""
        try:
            read = _read(message)
        except GivenUp:
            return AuditEvent(Event.MESSAGE_SEND, target=f"outbox:{message.id}", detail={"channel": message.kind})
        return AuditEvent(
            Event.MESSAGE_SEND,
            account_id=read.account_id or None,
            target=f"outbox:{message.id}",
            detail={"channel": message.kind, "text": read.text, "attempts": message.attempts},
        )


class MessageTester:
    """Sends an operator's test message at once, past the outbox, so that what goes wrong is seen where it is asked for."""

    def __init__(self, carriers: Mapping[Channel, Carrier], texts: Texts, audit: AuditLog, clock: Clock) -> None:
        """Take collaborators."""
        self._carriers = carriers
        self._texts = texts
        self._audit = audit
        self._clock = clock

    def send(self, channel: str, address: str, language: str, *, actor: str = OPERATOR) -> str:
        """Send and return the message's id; raises ``InvalidInput``, ``Refused`` for a channel that is off, and what the carrier raises."""
        chosen, now, reference = Channel(channel), self._clock.now(), handles.new_id()
        if chosen not in self._carriers:
            raise Refused(f"{channel} is off: set IDP_{channel.upper()}__CARRIER", field="channel")
        to = checked_address(chosen, address)
        message = Message(chosen, "", to, "test", language, now + _TEST_LIFETIME, {"at": str(now)})
        event = AuditEvent(
            Event.MESSAGE_SEND,
            actor=actor,
            target=f"message:{reference}",
            detail={"channel": channel, "text": "test"},
            private={"address": to},
        )
        try:
            self._carriers[chosen].deliver(message, self._texts.render(message), reference)
        except DomainError as error:
            self._audit.write(replace(event, outcome=Outcome.FAILED, reason=error.code))
            raise
        self._audit.write(event)
        return reference


def _read(message: OutboxMessage) -> Message:
    try:
        return from_outbox(message.payload)
    except (ValueError, KeyError, TypeError) as error:
        raise GivenUp("the payload is no message", code="payload_unreadable") from error
