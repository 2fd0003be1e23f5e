"""Linked upstreams on ``/account/security``: seen, closed as ways in and opened again; never the last, and never by a later arrival."""

from __future__ import annotations

from contextlib import suppress

import pytest

from idp.errors import Refused
from idp.flows.factor_changes import Here
from idp.model.session import Origin
from idp.storage.tables import upstream_links
from policies.assurance import LOA_1
from tests.support.browser import Browser, Page, Person
from tests.support.in_process import browser, citizen
from tests.support.stores import in_parallel, stored
from tests.support.token_world import ISSUER
from tests.support.upstream_world import UpstreamWorld

HOME = f"{ISSUER}/account/security"
ORIGIN = Origin("192.0.2.7", "")


class Linked:
    """A citizen with a local account that VNeID is linked to."""

    def __init__(self, up: UpstreamWorld) -> None:
        self.up, self.world = up, up.world
        self.id, self.person = citizen(up.world, 21, name="Công dân mẫu 21", birthdate="2199-01-21")
        self.by_vneid = up.browser()
        up.finish(self.by_vneid, up.onward(self.by_vneid, up.through(self.by_vneid, "vneid")))
        self.here: Browser = browser(up.world)

    def walk(self, path: str = "") -> Page:
        page = self.here.open(HOME + path)
        return page if page.url.startswith(HOME) else self.here.walk(page, self.person, home=HOME)

    def rows(self) -> dict[str, str]:
        soup = self.walk().soup
        return {str(row["data-upstream"]): row.get_text(" ", strip=True) for row in soup.select("[data-upstream]")}

    def closed(self) -> Page:
        return self.here.submit(self.walk("/upstream/vneid"), "way-form", "way-submit")


@pytest.fixture
def me(up: UpstreamWorld) -> Linked:
    return Linked(up)


def test_a_linked_upstream_is_listed_and_closing_ends_what_came_by_it(me: Linked) -> None:
    assert "VNeID" in me.rows()["vneid"]
    mine = {view.session.id for view in me.world.wiring.sessions.of_account(me.id)}
    assert len(mine) == 2
    page = me.closed()
    assert page.url == f"{HOME}?notice=way_closed"
    [left] = me.world.wiring.sessions.of_account(me.id)
    assert left.session.id in mine
    assert me.by_vneid.open(f"{ISSUER}/account").form("login-form") is not None
    assert me.world.wiring.upstream_links.of_account(me.id) == []
    [event] = me.world.events("upstream:unlink")
    assert (event["outcome"], event["reason"], event["actor"]) == ("done", "closed", f"account:{me.id}")


def test_a_later_arrival_does_not_open_again_what_was_closed(me: Linked) -> None:
    me.closed()
    again = me.up.browser()
    page = me.up.through(again, "vneid")
    assert "/upstream/vneid/link/" in page.url
    assert me.world.wiring.upstream_links.of_account(me.id) == []
    assert len(me.world.wiring.sessions.of_account(me.id)) == 1


def test_the_person_opens_it_again_and_the_upstream_leads_there_as_before(me: Linked) -> None:
    me.closed()
    page = me.here.submit(me.walk("/upstream/vneid"), "way-form", "way-submit")
    assert page.url == f"{HOME}?notice=way_reopened"
    assert me.world.events("upstream:reopen")[-1]["actor"] == f"account:{me.id}"
    again = me.up.browser()
    me.up.finish(again, me.up.onward(again, me.up.through(again, "vneid")))
    [link] = me.world.wiring.upstream_links.of_account(me.id)
    assert (link.how, link.ceiling) == ("vouched", "")
    assert me.world.wiring.upstream_links.closed(me.id) == {}


def test_closing_wants_a_fresh_sign_in_at_the_level_of_the_factors(me: Linked) -> None:
    page = me.walk("/upstream/vneid")
    me.world.clock.advance(301)  # type: ignore[attr-defined]
    assert me.here.submit(page, "way-form", "way-submit").form("login-form") is not None
    me.world.wiring.credentials.enrol_totp(me.id)
    who = Person(me.person.code, me.person.password)
    page = me.here.open(f"{HOME}/upstream/vneid")
    page = me.here.submit(page, "login-form", "login-submit", identity_code=who.code, password=who.password)
    assert page.form("otp-form") is not None
    assert len(me.world.wiring.upstream_links.of_account(me.id)) == 1


def test_the_last_way_in_stays(up: UpstreamWorld) -> None:
    own = up.browser()
    up.finish(own, up.through(own, "vneid"))
    account = up.world.wiring.accounts.find("049499000021")
    page = own.open(f"{HOME}/upstream/vneid")
    assert page.soup.find(id="way-submit") is None
    assert own.submit(page, "way-form").text_of("problem") is not None
    assert len(up.world.wiring.upstream_links.of_account(account.id)) == 1
    [event] = up.world.events("upstream:unlink")
    assert (event["outcome"], event["reason"]) == ("refused", "last_way")


def test_what_is_not_linked_has_no_page(me: Linked) -> None:
    assert me.walk("/upstream/vnconnect").status == 404
    assert me.walk("/upstream/nothing").status == 404


def test_of_two_that_are_closed_at_once_one_stays_where_nothing_else_opens_the_account(up: UpstreamWorld) -> None:
    for name in ("vneid", "vnconnect"):
        own = up.browser()
        page = up.through(own, name)
        up.finish(own, up.onward(own, page) if page.soup.find(id="upstream-linked") else page)
    account = up.world.wiring.accounts.find("049499000021").id
    wiring = up.world.wiring
    here = Here(wiring.sessions.start(account, LOA_1, ("pwd",), ORIGIN)[0], ORIGIN)

    def close(number: int) -> None:
        with suppress(Refused):
            wiring.upstream_closing.close(here, ("vneid", "vnconnect")[number])

    in_parallel(up.world.database, 2, close)
    assert len(wiring.upstream_links.of_account(account)) == 1


def test_an_upstream_that_is_switched_off_is_nothing_to_be_left_with(up: UpstreamWorld) -> None:
    for name in ("vneid", "vnconnect"):
        own = up.browser()
        page = up.through(own, name)
        up.finish(own, up.onward(own, page) if page.soup.find(id="upstream-linked") else page)
    account = up.world.wiring.accounts.find("049499000021").id
    wiring = up.world.wiring
    wiring.upstream_closing._doors = {"vneid": wiring.doors["vneid"]}
    here = Here(wiring.sessions.start(account, LOA_1, ("pwd",), ORIGIN)[0], ORIGIN)
    with pytest.raises(Refused):
        wiring.upstream_closing.close(here, "vneid")
    wiring.upstream_closing.close(here, "vnconnect")
    assert [row["upstream"] for row in stored(up.world.database, upstream_links) if row["ended_at"] is None] == [
        "vneid"
    ]
