"""Requests about data, from the person's page to the officer's answer, by console and API; each within its reach and no further."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import Tag

from idp.model.notice import Topic
from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from tests.support.api_world import ApiWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import BASE, Landing, Visitor, asked

PAGE = "/account/data/requests"
DAY = 86400


@pytest.fixture
def place(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> ApiWorld:
    return ApiWorld(TokenWorld(tmp_path, sqlite_database, clock))


class Asking:
    """A citizen of commune 79.1 whom a system of the same commune asked for data."""

    def __init__(self, place: ApiWorld) -> None:
        self.account_id = place.account("citizen", unit="79.1")
        self.browser = Visitor(place.world, self.account_id)
        self.system: Registered = place.client("79.1", scope="openid email")
        self.browser.allowed(asked(self.system))

    def file(self, **values: str) -> Landing:
        return self.browser.press(self.browser.open(PAGE), "data-request-submit", **values)


@pytest.fixture
def citizen(place: ApiWorld) -> Asking:
    return Asking(place)


def only(place: ApiWorld, account_id: str) -> str:
    (found,) = place.wiring.data_requests.of_account(account_id)
    return str(found.id)


def state(place: ApiWorld, request_id: str) -> str:
    found = place.wiring.data_requests.get(request_id)
    assert found is not None
    return str(found.state)


def at(page: Landing, selector: str) -> Tag:
    found = page.soup.select_one(selector)
    assert found is not None, selector
    return found


def test_person_gets_a_number_a_receipt_and_the_last_day(place: ApiWorld, citizen: Asking, clock: FrozenClock) -> None:
    page = citizen.file(kind="correct", text="Tên đệm <b>sai</b>", client=citizen.system.client.client_id)
    assert page.status == 200
    request = place.wiring.data_requests.get(only(place, citizen.account_id))
    assert request is not None
    assert page.url == f"{PAGE}/{request.id}"
    assert at(page, "#request-number").get_text() == request.number
    assert re.fullmatch(r"YC-[0-9]{6}-[0-9A-Z]{6}", request.number)
    assert "&lt;b&gt;sai" in page.text
    assert request.due_at - clock.now() > 15 * DAY
    assert request.number in citizen.browser.open(PAGE).text


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "", "text": "x"},
        {"kind": "delete", "text": ""},
        {"kind": "delete", "text": "x" * 2001},
        {"kind": "access", "text": "x", "client": "stranger"},
    ],
)
def test_what_is_wrong_is_said_on_the_form_and_nothing_is_filed(
    place: ApiWorld, citizen: Asking, values: dict[str, str]
) -> None:
    page = citizen.file(**values)
    assert page.soup.find(id="problem") is not None
    assert place.wiring.data_requests.of_account(citizen.account_id) == []


def test_another_persons_request_is_not_there(place: ApiWorld, citizen: Asking) -> None:
    citizen.file(kind="access")
    request_id = only(place, citizen.account_id)
    other = Visitor(place.world, place.account("other"))
    assert other.open(f"{PAGE}/{request_id}").status == 404
    form = other.open(PAGE)
    token = str(at(form, "[name=csrf_token]")["value"])
    answer = other._http.post(f"{PAGE}/{request_id}", data={"csrf_token": token}, base_url=BASE)
    assert answer.status_code == 404
    assert state(place, request_id) == "received"


def test_no_form_is_taken_without_its_token(place: ApiWorld, citizen: Asking) -> None:
    answer = citizen.browser._http.post(PAGE, data={"kind": "access"}, base_url=BASE)
    assert answer.status_code == 400
    assert place.wiring.data_requests.of_account(citizen.account_id) == []


def test_person_takes_a_request_back(place: ApiWorld, citizen: Asking) -> None:
    page = citizen.file(kind="access")
    page = citizen.browser.press(page, "data-request-cancel")
    assert state(place, only(place, citizen.account_id)) == "cancelled"
    assert page.soup.find(id="data-request-cancel") is None


def test_officer_of_the_commune_takes_it_up_extends_and_answers(
    place: ApiWorld, citizen: Asking, clock: FrozenClock
) -> None:
    citizen.file(kind="delete", text="Xóa số điện thoại")
    place.grant("officer", Role.CONSENT_OFFICER, "79.1")
    officer = Administrating(place, place.account("officer"))
    listed = officer.open("/admin/data-requests")
    assert "Xóa số điện thoại" not in listed.text
    href = str(at(listed, "tbody th a")["href"])
    page = officer.open(href)
    assert "Xóa số điện thoại" in page.text
    page = officer.submit(page, "take-form")
    page = officer.submit(page, "extend-form", days="5", reason="Cần đối chiếu hồ sơ giấy")
    assert page.soup.find(id="extend-form") is None
    page = officer.submit(page, "answer-form", answer="Đã xóa.")
    assert page.soup.find(id="answer-form") is None
    own = citizen.browser.open(f"{PAGE}/{only(place, citizen.account_id)}")
    assert at(own, "#request-answer").get_text() == "Đã xóa."
    assert "Cần đối chiếu hồ sơ giấy" in own.text
    for name in ("file", "show", "take", "extend", "answer"):
        assert place.world.events(f"data-request:{name}"), name


def test_who_has_no_reach_sees_nothing_and_may_nothing(place: ApiWorld, citizen: Asking) -> None:
    citizen.file(kind="access")
    request_id = only(place, citizen.account_id)
    outside = place.administrator("outside", Role.CONSENT_OFFICER, "79.10")
    assert outside("GET", "/data-requests").json == {"items": []}
    assert outside("GET", f"/data-requests/{request_id}").status == 404
    for act, body in (("take", None), ("answer", {"answer": "x"}), ("refuse", {"answer": "x"})):
        assert outside("POST", f"/data-requests/{request_id}/{act}", body).status == 404
    manager = place.administrator("manager", Role.CLIENT_MANAGER)
    assert manager("GET", "/data-requests").status == 403
    auditor = place.administrator("auditor", Role.AUDITOR)
    assert auditor("GET", f"/data-requests/{request_id}").status == 200
    assert auditor("POST", f"/data-requests/{request_id}/refuse", {"answer": "x"}).status == 403
    assert state(place, request_id) == "received"
    assert len([reason for _, reason in place.refusals() if reason == "not_held"]) >= 5


def test_request_about_a_system_belongs_to_the_unit_of_the_system(place: ApiWorld, citizen: Asking) -> None:
    elsewhere = place.client("79.10", scope="openid email")
    citizen.browser.allowed(asked(elsewhere))
    citizen.file(kind="object", text="Không đồng ý", client=elsewhere.client.client_id)
    request_id = only(place, citizen.account_id)
    at_home = place.administrator("home", Role.CONSENT_OFFICER, "79.1")
    there = place.administrator("there", Role.CONSENT_OFFICER, "79.10")
    assert at_home("GET", f"/data-requests/{request_id}").status == 404
    assert there("GET", f"/data-requests/{request_id}").json["text"] == "Không đồng ý"


def test_api_says_what_is_overdue_first_with_the_days_left(
    place: ApiWorld, citizen: Asking, clock: FrozenClock
) -> None:
    citizen.file(kind="delete", text="a")
    clock.advance(4 * DAY)
    citizen.browser = Visitor(place.world, citizen.account_id)
    citizen.file(kind="access")
    officer = place.administrator("officer", Role.CONSENT_OFFICER)
    rows = officer("GET", "/data-requests").json["items"]
    assert [(row["kind"], row["standing"], row["days_left"]) for row in rows] == [
        ("delete", "overdue", -2),
        ("access", "soon", 2),
    ]
    assert "text" not in rows[0]
    first = officer("GET", "/data-requests?limit=1").json
    following = officer("GET", f"/data-requests?limit=1&cursor={first['next']}").json
    assert [first["items"][0]["id"], following["items"][0]["id"]] == [row["id"] for row in rows]
    assert officer("GET", "/data-requests?cursor=eC55").status == 422
    answered = officer("POST", f"/data-requests/{rows[0]['id']}/refuse", {"answer": "Luật buộc lưu giữ."})
    assert (answered.json["state"], answered.json["standing"]) == ("refused", "kept")
    assert officer("POST", f"/data-requests/{rows[0]['id']}/answer", {"answer": "x"}).status == 409
    assert [row["id"] for row in officer("GET", "/data-requests?state=closed").json["items"]] == [rows[0]["id"]]


def test_nobody_answers_his_own_request(place: ApiWorld) -> None:
    place.grant("officer", Role.CONSENT_OFFICER)
    made = place.wiring.data_requests.file(place.account("officer"), "access", "", "")
    officer = place.administrator("officer", Role.AUDITOR)
    assert officer("POST", f"/data-requests/{made.id}/answer", {"answer": "x"}).status == 403


def test_officers_within_reach_are_warned_once_and_nobody_else(
    place: ApiWorld, citizen: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    citizen.file(kind="access")
    place.grant("officer", Role.CONSENT_OFFICER, "79.1")
    place.grant("outside", Role.CONSENT_OFFICER, "79.10")
    place.grant("auditor", Role.AUDITOR)
    told: list[tuple[str, Topic]] = []
    monkeypatch.setattr(place.wiring.notices, "tell", lambda account_id, topic: told.append((account_id, topic)))
    (task,) = place.wiring.data_right_tasks(place.wiring.gate, place.acts.data_requests)
    assert task.run() == 1
    assert task.run() == 0
    assert told == [(place.account("officer"), Topic.DATA_REQUEST_DUE)]
