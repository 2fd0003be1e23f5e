"""A month of the indicator with people in it."""

from __future__ import annotations

from datetime import UTC, datetime

from idp.model.audit import AuditEvent, Event
from idp.storage.tables import sessions
from idp.wiring.measuring import indicators_of
from tests.support.administered_world import AdministeredWorld
from tests.support.clock import FrozenClock
from tests.support.stores import insert
from tests.support.token_world import Registered


def at_november(clock: FrozenClock) -> None:
    """Make it 10 November 2026."""
    clock.advance(int(datetime(2026, 11, 10, 5, tzinfo=UTC).timestamp()) - clock.now())


def used(place: AdministeredWorld, client: Registered, count: int, first: int, *, level: int = 2) -> list[str]:
    """Let so many people sign in to a system, and count."""
    found = []
    for number in range(first, first + count):
        account = place.world.add_person(number, identity_level=str(level))
        moment = place.world.clock.now()
        times = dict.fromkeys(("created_at", "last_seen_at", "expires_at", "auth_time"), moment)
        key = f"s-{number}"
        session = {"acr": "urn:dinhdanh:loa:2", "amr": "[]", "origin": b""}
        insert(place.world.database, sessions, id=key, digest=key.encode(), account_id=account, **times, **session)
        event = AuditEvent(Event.TOKEN_CODE, account_id=account, client_id=client.client.client_id, session_id=key)
        place.wiring.audit.write(event)
        found.append(account)
    place.wiring.audit_tree.sequence()
    indicators_of(place.wiring).run()
    return found
