"""A clerk assists a citizen who is there: who may, for how long, what the department sees, and what it can never become."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from clients.documents import to_metadata
from idp.services.mandate_drafts import Draft
from idp.storage.tables import mandates
from policies import identity_codes
from tests.support.mandated_world import Town, submit, sure_visitor
from tests.support.token_world import REDIRECT, Registered, TokenWorld
from tests.support.visit import Landing, Visitor, asked

UNIT = "20335"
START = "https://portal.example.vn/start"
CITIZEN = "049499000002"


class Office(Town):
    """``an`` is a clerk with the duty at a commune, ``binh`` a citizen."""

    def __init__(self, world: TokenWorld) -> None:
        super().__init__(world)
        accounts = world.wiring.accounts
        values = {"code_type": "agency", "code": "H47.14", "name": "UBND xã mẫu"}
        self.agency = accounts.add(accounts.draft(values))
        self.counter = self.add_system()

    def add_system(self, **changes: Any) -> Registered:
        """Add a system that takes assisted people."""
        given = {"capacities": ["person", "assisted"], "initiate_login_uri": START, "redirect_uris": [REDIRECT]}
        return self.world.add_client(**{**given, **changes})

    def duty(self, who: str | None = None) -> Any:
        """Give a clerk the duty."""
        draft = Draft("clerk", self.agency, who or self.an, "assignment_decision", unit=UNIT)
        made = self.mandates.propose(draft)
        return self.mandates.accept(made.id)

    def begin(self, clerk: Visitor, **changes: str) -> Landing:
        """Fill the form in."""
        values = {
            "identity_code": CITIZEN, "document": "cccd_card", "number": CITIZEN, "purpose": "nộp hồ sơ đất đai",
            "client": self.counter.client.client_id, "unit": UNIT, "present": "1", **changes,
        }  # fmt: skip
        return submit(clerk, clerk.open("/assist"), "assist-form", "assist-submit", **values)

    def assisted(self, clerk: Visitor, **changes: str | None) -> dict[str, Any]:
        """Begin, agree, and redeem."""
        assert self.begin(clerk).url == START
        page = clerk.authorize(asked(self.counter, **changes))
        return self.redeem(clerk.press(page, "consent-allow"), self.counter)


@pytest.fixture
def office(world: TokenWorld) -> Office:
    return Office(world)


@pytest.mark.spec("OIDC Core", "4")
def test_citizen_is_the_subject_and_the_clerk_acts(office: Office) -> None:
    duty = office.duty()
    clerk = sure_visitor(office.world, office.an)
    landing = office.begin(clerk)
    assert landing.url == START
    assert landing.callback == {"iss": "https://id.example.vn"}
    page = clerk.authorize(asked(office.counter, scope="openid profile"))
    assert page.form == "consent-form"
    banner = page.soup.find(id="acting")
    assert banner is not None
    assert "Công dân mẫu 01" in banner.get_text()
    assert "Công dân mẫu 02" in banner.get_text()
    tokens = office.redeem(clerk.press(page, "consent-allow"), office.counter)
    world, claims = office.world, office.access(tokens)
    subjects = world.wiring.subjects
    assert claims["sub"] == subjects.subject(office.binh, office.counter.client)
    assert claims["act"]["sub"] == subjects.subject(office.an, office.counter.client)
    assert claims["act"]["unit"] == UNIT
    assert (claims["acr"], claims["amr"]) == ("urn:dinhdanh:loa:1", ["user"])
    assert "on_behalf_of" not in claims
    places = [
        world.verified(tokens["id_token"]), world.userinfo(tokens["access_token"]).json,
        world.introspect(office.counter, tokens["access_token"]).json,
    ]  # fmt: skip
    assert all(one["act"] == claims["act"] for one in places)
    [began] = world.events("assist:begin")
    assert (began["account_id"], began["actor"]) == (office.binh, f"account:{office.an}")
    assert duty.id != began["target"].removeprefix("mandate:")
    for text in (CITIZEN, "nộp hồ sơ"):
        assert text not in str(began["detail"]) + began["reason"]
    history = Visitor(world, office.binh).open("/account").text
    assert "Bắt đầu hỗ trợ tại chỗ" in history


def test_it_ends_after_a_quarter_of_an_hour_and_the_clerk_goes_on(office: Office) -> None:
    office.duty()
    clerk = sure_visitor(office.world, office.an)
    tokens = office.assisted(clerk, scope="openid offline_access")
    office.world.clock.advance(899)
    assert office.world.userinfo(tokens["access_token"]).status in {200, 401}
    office.world.clock.advance(1)
    assert office.world.refresh(office.counter, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert clerk.authorize(asked(office.counter)).form == "login-form"
    page = clerk.open("/assist")
    assert page.soup.find(id="assist-form") is not None, "the clerk's own session came back"


def test_end_is_at_once_and_gives_the_browser_back(office: Office) -> None:
    office.duty()
    clerk = sure_visitor(office.world, office.an)
    tokens = office.assisted(clerk)
    page = clerk.open("/assist")
    assert page.soup.find(id="assist-end-form") is not None
    page = submit(clerk, page, "assist-end-form", "assist-end")
    assert page.soup.find(id="assist-form") is not None
    assert office.world.userinfo(tokens["access_token"]).status == 401
    assert len(office.world.events("assist:end")) == 1
    assert clerk.open("/account").status == 200
    assert "Công dân mẫu 01" in clerk.open("/account").text


def test_assisted_session_opens_no_page_of_the_citizens_own(office: Office) -> None:
    office.duty()
    clerk = sure_visitor(office.world, office.an)
    office.begin(clerk)
    for path in ("/account", "/account/mandates", "/account/mandates/new"):
        assert clerk.open(path).form == "login-form", path


def test_assisted_session_counts_at_its_own_system_only(office: Office) -> None:
    office.duty()
    other, plain = office.add_system(), office.world.add_client()
    clerk = sure_visitor(office.world, office.an)
    office.begin(clerk)
    for client in (other, plain):
        assert clerk.authorize(asked(client)).form == "login-form"
        assert clerk.authorize(asked(client, prompt="none")).arrived()["error"] == "login_required"


def test_assisted_session_never_rises(office: Office) -> None:
    office.duty()
    clerk = sure_visitor(office.world, office.an)
    office.begin(clerk)
    claims = '{"id_token":{"acr":{"essential":true,"values":["urn:dinhdanh:loa:2"]}}}'
    answer = clerk.authorize(asked(office.counter, claims=claims)).arrived()
    assert answer["error"] == "unmet_authentication_requirements"
    assert "asked" not in answer["error_description"], "nothing that the person does could meet it"
    assert clerk.authorize(asked(office.counter, prompt="select_account")).form == "consent-form"


def test_a_system_with_a_floor_above_assistance_cannot_be_chosen_and_says_why(office: Office) -> None:
    office.duty()
    above = office.add_system(minimum_acr="urn:dinhdanh:loa:2")
    clerk = sure_visitor(office.world, office.an)
    page = clerk.open("/assist")
    choice = page.soup.find("input", {"value": above.client.client_id})
    assert choice is not None
    assert choice.has_attr("disabled")  # type: ignore[union-attr]
    page = office.begin(clerk, client=above.client.client_id)
    assert page.soup.find(id="problem") is not None
    assert [row["reason"] for row in office.world.events("assist:begin")] == ["level_out_of_reach"]


def test_a_floor_that_came_meanwhile_is_explained_to_clerk_and_citizen_before_the_system_hears(office: Office) -> None:
    """The page tells a clerk nothing of the factors that the citizen has, and offers none of them."""
    office.duty()
    office.world.wiring.credentials.enrol_totp(office.binh)
    clerk = sure_visitor(office.world, office.an)
    office.begin(clerk)
    system = office.counter.client
    raised = {**to_metadata(system), "minimum_acr": "urn:dinhdanh:loa:2"}
    office.world.wiring.clients.update(system.client_id, raised)
    page = clerk.authorize(asked(office.counter))
    assert page.form == "unmet-form"
    assert page.soup.find(id="unmet-assist") is not None
    for absent in ("unmet-enrol", "unmet-again", "otp-form"):
        assert page.soup.find(id=absent) is None, absent
    [row] = office.world.events("authorization:request", outcome="refused")
    assert (row["account_id"], row["reason"]) == (office.binh, "acr_unreachable")
    answer = clerk.press(page, "unmet-leave").arrived()
    assert answer["error"] == "unmet_authentication_requirements"
    assert len(office.world.events("authorization:request", outcome="refused")) == 1


def test_without_the_duty_there_is_no_page(office: Office) -> None:
    assert sure_visitor(office.world, office.an).open("/assist").status == 404
    office.duty()
    assert sure_visitor(office.world, office.binh).open("/assist").status == 404


def test_one_factor_is_not_enough(office: Office) -> None:
    office.duty()
    page = office.visitor(office.an).open("/assist")
    assert page.soup.find(id="assist-form") is None


def test_end_of_the_duty_ends_what_was_begun_by_it(office: Office) -> None:
    duty = office.duty()
    clerk = sure_visitor(office.world, office.an)
    tokens = office.assisted(clerk)
    office.mandates.revoke(duty.id, reason="moved")
    assert office.world.userinfo(tokens["access_token"]).status == 401
    assert clerk.authorize(asked(office.counter)).form == "login-form"
    assert clerk.open("/assist").status == 404


def test_a_duty_that_was_given_in_the_name_of_a_business_is_none(office: Office) -> None:
    """None is given so any more; this one is from before."""
    duty = office.duty()
    clerk = sure_visitor(office.world, office.an)
    assert clerk.open("/assist").form == "assist-form"
    database = office.world.database
    moved = update(mandates).where(mandates.c.id == duty.id).values(principal_id=office.business)
    database.run(database.prepare(moved), {})
    assert clerk.open("/assist").status == 404
    office.world.wiring.account_codes.add(office.business, identity_codes.parse("agency", "H47.15"), reason="test")
    assert clerk.open("/assist").form == "assist-form", "an agency that has a tax code beside its own"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"identity_code": "049499000098", "number": "049499000098"}, "citizen_unknown"),
        ({"number": "049499000001"}, "document_mismatch"),
        ({"identity_code": "049499000001", "number": "049499000001"}, "for_oneself"),
        ({"identity_code": "0100233488", "number": "0100233488"}, "citizen_unknown"),
        ({"document": "birth_certificate"}, "evidence_not_of_kind"),
        ({"unit": "99999"}, "not_on_duty"),
        ({"present": ""}, ""),
        ({"purpose": ""}, ""),
        ({"number": "--"}, ""),
        ({"client": "nobody"}, ""),
    ],
)
def test_what_is_wrong_begins_nothing(office: Office, changes: dict[str, str], reason: str) -> None:
    office.duty()
    clerk = sure_visitor(office.world, office.an)
    page = office.begin(clerk, **changes)
    assert page.soup.find(id="problem") is not None
    refused = [row["reason"] for row in office.world.events("assist:begin")]
    assert refused == ([reason] if reason else [])
    assert clerk.open("/assist").soup.find(id="assist-form") is not None


def test_locked_citizen_is_not_assisted(office: Office) -> None:
    office.duty()
    office.world.wiring.accounts.change_state(office.binh, "locked", reason="test")
    page = office.begin(sure_visitor(office.world, office.an))
    assert page.soup.find(id="problem") is not None


def test_codes_cannot_be_tried_without_end(office: Office) -> None:
    office.duty()
    clerk = sure_visitor(office.world, office.an)
    for number in range(60):
        code = f"04949900{number + 100:04d}"
        assert office.begin(clerk, identity_code=code, number=code).status == 200
    assert office.begin(clerk).status == 429


def test_consent_of_an_assisted_visit_is_none_of_the_citizens_own_visits(office: Office) -> None:
    office.duty()
    clerk = sure_visitor(office.world, office.an)
    office.assisted(clerk)
    assert Visitor(office.world, office.binh).authorize(asked(office.counter)).form == "consent-form"
    submit(clerk, clerk.open("/assist"), "assist-end-form", "assist-end")
    office.begin(clerk)
    assert clerk.authorize(asked(office.counter)).form == "consent-form"


def test_sign_out_at_the_department_ends_the_assistance(office: Office) -> None:
    office.duty()
    clerk = sure_visitor(office.world, office.an)
    tokens = office.assisted(clerk)
    clerk.open(f"/end_session?id_token_hint={tokens['id_token']}")
    assert office.world.userinfo(tokens["access_token"]).status == 401
    assert clerk.open("/assist").soup.find(id="assist-form") is not None


def test_citizen_sees_and_ends_it_on_his_own_page(office: Office) -> None:
    office.duty()
    clerk = sure_visitor(office.world, office.an)
    tokens = office.assisted(clerk)
    citizen = Visitor(office.world, office.binh)
    [made] = office.mandates.of_principal(office.binh)
    page = citizen.open(f"/account/mandates/{made.id}")
    assert "Cán bộ hỗ trợ tại chỗ" in page.text
    assert "nộp hồ sơ đất đai" in page.text
    assert "number" not in page.text
    submit(citizen, page, "mandate-form", "mandate-revoke")
    assert office.world.userinfo(tokens["access_token"]).status == 401


@pytest.mark.spec("OIDC Front-Channel Logout", "3")
def test_end_of_the_assistance_signs_the_citizen_out_at_departments_in_the_clerks_browser(office: Office) -> None:
    office.counter = office.add_system(frontchannel_logout_uri="https://portal.example.vn/out")
    office.duty()
    clerk = sure_visitor(office.world, office.an)
    office.assisted(clerk)
    page = submit(clerk, clerk.open("/assist"), "assist-end-form", "x")
    assert [str(frame["src"]).partition("?")[0] for frame in page.soup.find_all("iframe")] == [
        "https://portal.example.vn/out"
    ]
    assert page.soup.find("a", id="logout-continue", href="/assist") is not None
    assert clerk.open("/assist").form == "assist-form"
