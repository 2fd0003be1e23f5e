"""Drills that somebody ordered in the console or by the Admin API: one at a time, carried out by the regular tasks.

A drill takes as long as a cache may live, a quarter of an hour by default: too long for a request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Final

import orjson

from idp.clock import Clock
from idp.errors import Conflict, DomainError
from idp.flows.key_drill import Drill, KeyDrills, last_drill
from idp.model.audit import AuditEvent, Event
from idp.ports.deployment import DeploymentStore
from idp.services.audit import AuditLog
from idp.services.other_releases import legible
from keys.errors import KeyNotFound, KeysError
from keys.model import KeyState
from keys.service import KeyService

ORDER: Final = "key-drill-order"
"""Name of the deployment's fact that holds the order; empty when there is none."""
WAITING: Final = "waiting"
RUNNING: Final = "running"
_OVERDUE: Final = 600
"""Seconds beyond a cache lifetime after which a drill that did not end counts as gone with its process."""
_FORGOTTEN: Final = 86400
"""Seconds after which an order that nothing carried out is void: whoever gave it does not wait any more, and may have lost the right to."""
_log = logging.getLogger("idp.worker")


@dataclass(frozen=True, slots=True)
class DrillOrder:
    """An order: algorithm, who gave it and why, whether it waits or runs, and since when (epoch seconds)."""

    alg: str
    actor: str
    note: str
    state: str
    since: int


class KeyDrillOrders:
    """Takes orders and has them carried out."""

    def __init__(
        self, keys: KeyService, store: DeploymentStore, audit: AuditLog, clock: Clock, drills: Callable[[], KeyDrills]
    ) -> None:
        """Take collaborators; ``drills`` is made when a drill runs, and only there."""
        self._keys = keys
        self._store = store
        self._audit = audit
        self._clock = clock
        self._drills = drills

    def last(self) -> Drill | None:
        """Return what the last drill found."""
        return last_drill(self._store)

    def pending(self) -> DrillOrder | None:
        """Return the order that waits or runs."""
        return self._read()[1]

    def give(self, alg: str, actor: str, note: str) -> DrillOrder:
        """Order a drill; raises ``KeyNotFound``, and ``Conflict`` while another waits or runs."""
        if not any(key.alg == alg and key.use == "sig" and key.state is KeyState.NEXT for key in self._keys.load()[1]):
            raise KeyNotFound(f"{alg} has no next key to sign with: see `idp keys list`")
        self._store.fix(ORDER, "")
        raw, pending = self._read()
        order = DrillOrder(alg, actor, note, WAITING, self._clock.now())
        if pending is not None or not self._store.swap(ORDER, raw, _text(order)):
            raise Conflict("a drill waits or runs already", code="drill_pending")
        self._audit.write(AuditEvent(Event.KEY_DRILL_ORDER, actor=actor, target=f"keys:{alg}", detail={"note": note}))
        return order

    def work(self) -> int:
        """Carry out the order that waits, if there is one; returns how many drills ended well. Safe in any number of processes."""
        raw, order = self._read()
        if order is None or order.state != WAITING:
            return 0
        running = _text(replace(order, state=RUNNING, since=self._clock.now()))
        if not self._store.swap(ORDER, raw, running):
            return 0
        try:
            self._drills().run(order.alg, order.actor, order.note)
        except (DomainError, KeysError) as error:
            # The audit log has it; trying again by itself would revoke another key each time.
            _log.warning("the drill of %s failed: %s", order.alg, error)
            return 0
        finally:
            self._store.swap(ORDER, running, "")
        return 1

    def _read(self) -> tuple[str, DrillOrder | None]:
        """Return the fact as it is and the order in it; one that is long overdue is none."""
        raw = self._store.fact(ORDER) or ""
        if not raw:
            return "", None
        order = legible(lambda: DrillOrder(**orjson.loads(raw)), "order of a drill")
        if order is None:
            return raw, None
        patience = _FORGOTTEN if order.state == WAITING else self._keys.policy.jwks_max_age + _OVERDUE
        is_gone = self._clock.now() > order.since + patience
        return raw, None if is_gone else order


def _text(order: DrillOrder) -> str:
    return orjson.dumps(asdict(order)).decode()
