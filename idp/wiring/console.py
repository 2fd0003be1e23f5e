"""The console, made of its areas."""

from __future__ import annotations

from idp.endpoints.admin.accounts import Accounts
from idp.endpoints.admin.administrators import AdministratorsArea
from idp.endpoints.admin.approvals import Approvals
from idp.endpoints.admin.audit import Audit
from idp.endpoints.admin.audit_proofs import AuditProofPages
from idp.endpoints.admin.client_form import ClientForm
from idp.endpoints.admin.client_history import ClientHistoryPage
from idp.endpoints.admin.client_purposes import ClientPurposePages
from idp.endpoints.admin.client_test import ClientTestPages
from idp.endpoints.admin.clients import Clients
from idp.endpoints.admin.consents import Consents
from idp.endpoints.admin.dashboard import Dashboard
from idp.endpoints.admin.data_requests import DataRequests
from idp.endpoints.admin.directories import DirectoriesArea
from idp.endpoints.admin.entrance import Entrance
from idp.endpoints.admin.frame import Area, ConsoleFrame
from idp.endpoints.admin.indicators import IndicatorsArea
from idp.endpoints.admin.keys import Keys
from idp.endpoints.admin.protection import Protection
from idp.endpoints.admin.purpose_corrections import PurposeCorrectionPages
from idp.endpoints.admin.reorganisations import ReorganisationPages
from idp.endpoints.admin.settings import SettingsArea
from idp.endpoints.admin.simulation import SimulationPages
from idp.endpoints.admin.unit_decisions import UnitDecisionPages
from idp.endpoints.admin.units import Units
from idp.endpoints.admin.unused import UnusedPages
from idp.endpoints.admin.upstreams import UpstreamsArea
from idp.endpoints.routes import Route
from idp.flows.administration.directories import DirectoryAdministration, Knowledge
from idp.flows.administration.upstreams import UpstreamAdministration
from idp.ports.upstreams import ExaminedDoor
from idp.wiring.acting_pages import ActingPages


class Console(ActingPages):
    """``/admin``."""

    def console_areas(self, frame: ConsoleFrame) -> tuple[Area, ...]:
        """Return the areas in the order of the menu; another one is a line."""
        acts = self.administration
        return (
            Clients(frame, acts),
            Accounts(frame, acts),
            Consents(frame, acts, self.departments),
            DataRequests(frame, acts, self.departments),
            Protection(frame, acts, self.departments, self.clock),
            Keys(frame, acts),
            Units(frame, acts),
            Approvals(frame, acts),
            AdministratorsArea(frame, acts),
            DirectoriesArea(frame, acts),
            UpstreamsArea(frame, acts, self.clock),
            Audit(frame, acts),
            SettingsArea(frame, acts),
            IndicatorsArea(frame, acts),
        )

    def console_routes(self) -> tuple[Route, ...]:
        """Return every page of the console."""
        marks = self.ephemeral.transactions
        entrance = Entrance(self.door, self.sessions, self.administrators, marks, self.clock)
        frame = ConsoleFrame(self.desk, entrance, self.gate, self.clock)
        areas = self.console_areas(frame)
        frame.furnish(areas)
        acts = self.administration
        own = (
            *Dashboard(frame, acts).routes(),
            *ClientForm(frame, acts).routes(),
            *UnusedPages(frame, acts).routes(),
            *UnitDecisionPages(frame, acts).routes(),
            *ReorganisationPages(frame, acts).routes(),
            *AuditProofPages(frame, acts).routes(),
        )
        history = (*ClientHistoryPage(frame, acts).routes(), *SimulationPages(frame, acts).routes())
        history = (*history, *ClientTestPages(frame, acts).routes(), *ClientPurposePages(frame, acts).routes())
        history = (*history, *PurposeCorrectionPages(frame, acts).routes())
        return (*own, *history, *(route for area in areas for route in area.routes()))

    def directory_administration(self) -> DirectoryAdministration:
        """Return the use cases of directories."""
        known = Knowledge(
            self.settings.directories.sources, self.directories, self.officials, self.official_store, self.comparer
        )
        return DirectoryAdministration(self.gate, known, self.ephemeral.transactions, self.audit, self.clock)

    def upstream_administration(self) -> UpstreamAdministration:
        """Return the use cases of upstreams."""

        def door(name: str) -> ExaminedDoor:
            return self.upstream_door(name) if name not in self.doors else self.doors[name]

        return UpstreamAdministration(
            self.gate, self.settings.upstreams, door, self.upstream_sign_in.standing, self.audit
        )
