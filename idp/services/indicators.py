"""Counts the province's indicator from the audit log, month by month; no identity leaves, and none can be found again afterwards.

A person is counted under HMAC(month key, account id). The key lives, sealed, while the month is open, and is thrown away with the pseudonyms
when it is closed; two months cannot be joined.
"""

from __future__ import annotations

import hmac
import os
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from idp.clock import Clock, local_day
from idp.errors import InvalidInput, NotFound
from idp.ports.indicators import FigureRow, IndicatorStore, Mark, Month, Sighting
from policies.indicators import Cell, Figure, figures

_BATCH: Final = 2_000
_GRACE_DAYS: Final = 3
"""A month is closed on its fourth day after: clocks differ, and a worker may have been down."""
_KEY_BYTES: Final = 32
_MARK_BYTES: Final = 16
_SECOND_US: Final = 1_000_000
_AUTHENTICATED, _IDENTIFIED, _STRONG = 1, 2, 4
_VERIFIED_LEVEL: Final = 2
_WEAK: Final = frozenset({"", "urn:dinhdanh:loa:1"})
_ISSUED: Final = frozenset(
    f"token:{grant}" for grant in ("authorization_code", "front_channel", "device_code", "ciba", "refresh_token")
)
_ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Place:
    """What a system is called, and which unit owned it on a date: its code then, and its name then."""

    name: str
    unit_code: str
    unit_name: str


@dataclass(frozen=True, slots=True)
class MonthReport:
    """The figures of a month as they may be shown, with the names of systems and units; an open month's are of what was counted so far."""

    month: str
    is_closed: bool
    figures: tuple[Figure, ...]
    names: Mapping[tuple[str, str], str]
    threshold: int


class Indicators:
    """Counts and reports."""

    def __init__(
        self,
        store: IndicatorStore,
        clock: Clock,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
        entered: Callable[[], int],
        place: Callable[[str, str], Place],
        threshold: int,
    ) -> None:
        """Take the store, the sealing of month keys, up to which record the log is settled, and how a system is placed on a date."""
        self._store = store
        self._clock = clock
        self._seal = seal
        self._unseal = unseal
        self._entered = entered
        self._place = place
        self._threshold = threshold

    def run(self) -> int:
        """Count what is new in the log, then close the months that are over; returns how many records were read. May be repeated at will."""
        total, until = 0, self._entered()
        while (old := self._store.progress()) < until:
            last, seen = self._store.read(old, until, _BATCH)
            months = self._store.months()
            fresh = self._fresh(seen, months)
            known = {**months, **{one.month: one for one in fresh}}
            if not self._store.advance(old, last, fresh, self._marks(seen, known)):
                break
            total += last - old
        else:
            self._close_what_is_over()
        return total

    def report(self, month: str) -> MonthReport:
        """Return the figures of a month such as ``2026-10``; raises ``InvalidInput``, ``NotFound``."""
        _last_day(month)
        known = self._store.months().get(month)
        if known is None:
            raise NotFound(f"nothing was counted in {month}", field="month")
        rows = self._store.figures(month) if known.closed_at is not None else self._rows(month)
        cells = [
            Cell(row.scope, row.code, row.kind, row.used, row.authenticated, row.identified, row.strong, _group(row))
            for row in rows
        ]
        names = {(row.scope, row.code): row.name for row in rows}
        shown = tuple(figures(cells, self._threshold))
        return MonthReport(month, known.closed_at is not None, shown, names, self._threshold)

    def months(self) -> list[str]:
        """Return the months with figures, newest first."""
        return sorted(self._store.months(), reverse=True)

    def closed_months(self) -> list[str]:
        """Return the months that are closed, newest first."""
        return sorted((one.month for one in self._store.months().values() if one.closed_at is not None), reverse=True)

    def _fresh(self, seen: Sequence[Sighting], months: Mapping[str, Month]) -> list[Month]:
        names = {_month_of(one) for one in seen} - months.keys()
        return [Month(name, self._seal(os.urandom(_KEY_BYTES), name.encode()), None) for name in sorted(names)]

    def _marks(self, seen: Sequence[Sighting], months: Mapping[str, Month]) -> list[Mark]:
        keys: dict[str, bytes] = {}
        joined: dict[tuple[str, str, bytes], tuple[str, int]] = {}
        for one in seen:
            month = months[_month_of(one)]
            if month.sealed_key is None:
                continue
            if month.month not in keys:
                keys[month.month] = self._unseal(month.sealed_key, month.month.encode())
            mark = hmac.digest(keys[month.month], one.account_id.encode(), "sha256")[:_MARK_BYTES]
            place = (month.month, one.client_id, mark)
            joined[place] = (one.kind, joined.get(place, ("", 0))[1] | _flags(one))
        return [Mark(*place, kind, flags) for place, (kind, flags) in joined.items()]

    def _close_what_is_over(self) -> None:
        today = date.fromisoformat(local_day(self._clock.now()))
        for month in self._store.months().values():
            if month.closed_at is None and _last_day(month.month) + timedelta(days=_GRACE_DAYS) < today:
                self._store.close(month.month, self._rows(month.month), self._clock.now())

    def _rows(self, month: str) -> list[FigureRow]:
        """Count a month by system, by unit and in all."""
        clients, day = self._store.clients(month), _last_day(month).isoformat()
        places = {client_id: self._place(client_id, day) for client_id in clients}
        names = {place.unit_code: place.unit_name for place in places.values()}
        rows = []
        for client_id, place in places.items():
            counts = self._store.count(month, [client_id])
            rows += _by_kind("system", client_id, place.unit_code, place.name, counts)
        for unit in sorted(names):
            of_unit = [client_id for client_id in clients if places[client_id].unit_code == unit]
            counts = self._store.count(month, of_unit)
            rows += _by_kind("unit", unit, unit, names[unit], counts)
        rows += _by_kind(_ALL, "", "", "", self._store.count(month, None))
        return sorted(rows, key=lambda row: (row.scope, row.code, row.kind))


def _by_kind(
    scope: str, code: str, unit: str, name: str, counts: Mapping[str, tuple[int, int, int, int]]
) -> list[FigureRow]:
    rows = [FigureRow(scope, code, kind, unit, name, *counts[kind]) for kind in sorted(counts)]
    sums = [sum(part) for part in zip(*counts.values(), strict=True)] or [0, 0, 0, 0]
    return [FigureRow(scope, code, _ALL, unit, name, *sums), *rows]


def _group(row: FigureRow) -> str:
    """Return what a reader could subtract a cell within: the systems of a unit, the units of the province."""
    return {"system": row.unit_code, "unit": _ALL}.get(row.scope, "")


def _flags(one: Sighting) -> int:
    if one.event not in _ISSUED or one.outcome != "done":
        return 0
    found = _AUTHENTICATED
    if one.kind != "person" or one.level >= _VERIFIED_LEVEL:
        found |= _IDENTIFIED
        if one.acr not in _WEAK:
            found |= _STRONG
    return found


def _month_of(one: Sighting) -> str:
    return local_day(one.at_us // _SECOND_US)[:7]


def _last_day(month: str) -> date:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise InvalidInput("must be a month such as 2026-10", field="month") from error
    return first.replace(day=monthrange(first.year, first.month)[1])
