"""Drills of the emergency, over the signing keys and the address at which they are published."""

from __future__ import annotations

from urllib.parse import urlsplit

from idp.clock import SystemTimer
from idp.errors import DomainError, InvalidInput
from idp.flows.housekeeping import Task
from idp.flows.key_drill import KeyDrills
from idp.flows.key_drill_orders import KeyDrillOrders
from idp.outbound.fetcher import GuardedFetcher, OutboundPolicy
from idp.ports.fetcher import Fetched
from idp.wiring.stores import Stores

_PATH = "/jwks"
_LOOK = 5


def drills_of(wiring: Stores, address: str = "") -> KeyDrills:
    """Return what drills; ``address`` is the base at which the key set is read instead of the configured one."""
    base = (address or wiring.settings.keys.drill_address or wiring.settings.issuer).rstrip("/")
    try:
        parts = urlsplit(base)
        named = parts.port
    except ValueError as error:
        raise InvalidInput(f"{base} is no address: {error}", field="at") from error
    # An operator named this address, or it is our own: it may be private, and nothing else may be reached this way.
    port = named or (443 if parts.scheme == "https" else 80)
    policy = OutboundPolicy(
        frozenset({f"{parts.hostname}:{port}"}), float(wiring.settings.outbound.timeout), loopback=True
    )
    fetcher = GuardedFetcher(policy)

    def fetch() -> Fetched:
        answer = fetcher.get(f"{base}{_PATH}", "application/json")
        if answer.status != 200:  # noqa: PLR2004 - the status is the name
            raise DomainError(f"{base}{_PATH} answers {answer.status}", code="outbound_failed")
        return answer

    return KeyDrills(wiring.key_service, wiring.deployment, wiring.audit, wiring.clock, SystemTimer(), fetch)


def drill_orders_of(wiring: Stores) -> KeyDrillOrders:
    """Return what takes orders from the console and the Admin API."""
    return KeyDrillOrders(wiring.key_service, wiring.deployment, wiring.audit, wiring.clock, lambda: drills_of(wiring))


def drill_tasks(wiring: Stores) -> tuple[Task, ...]:
    """Return the regular task that carries orders out; it waits long, so it has a thread of its own."""
    return (Task("key-drill", _LOOK, drill_orders_of(wiring).work, apart=True),)
