"""``/account/security``: enrolling, naming, replacing and removing, each after a fresh sign-in at the level of what changes."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest

from idp.authn.totp import STEP, code_at
from policies.assurance import LOA_2
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser, Page, Person
from tests.support.in_process import PASSWORD, browser, citizen
from tests.support.token_world import ISSUER, TokenWorld

HOME = f"{ISSUER}/account/security"
NEW = "một câu hoàn toàn khác nữa"


class Citizen:
    """A person in a browser, whose account and app the test knows."""

    def __init__(self, world: TokenWorld, number: int = 1, **columns: str) -> None:
        self.world = world
        self.id, self.person = citizen(world, number, **columns)
        self.here: Browser = browser(world)
        self.device = Authenticator()
        self.seed = b""

    def code(self) -> str:
        """Return a code that was not used yet."""
        self.world.clock.advance(STEP)  # type: ignore[attr-defined]
        return code_at(self.seed, self.world.clock.now() // STEP)

    def walk(self, path: str = "") -> Page:
        """Open a page, signing in as far as is asked."""
        who = Person(self.person.code, self.person.password, otp=self.code)
        page = self.here.open(HOME + path)
        return page if page.url.startswith(HOME) else self.here.walk(page, who, home=HOME)

    def add_app(self) -> Page:
        """Enrol an app."""
        page = self.walk("/app")
        self.seed = base64.b32decode((page.text_of("secret") or "").replace(" ", ""))
        return self.here.submit(page, "app-form", code=self.code())

    def add_passkey(self, name: str = "Điện thoại", path: str = "/passkey") -> Page:
        """Enrol a passkey."""
        page = self.walk(path)
        form = page.form("passkey-form")
        assert form is not None
        return self.here.submit(page, "passkey-form", passkey=self.device.create(str(form["data-options"])), name=name)

    def factors(self) -> list[str]:
        """Return what the list shows."""
        return [str(row["data-factor"]) for row in self.walk().soup.select("[data-factor]")]


@pytest.fixture
def me(world: TokenWorld) -> Citizen:
    return Citizen(world)


@pytest.fixture
def told(world: TokenWorld, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return what the person was told of."""
    found: list[tuple[str, str]] = []

    def tell(_account_id: str, topic: Any, detail: Any = None) -> None:
        found.append((topic.value, detail.factor if detail is not None else ""))

    monkeypatch.setattr(world.wiring.notices, "tell", tell)
    return found


def test_an_app_counts_only_after_one_code_of_it(world: TokenWorld, me: Citizen, told: list[Any]) -> None:
    page = me.walk("/app")
    svg = page.soup.select_one("svg.qr")
    assert svg is not None
    assert not svg.has_attr("style")
    assert "img-src 'self'" in page.headers["Content-Security-Policy"]
    secret = page.text_of("secret") or ""
    wrong = me.here.submit(page, "app-form", code="000000")
    assert wrong.text_of("secret") == secret
    assert world.wiring.credentials.kinds(me.id) == {"password"}
    assert world.events("credential:refuse")[-1]["reason"] == "wrong_otp"
    done = me.add_app()
    assert done.url == f"{HOME}?notice=app_added"
    assert me.factors() == ["password", "totp"]
    assert told == [("factor_added", "totp")]
    assert world.events("credential:set")[-1]["actor"] == f"account:{me.id}"


def test_the_code_that_enrolled_an_app_is_spent(world: TokenWorld, me: Citizen) -> None:
    me.add_app()
    last = code_at(me.seed, world.clock.now() // STEP)
    assert not world.wiring.credentials.verify_totp(me.id, last)


def test_a_seed_of_one_session_is_no_other_sessions(world: TokenWorld, me: Citizen) -> None:
    page = me.walk("/app")
    seed = base64.b32decode((page.text_of("secret") or "").replace(" ", ""))
    other = Citizen(world, 2)
    theirs = other.walk("/app")
    assert theirs.text_of("secret") != page.text_of("secret")
    refused = other.here.submit(theirs, "app-form", code=code_at(seed, world.clock.now() // STEP))
    assert refused.text_of("problem") is not None
    assert other.factors() == ["password"]


def test_an_old_session_changes_nothing_before_a_new_sign_in(world: TokenWorld, me: Citizen) -> None:
    me.walk()
    world.clock.advance(301)  # type: ignore[attr-defined]
    assert me.here.open(HOME).form("login-form") is None
    for path in ("/app", "/passkey", "/codes", "/remove/totp/totp"):
        assert me.here.open(HOME + path).form("login-form") is not None


def test_who_has_two_factors_shows_both_before_a_change(world: TokenWorld, me: Citizen) -> None:
    me.add_app()
    me.here = browser(world)
    page = me.here.open(f"{HOME}/passkey")
    page = me.here.submit(page, "login-form", identity_code=me.person.code, password=me.person.password)
    assert page.form("otp-form") is not None
    page = me.here.submit(page, "otp-form", otp=me.code())
    assert page.url == f"{HOME}/passkey"


def test_a_form_that_was_opened_in_time_is_not_taken_too_late(world: TokenWorld, me: Citizen) -> None:
    page = me.walk("/app")
    seed = base64.b32decode((page.text_of("secret") or "").replace(" ", ""))
    world.clock.advance(301)  # type: ignore[attr-defined]
    page = me.here.submit(page, "app-form", code=code_at(seed, world.clock.now() // STEP))
    assert page.form("login-form") is not None
    assert world.wiring.credentials.kinds(me.id) == {"password"}


def test_passkeys_are_enrolled_named_and_renamed(world: TokenWorld, me: Citizen, told: list[Any]) -> None:
    assert me.add_passkey("Máy tính <b>ở nhà</b>").url == f"{HOME}?notice=passkey_added"
    page = me.walk()
    row = page.soup.select_one("[data-factor=passkey] .name")
    assert row is not None
    assert row.get_text() == "Máy tính <b>ở nhà</b>"
    (key,) = world.wiring.passkeys.of_account(me.id)
    page = me.here.submit(me.walk(f"/passkey/{key.id}"), "rename-form", name="Máy bàn")
    assert page.url == f"{HOME}?notice=passkey_renamed"
    assert world.wiring.passkeys.of_account(me.id)[0].name == "Máy bàn"
    assert told == [("factor_added", "passkey")]
    # The person signed in with a password alone: the next change wants what the passkey proves too.
    assert me.here.open(f"{HOME}/app").form("passkey-form") is not None


def test_an_answer_for_another_browser_enrols_nothing(world: TokenWorld, me: Citizen) -> None:
    other = Citizen(world, 2)
    options = str(other.walk("/passkey").form("passkey-form")["data-options"])  # type: ignore[index]
    page = me.here.submit(me.walk("/passkey"), "passkey-form", passkey=me.device.create(options), name="x")
    assert page.text_of("problem") is not None
    assert world.wiring.passkeys.of_account(me.id) == ()
    assert world.events("credential:refuse")[-1]["reason"] == "passkey_challenge"


def test_another_persons_passkey_cannot_be_named_or_removed(world: TokenWorld, me: Citizen) -> None:
    other = Citizen(world, 2)
    other.add_passkey()
    (theirs,) = world.wiring.passkeys.of_account(other.id)
    assert me.walk(f"/passkey/{theirs.id}").status == 404
    assert me.walk(f"/remove/passkey/{theirs.id}").status == 404
    for path in ("/remove/password/password", "/remove/totp/totp", "/remove/nothing/nothing"):
        assert me.walk(path).status == 404


def test_the_last_factor_of_the_level_stays_and_another_may_go(world: TokenWorld, me: Citizen, told: list[Any]) -> None:
    me.add_app()
    assert me.walk("/remove/totp/totp").soup.find(id="remove-submit") is None
    page = me.walk("/remove/totp/totp")
    page = me.here.submit(page, "remove-form")
    assert page.text_of("problem") is not None
    assert world.events("credential:refuse")[-1]["reason"] == "last_factor"
    me.add_passkey()
    page = me.here.submit(me.walk("/remove/totp/totp"), "remove-form", "remove-submit")
    assert page.url == f"{HOME}?notice=removed"
    assert world.wiring.credentials.kinds(me.id) == {"password"}
    assert told[-1] == ("factor_removed", "totp")
    assert world.events("credential:remove")[-1]["actor"] == f"account:{me.id}"


def test_recovery_codes_are_shown_once_and_a_new_set_ends_the_old(
    world: TokenWorld, me: Citizen, told: list[Any]
) -> None:
    assert me.walk("/codes").form("codes-form") is None
    me.add_app()
    page = me.here.submit(me.walk("/codes"), "codes-form", "codes-submit")
    codes = re.findall(r"[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}", page.text)
    assert len(set(codes)) == 10
    assert page.headers["Cache-Control"] == "no-store"
    assert world.wiring.recovery_codes.use(me.id, codes[0])
    page = me.walk()
    assert "9" in (page.text_of("codes-left") or "")
    assert not set(codes) & set(re.findall(r"[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}", page.text))
    me.here.submit(me.walk("/codes"), "codes-form", "codes-submit")
    assert not world.wiring.recovery_codes.use(me.id, codes[1])
    assert told[-1] == ("factor_added", "recovery_code")


def test_no_recovery_codes_are_made_where_there_is_nothing_to_recover(world: TokenWorld, me: Citizen) -> None:
    token = me.walk("/app").form("app-form").find("input", {"name": "csrf_token"})["value"]  # type: ignore[union-attr,index]
    answer = me.here.session.post(f"{HOME}/codes", data={"csrf_token": token}, allow_redirects=False)
    assert answer.status_code == 400
    assert world.wiring.recovery_codes.state(me.id) is None
    assert world.events("credential:refuse")[-1]["reason"] == "no_second_factor"


def change(me: Citizen, **fields: Any) -> Page:
    page = me.walk("/password")
    values = {"new_password": NEW, "new_password_again": NEW, **fields}
    return me.here.submit(page, "change-password-form", **values)


def test_a_password_is_changed_by_the_present_one_and_other_sessions_end(
    world: TokenWorld, me: Citizen, told: list[Any]
) -> None:
    elsewhere = browser(world)
    elsewhere.walk(elsewhere.open(HOME), me.person, home=HOME)
    assert change(me, current_password="không phải").text_of("problem") is not None
    assert world.events("credential:refuse")[-1]["reason"] == "wrong_password"
    assert change(me, current_password=PASSWORD).url == f"{HOME}?notice=password_changed"
    assert world.wiring.credentials.verify_password(me.id, NEW).ok
    assert elsewhere.open(HOME).form("login-form") is not None
    assert me.here.open(HOME).form("login-form") is None
    assert told[-1] == ("password_changed", "")


def test_other_sessions_stay_where_the_person_wants_so(world: TokenWorld, me: Citizen) -> None:
    elsewhere = browser(world)
    elsewhere.walk(elsewhere.open(HOME), me.person, home=HOME)
    page = me.walk("/password")
    box = page.soup.find("input", {"name": "end-others"})
    box.decompose()  # type: ignore[union-attr]
    fields = {"current_password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
    assert me.here.submit(page, "change-password-form", **fields).url.endswith("password_changed")
    assert elsewhere.open(HOME).form("login-form") is None


def test_a_fresh_sign_in_at_level_two_speaks_for_the_person(world: TokenWorld, me: Citizen) -> None:
    me.add_passkey()
    me.here = browser(world)
    page = me.here.open(f"{HOME}/password")
    options = str(page.form("passkey-form")["data-options"])  # type: ignore[index]
    page = me.here.submit(page, "passkey-form", passkey=me.device.get(options))
    assert page.soup.find(id="current_password") is None
    page = me.here.submit(page, "change-password-form", new_password=NEW, new_password_again=NEW)
    assert page.url == f"{HOME}?notice=password_changed"
    world.clock.advance(301)  # type: ignore[attr-defined]
    assert me.here.open(f"{HOME}/password").soup.find(id="current_password") is not None


@pytest.mark.parametrize(
    ("new", "again"), [("butterfly2026", None), ("sinh 01/05/2199 nhé", None), ("ngắn", None), (NEW, "khác hẳn nhau")]
)
def test_a_weak_or_mistyped_password_is_told_and_not_taken(world: TokenWorld, new: str, again: str | None) -> None:
    me = Citizen(world, birthdate="2199-05-01")
    page = change(me, current_password=PASSWORD, new_password=new, new_password_again=again or new)
    assert page.text_of("problem") is not None
    assert world.wiring.credentials.verify_password(me.id, PASSWORD).ok


def test_guesses_of_the_present_password_are_slowed_down(world: TokenWorld, me: Citizen) -> None:
    for _ in range(5):
        change(me, current_password="không phải")
    change(me, current_password=PASSWORD)
    assert world.wiring.credentials.verify_password(me.id, PASSWORD).ok
    assert world.events("credential:refuse")[-1]["reason"] == "throttled"


@pytest.mark.parametrize("path", ["/app", "/passkey", "/codes", "/password", "/remove/totp/totp"])
def test_a_form_without_its_token_changes_nothing(world: TokenWorld, me: Citizen, path: str) -> None:
    me.walk("/app")
    answer = me.here.session.post(HOME + path, data={"code": "1"}, allow_redirects=False)
    assert answer.status_code in {400, 404}


def test_pages_speak_both_languages(world: TokenWorld) -> None:
    me = Citizen(world)
    me.here = browser(world, languages="en")
    assert "Ways to sign in" in me.walk().text
    assert "Cách đăng nhập" in me.here.open(f"{HOME}?lang=vi").text


def test_levels_ask_for_what_is_enrolled_now(world: TokenWorld, me: Citizen) -> None:
    changes: Callable[[str], str] = world.wiring.factor_changes.level
    before = changes(me.id)
    me.add_app()
    assert (before, changes(me.id)) == ("urn:dinhdanh:loa:1", LOA_2)
