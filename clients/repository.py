"""Where clients are kept, and what is told of each change for the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from clients.model import Client


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """What happened to a client, for the audit row in the same transaction.

    ``action`` is ``add``, ``update``, ``rotate-secret``, ``suspend``, ``resume``, ``remove`` or ``correct``. ``fields`` names what
    changed, never a value; of ``add`` it names what the operator decided himself.
    """

    action: str
    client_id: str
    fields: tuple[str, ...] = ()
    actor: str = "operator:local"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A client that a ``source`` vouches for until ``expires_at`` (epoch seconds); ``vouched`` says who stands behind it."""

    client_id: str
    source: str
    expires_at: int
    vouched: Mapping[str, Any] | None = None


class ClientRepository(Protocol):
    """Where clients are kept. Every change raises the registry's version by one and stamps the client with it.

    Versions become visible in order: whoever has read version n misses no change up to n.
    """

    def version(self) -> int:
        """Return the version of the last change, 0 when there was none."""
        ...

    def changed_since(self, version: int) -> list[Client]:
        """Return the clients that changed after ``version``, removed ones too, in order of their change."""
        ...

    def add(self, client: Client, event: ClientEvent) -> Client:
        """Insert with the audit row and return the stamped client.

        Raises ``ClientConflict`` for an id that is or ever was taken.
        """
        ...

    def replace(self, client: Client, event: ClientEvent) -> Client:
        """Replace if the stored version still is ``client.version``, with the audit row, and return it stamped.

        Raises ``ClientConflict`` if it is another; nothing is written then.
        """
        ...
