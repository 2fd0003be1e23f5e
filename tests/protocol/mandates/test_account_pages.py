"""``/account/mandates``: what people see and do about their own mandates, and what they cannot see or do about others'."""

from __future__ import annotations

import pytest

from idp.services.mandate_drafts import Draft
from tests.support.mandated_world import Town, submit, sure_visitor
from tests.support.visit import Landing, Visitor

HOME = "/account/mandates"
CODE = "049499000002"


def offered(town: Town) -> str:
    """Return the id of a mandate that was proposed to ``an``."""
    return str(
        town.mandates.propose(Draft("representative", town.business, town.an, "business_registration", "số 7")).id
    )


def appoint(town: Town, browser: Visitor, **changes: str) -> Landing:
    """Fill the form in for ``binh``."""
    page = browser.open(f"{HOME}/new")
    held = page.soup.find("input", attrs={"name": "held"})
    assert held is not None, page.text[:500]
    values = {
        "held": str(held["value"]), "identity_code": CODE, "procedures": "", "until": "",  # type: ignore[index]
        "evidence_kind": "authorisation_letter", "evidence": "số 12/UQ", **changes,
    }  # fmt: skip
    return submit(browser, page, "mandate-new-form", "mandate-propose", **values)


def test_person_without_mandates_sees_that_there_are_none(town: Town) -> None:
    page = town.visitor().open(HOME)
    assert page.status == 200
    assert page.soup.find(id="switch-form") is None
    assert page.soup.find(id="mandate-new") is None


def test_nobody_signed_in_is_sent_to_sign_in(town: Town) -> None:
    for path in (HOME, f"{HOME}/new", f"{HOME}/{'0' * 26}"):
        assert Visitor(town.world).open(path).form == "login-form"


@pytest.mark.parametrize(("button", "state"), [("mandate-accept", "accepted"), ("mandate-decline", "declined")])
def test_offer_is_answered(town: Town, button: str, state: str) -> None:
    mandate_id = offered(town)
    browser = town.visitor()
    assert mandate_id in browser.open(HOME).text
    page = browser.open(f"{HOME}/{mandate_id}")
    assert "số 7" in page.text
    done = submit(browser, page, "mandate-form", button)
    assert done.url == f"{HOME}?notice={state}"
    assert town.mandates.get(mandate_id).state == state


def test_old_sign_in_answers_nothing(town: Town) -> None:
    mandate_id = offered(town)
    browser = town.visitor()
    page = browser.open(f"{HOME}/{mandate_id}")
    town.world.clock.advance(901)
    assert submit(browser, page, "mandate-form", "mandate-accept").form == "login-form"
    assert town.mandates.get(mandate_id).state == "proposed"


def test_mandate_of_others_is_not_found(town: Town) -> None:
    mandate = town.represent()
    stranger = sure_visitor(town.world, town.binh)
    assert stranger.open(f"{HOME}/{mandate.id}").status == 404
    assert stranger.open(f"{HOME}/%27").status == 404
    own = submit_from_elsewhere(town, stranger, mandate.id)
    assert own.status == 404
    assert town.mandates.get(mandate.id).state == "accepted"


def submit_from_elsewhere(town: Town, browser: Visitor, mandate_id: str) -> Landing:
    """Post a valid token of one's own pages to somebody else's mandate."""
    mine = town.mandates.propose(Draft("representative", town.business, town.binh, "business_registration"))
    page = browser.open(f"{HOME}/{mine.id}")
    moved = Landing(page.status, page.text, page.headers, url=f"{HOME}/{mandate_id}")
    return submit(browser, moved, "mandate-form", "mandate-revoke")


def test_form_without_its_token_does_nothing(town: Town) -> None:
    mandate = town.represent()
    browser = town.visitor()
    answer = browser._http.post(f"{HOME}/{mandate.id}", data={"mandate-revoke": "1"}, base_url="https://id.example.vn")
    assert answer.status_code == 400
    assert town.mandates.get(mandate.id).state == "accepted"


def test_representative_appoints_and_ends(town: Town) -> None:
    town.represent(procedures=("1.002835", "1.000001"))
    browser = sure_visitor(town.world, town.an)
    done = appoint(town, browser, procedures="1.002835", until="2027-02-01")
    assert done.url == f"{HOME}?notice=proposed"
    [given] = town.mandates.given_by(town.an)
    assert (given.procedures, given.state, given.actor_id) == (("1.002835",), "proposed", town.binh)
    assert "Công dân mẫu 02" not in done.text, "who has not said yes is not named"
    town.mandates.accept(given.id, town.binh)
    page = browser.open(HOME)
    assert "Công dân mẫu 02" in page.text
    ended = submit(browser, browser.open(f"{HOME}/{given.id}"), "mandate-form", "mandate-revoke")
    assert ended.url == f"{HOME}?notice=revoked"
    assert town.mandates.get(given.id).state == "revoked"


@pytest.mark.parametrize(
    "changes",
    [
        {"procedures": "9.999"}, {"procedures": "a b!"}, {"until": "2099-01-01"}, {"until": "mai"}, {"until": "2020-01-01"},
        {"identity_code": "049499000001"}, {"held": "x"}, {"evidence_kind": "birth_certificate"}, {"identity_code": "x" * 900},
    ],
)  # fmt: skip
def test_appointment_that_is_refused_is_explained_and_does_nothing(town: Town, changes: dict[str, str]) -> None:
    town.represent(procedures=("1.002835",))
    page = appoint(town, sure_visitor(town.world, town.an), **changes)
    assert page.form == "mandate-new-form"
    assert page.soup.find(id="problem") is not None
    assert town.mandates.given_by(town.an) == []


def test_unknown_code_and_an_account_that_cannot_get_the_same_answer(town: Town) -> None:
    town.represent()
    browser = sure_visitor(town.world, town.an)
    unknown = appoint(town, browser, identity_code="049499000099").soup.find(id="problem")
    town.world.wiring.accounts.change_state(town.binh, "locked", reason="test")
    locked = appoint(town, browser).soup.find(id="problem")
    business = appoint(town, browser, identity_code="0100233488").soup.find(id="problem")
    assert str(unknown) == str(locked) == str(business)
    refused = [row["reason"] for row in town.world.events("mandate:propose") if row["outcome"] == "refused"]
    assert refused == ["party_unknown", "party_not_active", "actor_no_person"]


def test_codes_cannot_be_tried_without_end(town: Town) -> None:
    town.represent()
    browser = sure_visitor(town.world, town.an)
    for number in range(20):
        assert appoint(town, browser, identity_code=f"04949900{number + 100:04d}").form == "mandate-new-form"
    assert appoint(town, browser).status == 429
    assert town.mandates.given_by(town.an) == []


def test_appointing_needs_two_factors(town: Town) -> None:
    town.represent()
    page = town.visitor().open(f"{HOME}/new")
    assert page.soup.find(id="mandate-new-form") is None


def test_switching_is_remembered_and_only_among_ones_own(town: Town) -> None:
    mandate = town.represent()
    browser = town.visitor()
    page = browser.open(HOME)
    assert submit(browser, page, "switch-form", "switch-submit", capacity=mandate.id).url == f"{HOME}?notice=switched"
    assert browser.open(HOME).soup.find("input", attrs={"value": mandate.id}).has_attr("checked")  # type: ignore[union-attr]
    other = town.represent(town.binh)
    assert submit(browser, page, "switch-form", "switch-submit", capacity=other.id).status == 404
    assert "on_behalf_of" in town.access(town.tokens(browser, mandate.id))


def test_account_page_leads_here(town: Town) -> None:
    assert town.visitor().open("/account").soup.find(id="account-mandates") is not None
