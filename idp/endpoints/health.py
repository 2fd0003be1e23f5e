"""``/healthz/live`` and ``/healthz/ready``: whether the process runs, and whether it can serve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from idp.errors import DomainError
from idp.protocol.wire import WireRequest, WireResponse, json_response
from keys.errors import KeysError


class Probe(Protocol):
    """Something that a ready process has to reach."""

    def __call__(self) -> object:
        """Raise ``DomainError`` or ``KeysError`` when it is out of reach."""
        ...


class HealthEndpoints:
    """Answers the two probes."""

    def __init__(self, probes: tuple[Probe, ...]) -> None:
        """Take what a ready process has to reach."""
        self._probes: tuple[Callable[[], object], ...] = probes

    def live(self, _wire: WireRequest) -> WireResponse:
        """Return 200: the process answers."""
        return json_response({"status": "live"})

    def ready(self, _wire: WireRequest) -> WireResponse:
        """Return 200 when every probe passes, else 503."""
        try:
            for probe in self._probes:
                probe()
        except (DomainError, KeysError):
            return json_response({"status": "unavailable"}, 503)
        return json_response({"status": "ready"})
