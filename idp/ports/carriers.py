"""What takes a message to a person out of the house: a mail server, a gateway, a console."""

from __future__ import annotations

from typing import Protocol

from idp.errors import DomainError
from idp.model.message import Message, Rendered


class Undeliverable(DomainError):
    """Trying again would change nothing: the address does not exist, or the message is not acceptable."""

    code = "undeliverable"


class Carrier(Protocol):
    """Hands one message over; may block.

    Raises ``Undeliverable`` where another attempt is of no use, any other ``DomainError`` where it is; the ``code`` is an operator's
    reason id without personal data. ``reference`` is the same at every attempt for one message.
    """

    def deliver(self, message: Message, rendered: Rendered, reference: str) -> None:
        """Hand the message over; it has been taken when this returns."""
        ...

    def check(self) -> str:
        """Return what an operator should see when all is well; raises ``DomainError`` when nothing can be delivered. Sends nothing."""
        ...


class Texts(Protocol):
    """Puts messages into words."""

    def render(self, message: Message) -> Rendered:
        """Return the words for the message's channel and language; raises ``KeyError`` for a text that does not exist."""
        ...
