"""A message to a person, before it is rendered and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Channel(StrEnum):
    """A way to reach a person; the value is the kind of its messages in the outbox."""

    MAIL = "mail"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class Message:
    """What shall be said to whom: rendered only when it is sent.

    ``text`` names the texts (``code``, ``new_device`` …) and ``values`` fill their placeholders. Past ``expires_at`` it is not sent any more.
    ``address`` is a mail address or a telephone number in E.164: personal data.
    """

    channel: Channel
    account_id: str
    address: str
    text: str
    language: str
    expires_at: int
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words: an SMS has no subject and no ``html``."""

    text: str
    subject: str = ""
    html: str = ""
