"""An administrator's browser in front of the console, in process."""

from __future__ import annotations

from typing import Any

from bs4 import Tag
from werkzeug.test import Client as Wsgi

from idp.model.session import Origin
from policies import assurance
from tests.support.administered_world import AdministeredWorld
from tests.support.visit import BASE, Landing, Visitor


class Administrating(Visitor):
    """One browser; ``account_id`` is signed in with ``acr``, None for nobody."""

    def __init__(self, admin: AdministeredWorld, account_id: str | None, acr: str = assurance.LOA_2) -> None:
        super().__init__(admin.world)
        if account_id is not None:
            amr = ("pwd", "otp", "mfa")
            session, secret = admin.wiring.sessions.start(account_id, acr, amr, Origin("192.0.2.7", "thử"))
            self.session = session
            self.http.set_cookie("__Host-idp_session", secret, domain="id.example.vn", secure=True)

    @property
    def http(self) -> Wsgi:
        """Return the bare client."""
        return self._http

    def confirm(self, page: Landing, **values: Any) -> Landing:
        """Fill in the form of a registration, read the answers, and write them."""
        checked = self.submit(page, "client-form", **values)
        return self.submit(checked, "client-form", **{**values, "client-register": "1"})

    def submit(self, page: Landing, form_id: str, **values: Any) -> Landing:
        """Submit the form of this id; a ``button`` is a value like any other."""
        form = page.soup.find("form", id=form_id)
        assert isinstance(form, Tag), (form_id, page.status, page.text[:300])
        hidden = {str(one["name"]): str(one.get("value", "")) for one in form.find_all("input", type="hidden")}
        action = str(form.get("action") or page.url)
        return self._landed(self._http.post(action, data={**hidden, **values}, base_url=BASE))
