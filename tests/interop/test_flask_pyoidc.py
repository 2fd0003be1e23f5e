"""Flask-pyoidc on pyoidc, a relying party of the generation before PKCE."""

from __future__ import annotations

import json

from tests.interop.conftest import SCOPE
from tests.interop.party_process import running
from tests.support.browser import Browser, Person
from tests.support.ports import free_port
from tests.support.provider import Provider


def test_flask_department_system_on_pyoidc_signs_in_refreshes_and_signs_out(
    provider: Provider, citizen: Person
) -> None:
    port = free_port()
    home = f"http://127.0.0.1:{port}/"
    client = provider.add_client(
        redirect_uris=[f"{home}callback"],
        post_logout_redirect_uris=[f"{home}logout"],
        id_token_signed_response_alg="RS256",
        require_pkce=False,
    )
    browser = Browser()
    with running("pyoidc_app.py", port, {**client, "issuer": provider.issuer, "scope": SCOPE}):
        person = json.loads(browser.walk(home, citizen, home=home).text)
        assert person["claims"]["aud"] == [client["client_id"]]
        assert person["userinfo"]["sub"] == person["claims"]["sub"]
        assert person["userinfo"]["name"] == "Công dân mẫu 01"

        assert json.loads(browser.open(f"{home}refresh").text) == {"refreshed": True, "rotated": True}

        landed = browser.open(f"{home}logout")
        assert landed.url.startswith(f"{home}logout?state=")
        assert json.loads(landed.text) == {"signed_out": True}
        assert browser.open(home).form("login-form") is not None
