"""What the connections of a worker share: the application, the limits, and each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from idp.server.head import Head, Lines, parse
from idp.server.streaming import Pieces

CONNECTIONS: Final = 1024
"""Connections of one worker, where it has descriptors enough."""
_LINGERING: Final = 64
"""Refused connections beyond those that may stay open until their client has read why."""
_REPEATED: Final = 64
_LONGEST_REPEATED: Final = 1024
"""Requests that are known octet by octet, and octets of one."""
Fields = Iterable[tuple[str, str]]
Respond = Callable[[int, Fields, bytes | Pieces], None]


class Application(Protocol):
    """What is served."""

    def __call__(self, environ: dict[str, Any], respond: Respond) -> None:
        """Answer one request by calling ``respond`` once, at once or later, on the loop's thread; raises nothing."""
        ...


class Visitor(Protocol):
    """A connection, as far as those that it shares a worker with are concerned; ``deadline`` is of the loop's clock."""

    deadline: float

    @property
    def is_idle(self) -> bool:
        """Tell whether it is between two requests."""
        ...

    def end_if_idle(self) -> None:
        """Close if no request is under way."""
        ...

    def abort(self) -> None:
        """End at once, whatever is under way."""
        ...

    def expire(self) -> None:
        """End: the client took too long."""
        ...


class Limits:
    """Seconds that a client may take, and octets of a body that are read."""

    __slots__ = ("body", "connections", "head", "idle", "linger", "max_body", "write")

    def __init__(
        self,
        *,
        max_body: int,
        head: float = 10,
        body: float = 30,
        write: float = 30,
        idle: float = 75,
        linger: float = 2,
        connections: int = CONNECTIONS,
    ) -> None:
        """``idle`` is longer than a proxy keeps a connection (nginx: 60 s), so that it is the proxy who closes and no request crosses the close."""
        self.max_body = max_body
        self.head = head
        self.body = body
        self.write = write
        self.idle = idle
        self.linger = linger
        self.connections = connections


class Desk:
    """What the connections of one worker share."""

    def __init__(
        self, application: Application, variables: Mapping[str, str], limits: Limits, public: Iterable[str] = ()
    ) -> None:
        """Serve ``application``; ``variables`` maps lower-case names of the fields that it reads to CGI variables.

        ``public`` are the paths of documents that everybody may have: whoever fetches one does so again with the same octets.
        """
        self.application = application
        self._lines = Lines({name.encode("ascii"): variable for name, variable in variables.items()})
        self._public = frozenset(public)
        self.repeated: dict[bytes, Head] = {}
        """Whole requests of that kind that came before, without a credential or a body, and their heads; never written to."""
        self.limits = limits
        self.connections: set[Visitor] = set()
        self.is_draining = False

    def read(self, block: bytes) -> Head:
        """Return the head of which ``block`` are the octets, without the empty line at its end; raises ``Malformed``."""
        head = parse(block, self._lines)
        if head.environ["PATH_INFO"] in self._public and len(block) <= _LONGEST_REPEATED:
            self._remember(block, head)
        return head

    def _remember(self, block: bytes, head: Head) -> None:
        is_plain = head.length == 0 and head.is_modern and head.is_persistent and not head.awaits_go
        if is_plain and block[:4] == b"GET " and not head.environ["QUERY_STRING"] and Lines.is_everyday(block):
            if len(self.repeated) >= _REPEATED:
                self.repeated.clear()
            self.repeated[block + b"\r\n\r\n"] = head

    def sweep(self, now: float) -> None:
        """End the connections whose client took too long; called every second or so."""
        for connection in [one for one in self.connections if one.deadline < now]:
            connection.expire()

    def drain(self) -> None:
        """Take no further requests: what is idle ends now, the rest with its answer."""
        self.is_draining = True
        for connection in list(self.connections):
            connection.end_if_idle()

    @property
    def may_linger(self) -> bool:
        """Tell whether a refused connection may stay for a moment; in a flood each would take a descriptor that the stores need."""
        return len(self.connections) <= self.limits.connections + _LINGERING

    def make_room(self) -> bool:
        """Tell whether one more connection may stay; the one that has been idle longest gives way."""
        if len(self.connections) < self.limits.connections:
            return True
        idle = [one for one in self.connections if one.is_idle]
        if not idle:
            return False
        min(idle, key=lambda one: one.deadline).end_if_idle()
        return True
