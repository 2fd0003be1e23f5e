"""How a tool gets scopes of administration: by the code flow, after the person has read what it will do, each time anew."""

from __future__ import annotations

import pytest

from idp.model.session import Origin
from policies import assurance
from policies.delegation import Role
from tests.support.api_world import API, ApiWorld, Caller
from tests.support.token_world import TokenWorld
from tests.support.visit import Visitor, asked

WANTED = "openid admin:clients:read admin:keys:write"


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


@pytest.fixture
def browser(place: ApiWorld) -> Visitor:
    """Return the browser of an administrator who signed in with two factors."""
    place.grant("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    account = place.account("tỉnh")
    made = Visitor(place.world)
    _, secret = place.wiring.sessions.start(account, assurance.LOA_2, ("pwd", "otp"), Origin("192.0.2.7", "thử"))
    made._http.set_cookie("__Host-idp_session", secret, domain="id.example.vn", secure=True)
    return made


@pytest.mark.parametrize(("language", "text"), [("vi", "Luân chuyển, ngừng dùng"), ("en", "Rotate, retire and revoke")])
def test_person_reads_what_the_tool_will_do_each_time(
    place: ApiWorld, browser: Visitor, language: str, text: str
) -> None:
    request = asked(place.tool, scope=WANTED, resource=API, ui_locales=language)
    for _ in range(2):
        page = browser.authorize(request)
        assert page.form == "consent-form"
        assert text in page.soup.get_text()
        assert "code" in browser.press(page, "consent-allow").arrived()
    silent = browser.authorize({**request, "prompt": "none"}).arrived()
    assert silent["error"] == "consent_required"


def test_token_of_the_code_administers(place: ApiWorld, browser: Visitor) -> None:
    request = asked(place.tool, scope=WANTED, resource=API)
    code = browser.press(browser.authorize(request), "consent-allow").arrived()["code"]
    tokens = place.world.redeem(place.tool, code).json
    assert set(tokens["scope"].split()) == set(WANTED.split())
    caller = Caller(place.app, tokens["access_token"], "")
    assert caller("GET", "/me").json["scopes"] == ["admin:clients:read", "admin:keys:write"]
    assert caller("GET", "/clients").status == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"scope": "openid admin:clients:read"}, "invalid_scope"), ({"resource": API}, "invalid_target")],
    ids=["scope", "resource"],
)
def test_system_that_was_not_given_the_scope_asks_in_vain(
    place: ApiWorld, browser: Visitor, changes: dict[str, str], error: str
) -> None:
    plain = place.client("79")
    assert browser.authorize(asked(plain, **{"scope": "openid profile", **changes})).arrived()["error"] == error
