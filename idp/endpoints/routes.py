"""The shape of a page's route; the table of all routes is in ``wiring``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idp.protocol.wire import WireResponse

Handler = Callable[..., WireResponse]


@dataclass(frozen=True, slots=True)
class Route:
    """One path: its Flask rule, the methods, and the handler that takes the request and the rule's variables."""

    rule: str
    methods: tuple[str, ...]
    handler: Handler
