"""The test sign-in of a system: true to what the system would get, and no way to anything that works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.flows.administration.client_tests import TrialWish
from idp.protocol.mint import Mint
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import metadata
from policies import assurance
from policies.delegation import Role
from tests.support.administered_world import AdministeredWorld
from tests.support.api_world import ApiWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.stores import stored
from tests.support.token_world import REDIRECT, TokenWorld
from tests.support.units import LONG, SHORT
from tests.support.visit import BASE, Landing

COMPACT = re.compile(r"[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
QUIET = ("grants", "consents", "sessions", "transactions", "single_use", "status_entries", "accounts", "outbox")


@pytest.fixture
def admin(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> ApiWorld:
    return ApiWorld(TokenWorld(tmp_path, sqlite_database, clock))


@pytest.fixture
def manager(admin: ApiWorld) -> Administrating:
    admin.grant("quản lý", Role.CLIENT_MANAGER, SHORT)
    return Administrating(admin, admin.account("quản lý"))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every token that a mint makes, in clear: what an attacker would need to get at."""
    found: list[str] = []
    for name in ("person_token", "id_token"):
        original = getattr(Mint, name)

        def kept(self: Mint, *values: Any, _original: Any = original, **named: Any) -> str:
            found.append(_original(self, *values, **named))
            return found[-1]

        monkeypatch.setattr(Mint, name, kept)
    return found


def tried(browser: Administrating, client_id: str, **values: str) -> Landing:
    page = browser.open(f"/admin/clients/{client_id}/test")
    return browser.submit(
        page, "trial-form", **{"redirect_uri": REDIRECT, "scope": "openid profile", "acr": "", **values}
    )


def results(page: Landing) -> dict[str, bool]:
    """Return the checks by their words, and whether each holds."""
    rows = page.soup.select("section")[0].select("tbody tr")
    return {row.select("th")[0].get_text(): bool(row.select(".good")) for row in rows}


def test_every_check_holds_for_a_system_that_is_registered_well(admin: ApiWorld, manager: Administrating) -> None:
    client = admin.client(SHORT, scope="openid profile email").client
    page = tried(manager, client.client_id)
    assert page.status == 200
    checks = results(page)
    assert len(checks) == 14
    assert all(checks.values()), checks
    (event,) = admin.world.events("client:test", client_id=client.client_id)
    assert (event["actor"], event["outcome"]) == (f"account:{admin.account('quản lý')}", "done")
    assert orjson.loads(event["detail"]) == {"failed": [], "steps": ["consent", "answer"]}
    sub = admin.wiring.subjects.subject(admin.account("quản lý"), client)
    assert sub in page.text
    assert client.client_id in page.text


def test_no_token_leaves_and_what_was_made_works_nowhere(
    admin: ApiWorld, manager: Administrating, made: list[str]
) -> None:
    registered = admin.client(SHORT, scope="openid profile email", token_status_list=True)
    manager.open("/admin")
    before = {name: stored(admin.world.database, metadata.tables[name]) for name in QUIET}
    page = tried(manager, registered.client.client_id)
    access, identity = made
    assert COMPACT.search(page.text) is None
    for token in made:
        head, payload, signature = token.split(".")
        assert signature not in page.text
        assert payload not in page.text
        assert head not in page.text
    assert {name: stored(admin.world.database, metadata.tables[name]) for name in QUIET} == before
    assert admin.app.call("GET", "/userinfo", token=access).status == 401
    answer = admin.world.post("/introspect", {"token": access}, registered.basic)
    assert answer.json == {"active": False}
    assert admin.app.call("GET", "/api/v1/me", token=access).status == 401
    assert identity != access


def test_nothing_is_redirected_and_the_code_is_not_there(admin: ApiWorld, manager: Administrating) -> None:
    client_id = admin.client(SHORT).client.client_id
    page = manager.open(f"/admin/clients/{client_id}/test")
    form = {str(one["name"]): str(one.get("value", "")) for one in page.soup.select("#trial-form input[type=hidden]")}
    answer = manager.http.post(
        f"/admin/clients/{client_id}/test",
        data={**form, "redirect_uri": REDIRECT, "scope": "openid", "acr": ""},
        base_url=BASE,
    )
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_redirect_that_is_not_registered_makes_no_token(
    admin: ApiWorld, manager: Administrating, made: list[str]
) -> None:
    client_id = admin.client(SHORT).client.client_id
    page = tried(manager, client_id, redirect_uri="https://evil.example/cb")
    assert list(results(page).values()) == [False]
    assert made == []
    assert admin.world.events("client:test", client_id=client_id)[-1]["outcome"] == "failed"


@pytest.mark.parametrize("scope", ["openid identity", "profile", "openid phone"])
def test_a_scope_that_is_not_registered_makes_no_token(
    admin: ApiWorld, manager: Administrating, made: list[str], scope: str
) -> None:
    page = tried(manager, admin.client(SHORT).client.client_id, scope=scope)
    assert False in results(page).values()
    assert made == []


def test_scopes_of_administration_are_never_tried(admin: ApiWorld, made: list[str]) -> None:
    admin.grant("root", Role.PROVINCIAL_ADMINISTRATOR)
    top = Administrating(admin, admin.account("root"))
    page = tried(top, admin.tool.client.client_id, scope="openid admin:clients:write")
    assert all(results(page).values())
    assert "admin:clients:write" not in page.text
    assert len(made) == 2


def test_a_level_that_the_session_does_not_have_ends_before_the_answer(
    admin: ApiWorld, manager: Administrating, made: list[str]
) -> None:
    client_id = admin.client(SHORT, minimum_acr=assurance.LOA_4).client.client_id
    assert False in results(tried(manager, client_id)).values()
    assert made == []


def test_it_is_always_the_administrators_own_sign_in(admin: ApiWorld, manager: Administrating, made: list[str]) -> None:
    client = admin.client(SHORT).client
    citizen = admin.account("dân", SHORT)
    page = tried(manager, client.client_id, account=citizen, sub=citizen, login_hint="049499000001")
    assert page.status == 200
    assert citizen not in page.text
    assert admin.wiring.subjects.subject(admin.account("quản lý"), client) in page.text


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.CONSENT_OFFICER])
def test_who_may_not_change_a_system_does_not_test_it(admin: ApiWorld, made: list[str], role: Role) -> None:
    client_id = admin.client(SHORT).client.client_id
    admin.grant("an", role, SHORT)
    browser = Administrating(admin, admin.account("an"))
    assert browser.open(f"/admin/clients/{client_id}/test").status == 403
    links = [str(one["href"]) for one in browser.open(f"/admin/clients/{client_id}").soup.select("a.button")]
    assert not any(one.endswith("/test") for one in links)
    assert made == []


def test_a_neighbour_whose_code_begins_alike_tests_nothing(
    admin: ApiWorld, manager: Administrating, made: list[str]
) -> None:
    own, theirs = admin.client(SHORT).client.client_id, admin.client(LONG).client.client_id
    assert manager.open(f"/admin/clients/{theirs}/test").status == 404
    page = manager.open(f"/admin/clients/{own}/test")
    form = {str(one["name"]): str(one.get("value", "")) for one in page.soup.select("#trial-form input[type=hidden]")}
    sent = {**form, "redirect_uri": REDIRECT, "scope": "openid", "acr": ""}
    answer = manager.http.post(f"/admin/clients/{theirs}/test", data=sent, base_url=BASE)
    assert answer.status_code == 404
    assert made == []
    assert admin.refusals()[-1][0] == f"account:{admin.account('quản lý')}"


def test_a_stale_session_or_a_right_that_was_taken_away_tests_nothing(admin: ApiWorld, made: list[str]) -> None:
    client_id = admin.client(SHORT).client.client_id
    grant = admin.grant("an", Role.CLIENT_MANAGER, SHORT)
    browser = Administrating(admin, admin.account("an"))
    page = browser.open(f"/admin/clients/{client_id}/test")
    admin.wiring.admins.revoke([grant], by="operator:local", reason="thử")
    assert browser.submit(page, "trial-form", redirect_uri=REDIRECT, scope="openid", acr="").status == 404
    admin.grant("an", Role.CLIENT_MANAGER, SHORT)
    admin.world.clock.advance(301)
    form = {str(one["name"]): str(one.get("value", "")) for one in page.soup.select("#trial-form input[type=hidden]")}
    answer = browser.http.post(f"/admin/clients/{client_id}/test", data=form, base_url=BASE)
    assert answer.headers["Location"].startswith("/signin/")
    assert made == []


def test_another_persons_session_is_not_taken_for_the_administrators(admin: AdministeredWorld, made: list[str]) -> None:
    client_id = admin.client(SHORT).client.client_id
    who = admin.admin("an", Role.CLIENT_MANAGER, SHORT)
    other = Administrating(admin, admin.account("người khác"))
    cookie = other.http.get_cookie("__Host-idp_session", domain="id.example.vn")
    assert cookie is not None
    with pytest.raises(Exception, match="session"):
        admin.acts.client_tests.run(who, client_id, cookie.value, TrialWish(REDIRECT, "openid"))
    assert made == []


def test_a_token_of_the_api_tests_nothing(admin: ApiWorld, made: list[str]) -> None:
    client_id = admin.client(SHORT).client.client_id
    admin.grant("an", Role.CLIENT_MANAGER, SHORT)
    scoped = admin.who("an", scopes=frozenset({"admin:clients:read", "admin:clients:write"}))
    with pytest.raises(Exception, match="not_by_token"):
        admin.acts.client_tests.enter(scoped, client_id)
    assert made == []
