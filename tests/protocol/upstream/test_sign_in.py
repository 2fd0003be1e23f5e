"""Signing in by simulated upstreams, black box: whose account it becomes, and what the department is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from examples.upstream_simulators.citizens import CITIZENS
from idp.storage.tables import accounts, audit_events, upstream_links
from policies.identity_codes import parse
from tests.support.in_process import PASSWORD, citizen
from tests.support.stores import stored
from tests.support.upstream_world import SECRET, UpstreamWorld, query_of


@pytest.mark.parametrize("name", ["vneid", "vnconnect"])
def test_new_person_gets_an_account_with_the_code_that_the_upstream_vouches_for(up: UpstreamWorld, name: str) -> None:
    browser = up.browser()
    claims = up.finish(browser, up.through(browser, name))
    assert claims["acr"] == "urn:dinhdanh:loa:1"
    account = up.world.wiring.accounts.find("049499000021")
    assert (account.profile["name"], account.profile["birthdate"]) == ("Công dân mẫu 21", "2199-01-21")
    assert account.sources["name"].name == name
    assert account.identity_level == (2 if name == "vneid" else 1)
    again = up.browser()
    assert up.finish(again, up.through(again, name))["sub"] == claims["sub"]
    assert len(stored(up.world.database, accounts)) == 1


def test_what_was_not_asked_for_is_nowhere(up: UpstreamWorld, capsys: pytest.CaptureFixture[str]) -> None:
    browser = up.browser()
    up.finish(browser, up.through(browser, "vnconnect"))
    account = up.world.wiring.accounts.find("049499000021")
    assert set(account.profile) == {"name", "birthdate", "gender"}
    log = capsys.readouterr()
    for value in ("Kinh", "Độc thân", "Người mẫu", "0905000021", "049499000021", "techid-mau-21", SECRET):
        assert value not in log.out + log.err
        assert value not in repr(stored(up.world.database, audit_events))


def test_second_generation_of_vneid_fields_and_plain_answers_are_read(up: UpstreamWorld) -> None:
    up.simulators["vneid"].faults = {"other_generation"}
    browser = up.browser()
    up.finish(browser, up.through(browser, "vneid"))
    assert up.world.wiring.accounts.find("049499000021").profile["birthdate"] == "2199-01-21"


def test_person_with_a_local_account_is_linked_by_the_vouched_code_and_told_so(up: UpstreamWorld) -> None:
    account_id, _ = citizen(up.world, 21, name="Công dân mẫu 21", birthdate="2199-01-21")
    browser = up.browser()
    page = up.through(browser, "vneid")
    assert page.soup.find(id="upstream-linked") is not None
    claims = up.finish(browser, up.onward(browser, page))
    assert claims["acr"] == "urn:dinhdanh:loa:1"
    [link] = stored(up.world.database, upstream_links)
    assert (link["account_id"], link["how"]) == (account_id, "vouched")
    assert up.world.events("notice:tell") or up.world.events("upstream:link")


def test_vouched_code_whose_person_has_another_birth_date_asks_for_proof(up: UpstreamWorld) -> None:
    citizen(up.world, 21, birthdate="2199-12-31")
    browser = up.browser()
    page = up.through(browser, "vneid")
    assert page.form("upstream-link-form") is not None
    assert stored(up.world.database, upstream_links) == []


def test_organisation_is_its_tax_code_and_never_its_representative(up: UpstreamWorld) -> None:
    account_id, _ = citizen(up.world, 2, birthdate="2199-09-02")
    browser = up.browser()
    up.finish(browser, up.through(browser, "vnconnect", "mau-to-chuc"))
    made = up.world.wiring.accounts.find("0100233488", "mst")
    assert (made.kind, made.id == account_id) == ("organisation", False)
    assert up.world.wiring.upstream_links.of_account(account_id) == []


def test_locked_account_stays_shut(up: UpstreamWorld) -> None:
    account_id, _ = citizen(up.world, 21, birthdate="2199-01-21")
    up.world.wiring.accounts.change_state(account_id, "locked", reason="chủ thể yêu cầu")
    browser = up.browser()
    page = up.through(browser, "vneid")
    assert (page.status, page.text_of("error-code")) == (400, "access_denied")
    assert up.refusals() == ["account_locked"]
    assert browser.cookie_header("https://id.example.vn/").count("session") == 0


def test_code_that_was_somebodys_makes_no_account(up: UpstreamWorld) -> None:
    account_id, _ = citizen(up.world, 21, birthdate="2199-01-21")
    wiring = up.world.wiring
    old, new = parse("cccd", "049499000021"), parse("cccd", "049499000031")
    wiring.account_codes.replace(account_id, old, new, reason="cancelled")
    browser = up.browser()
    page = up.through(browser, "vneid")
    assert page.status == 400
    assert up.refusals() == ["code_was_somebodys"]
    assert len(stored(up.world.database, accounts)) == 1


def test_upstream_that_vouches_for_nothing_asks_for_the_local_account_and_links_it(up: UpstreamWorld) -> None:
    account_id, person = citizen(up.world, 21, birthdate="2199-01-21")
    browser = up.browser()
    page = up.through(browser, "mau", level="3")
    assert page.form("upstream-link-form") is not None
    page = browser.submit(page, "upstream-link-form", identity_code=person.code, password="sai")
    assert page.text_of("problem")
    page = browser.submit(page, "upstream-link-form", identity_code=person.code, password=person.password)
    assert page.soup.find(id="upstream-linked") is not None
    [link] = stored(up.world.database, upstream_links)
    assert (link["account_id"], link["how"], link["ceiling"]) == (account_id, "proven", "urn:dinhdanh:loa:1")
    other = up.browser()
    # A link gives no more than the proof by which it was made, whatever the upstream asserts.
    assert up.finish(other, up.through(other, "mau", level="3"))["acr"] == "urn:dinhdanh:loa:1"


def test_proof_by_another_person_than_the_upstreams_is_refused(up: UpstreamWorld) -> None:
    _, other = citizen(up.world, 22, birthdate="2199-02-22", gender="male")
    browser = up.browser()
    page = up.through(browser, "mau")
    page = browser.submit(page, "upstream-link-form", identity_code=other.code, password=PASSWORD)
    assert page.text_of("error-code") == "access_denied"
    assert up.refusals() == ["attributes_contradict"]
    assert stored(up.world.database, upstream_links) == []


def test_link_and_code_that_name_two_people_open_neither(up: UpstreamWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = up.browser()
    up.finish(browser, up.through(browser, "vneid"))
    citizen(up.world, 1, code="049599000001", gender="female")
    # The upstream's subject is the same as before, and the code that it now tells is another person's.
    monkeypatch.setitem(CITIZENS, "mau-01", replace(CITIZENS["mau-01"], key="mau-21"))  # type: ignore[arg-type]
    page = up.through(up.browser(), "vneid", "mau-01")
    assert page.status == 400
    assert up.refusals() == ["link_contradicts_code"]


def test_authorization_request_is_what_each_provider_expects(up: UpstreamWorld) -> None:
    sent = {}
    for name in ("vneid", "vnconnect", "mau"):
        sent[name] = query_of(up.at_upstream(up.browser(), name).url)
    assert all(one["redirect_uri"] == f"https://id.example.vn/upstream/{name}/callback" for name, one in sent.items())
    assert len({one["state"] for one in sent.values()}) == 3
    assert all(len(one["state"]) == 43 for one in sent.values())
    assert sent["vnconnect"]["acr_values"] == "LoA1"
    assert not {"nonce", "code_challenge", "acr_values"} & sent["vneid"].keys()
    assert sent["mau"]["code_challenge_method"] == "S256"
    assert sent["mau"]["nonce"] != sent["vnconnect"]["nonce"]
    assert {one["scope"] for one in sent.values()} == {"openid"}
