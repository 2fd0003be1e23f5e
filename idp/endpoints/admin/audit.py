"""The audit log: search. Addresses and browsers stay sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.endpoints.admin.frame import ROOT, Visit
from idp.endpoints.admin.inputs import day
from idp.endpoints.admin.lists import Listing, ListPart
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import RECORD, record, written
from idp.endpoints.admin.views import Field, Link
from idp.endpoints.routes import Route
from idp.flows.administration.audit import AuditSearch
from idp.flows.administration.paging import Page, Window
from idp.model.audit import Event, Outcome
from idp.web.vocabulary import vocabulary
from policies.delegation import Action

_FILTERS: Final = ("event", "outcome", "client", "account", "actor", "target", "case", "from", "to")
_HEADS: Final = ("id", "at", "event", "outcome", "reason", "actor", "account_id", "client_id", "target", "case_code")


class Audit(ListPart):
    """``/admin/audit``."""

    name: Final = "audit"
    act: Final = Action.AUDIT_READ

    def routes(self) -> tuple[Route, ...]:
        """Return the page and its file."""
        return self.listed(self.listing())

    def listing(self) -> Listing[dict[str, object]]:
        """Return the search."""
        return Listing(
            self.name,
            "/audit",
            lambda visit, window: self._acts.audit.search(visit.who, wanted(visit.asked(*_FILTERS)), window),
            RECORD,
            record,
            "admin.audit.none",
            Sheet("audit", _HEADS, _values),
            _FILTERS,
            _fields,
            self._links,
            lead="admin.audit.lead",
            take=self._taken,
            may_take=lambda visit: self._frame.holds(visit, Action.AUDIT_EXPORT),
        )

    def _links(self, visit: Visit) -> tuple[Link, ...]:
        is_whole = self._frame.holds(visit, Action.AUDIT_READ, everywhere=True)
        return (Link(f"{ROOT}/audit/heads", visit.t("admin.proof.title")),) if is_whole else ()

    def _taken(self, visit: Visit, window: Window) -> Page[dict[str, object]]:
        return self._acts.audit.search(visit.who, wanted(visit.asked(*_FILTERS)), window, action=Action.AUDIT_EXPORT)


def wanted(asked: Mapping[str, str]) -> AuditSearch:
    """Return the search that filters ask for; raises ``InvalidInput`` for a day that is none."""
    return AuditSearch(
        account_id=asked.get("account", ""),
        client_id=asked.get("client", ""),
        event=asked.get("event", ""),
        outcome=asked.get("outcome", ""),
        case_code=asked.get("case", ""),
        actor=asked.get("actor", "").strip(),
        target=asked.get("target", "").strip(),
        since=day(asked.get("from", ""), "from"),
        until=day(asked.get("to", ""), "to", is_end=True),
    )


def _fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    t = visit.t
    called = vocabulary(t.language).event
    # By the technical names, which keep what belongs together side by side; browsers find an option by the beginning of its label.
    events = (("", t("admin.any")), *((one.value, f"{called(one)} ({one.value})") for one in sorted(Event)))
    outcomes = (("", t("admin.any")), *((one.value, t(f"admin.state.{one.value}")) for one in Outcome))
    return (
        Field("event", t("admin.audit.event"), asked.get("event", ""), "select", events),
        Field("outcome", t("admin.audit.outcome"), asked.get("outcome", ""), "select", outcomes),
        Field("case", t("admin.audit.case"), asked.get("case", "")),
        Field("client", "client_id", asked.get("client", "")),
        Field("account", t("admin.consent.account"), asked.get("account", "")),
        Field("actor", t("admin.audit.actor"), asked.get("actor", ""), hint=t("admin.audit.actor_hint")),
        Field("target", t("admin.audit.target"), asked.get("target", ""), hint=t("admin.audit.target_hint")),
        Field("from", t("admin.audit.from"), asked.get("from", ""), "date"),
        Field("to", t("admin.audit.to"), asked.get("to", ""), "date"),
    )


def _values(row: Mapping[str, Any]) -> list[object]:
    at = written(int(row["at_us"]) // 1_000_000)
    return [at if name == "at" else row[name] for name in _HEADS]
