"""How everything else tells a person that something happened with their account."""

from __future__ import annotations

from typing import Final, Protocol

from idp.model.notice import Detail, Topic
from idp.model.outbox import OutboxMessage

NOTHING = Detail()


class Notices(Protocol):
    """Tells people, on a channel that was verified before; who has none is told nothing, and the audit log says so.

    Nothing here raises because a message cannot be delivered: what has happened has happened.
    """

    def prepare(self, account_id: str, topic: Topic, detail: Detail = NOTHING) -> list[OutboxMessage]:
        """Return the messages, for a store that puts them into the outbox in the transaction of the act itself."""
        ...

    def tell(self, account_id: str, topic: Topic, detail: Detail = NOTHING) -> None:
        """Put the messages into the outbox in a transaction of their own, right after the act."""
        ...


class _Silence:
    """Tells nobody."""

    def prepare(self, account_id: str, topic: Topic, detail: Detail = NOTHING) -> list[OutboxMessage]:  # noqa: ARG002
        """Return no message."""
        return []

    def tell(self, account_id: str, topic: Topic, detail: Detail = NOTHING) -> None:
        """Do nothing."""


SILENCE: Final[Notices] = _Silence()
"""For whoever is built without notices: a tool, a test of something else."""
