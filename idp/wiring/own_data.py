"""Receipts, and a person's own data."""

from __future__ import annotations

from idp.endpoints.data_requests import PATH, DataRequestPages
from idp.endpoints.own_data import DATA, RECEIPTS, OwnDataPages
from idp.endpoints.routes import Route
from idp.flows.own_copy import Keepers, OwnCopy
from idp.wiring.console import Console


class OwnData(Console):
    """The pages of receipts and of one's own data."""

    def own_data_routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        pages = OwnDataPages(
            self.desk,
            self.door,
            self.consents,
            self.sessions,
            self.accounts,
            self._own_copy(),
            self.audit,
            self.departments,
            self.notices,
            lambda claims, typ: self.ring.refresh().signer("ES256").sign(claims, typ),
            self.settings.issuer,
            self.clock,
            self.settings.factors.fresh,
            self._level_of_changes,
        )
        asking = DataRequestPages(self.desk, self.door, self.data_requests, self.consents, self.departments, self.clock)
        get, post = ("GET",), ("POST",)
        return (
            Route(RECEIPTS, get, pages.receipts),
            Route(f"{RECEIPTS}/<consent_id>", get, pages.receipt),
            Route(f"{RECEIPTS}/<consent_id>/signed", get, pages.signed),
            Route(DATA, get, pages.data),
            Route(DATA, post, pages.export),
            Route(PATH, get, asking.all),
            Route(PATH, post, asking.file),
            Route(f"{PATH}/<request_id>", get, asking.show),
            Route(f"{PATH}/<request_id>", post, asking.cancel),
        )

    def _own_copy(self) -> OwnCopy:
        """Everything that is kept of a person."""
        return OwnCopy(
            Keepers(
                *(self.accounts, self.sessions, self.factors, self.devices, self.upstream_links, self.mandates),
                *(self.data_requests, self.audit),
            )
        )
