"""One-time codes that are sent to a person and typed back: made, sent through the outbox, and judged once.

Six digits can be guessed, so what stands around them matters: five tries for each code, counted before one is looked at; bound to one
account, one address and one browser's transaction; minutes to live; and limits on how many are made, for a person, for an address, and for
the place they are asked from. What is kept of a code is a keyed digest.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import orjson

from idp import handles
from idp.clock import Clock
from idp.errors import Refused, Throttled
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.message import Channel, Message
from idp.ports.ephemeral import Counters, SingleUse, TransactionStore
from idp.ports.outbox import Postbox
from idp.services.audit import AuditLog
from idp.services.messages import to_outbox
from idp.services.other_releases import legible

DIGITS: Final = 6
TRIES: Final = 5
"""How often one code may be tried; every try is counted before it is judged."""
PAUSE: Final = 30
"""Seconds before another code may be asked for in one transaction."""
_HOUR: Final = 3600
_DAY: Final = 86400
_SPENT: Final = b"spent"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a code is for: it opens nothing else.

    ``bound_to`` names the browser's transaction; ``text`` names the words of the message, and so keeps purposes apart.
    """

    account_id: str
    channel: Channel
    address: str
    bound_to: str
    text: str
    language: str = "vi"


@dataclass(frozen=True, slots=True)
class Sent:
    """A code that is on its way and can still be typed."""

    sent_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How many codes may be made: for one person and one address an hour and a day, from one place an hour, by SMS in all a day."""

    sms_a_day: int
    an_hour: int = 6
    a_day: int = 12
    from_place: int = 600


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """The ephemeral stores that codes live in."""

    transactions: TransactionStore
    counters: Counters
    single_use: SingleUse


class SentCodes:
    """The only writer of sent codes."""

    def __init__(
        self,
        stores: Ephemeral,
        postbox: Postbox,
        audit: AuditLog,
        clock: Clock,
        key: bytes,
        limits: Limits,
        lifetime: int,
    ) -> None:
        """Take collaborators; ``key`` keys the digests, ``lifetime`` is in seconds."""
        self._stores = stores
        self._postbox = postbox
        self._audit = audit
        self._clock = clock
        self._key = key
        self._limits = limits
        self._lifetime = lifetime

    def live(self, subject: Subject) -> Sent | None:
        """Return the code that was sent for a subject and is neither spent nor too old."""
        document = self._stores.transactions.get(self._place(subject), self._clock.now())
        if document is None or document == _SPENT:
            return None
        kept = legible(lambda: _kept(*orjson.loads(document)), "code")
        return Sent(kept[2], kept[2] + self._lifetime) if kept is not None else None

    def send(self, subject: Subject, network: str, case_code: str = "") -> Sent:
        """Make a code, which replaces one before it, and put its message out; raises ``Throttled``.

        ``network`` is where the asking came from.
        """
        try:
            self._count(subject, network)
        except Throttled:
            self._audit.write(self._event(subject, Outcome.REFUSED, "throttled", case_code))
            raise
        now, nonce = self._clock.now(), handles.new_secret()
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        document = orjson.dumps([nonce, self._digest(subject, nonce, code), now])
        self._stores.transactions.put(self._place(subject), document, now + self._lifetime)
        values = {"code": code, "minutes": str(self._lifetime // 60), "at": str(now)}
        message = Message(
            subject.channel,
            subject.account_id,
            subject.address,
            subject.text,
            subject.language,
            now + self._lifetime,
            values,
        )
        record = self._audit.record(self._event(subject, Outcome.DONE, "", case_code))
        self._postbox.put(to_outbox(message, now), record)
        return Sent(now, now + self._lifetime)

    def use(self, subject: Subject, typed: str) -> None:
        """Judge what was typed and use the code up; raises ``Refused`` with the reason. Of many callers with the right code one returns."""
        place, now = self._place(subject), self._clock.now()
        document = self._stores.transactions.get(place, now)
        if document is None:
            raise Refused("there is no code for this, or it is too old", code="no_code")
        if document == _SPENT:
            raise Refused("the code was used", code="code_spent")
        kept = legible(lambda: _kept(*orjson.loads(document)), "code")
        if kept is None:
            raise Refused("there is no code that this release can read", code="no_code")
        nonce, digest, sent_at = kept
        tries = self._stores.counters.add(f"code-tries:{nonce}", now, self._lifetime + PAUSE).count
        if tries > TRIES:
            raise Refused("the code was tried too often", code="code_used_up")
        if not hmac.compare_digest(digest.encode(), self._digest(subject, nonce, _digits(typed)).encode()):
            raise Refused("the code is wrong", code="wrong_code")
        if not self._stores.transactions.replace(place, document, _SPENT, sent_at + self._lifetime):
            raise Refused("the code was used", code="code_spent")

    def binding(self, account_id: str, channel: Channel, address: str) -> bytes:
        """Return what ties a person's codes by a channel to one address, without naming it."""
        return bytes.fromhex(self._blind("binding", account_id, channel.value, address))

    def _count(self, subject: Subject, network: str) -> None:
        """Count one more code in every lane; the first that is full stops it, and what was counted stays counted."""
        limits, now = self._limits, self._clock.now()
        person = f"person:{subject.account_id}"
        pause = self._blind("pause", person, subject.channel.value, subject.bound_to)
        if not self._stores.single_use.claim(f"code-pause:{pause}", now, now + PAUSE):
            raise Throttled("a code was sent a moment ago", retry_after=PAUSE)
        lanes = (
            (self._blind("place", network), _HOUR, limits.from_place),
            (self._blind(person), _HOUR, limits.an_hour),
            (self._blind(person), _DAY, limits.a_day),
            (self._blind("address", subject.channel.value, subject.address), _DAY, limits.a_day),
            *(((self._blind("sms"), _DAY, limits.sms_a_day),) if subject.channel is Channel.SMS else ()),
        )
        for name, window, most in lanes:
            key = f"codes:{name}:{window}:{now // window}"
            if self._stores.counters.add(key, now, window).count > most:
                raise Throttled("too many codes", retry_after=window - now % window)

    def _place(self, subject: Subject) -> str:
        kept = (subject.text, subject.account_id, subject.channel.value, subject.address, subject.bound_to)
        return f"code:{self._blind('place-of-code', *kept)}"

    def _digest(self, subject: Subject, nonce: str, code: str) -> str:
        return self._blind("code", self._place(subject), nonce, code)

    def _blind(self, *parts: str) -> str:
        """Return a keyed digest of parts, each with its length, so that no two lists of parts are the same bytes."""
        text = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        return hmac.new(self._key, text, sha256).hexdigest()

    def _event(self, subject: Subject, outcome: Outcome, reason: str, case_code: str) -> AuditEvent:
        return AuditEvent(
            Event.CODE_SEND,
            outcome,
            reason,
            actor=f"account:{subject.account_id}",
            account_id=subject.account_id,
            target=f"account:{subject.account_id}",
            case_code=case_code,
            detail={"channel": subject.channel.value, "text": subject.text},
        )


def _kept(nonce: str, digest: str, sent_at: int) -> tuple[str, str, int]:
    """Return the parts of what is kept of a code; one of more or fewer parts is refused by the call."""
    return nonce, digest, sent_at


def _digits(typed: str) -> str:
    """Return what was typed without the spaces that people copy along, and no more than could be a code."""
    kept = "".join(character for character in typed if not character.isspace())[: DIGITS + 1]
    # What UTF-8 cannot carry (half a surrogate pair) is no digit either.
    return kept if kept.isascii() else ""
