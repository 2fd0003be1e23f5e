"""A person changes how they can be reached: the new address counts once the code that was sent there has been typed back.

Until then nothing of the account changes. What is waited for is kept for one session, sealed, and ends with the code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from idp.authn.sent_codes import Sent, SentCodes, Subject
from idp.clock import Clock
from idp.errors import InvalidInput, NotFound, Refused
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.message import Channel
from idp.model.session import Session
from idp.ports.ephemeral import TransactionStore
from idp.services.audit import AuditLog
from idp.services.contacts import COLUMN, ContactReader, ContactWriter, checked_address

_TEXT = "contact_code"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An address whose code has not been typed back yet."""

    address: str
    sent: Sent


class ContactFlow:
    """The steps of a change."""

    def __init__(
        self,
        codes: SentCodes,
        reader: ContactReader,
        writer: ContactWriter,
        store: TransactionStore,
        audit: AuditLog,
        clock: Clock,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
    ) -> None:
        """Take collaborators."""
        self._codes = codes
        self._reader = reader
        self._writer = writer
        self._store = store
        self._audit = audit
        self._clock = clock
        self._seal = seal
        self._unseal = unseal

    def begin(
        self, session: Session, channel: Channel, raw: str, network: str, language: str, case_code: str = ""
    ) -> None:
        """Send a code to a typed address; raises ``InvalidInput`` that names the column, and ``Throttled``."""
        address = checked_address(channel, raw)
        if self._reader.of(session.account_id).verified.get(channel) == address:
            raise InvalidInput("is the verified one already", code="contact_unchanged", field=COLUMN[channel])
        self._sent(session, channel, address, network, language, case_code)

    def again(self, session: Session, channel: Channel, network: str, language: str, case_code: str = "") -> None:
        """Send another code to the address that is waited for; raises ``NotFound`` and ``Throttled``."""
        self._sent(session, channel, self._wanted(session, channel), network, language, case_code)

    def waiting(self, session: Session, channel: Channel) -> Waiting | None:
        """Return what the session waits for by a channel."""
        document = self._store.get(_place(session, channel), self._clock.now())
        if document is None:
            return None
        address = self._opened(session, channel, document)
        sent = self._codes.live(_subject(session, channel, address))
        return Waiting(address, sent) if sent is not None else None

    def confirm(self, session: Session, channel: Channel, typed: str, case_code: str = "") -> None:
        """Take the code; raises ``Refused`` with the reason, ``NotFound`` when nothing is waited for, ``Conflict`` for a lost race."""
        address = self._wanted(session, channel)
        try:
            self._codes.use(_subject(session, channel, address), typed)
        except Refused as error:
            self._refused(session, channel, error.code, case_code)
            raise
        actor = f"account:{session.account_id}"
        self._writer.set_verified(session.account_id, channel, address, actor=actor, case_code=case_code)
        self._store.claim(_place(session, channel), self._clock.now())

    def remove(self, session: Session, channel: Channel, *, has_factor: bool, case_code: str = "") -> None:
        """Take an address away; raises as ``ContactWriter.remove`` does, a refusal recorded."""
        actor = f"account:{session.account_id}"
        try:
            self._writer.remove(session.account_id, channel, has_factor=has_factor, actor=actor, case_code=case_code)
        except Refused as error:
            self._refused(session, channel, error.code, case_code, Event.CONTACT_REMOVE)
            raise

    def _sent(
        self, session: Session, channel: Channel, address: str, network: str, language: str, case_code: str
    ) -> None:
        sent = self._codes.send(_subject(session, channel, address, language), network, case_code)
        place = _place(session, channel)
        self._store.put(place, self._seal(orjson.dumps(address), place.encode()), sent.expires_at)

    def _wanted(self, session: Session, channel: Channel) -> str:
        document = self._store.get(_place(session, channel), self._clock.now())
        if document is None:
            raise NotFound("no address waits for a code, or it waited too long", code="no_code")
        return self._opened(session, channel, document)

    def _opened(self, session: Session, channel: Channel, document: bytes) -> str:
        return str(orjson.loads(self._unseal(document, _place(session, channel).encode())))

    def _refused(
        self, session: Session, channel: Channel, reason: str, case_code: str, event: Event = Event.CONTACT_CHANGE
    ) -> None:
        self._audit.write(
            AuditEvent(
                event,
                Outcome.REFUSED,
                reason,
                actor=f"account:{session.account_id}",
                account_id=session.account_id,
                session_id=session.id,
                target=f"account:{session.account_id}",
                case_code=case_code,
                detail={"channel": channel.value},
            )
        )


def _place(session: Session, channel: Channel) -> str:
    return f"contact:{session.id}:{channel.value}"


def _subject(session: Session, channel: Channel, address: str, language: str = "vi") -> Subject:
    return Subject(session.account_id, channel, address, f"session:{session.id}", _TEXT, language)
