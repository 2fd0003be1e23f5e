"""Cells and tables that several areas show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from idp.clock import VIETNAM
from idp.endpoints.admin.frame import ROOT, Visit
from idp.endpoints.admin.inputs import client_path
from idp.endpoints.admin.views import DASH, Cell, Table
from idp.web.i18n import Translator
from idp.web.vocabulary import vocabulary

_TONES: Final = {
    "active": "good",
    "done": "good",
    "approved": "good",
    "in_force": "good",
    "suspended": "bad",
    "locked": "bad",
    "refused": "bad",
    "failed": "bad",
    "rejected": "bad",
    "revoked": "bad",
}
RECORD: Final = tuple(f"admin.audit.{name}" for name in ("when", "event", "outcome", "actor", "target", "case"))
"""The columns of audit records, by their keys."""
_OURSELVES: Final = frozenset({"anonymous", "operator", "system"})
NONE: Final = Cell(DASH, tone="quiet-text")


def moment(t: Translator, seconds: int | None) -> Cell:
    """Return a moment, or a dash."""
    return Cell(t.moment(seconds)) if seconds else NONE


def written(seconds: int | None) -> str:
    """Return a moment as files have it: RFC 3339 in Vietnam's time, or nothing."""
    return datetime.fromtimestamp(seconds, VIETNAM).isoformat() if seconds else ""


def state(t: Translator, value: str) -> Cell:
    """Return a state in words, with its tone."""
    return Cell(t.either(f"admin.state.{value}", "admin.state.other"), tone=_TONES.get(value, "quiet-text"))


def person(account_id: str | None, name: str = "") -> Cell:
    """Return an account by its id, or another name, which leads to it."""
    return Cell(name or account_id, f"{ROOT}/accounts/{account_id}") if account_id else NONE


def principal(name: str) -> Cell:
    """Return who acted, which leads to the account or the system."""
    kind, _, name_of = name.partition(":")
    if kind == "account" and name_of:
        return person(name_of, name)
    return Cell(name, f"{ROOT}/clients/{client_path(name_of)}") if kind == "client" and name_of else Cell(name)


def record_table(
    visit: Visit, rows: Iterable[Mapping[str, Any]], more: str = "", empty: str = "admin.audit.none"
) -> Table:
    """Return audit records: when, what, how it went, who, on what, and the case code; ``empty`` is the text where there is none."""
    t = visit.t
    return Table([t(key) for key in RECORD], [record(visit, row) for row in rows], t(empty), more)


def record(visit: Visit, row: Mapping[str, Any]) -> tuple[Cell, ...]:
    """Return an audit record under the columns of ``RECORD``."""
    t, outcome = visit.t, row["outcome"]
    return (
        Cell(t.moment(int(row["at_us"]) // 1_000_000)),
        Cell(vocabulary(t.language).event(row["event"]), code=row["event"]),
        _outcome(t, outcome, row["reason"]),
        _actor(t, row["actor"]),
        Cell(row["target"], tone="id") if row["target"] else NONE,
        Cell(row["case_code"] or DASH),
    )


def _actor(t: Translator, name: str) -> Cell:
    """Return who acted: an account or a system leads to its page, and who is neither is told in words."""
    kind = name.partition(":")[0]
    return Cell(t(f"admin.audit.by_{kind}"), code=name) if kind in _OURSELVES else principal(name)


def _outcome(t: Translator, outcome: str, reason: str | None) -> Cell:
    """Return how it went in words, and why: a reason id in words with the id beneath, what somebody wrote as it was written."""
    said, tone = t(f"admin.state.{outcome}"), _TONES[outcome]
    if not reason:
        return Cell(said, tone=tone)
    label = vocabulary(t.language).reason(reason)
    return Cell(f"{said} ({label or reason})", tone=tone, code=reason if label else "")
