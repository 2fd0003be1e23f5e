"""The audit log: search. Addresses and browsers stay sealed."""

from __future__ import annotations

from typing import Final

from idp.endpoints.admin.frame import Part, Visit, address
from idp.endpoints.admin.tables import record_table
from idp.endpoints.admin.views import Field
from idp.endpoints.routes import Route
from idp.flows.administration.audit import AuditSearch
from idp.model.audit import Event, Outcome
from idp.protocol.wire import WireResponse
from policies.delegation import Action

_FILTERS: Final = ("event", "outcome", "client", "account", "case")


class Audit(Part):
    """``/admin/audit``."""

    name: Final = "audit"
    act: Final = Action.AUDIT_READ

    def routes(self) -> tuple[Route, ...]:
        """Return the page."""
        return (self._frame.get("/audit", self.all),)

    def all(self, visit: Visit) -> WireResponse:
        """Search."""
        t, asked = visit.t, visit.asked(*_FILTERS)
        wanted = AuditSearch(
            account_id=asked.get("account", ""),
            client_id=asked.get("client", ""),
            event=asked.get("event", ""),
            outcome=asked.get("outcome", ""),
            case_code=asked.get("case", ""),
        )
        found = self._acts.audit.search(visit.who, wanted, visit.window)
        more = address("/audit", **asked, cursor=found.following) if found.following else ""
        events = (("", t("admin.any")), *((one.value, one.value) for one in sorted(Event)))
        outcomes = (("", t("admin.any")), *((one.value, t(f"admin.state.{one.value}")) for one in Outcome))
        filters = (
            Field("event", t("admin.audit.event"), asked.get("event", ""), "select", events),
            Field("outcome", t("admin.audit.outcome"), asked.get("outcome", ""), "select", outcomes),
            Field("case", t("admin.audit.case"), asked.get("case", "")),
            Field("client", "client_id", asked.get("client", "")),
            Field("account", t("admin.consent.account"), asked.get("account", "")),
        )
        return self._frame.list(
            visit, self.name, record_table(visit, found.rows, more), filters=filters, lead=t("admin.audit.lead")
        )
