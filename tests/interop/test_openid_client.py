"""npm openid-client, certified by the OpenID Foundation as a relying party."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop.node_party import run
from tests.support.browser import Browser, Person


@pytest.fixture
def result(settings: dict[str, Any], browser: Browser, citizen: Person) -> dict[str, Any]:
    return run("openid_client.mjs", settings, browser, citizen)


def test_openid_client_signs_in_verifies_refreshes_and_signs_out(
    result: dict[str, Any], settings: dict[str, Any]
) -> None:
    assert result["claims"]["iss"] == settings["issuer"]
    assert result["claims"]["aud"] == settings["client_id"]
    assert result["userinfo"]["sub"] == result["claims"]["sub"]
    assert result["userinfo"]["name"] == "Công dân mẫu 01"
    assert result["rotated"] is True
    assert result["introspected"]["active"] is True
    assert result["introspected"]["sub"] == result["claims"]["sub"]
    assert result["machine_token_type"] == "bearer"
    assert result["second_sub"] == result["claims"]["sub"]
    assert result["dead"] == {"active": False}
    assert result["refusal"] == "invalid_grant"
    assert result["goodbye"] == f"{settings['post_logout_redirect_uri']}?state=bye"
