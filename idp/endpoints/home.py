"""``/``: what this is."""

from __future__ import annotations

from idp.endpoints.desk import Desk
from idp.protocol.wire import WireRequest, WireResponse


class HomePage:
    """The front page."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def handle(self, wire: WireRequest) -> WireResponse:
        """Return the page."""
        return self._desk.page("home", self._desk.exchange(wire))
