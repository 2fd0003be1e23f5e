"""Where a client comes from that nobody registered here: its ``client_id`` is an https address that says who it is.

One source a way (a federation's trust chain, a client metadata document). A source makes an ordinary client of the registry out of what it finds, so
everything after the introduction goes on as for any other client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Introduction:
    """A client that asks and is unknown, or whose time has run out.

    ``unverified_jwts`` are the JWTs that came with the request (request object, client assertion): their headers may hold hints, never proofs.
    """

    client_id: str
    unverified_jwts: tuple[str, ...] = ()


class ClientSource(Protocol):
    """One way in. Asked only for ids that are web addresses, and in the order of the registry of sources."""

    def introduce(self, introduction: Introduction) -> bool:
        """Make the client known to the registry (or renew it) and tell so; False where the id is none of this source's.

        Raises ``idp.errors.Refused`` when it is this source's and may not come in; its ``code`` is one of
        ``idp.protocol.introductions.ERRORS``. ``StorageUnavailable`` and ``Busy`` pass through.
        """
        ...
