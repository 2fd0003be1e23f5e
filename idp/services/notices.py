"""Notices: what happened with an account is told to its person, on a channel that somebody who holds the account now cannot simply have put there.

Only verified contacts are told. The channel that an act touched (``Detail.channel``) comes last; topics of weight go to every one.
"""

from __future__ import annotations

from typing import Final

from idp.clock import Clock
from idp.errors import NotFound
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.message import Channel, Message
from idp.model.notice import REACH, Detail, Reach, Topic
from idp.model.outbox import OutboxMessage
from idp.ports.ephemeral import Counters
from idp.ports.notices import NOTHING
from idp.ports.outbox import Postbox
from idp.services.audit import AuditLog
from idp.services.contacts import ContactReader
from idp.services.messages import to_outbox

LIFETIME: Final = 86400
"""Seconds for which the delivery of a notice is tried."""
A_DAY: Final = 10
"""Notices of one topic for one account within a day: whoever makes one act over and over cannot make us send without end.

Topics are counted apart: else somebody could use the day up by signing in again and again, and then change what nobody is told of.
"""
_DAY: Final = 86400


class NoticeService:
    """``ports.notices.Notices`` over verified contacts and the outbox."""

    def __init__(
        self,
        contacts: ContactReader,
        postbox: Postbox,
        counters: Counters,
        audit: AuditLog,
        clock: Clock,
        channels: frozenset[Channel],
    ) -> None:
        """Take collaborators; ``channels`` are those that this deployment can send on."""
        self._contacts = contacts
        self._postbox = postbox
        self._counters = counters
        self._audit = audit
        self._clock = clock
        self._channels = channels

    def prepare(self, account_id: str, topic: Topic, detail: Detail = NOTHING) -> list[OutboxMessage]:
        """Return the messages for the transaction of the act; none where nobody can be reached, which is recorded."""
        if not self._channels:
            return []
        try:
            contacts = self._contacts.of(account_id)
        except NotFound:
            return []
        verified = {one: contacts.verified[one] for one in Channel if one in self._channels & contacts.verified.keys()}
        if not verified:
            return self._untold(account_id, topic, "no_verified_contact")
        if not self._may_tell(account_id, topic):
            return self._untold(account_id, topic, "too_many_notices")
        now, language = self._clock.now(), contacts.language
        values = {"factor": detail.factor, "browser": detail.browser, "at": str(now)}
        if detail.code:
            values["code"] = detail.code
        return [
            to_outbox(
                Message(channel, account_id, verified[channel], topic.value, language, now + LIFETIME, values), now
            )
            for channel in _chosen(topic, detail, tuple(verified))
        ]

    def tell(self, account_id: str, topic: Topic, detail: Detail = NOTHING) -> None:
        """Put the messages into the outbox in a transaction of their own, each with a record that it was put there."""
        for message in self.prepare(account_id, topic, detail):
            event = AuditEvent(
                Event.NOTICE, account_id=account_id, target=f"outbox:{message.id}", detail={"topic": topic.value}
            )
            self._postbox.put(message, self._audit.record(event))

    def _may_tell(self, account_id: str, topic: Topic) -> bool:
        now = self._clock.now()
        return self._counters.add(f"notices:{account_id}:{topic.value}:{now // _DAY}", now, _DAY).count <= A_DAY

    def _untold(self, account_id: str, topic: Topic, reason: str) -> list[OutboxMessage]:
        self._audit.write(
            AuditEvent(
                Event.NOTICE,
                Outcome.FAILED,
                reason,
                account_id=account_id,
                target=f"account:{account_id}",
                detail={"topic": topic.value},
            )
        )
        return []


def _chosen(topic: Topic, detail: Detail, verified: tuple[Channel, ...]) -> tuple[Channel, ...]:
    """Return the channels to use: all of them, or the first that the act did not touch (mail before SMS, which costs)."""
    if REACH[topic] is Reach.EVERY:
        return verified
    untouched = [channel for channel in verified if channel != detail.channel]
    return ((untouched or list(verified))[0],)
