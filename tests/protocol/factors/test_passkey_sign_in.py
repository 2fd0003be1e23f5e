"""Signing in and stepping up with a passkey, a recovery code or a password alone, over the pages."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from idp.authn.totp import STEP, code_at
from policies.assurance import LOA_1, LOA_2
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser, Page, Person
from tests.support.in_process import browser, citizen
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.visit import asked


@pytest.fixture
def portal(world: TokenWorld) -> Any:
    return world.add_client()


def begin(here: Browser, of: Any, **changes: str) -> Page:
    """Open an authorization request."""
    parameters = "&".join(f"{name}={value}" for name, value in asked(of, **changes).items())
    return here.open(f"{ISSUER}/authorize?{parameters}")


def options(page: Page) -> str:
    """Return what the page asks the browser for."""
    form = page.form("passkey-form")
    assert form is not None
    return str(form["data-options"])


def with_passkey(world: TokenWorld, account_id: str, **device: Any) -> Authenticator:
    """Enrol a passkey as the account's page does."""
    made = Authenticator(**device)
    keys = world.wiring.passkeys
    answer = made.create(keys.creation_options(account_id, "049•••0001", "Công dân mẫu", "s"))
    keys.add(account_id, answer, "s", "Điện thoại", actor=f"account:{account_id}")
    return made


def claims(world: TokenWorld, of: Any, here: Browser, page: Page, person: Person) -> dict[str, Any]:
    """Walk on to the client, redeem, and return the ID token's claims."""
    page = here.walk(page, person)
    assert page.callback is not None
    tokens = world.redeem(of, page.callback["code"]).json
    return world.verified(tokens["id_token"])


def test_a_passkey_alone_signs_in_at_level_two_and_no_code_is_typed(world: TokenWorld, portal: Any) -> None:
    account_id, person = citizen(world)
    device, here = with_passkey(world, account_id), browser(world)
    page = begin(here, portal, acr_values=LOA_2)
    assert page.form("login-form") is not None
    page = here.submit(page, "passkey-form", passkey=device.get(options(page)))
    found = claims(world, portal, here, page, person)
    assert (found["acr"], found["amr"]) == (LOA_2, ["hwk", "user", "mfa"])
    (event,) = world.events("session:sign-in", outcome="done")
    assert event["account_id"] == account_id


def test_a_synced_passkey_says_that_its_key_is_software(world: TokenWorld, portal: Any) -> None:
    account_id, person = citizen(world)
    device, here = with_passkey(world, account_id, is_synced=True, counts=False), browser(world)
    page = begin(here, portal)
    page = here.submit(page, "passkey-form", passkey=device.get(options(page)))
    found = claims(world, portal, here, page, person)
    assert (found["acr"], found["amr"]) == (LOA_2, ["swk", "user", "mfa"])


def test_a_passkey_of_a_locked_account_or_of_nobody_is_refused_alike(world: TokenWorld, portal: Any) -> None:
    account_id, _ = citizen(world)
    device, here = with_passkey(world, account_id), browser(world)
    world.wiring.accounts.change_state(account_id, "locked", reason="thử")
    page = begin(here, portal)
    locked = here.submit(page, "passkey-form", passkey=device.get(options(page)))
    stranger = Authenticator()
    stranger.create(world.wiring.passkeys.creation_options(account_id, "a", "b", "s"))
    unknown = here.submit(locked, "passkey-form", passkey=stranger.get(options(locked)))
    shown = [page.form("passkey-form").parent.find(id="problem").get_text(strip=True) for page in (locked, unknown)]  # type: ignore[union-attr]
    assert shown[0] == shown[1]
    reasons = [row["reason"] for row in world.events("session:sign-in", outcome="refused")]
    assert reasons == ["account_locked", "unknown_passkey"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"origin": "https://id.examp1e.vn"}, "passkey_origin"),
        ({"rp_id": "examp1e.vn"}, "passkey_invalid"),
        ({"verifies": False}, "passkey_invalid"),
    ],
)
def test_a_refused_passkey_is_audited_with_its_reason_and_its_owner(
    world: TokenWorld, portal: Any, change: dict[str, Any], reason: str
) -> None:
    account_id, _ = citizen(world)
    device, here = with_passkey(world, account_id), browser(world)
    for name, value in change.items():
        setattr(device, name, value)
    page = begin(here, portal)
    page = here.submit(page, "passkey-form", passkey=device.get(options(page)))
    assert page.callback is None
    (event,) = world.events("session:sign-in", outcome="refused")
    assert (event["reason"], event["account_id"]) == (reason, account_id)


def test_an_answer_is_good_for_one_browser_and_one_use(world: TokenWorld, portal: Any) -> None:
    account_id, _ = citizen(world)
    device, here, elsewhere = with_passkey(world, account_id, counts=False), browser(world), browser(world)
    page = begin(here, portal)
    answer = device.get(options(page))
    stolen = elsewhere.submit(begin(elsewhere, portal), "passkey-form", passkey=answer)
    assert stolen.form("passkey-form") is not None
    assert here.submit(page, "passkey-form", passkey=answer).form("consent-form") is not None
    again = elsewhere.submit(stolen, "passkey-form", passkey=answer)
    assert again.form("passkey-form") is not None
    reasons = [row["reason"] for row in world.events("session:sign-in", outcome="refused")]
    assert reasons == ["passkey_challenge", "passkey_challenge"]


def test_a_copied_key_is_refused_and_recorded(world: TokenWorld, portal: Any) -> None:
    account_id, _ = citizen(world)
    device, here = with_passkey(world, account_id), browser(world)
    device.keys[0].sign_count = 9
    page = begin(here, portal)
    assert here.submit(page, "passkey-form", passkey=device.get(options(page))).form("consent-form")
    device.keys[0].sign_count = 3
    other = browser(world)
    page = begin(other, portal)
    page = other.submit(page, "passkey-form", passkey=device.get(options(page)))
    assert page.form("passkey-form") is not None
    assert world.events("session:sign-in", outcome="refused")[-1]["reason"] == "passkey_counter"


def signed_in(here: Browser, page: Page, person: Person) -> Page:
    return here.submit(page, "login-form", "login-submit", identity_code=person.code, password=person.password)


def test_a_step_up_offers_what_is_enrolled_and_takes_the_persons_own_passkey_only(
    world: TokenWorld, portal: Any
) -> None:
    account_id, person = citizen(world)
    other, _ = citizen(world, 2)
    mine, theirs, here = with_passkey(world, account_id), with_passkey(world, other), browser(world)
    page = signed_in(here, begin(here, portal, acr_values=LOA_2), person)
    assert page.form("otp-form") is None
    asked_for = options(page)
    page = here.submit(page, "passkey-form", passkey=theirs.get(asked_for))
    assert world.events("session:step-up", outcome="refused")[-1]["reason"] == "passkey_of_another"
    page = here.submit(page, "passkey-form", passkey=mine.get(options(page)))
    found = claims(world, portal, here, page, person)
    assert (found["acr"], found["amr"]) == (LOA_2, ["pwd", "hwk", "user", "mfa"])


def test_a_step_up_offers_the_other_ways_and_a_recovery_code_is_good_once(world: TokenWorld, portal: Any) -> None:
    account_id, person = citizen(world)
    world.wiring.credentials.enrol_totp(account_id)
    code, *_ = world.wiring.recovery_codes.renew(account_id, actor=f"account:{account_id}")
    here = browser(world)
    page = signed_in(here, begin(here, portal, acr_values=LOA_2), person)
    assert page.form("otp-form") is not None
    links = [str(link["href"]) for link in page.soup.select("nav.ways a")]
    assert links == ["?way=recovery_code", "?way=stuck"]
    recovery = here.open(f"{page.url}?way=recovery_code")
    wrong = here.submit(recovery, "recovery-form", "recovery-submit", recovery_code="ABCD-EFGH-JKLM-NPQR")
    assert wrong.form("recovery-form") is not None
    page = here.submit(wrong, "recovery-form", "recovery-submit", recovery_code=code.lower())
    found = claims(world, portal, here, page, person)
    assert (found["acr"], found["amr"]) == (LOA_2, ["pwd", "otp", "mfa"])
    there = browser(world)
    page = signed_in(there, begin(there, portal, acr_values=LOA_2), person)
    page = there.open(f"{page.url}?way=recovery_code")
    assert there.submit(page, "recovery-form", "recovery-submit", recovery_code=code).form("recovery-form")
    reasons = [row["reason"] for row in world.events("session:step-up", outcome="refused")]
    assert reasons == ["wrong_recovery_code", "wrong_recovery_code"]


def test_who_was_known_by_a_possession_is_asked_for_the_password_alone(world: TokenWorld, portal: Any) -> None:
    account_id, person = citizen(world)
    seed = base64.b32decode(world.wiring.credentials.enrol_totp(account_id).secret)
    here = browser(world)
    page = signed_in(here, begin(here, portal), person)
    session = world.wiring.sessions.of_account(account_id)[0].session
    renewed = world.wiring.sessions.renew(
        session, LOA_1, ("otp",), world.wiring.sessions.of_account(account_id)[0].origin
    )
    assert renewed is not None
    here.session.cookies.set("__Host-idp_session", renewed[1], domain="id.example.vn", secure=True)
    page = begin(here, portal, acr_values=LOA_2)
    assert page.form("known-password-form") is not None
    wrong = here.submit(page, "known-password-form", known_password="không phải")
    assert world.events("session:step-up", outcome="refused")[-1]["reason"] == "wrong_password"
    page = here.submit(wrong, "known-password-form", known_password=person.password)
    assert page.form("consent-form") is not None
    assert code_at(seed, world.clock.now() // STEP)


def test_a_sign_in_page_asks_for_passkeys_within_the_field_and_by_a_button(world: TokenWorld, portal: Any) -> None:
    here = browser(world)
    page = begin(here, portal)
    field = page.soup.find(id="identity_code")
    assert field["autocomplete"] == "username webauthn"  # type: ignore[index]
    form = page.form("passkey-form")
    assert form is not None
    assert form.has_attr("data-conditional")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    own = here.open(f"{page.url}?way=passkey")
    assert own.form("login-form") is None
    assert own.form("passkey-form") is not None
