"""What is measured, over the workers and the stores."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from idp.endpoints.metrics import Gauge, MetricsEndpoint
from idp.errors import SettingsError
from idp.meters import Layout, Meter, Reading, file_in, layout_of
from idp.storage.figures import SqlFigures
from idp.wiring.root import Wiring

_STATIC: Final = "/static"
_STORES: Final = 5.0
"""Seconds for which what the stores know is not asked again, however often somebody scrapes."""


def layout(wiring: Wiring) -> Layout:
    """Return what the workers count: our endpoints, by the first part of their addresses, and the states of these settings."""
    states = (
        "password_hashes",
        "password_hashes_refused_total",
        *(f"upstream_out|upstream={name}" for name, one in wiring.settings.upstreams.items() if one.enabled),
        *(f"directory_servers_out|directory={one.name}" for one in wiring.settings.directories.sources),
    )
    return layout_of((*wiring.hot_routes(), *(route.rule for route in wiring.page_routes()), _STATIC), states)


def worker_meter(wiring: Wiring, directory: Path) -> tuple[Meter, Callable[[], None]]:
    """Return a worker's meter, and what writes its states of this moment."""
    meter, passwords = Meter(file_in(directory), layout(wiring)), wiring.passwords
    upstreams = tuple(name for name, one in wiring.settings.upstreams.items() if one.enabled)

    def show() -> None:
        out = (int(wiring.upstream_sign_in.is_out(name)) for name in upstreams)
        alone = (directory.servers_left_alone for directory in wiring.directories.values())
        meter.show((passwords.taken, passwords.refused, *out, *alone), wiring.clock.now())

    show()
    return meter, show


def metrics_endpoint(wiring: Wiring, directory: Path) -> MetricsEndpoint:
    """Return what answers a scrape; raises ``SettingsError`` for a token that cannot be read."""
    cells, figures = layout(wiring), _Stored(wiring)
    return MetricsEndpoint(
        lambda: Reading(directory, cells, wiring.clock.now()),
        figures.read,
        token_in(wiring.settings.metrics.token_file),
    )


class _Stored:
    """What the stores know, read once in a while."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._figures = SqlFigures(wiring.database)
        self._known: Sequence[Gauge] = ()
        self._until = 0.0

    def read(self) -> Sequence[Gauge]:
        now = time.monotonic()
        if now >= self._until:
            self._known, self._until = (*self._backlogs(), *self._keys()), now + _STORES
        return self._known

    def _backlogs(self) -> Sequence[Gauge]:
        now, figures = self._wiring.clock.now(), self._figures
        waiting = figures.outbox()
        oldest = max((now - since for _, _, since in waiting), default=0)
        return (
            Gauge("audit_waiting", "Audit records without a place in the tree.", [({}, figures.unnumbered())]),
            Gauge("outbox_waiting", "Messages that wait.", [({"kind": kind}, count) for kind, count, _ in waiting]),
            Gauge("outbox_oldest_seconds", "How long the oldest message has waited.", [({}, max(0, oldest))]),
            Gauge(
                "account_locks", "Locks in force.", [({"ground": ground}, count) for ground, count in figures.locks()]
            ),
        )

    def _keys(self) -> Sequence[Gauge]:
        now, rows = self._wiring.clock.now(), self._wiring.key_service.rows()
        active = [row for row in rows if row.state == "active"]
        ages = [({"alg": row.alg}, now - (row.activates or row.created)) for row in active]
        lefts = [({"alg": row.alg}, row.retires - now) for row in active if row.retires]
        return (
            Gauge("signing_key_age_seconds", "Since when the active key signs.", ages),
            Gauge("signing_key_rotation_seconds", "How long until it is due for rotation.", lefts),
        )


def token_in(file: Path | None) -> str:
    """Return what a scrape must bring, "" where nothing; raises ``SettingsError``."""
    if file is None:
        return ""
    try:
        token = file.read_text("utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{file} cannot be read", field="IDP_METRICS__TOKEN_FILE") from error
    if not token:
        raise SettingsError(f"{file} is empty", field="IDP_METRICS__TOKEN_FILE")
    return token
