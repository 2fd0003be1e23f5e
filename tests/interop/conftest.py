"""A running provider, a citizen with a browser, and clients for relying parties that nobody here wrote."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.browser import Browser, Person
from tests.support.fixtures import provider
from tests.support.provider import CITIZEN_CODE, CITIZEN_PASSWORD, Provider

__all__ = ["provider"]

CALLBACK = "http://127.0.0.1:9/callback"
GOODBYE = "http://127.0.0.1:9/goodbye"
SCOPE = "openid profile email offline_access"


@pytest.fixture
def citizen() -> Person:
    """Return the sample citizen, who agrees to everything that may be asked."""
    return Person(CITIZEN_CODE, CITIZEN_PASSWORD, optional_claims=("email", "email_verified", "gender", "phone_number"))


@pytest.fixture
def browser() -> Browser:
    """Return a fresh browser that stops at the client's addresses."""
    return Browser(CALLBACK, GOODBYE)


@pytest.fixture
def settings(provider: Provider) -> dict[str, Any]:
    """Return what a relying party's operator types into its configuration."""
    client = provider.add_client(redirect_uris=[CALLBACK], post_logout_redirect_uris=[GOODBYE])
    return {
        "issuer": provider.issuer,
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "redirect_uri": CALLBACK,
        "post_logout_redirect_uri": GOODBYE,
        "scope": SCOPE,
        "id_token_alg": "ES256",
        "audience": provider.issuer,
    }
