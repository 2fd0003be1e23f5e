"""Session management: ``session_state`` changes with the session, and the frame is the one page that anybody may frame."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from idp.config import Settings
from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.signed_in_app import notified, sign_in, soup_of, told
from tests.support.token_world import TokenWorld
from tests.support.whole_app import WholeApp

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def app(world: TokenWorld) -> WholeApp:
    return WholeApp(world)


def expected(client_id: str, origin: str, state: str, salt: str) -> str:
    made = hashlib.sha256(f"{client_id} {origin} {state} {salt}".encode()).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


@pytest.mark.spec("OIDC Session Management", "2")
@pytest.mark.spec("OIDC Session Management", "3.2")
def test_session_state_is_the_salted_digest_that_the_frame_computes(app: WholeApp) -> None:
    portal = notified(app)
    person = sign_in(app, app.world.add_person())
    told(person, portal)
    digest, _, salt = person.answered(portal)["session_state"].partition(".")
    state = app.world.wiring.sids.browser_state(person.session.id)
    assert digest == expected(portal.client.client_id, "https://portal.example.vn", state, salt)
    assert person.answered(portal)["session_state"].partition(".")[2] != salt


@pytest.mark.spec("OIDC Session Management", "2")
def test_state_is_another_one_in_another_session_and_is_no_session_id(app: WholeApp) -> None:
    account = app.world.add_person()
    one, other = sign_in(app, account), sign_in(app, account)
    sids = app.world.wiring.sids
    assert sids.browser_state(one.session.id) != sids.browser_state(other.session.id)
    assert sids.browser_state(one.session.id) != sids.sid(one.session.id, "public")


def test_errors_carry_no_session_state(app: WholeApp) -> None:
    portal = notified(app)
    person = sign_in(app, app.world.add_person())
    person.cookie = ""
    location = person.authorize(portal).headers["location"]
    assert "error=login_required" in location
    assert "session_state" not in location


@pytest.mark.spec("OIDC Session Management", "3.3")
def test_frame_may_be_framed_by_anybody_and_holds_a_script_alone(app: WholeApp) -> None:
    page = app.call("GET", "/check_session")
    assert page.status == 200
    assert "x-frame-options" not in page.headers
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    [script] = soup_of(page).find_all("script")
    assert script["data-cookie"] == "__Host-idp_state"
    assert script.get_text() == ""
    assert soup_of(page).find_all(["a", "form", "button"]) == []


@pytest.mark.spec("RFC 9700", "4.16")
@pytest.mark.spec("OIDC Session Management", "3.3")
@pytest.mark.spec("OIDC Core", "3.1.2.3")
def test_every_other_page_stays_unframeable(app: WholeApp) -> None:
    for path in ("/", "/end_session", "/signin/x"):
        page = app.call("GET", path)
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"


@pytest.mark.spec("OIDC Session Management", "3.3")
def test_discovery_announces_the_frame_only_where_it_is_on(
    app: WholeApp, sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock
) -> None:
    assert app.call("GET", DISCOVERY).json["check_session_iframe"] == "https://id.example.vn/check_session"
    off = WholeApp(TokenWorld(tmp_path, sqlite_database, clock, session_management=False))
    assert "check_session_iframe" not in off.call("GET", DISCOVERY).json
    assert off.call("GET", "/check_session").status == 404
    assert Settings().session_management is True


def test_sign_out_drops_the_browsers_state(app: WholeApp) -> None:
    page = app.call("GET", "/end_session")
    assert "__Host-idp_state=;" in page.headers["set-cookie"]
