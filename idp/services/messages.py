"""Messages to people on their way through the outbox: how one is written down, and how it is read again."""

from __future__ import annotations

from dataclasses import asdict

import orjson

from idp import handles
from idp.model.message import Channel, Message
from idp.model.outbox import OutboxMessage


def to_outbox(message: Message, now: int) -> OutboxMessage:
    """Return the message as the outbox keeps it; its store seals what is said and to whom."""
    return OutboxMessage(handles.new_id(), message.channel.value, "", orjson.dumps(asdict(message)), 0, now)


def from_outbox(payload: bytes) -> Message:
    """Return the message again; raises ``ValueError``, ``KeyError`` or ``TypeError`` for anything else."""
    values = orjson.loads(payload)
    return Message(**{**values, "channel": Channel(values["channel"])})
