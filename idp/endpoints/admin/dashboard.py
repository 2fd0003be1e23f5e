"""The first page: figures, each of which leads to the list behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from idp.endpoints.admin.frame import ROOT, Part, Visit, address
from idp.endpoints.admin.tables import record_table
from idp.endpoints.admin.views import DASH, Section, Tile
from idp.endpoints.routes import Route
from idp.flows.administration.audit import AuditSearch
from idp.flows.administration.clients import ClientQuery
from idp.flows.administration.connections import ILL
from idp.flows.administration.paging import Window
from idp.protocol.wire import WireResponse
from idp.web.indicator_chart import share_text
from policies.delegation import Action

_RECENT: Final = 10


class Dashboard(Part):
    """``/admin``."""

    def routes(self) -> tuple[Route, ...]:
        """Return the page."""
        return (self._frame.get("", self.show),)

    def show(self, visit: Visit) -> WireResponse:
        """Show what somebody may see of the whole."""
        sections = []
        if self._frame.holds(visit, Action.AUDIT_READ, everywhere=True):
            refused = self._acts.audit.search(visit.who, AuditSearch(outcome="refused"), Window("", _RECENT))
            sections.append(
                Section(visit.t("admin.refusals"), table=record_table(visit, refused.rows, empty="admin.no_refusals"))
            )
        return self._frame.page("dashboard", visit, tiles=list(self._tiles(visit)), sections=sections)

    def _tiles(self, visit: Visit) -> Iterator[Tile]:
        t, who, acts = visit.t, visit.who, self._acts
        waiting = acts.approvals.count(who)
        yield Tile(t("admin.tile.approvals"), str(waiting), f"{ROOT}/approvals", "bad" if waiting else "")
        if self._frame.holds(visit, Action.CLIENT_READ):
            for state in ("active", "suspended"):
                count = acts.clients.count(who, ClientQuery(state=state))
                yield Tile(t(f"admin.tile.clients_{state}"), str(count), f"{ROOT}/clients?state={state}")
        if self._frame.holds(visit, Action.CONSENT_COUNT):
            current = sum(one.current for one in acts.consents.counts(who))
            yield Tile(t("admin.tile.consents"), str(current), f"{ROOT}/consents?state=current")
        if self._frame.holds(visit, Action.KEY_READ, everywhere=True):
            retires = [row.retires for row in acts.keys.rows(who) if row.state == "active" and row.retires]
            yield Tile(t("admin.tile.keys"), t.moment(min(retires))[:10] if retires else DASH, f"{ROOT}/keys")
        if self._frame.holds(visit, Action.UNIT_READ):
            undecided = acts.units.waiting(who)
            yield Tile(
                t("admin.tile.units"), str(undecided), f"{ROOT}/units/changes/decisions", "bad" if undecided else ""
            )
        yield from self._operating(visit)

    def _operating(self, visit: Visit) -> Iterator[Tile]:
        """Yield what runs the deployment; none of it waits for anybody outside."""
        t, who, acts = visit.t, visit.who, self._acts
        if self._frame.holds(visit, Action.SETTINGS_READ, everywhere=True):
            ill = sum(one.is_ill for one in acts.directories.all(who))
            yield Tile(t("admin.tile.directories"), str(ill), address("/directories", state=ILL), "bad" if ill else "")
            out = sum(one.is_ill for one in acts.upstreams.all(who))
            yield Tile(t("admin.tile.upstreams"), str(out), address("/upstreams", state=ILL), "bad" if out else "")
        if self._frame.holds(visit, Action.AUDIT_READ, everywhere=True):
            waiting = acts.audit_proofs.waiting(who)
            yield Tile(t("admin.tile.heads"), str(waiting), f"{ROOT}/audit/heads")
        if self._frame.holds(visit, Action.INDICATOR_READ, everywhere=True):
            line = acts.indicators.latest_closed(who)
            if line is not None and line.figure is not None:
                month = "/".join(reversed(line.month.split("-")))
                share = share_text(line.figure, t.language)
                yield Tile(t("admin.tile.indicator", month=month), share, address("/indicators", month=line.month))
