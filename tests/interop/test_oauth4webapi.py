"""npm oauth4webapi: the strictest client library there is, used step by step."""

from __future__ import annotations

from typing import Any

from tests.interop.node_party import run
from tests.support.browser import Browser, Person


def test_oauth4webapi_signs_in_verifies_refreshes_and_signs_out(
    settings: dict[str, Any], browser: Browser, citizen: Person
) -> None:
    result = run("oauth4webapi.mjs", settings, browser, citizen)

    assert result["oauth_metadata_issuer"] == settings["issuer"]
    assert result["claims"]["iss"] == settings["issuer"]
    assert result["userinfo"]["sub"] == result["claims"]["sub"]
    assert result["rotated"] is True
    assert result["introspected"]["active"] is True
    assert result["access_token_claims"]["client_id"] == settings["client_id"]
    assert result["access_token_claims"]["sub"] == result["claims"]["sub"]
    assert result["second_sub"] == result["claims"]["sub"]
    assert result["dead"] == {"active": False}
    assert result["goodbye"] == f"{settings['post_logout_redirect_uri']}?state=bye"
