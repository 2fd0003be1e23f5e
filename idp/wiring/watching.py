"""The daily look at accounts of staff, and the administrators whom it tells."""

from __future__ import annotations

from collections.abc import Iterable

from idp.flows.administration.accounts import AccountAdministration
from idp.flows.administration.gate import Gate
from idp.flows.hourly import HourlyLimit
from idp.flows.housekeeping import Task
from idp.model.notice import Topic
from idp.wiring.guarding import Guarding
from policies.delegation import Action, Actor, may

_EVERY = 600
_DAY = 86400


def watch_tasks(wiring: Guarding, gate: Gate, people: AccountAdministration) -> tuple[Task, ...]:
    """Return the regular task; it works once a day, whichever process is first."""
    once = HourlyLimit(wiring.ephemeral.counters, wiring.clock, "staff-watch", 1, stretch=_DAY)

    def tell(account_ids: Iterable[str]) -> None:
        targets = [people.target(wiring.accounts.get(account_id)) for account_id in account_ids]
        ground, now = gate.ground(), wiring.clock.now()
        for principal, grants in gate.admins.everybody().items():
            kind, _, account_id = principal.partition(":")
            actor = Actor(principal, grants)
            if kind == "account" and any(
                not may(actor, Action.ACCOUNT_UNLOCK, target, ground, now).is_denied for target in targets
            ):
                wiring.notices.tell(account_id, Topic.STAFF_UNUSED_NEAR)

    return (Task("staff-watch", _EVERY, lambda: 0 if once.count() else wiring.staff_watch.sweep(tell)),)
