"""Front-channel logout wherever the person's own browser sees a session end: the account page, another account, the end of an assistance."""

from __future__ import annotations

import pytest
from bs4 import Tag

from tests.support.in_process import PASSWORD
from tests.support.mandated_world import submit
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import BASE, Landing, Visitor, asked

OUT = "https://portal.example.vn/out"
OTHER = "049499000002"


@pytest.fixture
def portal(world: TokenWorld) -> Registered:
    return world.add_client(frontchannel_logout_uri=OUT)


@pytest.fixture
def citizen(world: TokenWorld, portal: Registered) -> Visitor:
    """Return the browser of somebody who is signed in at the portal."""
    browser = Visitor(world, world.add_person())
    enter(world, browser, portal)
    other = world.add_person(2)
    world.wiring.credentials.set_password(other, PASSWORD, actor="operator:local")
    return browser


def enter(world: TokenWorld, browser: Visitor, portal: Registered) -> str:
    """Sign in at the portal; returns the session id that it knows."""
    answer = world.redeem(portal, browser.allowed(asked(portal)).arrived()["code"])
    assert answer.status == 200, answer.body
    return str(world.verified(answer.json["id_token"])["sid"])


def framed(page: Landing) -> list[str]:
    """Return the addresses of the frames, of which each is let in by the policy."""
    frames = [str(frame["src"]) for frame in page.soup.find_all("iframe")]
    assert not frames or "frame-src https://portal.example.vn" in page.headers["content-security-policy"]
    return frames


def end(browser: Visitor, *, is_this_one: bool) -> Landing:
    """End a session in the list of the account page."""
    page = browser.open("/account")
    forms = page.soup.find_all("form", action="/account/sessions/end")
    [form] = [one for one in forms if one.parent is not None and (one.parent.find("em") is not None) is is_this_one]
    fields = {str(one["name"]): str(one["value"]) for one in form.find_all("input")}
    return browser._landed(browser._http.post("/account/sessions/end", data=fields, base_url=BASE))


def signed_in_as_other(browser: Visitor, page: Landing) -> Landing:
    """Fill the sign-in page in as another person."""
    return submit(browser, page, "login-form", "login-submit", identity_code=OTHER, password=PASSWORD)


@pytest.mark.spec("OIDC Front-Channel Logout", "3")
def test_ending_all_sessions_on_the_account_page_loads_the_frames(
    world: TokenWorld, portal: Registered, citizen: Visitor
) -> None:
    sid = enter(world, citizen, portal)
    page = submit(citizen, citizen.open("/account"), "end-all", "x")
    assert page.soup.find(id="signed-out") is not None
    [frame] = framed(page)
    assert frame.startswith(f"{OUT}?iss=https%3A%2F%2Fid.example.vn")
    assert frame.endswith(f"&sid={sid}")
    assert citizen.open("/account").form == "login-form"


@pytest.mark.spec("OIDC Front-Channel Logout", "3")
def test_ending_this_session_on_the_account_page_loads_the_frames_and_ending_another_none(
    world: TokenWorld, citizen: Visitor
) -> None:
    account = world.wiring.accounts.find("049499000001").id
    Visitor(world, account)
    other = end(citizen, is_this_one=False)
    assert (other.url, framed(other)) == ("/account?notice=session_ended", [])
    assert len(framed(end(citizen, is_this_one=True))) == 1


@pytest.mark.spec("OIDC Front-Channel Logout", "3")
def test_going_on_as_somebody_else_loads_the_frames_of_who_was_there_first(
    portal: Registered, citizen: Visitor
) -> None:
    page = citizen.authorize(asked(portal, prompt="select_account"))
    between = citizen.press(page, "account-other")
    assert len(framed(between)) == 1
    link = between.soup.find(id="logout-continue")
    assert isinstance(link, Tag)
    assert str(link["href"]).startswith("/signin/")
    again = citizen.open(str(link["href"]))
    assert again.form == "login-form"
    assert signed_in_as_other(citizen, again).form == "consent-form"


@pytest.mark.spec("OIDC Front-Channel Logout", "3")
def test_signing_in_as_somebody_else_over_a_live_session_loads_the_frames_of_the_first(
    portal: Registered, citizen: Visitor
) -> None:
    between = signed_in_as_other(citizen, citizen.authorize(asked(portal, prompt="login")))
    assert len(framed(between)) == 1
    link = between.soup.find(id="logout-continue")
    assert isinstance(link, Tag)
    assert citizen.open(str(link["href"])).form == "consent-form"


def test_nobody_is_stopped_where_no_frame_has_to_be_loaded(world: TokenWorld, citizen: Visitor) -> None:
    plain = world.add_client()
    alone = Visitor(world, world.add_person(3))
    enter(world, alone, plain)
    page = alone.press(alone.authorize(asked(plain, prompt="select_account")), "account-other")
    assert page.form == "login-form"
    assert signed_in_as_other(alone, page).form == "consent-form"
