"""Authlib's client: as a library, and inside a real Flask department system."""

from __future__ import annotations

import json
from typing import Any

import pytest
from authlib.integrations.requests_client import OAuth2Session

from tests.interop.conftest import CALLBACK, SCOPE
from tests.interop.party_process import running
from tests.support.browser import Browser, Person
from tests.support.ports import free_port
from tests.support.provider import Provider


def test_flask_department_system_on_authlib_signs_in_refreshes_and_signs_out(
    provider: Provider, citizen: Person
) -> None:
    port = free_port()
    home = f"http://127.0.0.1:{port}/"
    client = provider.add_client(
        redirect_uris=[f"{home}callback"], post_logout_redirect_uris=[home], id_token_signed_response_alg="RS256"
    )
    browser = Browser()
    settings = {**client, "issuer": provider.issuer, "scope": SCOPE}
    with running("authlib_app.py", port, settings):
        person: dict[str, Any] = json.loads(browser.walk(f"{home}login", citizen, home=home).text)
        assert person["claims"]["iss"] == provider.issuer
        assert person["userinfo"]["sub"] == person["claims"]["sub"]
        assert person["userinfo"]["name"] == "Công dân mẫu 01"
        assert person["rotated"] is True
        assert person["introspected"]["active"] is True
        assert person["revocation_status"] == 200
        assert person["dead"] == {"active": False}

        landed = browser.open(f"{home}logout")
        assert landed.url == home
        assert json.loads(landed.text) is None
        # Signed out of the provider too: a new sign-in asks for the password again.
        assert browser.open(f"{home}login").form("login-form") is not None


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_session_redeems_a_code_with_each_authentication_method(
    provider: Provider, browser: Browser, citizen: Person, method: str
) -> None:
    client = provider.add_client(redirect_uris=[CALLBACK], token_endpoint_auth_method=method)
    session = OAuth2Session(
        client["client_id"], client["client_secret"],
        scope="openid profile", redirect_uri=CALLBACK, code_challenge_method="S256", token_endpoint_auth_method=method,
    )  # fmt: skip
    verifier = "v" * 64
    url, _state = session.create_authorization_url(f"{provider.issuer}/authorize", code_verifier=verifier, nonce="n")

    landed = browser.walk(url, citizen).url
    token = session.fetch_token(f"{provider.issuer}/token", authorization_response=landed, code_verifier=verifier)

    assert session.get(f"{provider.issuer}/userinfo").json()["name"] == "Công dân mẫu 01"
    assert token["token_type"] == "Bearer"
