"""Coming back to an account by proving once more at a linked upstream who one is: the same account, once, after the wait, or nothing at all."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from idp.flows.upstream.breaker import LIMIT
from idp.services.locks import ground
from idp.storage.tables import recoveries, sessions, upstream_links
from policies.assurance import LOA_1
from policies.delegation import TOP, Proposal, Role
from policies.recovery import Path
from tests.support.accounts import sample_code
from tests.support.browser import Browser, Page
from tests.support.in_process import PASSWORD, browser, citizen
from tests.support.stores import in_parallel, stored
from tests.support.token_world import ISSUER
from tests.support.upstream_world import UpstreamWorld, query_of

NEW = "mật khẩu hoàn toàn mới 27"
CODE = sample_code(21)
STRANGER = "049499888888"
DAY = 86400


class Lost:
    """A citizen whose account VNeID is linked to, and who has lost all else."""

    def __init__(self, up: UpstreamWorld) -> None:
        self.up, self.world = up, up.world
        self.id, self.person = citizen(up.world, 21, name="Công dân mẫu 21", birthdate="2199-01-21")
        browser = up.browser()
        up.finish(browser, up.onward(browser, up.through(browser, "vneid")))
        self.sessions_before = len(stored(up.world.database, sessions))
        self.browser = up.browser()

    def leave(self, code: str = CODE, name: str = "vneid", browser: Browser | None = None) -> Page:
        """Ask for the recovery, and land on the upstream's page."""
        here = browser or self.browser
        page = here.open(f"{ISSUER}/recover")
        return here.submit(page, "recover-upstream-form", f"recover-upstream-{name}", identity_code=code)

    def prove(self, code: str = CODE, name: str = "vneid", level: str = "2", person: str = "mau-21") -> Page:
        """Go there and come back."""
        page = self.leave(code, name)
        return self.browser.submit(page, "simulator-form", "simulator-allow", citizen=person, level=level)

    def callback(self, code: str = CODE) -> str:
        """Sign in there, and return the address of the callback instead of opening it."""
        self.browser.stops.append(f"{ISSUER}/upstream/")
        landed = self.prove(code)
        self.browser.stops.pop()
        return landed.url

    def activate(self, activation: str) -> Page:
        page = self.browser.open(f"{ISSUER}/recover/activate")
        typed = {"identity_code": CODE, "activation_code": activation, "new_password": NEW, "new_password_again": NEW}
        return self.browser.submit(page, "activate-form", "activate-submit", **typed)

    def events(self, event: str = "recovery:start") -> list[tuple[Any, Any]]:
        return [(row["outcome"], row["reason"]) for row in self.world.events(event)]

    def nothing_happened(self, reason: str, outcome: str = "refused") -> None:
        assert self.events() == [(outcome, reason)]
        assert stored(self.world.database, recoveries) == []
        assert len(stored(self.world.database, sessions)) == self.sessions_before


@pytest.fixture
def me(up: UpstreamWorld) -> Lost:
    return Lost(up)


def refused(page: Page) -> None:
    assert (page.status, page.text_of("error-code")) == (400, "access_denied")
    assert page.text_of("activation-code") is None


def test_a_proof_at_a_linked_upstream_begins_a_recovery_that_waits_and_signs_nobody_in(me: Lost) -> None:
    me.world.wiring.credentials.enrol_totp(me.id)
    page = me.prove()
    activation = page.text_of("activation-code")
    assert page.status == 200
    assert activation is not None
    assert me.events() == [("done", "upstream:vneid")]
    assert len(stored(me.world.database, sessions)) == me.sessions_before
    [row] = stored(me.world.database, recoveries)
    assert (row["account_id"], row["path"], row["ready_at"] - row["started_at"]) == (me.id, "upstream", DAY)
    # Meanwhile everything goes on as before; after the wait there is a new password and nothing else.
    assert me.activate(activation).soup.find(id="recover-done") is None
    me.world.clock.advance(DAY)
    assert me.activate(activation).soup.find(id="recover-done") is not None
    assert set(me.world.wiring.factors.of(me.id)) == {"password"}
    assert me.world.wiring.recoveries.recovered_at(me.id) > 0
    assert all(one["ended_at"] is not None for one in stored(me.world.database, sessions))


def test_the_page_offers_what_vouches_for_codes_at_the_level_and_nothing_else(me: Lost) -> None:
    page = me.browser.open(f"{ISSUER}/recover")
    assert page.soup.find(id="recover-upstream-vneid") is not None
    assert page.soup.find(id="recover-upstream-vnconnect") is not None
    assert page.soup.find(id="recover-upstream-mau") is None
    # A button that the page does not show leads nowhere.
    form = {"identity_code": CODE, "upstream": "mau"}
    assert me.browser.submit(page, "recover-upstream-form", **form).url == f"{ISSUER}/recover"
    assert me.events() == []


def test_known_unknown_and_foreign_codes_leave_and_come_back_alike(me: Lost) -> None:
    citizen(me.world, 22, name="Công dân mẫu 22", birthdate="2199-01-22")
    pages = [me.prove(code) for code in (sample_code(22), STRANGER)]
    for page in pages:
        refused(page)
    bodies = {page.text.replace(str(page.text_of("case-code")), "") for page in pages}
    assert len(bodies) == 1
    assert me.events() == [("refused", "other_person"), ("refused", "other_person")]
    assert stored(me.world.database, recoveries) == []


def test_another_person_upstream_recovers_nothing_of_the_account_that_was_asked_for(me: Lost) -> None:
    other = me.up.browser()
    me.up.finish(other, me.up.through(other, "vneid", "mau-22"))
    me.sessions_before += 1
    refused(me.prove(person="mau-22"))
    me.nothing_happened("other_person")
    [row] = me.world.events("recovery:start")
    assert row["account_id"] == me.id


def test_an_upstream_that_is_not_linked_links_and_recovers_nothing(me: Lost) -> None:
    before = len(stored(me.world.database, upstream_links))
    refused(me.prove(name="vnconnect"))
    me.nothing_happened("not_linked")
    assert len(stored(me.world.database, upstream_links)) == before


def test_a_new_person_gets_no_account_by_a_recovery(me: Lost) -> None:
    refused(me.prove(person="mau-22"))
    me.nothing_happened("not_linked")
    assert me.world.events("account:add")[-1]["account_id"] == me.id


def test_a_sign_in_there_by_one_factor_is_no_proof(me: Lost) -> None:
    refused(me.prove(level="1"))
    me.nothing_happened("level_too_low")


def test_a_link_that_a_password_alone_made_is_no_proof(me: Lost) -> None:
    with me.world.database.transaction() as tx:
        tx.run(me.world.database.prepare(update(upstream_links).values(how="proven", ceiling=LOA_1)), {})
    refused(me.prove())
    me.nothing_happened("level_too_low")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("tampered_code", "envelope"), ("tampered_userinfo", "envelope"), ("replayed_userinfo", "replayed")],
)
def test_tampered_and_replayed_envelopes_recover_nothing(me: Lost, fault: str, reason: str) -> None:
    me.up.simulators["vneid"].faults = {fault}
    refused(me.prove())
    me.nothing_happened(reason)


def test_a_callback_is_taken_once_and_in_its_own_browser_only(me: Lost) -> None:
    address = me.callback()
    assert me.up.browser().open(address).status == 400
    # What was tried elsewhere is spent for its own browser too.
    assert me.browser.open(address).status == 400
    assert stored(me.world.database, recoveries) == []
    again = me.callback()
    assert me.browser.open(again).text_of("activation-code") is not None
    assert me.browser.open(again).text_of("activation-code") is None
    assert me.up.refusals() == ["state", "state", "state"]


def test_of_parallel_callbacks_one_begins(me: Lost) -> None:
    address = me.callback()
    pages = in_parallel(me.world.database, 12, lambda _number: me.browser.open(address))
    assert sum(page.text_of("activation-code") is not None for page in pages) == 1
    assert len(stored(me.world.database, recoveries)) == 1


def test_the_return_of_a_recovery_never_signs_in_and_that_of_a_sign_in_never_recovers(me: Lost) -> None:
    code = query_of(me.callback())
    own = query_of(me.up.callback(me.browser, "vneid", level="2"))
    page = me.browser.open(f"{ISSUER}/upstream/vneid/callback?code={code['code']}&state={own['state']}")
    assert page.text_of("activation-code") is None
    assert stored(me.world.database, recoveries) == []


def test_an_upstream_that_is_down_is_an_outage_and_no_refusal(me: Lost) -> None:
    me.up.simulators["vneid"].faults = {"token_down"}
    for number in range(LIMIT):
        me.browser = browser(me.world, address=f"198.51.{number}.7")
        page = me.prove()
        assert (page.status, page.text_of("error-code")) == (503, "temporarily_unavailable")
    assert me.events() == [("failed", "unavailable")] * LIMIT
    button = me.browser.open(f"{ISSUER}/recover").soup.find(id="recover-upstream-vneid")
    assert button is not None
    assert button.has_attr("disabled")  # type: ignore[union-attr]
    assert me.leave().status == 503


def test_what_a_browser_says_of_an_outage_takes_the_way_from_nobody_else(me: Lost) -> None:
    other = me.up.browser()
    for error in ("temporarily_unavailable", "server_error", "server_error"):
        states = query_of(me.leave().url)["state"], query_of(me.up.at_upstream(other, "vneid").url)["state"]
        for here, state in zip((me.browser, other), states, strict=True):
            page = here.open(f"{ISSUER}/upstream/vneid/callback?error={error}&state={state}")
            assert (page.status, page.text_of("error-code")) == (503, "temporarily_unavailable")
    assert not me.world.wiring.upstream_sign_in.is_out("vneid")
    assert me.events() == [("failed", "unavailable")] * LIMIT
    assert me.up.refusals() == ["unavailable"] * LIMIT


def test_what_the_owner_cancelled_is_not_begun_anew_by_the_same_proof_for_a_day(me: Lost) -> None:
    assert me.prove().text_of("activation-code") is not None
    me.world.wiring.recoveries.cancel(me.id, actor="anonymous", reason="cancelled_by_code")
    refused(me.prove())
    assert me.events() == [("done", "upstream:vneid"), ("refused", "cancelled_before")]
    me.world.clock.advance(DAY)
    assert me.prove().text_of("activation-code") is not None


def test_the_owner_who_is_signed_in_sees_what_waits_and_cancels_it_without_a_code(me: Lost) -> None:
    me.prove()
    home, here = f"{ISSUER}/account/security", browser(me.world)
    page = here.walk(here.open(home), me.person, home=home)
    assert page.soup.find(id="recovery-waits") is not None
    link = here.open(f"{ISSUER}/account").soup.select_one("#recovery-waits a")
    assert link is not None
    assert link["href"] == "/account/security/recovery"
    done = here.submit(here.open(f"{home}/recovery"), "recovery-form", "recovery-submit")
    assert done.url == f"{home}?notice=recovery_cancelled"
    assert done.soup.find(id="recovery-waits") is None
    [event] = me.world.events("recovery:cancel")
    assert (event["actor"], event["reason"]) == (f"account:{me.id}", "cancelled_by_owner")
    assert me.world.wiring.recoveries.live(me.id) is None
    # One at a counter is not shown here: clerks saw a person, and whoever holds the account must not stop it.
    me.world.wiring.recoveries.begin(me.id, Path.COUNTER, evidence="CCCD", reason="test")
    assert here.open(f"{home}/recovery").status == 404
    for path in ("/account", "/account/security"):
        assert here.open(f"{ISSUER}{path}").soup.find(id="recovery-waits") is None


def test_who_closes_the_upstream_during_the_wait_ends_what_it_began(me: Lost) -> None:
    activation = str(me.prove().text_of("activation-code"))
    links = me.world.wiring.upstream_links
    links.close(me.id, "vneid", lambda _left: True, actor=f"account:{me.id}")
    me.world.clock.advance(DAY)
    assert me.activate(activation).soup.find(id="recover-done") is None
    # A link that was made since is another's word, and brings nothing back.
    links.reopen(me.id, "vneid", actor=f"account:{me.id}")
    browser = me.up.browser()
    me.up.onward(browser, me.up.through(browser, "vneid"))
    assert [one.upstream for one in links.of_account(me.id)] == ["vneid"]
    assert me.activate(activation).soup.find(id="recover-done") is None
    assert me.events("recovery:finish") == [("refused", "not_linked")] * 2


def test_a_link_that_the_lost_password_made_ends_with_the_recovery_and_one_by_the_code_stays(me: Lost) -> None:
    thief = me.up.browser()
    page = me.up.through(thief, "mau", "mau-21")
    assert "/upstream/mau/link/" in page.url
    thief.submit(page, "upstream-link-form", identity_code=CODE, password=PASSWORD)
    links = me.world.wiring.upstream_links
    assert {(one.upstream, one.how) for one in links.of_account(me.id)} == {("vneid", "vouched"), ("mau", "proven")}
    begun = me.world.wiring.recoveries.begin(me.id, Path.COUNTER, evidence="CCCD", reason="test")
    assert me.activate(begun.activation_code).soup.find(id="recover-done") is not None
    assert [one.upstream for one in links.of_account(me.id)] == ["vneid"]
    assert me.world.events("upstream:unlink")[-1]["reason"] == "recovered"
    assert "/upstream/mau/link/" in me.up.through(me.up.browser(), "mau", "mau-21").url


def test_who_joins_the_staff_during_the_wait_has_to_come_in_person(me: Lost) -> None:
    activation, now = str(me.prove().text_of("activation-code")), me.world.clock.now()
    proposal = Proposal(f"account:{me.id}", Role.SUPPORT, TOP, now - 1, None)
    me.world.wiring.admins.grant(proposal, by="operator:local", reason="test")
    me.world.clock.advance(DAY)
    assert me.activate(activation).soup.find(id="recover-done") is None
    assert me.events("recovery:finish") == [("refused", "staff_in_person")]


def test_who_turns_back_there_is_told_so(me: Lost) -> None:
    page = me.browser.submit(me.leave(), "simulator-form", "simulator-deny")
    assert (page.status, page.text_of("error-code")) == (200, "access_denied")
    back = page.soup.find(id="upstream-back")
    assert back is not None
    assert back["href"] == "/recover"  # type: ignore[index]
    me.nothing_happened("denied")


def test_locked_accounts_staff_and_a_recovery_under_way_get_the_same_refusal(me: Lost) -> None:
    wiring, reasons = me.world.wiring, ["under_way", "staff_in_person", "account_locked"]
    wiring.recoveries.begin(me.id, Path.COUNTER, evidence="CCCD", reason="test")
    refused(me.prove())
    wiring.recoveries.cancel(me.id, actor="operator:local", reason="test")
    now = me.world.clock.now()
    wiring.admins.grant(
        Proposal(f"account:{me.id}", Role.SUPPORT, TOP, now - 1, None), by="operator:local", reason="test"
    )
    refused(me.prove())
    wiring.locks.lock(me.id, ground("security"))
    refused(me.prove())
    assert [reason for outcome, reason in me.events() if outcome == "refused"] == reasons


def test_departures_count_as_tries_at_the_person_and_a_proof_gives_them_back(me: Lost) -> None:
    limit = 0
    page = me.leave()
    while page.url.startswith("http://127.0.0.1") and limit < 60:
        page, limit = me.leave(), limit + 1
    assert page.status == 429
    assert me.events()[-1] == ("refused", "throttled")
    me.world.clock.advance(DAY)
    assert me.prove().text_of("activation-code") is not None
    assert me.leave().url.startswith("http://127.0.0.1")


def test_the_button_needs_the_pages_token(me: Lost) -> None:
    page = me.browser.open(f"{ISSUER}/recover")
    answer = me.browser.submit(
        page, "recover-upstream-form", "recover-upstream-vneid", identity_code=CODE, csrf_token="x"
    )
    assert answer.status == 400
    assert me.events() == []
