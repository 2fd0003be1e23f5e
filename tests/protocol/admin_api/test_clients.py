"""Clients through the Admin API: versions, secrets, what waits, what is repeated."""

from __future__ import annotations

from typing import Any

import pytest

from idp.storage.tables import api_answers
from policies.delegation import Role
from policies.units import Register
from tests.support import units
from tests.support.api_world import ApiWorld, Caller
from tests.support.stores import in_parallel, stored
from tests.support.token_world import Answer, TokenWorld
from tests.support.units import BELOW, LONG, PROVINCE, SHORT


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


@pytest.fixture
def manager(place: ApiWorld) -> Caller:
    return place.administrator("quản lý", Role.CLIENT_MANAGER, SHORT)


def made(place: ApiWorld, caller: Caller, **more: Any) -> dict[str, Any]:
    answer = caller("POST", "/clients", place.document(SHORT, **more))
    assert answer.status == 201, answer.body
    return answer.json


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == answer.status
    assert answer.json["type"].endswith(answer.json["code"])
    return answer.status, answer.json["code"]


def test_client_is_registered_shown_replaced_and_removed(place: ApiWorld, manager: Caller) -> None:
    new = made(place, manager)
    path = f"/clients/{new['client_id']}"
    assert len(new["client_secret"]) == 43
    shown = manager("GET", path)
    assert shown.json["metadata"]["unit"] == SHORT
    assert "client_secret" not in shown.json["metadata"]
    tag = shown.headers["etag"]
    changed = {**place.document(SHORT), "client_name": "Tên mới"}
    done = manager("PUT", path, changed, If_Match=tag)
    assert done.status == 200, done.body
    assert (done.status, done.json["metadata"]["client_name"]) == (200, "Tên mới")
    assert done.headers["etag"] != tag
    assert problem(manager("PUT", path, changed, If_Match=tag)) == (412, "changed")
    assert problem(manager("PUT", path, changed)) == (428, "if_match_required")
    assert manager("DELETE", f"{path}?reason=xong", If_Match=done.headers["etag"]).status == 204
    assert problem(manager("GET", path)) == (404, "not_found")
    history = manager("GET", f"{path}/history")
    assert history.status == 404
    events = [row["actor"] for row in place.world.events("client:remove")]
    assert events == [manager.principal]


def test_faults_name_their_fields(place: ApiWorld, manager: Caller) -> None:
    answer = manager("POST", "/clients", {**place.document(SHORT), "legal_basis": "x", "redirect_uris": ["ftp://x"]})
    assert problem(answer) == (422, "invalid_client_metadata")
    assert {one["field"] for one in answer.json["errors"]} == {"legal_basis", "redirect_uris[0]"}
    assert problem(manager("POST", "/clients", {"unit": SHORT})) == (422, "invalid_input")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"[]", 400), (b'{"a":1,"a":2}', 400), (b"{", 400), (b"x" * 70_000, 413), (b'{"unit":"\\ud800"}', 400)],
    ids=["list", "twice", "broken", "long", "half a character"],
)
def test_body_that_two_readers_would_read_differently_is_refused(manager: Caller, body: bytes, status: int) -> None:
    assert problem(manager("POST", "/clients", body))[0] == status


def test_details_that_a_system_asks_for_itself_are_taken_away_by_two(place: ApiWorld) -> None:
    detail = {"type": "urn:dinhdanh:details:dataset", "identifier": "A-1", "actions": ["query"]}
    client = place.client(SHORT, own_authorization_details=[detail]).client
    boss, second = (place.administrator(name, Role.PROVINCIAL_ADMINISTRATOR) for name in ("một", "hai"))
    path = f"/clients/{client.client_id}"
    for own in ([], [{**detail, "identifier": "A-2"}]):
        wanted = {**place.document(SHORT), "own_authorization_details": own}
        answer = boss("PUT", path, wanted, If_Match=boss("GET", path).headers["etag"])
        assert answer.status == 202, answer.json
        approval = answer.headers["location"].removeprefix("/api/v1")
        assert second("POST", f"{approval}/approve").json["state"] == "done"
        assert list(place.wiring.clients.known(client.client_id).own_authorization_details) == own


def test_identity_code_waits_and_the_second_person_lets_it_happen(place: ApiWorld, manager: Caller) -> None:
    new = made(place, manager)
    path = f"/clients/{new['client_id']}"
    wanted = {**place.document(SHORT), "scope": "openid identity"}
    answer = manager("PUT", path, wanted, If_Match=manager("GET", path).headers["etag"])
    assert answer.status == 202
    approval = answer.headers["location"].removeprefix("/api/v1")
    assert problem(manager("POST", f"{approval}/approve"))[0] == 403
    stranger = place.administrator("xa", Role.CLIENT_MANAGER, LONG)
    assert problem(stranger("POST", f"{approval}/approve")) == (404, "not_found")
    second = place.administrator("hai", Role.CLIENT_MANAGER, SHORT)
    assert [row["id"] for row in second("GET", "/approvals").json["items"]] == [approval.rpartition("/")[2]]
    assert second("POST", f"{approval}/approve").json["state"] == "done"
    assert "identity" in manager("GET", path).json["metadata"]["scope"]
    assert problem(second("POST", f"{approval}/approve")) == (409, "decided")


def test_repeated_request_is_answered_as_before_and_done_once(place: ApiWorld, manager: Caller) -> None:
    document = place.document(SHORT)
    first, again = (manager("POST", "/clients", document, Idempotency_Key="k1") for _ in range(2))
    assert first.json == again.json
    assert first.json["client_secret"]
    assert len(manager("GET", "/clients").json["items"]) == 1
    other = manager("POST", "/clients", {**document, "client_name": "Khác"}, Idempotency_Key="k1")
    assert problem(other) == (422, "idempotency_mismatch")
    kept = stored(place.world.database, api_answers)[0]["answer"]
    assert first.json["client_secret"].encode() not in bytes(kept)


def test_secret_that_was_kept_is_not_told_to_who_lost_the_right(place: ApiWorld, manager: Caller) -> None:
    document = place.document(SHORT)
    assert manager("POST", "/clients", document, Idempotency_Key="k").status == 201
    grants = place.wiring.admins.held(manager.principal)
    place.wiring.admins.revoke(grants, by="operator:local", reason="x")
    again = manager("POST", "/clients", document, Idempotency_Key="k")
    assert problem(again) == (422, "idempotency_mismatch")


def test_secret_that_was_kept_is_not_told_to_whose_right_ran_out_meanwhile(place: ApiWorld) -> None:
    now = place.world.clock.now()
    place.grant("ngắn", Role.CLIENT_MANAGER, SHORT, ends=now + 120)
    place.grant("ngắn", Role.AUDITOR, SHORT)
    caller = Caller(place.app, place.token("ngắn"), f"account:{place.account('ngắn')}")
    document = place.document(SHORT)
    assert caller("POST", "/clients", document, Idempotency_Key="k").json["client_secret"]
    place.world.clock.advance(121)
    assert problem(caller("POST", "/clients", document, Idempotency_Key="k")) == (422, "idempotency_mismatch")


def test_secret_that_was_kept_is_not_told_to_whose_unit_is_no_more(place: ApiWorld, manager: Caller) -> None:
    document = place.document(SHORT)
    assert manager("POST", "/clients", document, Idempotency_Key="k").status == 201
    day = place.wiring.units.today()
    rows = [one for one in units.register().units if one.code not in {SHORT, BELOW}]
    place.register(Register([*rows, units.unit(SHORT, PROVINCE, ends=day)]))
    assert problem(manager("POST", "/clients", document, Idempotency_Key="k")) == (422, "idempotency_mismatch")


def test_key_of_one_administrator_is_nothing_to_another(place: ApiWorld, manager: Caller) -> None:
    document = place.document(SHORT)
    mine = manager("POST", "/clients", document, Idempotency_Key="k").json
    colleague = place.administrator("đồng nghiệp", Role.CLIENT_MANAGER, SHORT)
    theirs = colleague("POST", "/clients", document, Idempotency_Key="k").json
    assert mine["client_id"] != theirs["client_id"]


def test_answer_is_not_given_again_to_a_token_that_may_less(place: ApiWorld, manager: Caller) -> None:
    document = place.document(SHORT)
    assert manager("POST", "/clients", document, Idempotency_Key="k").status == 201
    less = Caller(place.app, place.token("quản lý", "admin:clients:read"), manager.principal)
    assert problem(less("POST", "/clients", document, Idempotency_Key="k"))[1] == "idempotency_mismatch"


def test_same_key_at_once_makes_one_client(place: ApiWorld, manager: Caller) -> None:
    document = place.document(SHORT)

    def act(_number: int) -> int:
        return manager("POST", "/clients", document, Idempotency_Key="song song").status

    done = in_parallel(place.world.database, 4, act)
    assert set(done) <= {201, 409}
    assert len(manager("GET", "/clients").json["items"]) == 1


def test_refused_request_may_be_repeated_with_its_key(place: ApiWorld, manager: Caller) -> None:
    wrong = {**place.document(SHORT), "legal_basis": "x"}
    assert problem(manager("POST", "/clients", wrong, Idempotency_Key="k"))[0] == 422
    assert manager("POST", "/clients", place.document(SHORT), Idempotency_Key="k").status == 201


def test_dry_run_checks_and_registers_nothing(place: ApiWorld, manager: Caller) -> None:
    assert manager("POST", "/clients?dry_run=true", place.document(SHORT)).json == {"valid": True}
    assert manager("GET", "/clients").json["items"] == []


def test_secret_is_rotated_with_an_overlap(place: ApiWorld, manager: Caller) -> None:
    new = made(place, manager)
    answer = manager("POST", f"/clients/{new['client_id']}/secret", {"overlap": 60})
    assert answer.json["client_secret"] != new["client_secret"]
    secrets = manager("GET", f"/clients/{new['client_id']}").json["secrets"]
    assert [one["expires_at"] is None for one in secrets].count(True) == 1


def test_address_as_a_client_id_is_asked_for_in_base64url(place: ApiWorld, manager: Caller) -> None:
    assert problem(manager("GET", "/clients/~aHR0cHM6Ly94LnZuL2NsaWVudA")) == (404, "not_found")
    assert place.refusals()[-1][1] == "unknown"
    assert problem(manager("GET", "/clients/~~")) == (404, "not_found")


def test_cursor_leads_on(place: ApiWorld, manager: Caller) -> None:
    ids = {made(place, manager)["client_id"] for _ in range(3)}
    first = manager("GET", "/clients?limit=2").json
    rest = manager("GET", f"/clients?limit=2&cursor={first['next']}").json
    assert {row["client_id"] for row in (*first["items"], *rest["items"])} == ids
    assert "next" not in rest
    for query in ("limit=0", "limit=x", "cursor=%25", "limt=2", "state=x", "limit=2&limit=3"):
        assert problem(manager("GET", f"/clients?{query}"))[0] in {400, 422}


@pytest.mark.parametrize("basis", [["public_duty"], {"vi": "luật"}, 7, None])
def test_ground_that_is_no_text_is_refused_by_its_name(place: ApiWorld, manager: Caller, basis: Any) -> None:
    document = {**place.document(SHORT), "consent": "notice", "legal_basis": basis}
    new = made(place, manager)
    tag = manager("GET", path := f"/clients/{new['client_id']}").headers["etag"]
    for answer in (manager("POST", "/clients", document), manager("PUT", path, document, If_Match=tag)):
        assert problem(answer)[0] == 422, answer.body
        assert "legal_basis" in answer.body.decode()
