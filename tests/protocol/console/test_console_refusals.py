"""What the console says no to, how it says so, and that it is recorded once."""

from __future__ import annotations

import json

import pytest

from clients.errors import ClientConflict, ClientNotFound
from clients.registry import ClientRegistry
from clients.repository import Newcomer
from idp.endpoints.admin.inputs import client_named, client_path
from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.flows.administration.admins import GrantWish
from idp.model.approval import Approval
from idp.services.locks import Ground
from policies.delegation import Role
from policies.locks import OF_THE_PRODUCT, Reason
from tests.support.administered_world import AdministeredWorld
from tests.support.console import Administrating
from tests.support.visit import BASE


def test_nobody_locks_on_a_ground_that_is_the_products_own(admin: AdministeredWorld, top: Administrating) -> None:
    account_id = admin.world.add_person(8, unit="79.1")
    page = top.open(f"/admin/accounts/{account_id}")
    offered = {str(one["value"]) for one in page.soup.select("#lock-reason_code option")}
    assert offered == {one.value for one in Reason if one not in OF_THE_PRODUCT}
    for ground in OF_THE_PRODUCT:
        assert top.submit(page, "lock-form", reason_code=ground.value, reason="thử").status == 400
        with pytest.raises(InvalidInput) as refused:
            admin.acts.account_states.lock(admin.who("root"), account_id, Ground(ground, "thử"))
        assert refused.value.field == "reason_code"
    assert admin.wiring.locks.live(account_id) == []


def test_a_lock_of_the_sign_in_leaves_the_account_active_and_is_unlocked(
    admin: AdministeredWorld, top: Administrating
) -> None:
    account_id = admin.world.add_person(8, unit="79.1")
    assert top.open(f"/admin/accounts/{account_id}").soup.select_one("#unlock-form") is None
    admin.wiring.locks.lock(account_id, Ground(Reason.NOT_ME, "thử"), actor="system")
    page = top.open(f"/admin/accounts/{account_id}")
    assert admin.wiring.accounts.get(account_id).state == "active"
    assert top.submit(page, "unlock-form", reason="Đã đổi mật khẩu").status == 200
    assert admin.wiring.locks.live(account_id) == []


@pytest.mark.parametrize(("found", "becomes"), [(ClientConflict("x"), Conflict), (ClientNotFound("x"), NotFound)])
def test_a_system_that_somebody_changed_meanwhile_is_a_refusal_and_no_fault(
    admin: AdministeredWorld, monkeypatch: pytest.MonkeyPatch, found: Exception, becomes: type[Exception]
) -> None:
    client_id, who = admin.client("79.1").client.client_id, admin.admin("root", Role.PROVINCIAL_ADMINISTRATOR)

    def overtaken(*_arguments: object, **_more: object) -> None:
        raise found

    monkeypatch.setattr(ClientRegistry, "rotate_secret", overtaken)
    monkeypatch.setattr(ClientRegistry, "set_state", overtaken)
    with pytest.raises(becomes):
        admin.acts.clients.rotate_secret(who, client_id)
    with pytest.raises(becomes):
        admin.acts.clients.suspend(who, client_id, "thử")


def refusals(admin: AdministeredWorld) -> list[str]:
    """Return the reason of each refusal that was recorded, by the gate or for the request."""
    rows = admin.world.events("admin:refuse") + admin.world.events("request:refuse")
    return [str(row["reason"]) for row in rows]


def test_who_may_not_is_answered_403_and_recorded_once(admin: AdministeredWorld) -> None:
    admin.grant("an", Role.KEY_CUSTODIAN)
    browser = Administrating(admin, admin.account("an"))
    for path in ("/admin/clients/new", "/admin/clients", "/admin/accounts"):
        before = len(refusals(admin))
        answer = browser.open(path)
        assert answer.status == 403, path
        assert "admin.problem" not in answer.text
        assert refusals(admin)[before:] == ["not_held"], path
    assert browser.open("/admin/clients/x").status == 404
    assert len(admin.world.events("admin:refuse")) == 4
    assert admin.world.events("request:refuse") == []


def test_a_form_without_its_token_is_recorded_and_not_explained(admin: AdministeredWorld, top: Administrating) -> None:
    client_id = admin.client("79.1").client.client_id
    before = len(refusals(admin))
    path = f"/admin/clients/{client_id}/state/suspend"
    answer = top.http.post(path, data={"reason": "x", "csrf_token": "y"}, base_url=BASE)
    assert answer.status_code == 400
    assert "csrf_token:" not in answer.get_data(as_text=True)
    assert refusals(admin)[before:] == ["csrf_failed"]


def test_a_system_whose_id_is_an_address_is_shown_changed_and_suspended(
    admin: AdministeredWorld, top: Administrating
) -> None:
    client_id = "https://motcua.example.vn/rp?x=1"
    newcomer = Newcomer(client_id, "federation", admin.world.clock.now() + 3600, {"superior": "https://xa.vn"})
    admin.wiring.clients.introduce(newcomer, admin.document("79.1", token_endpoint_auth_method="none"))
    listed = top.open("/admin/clients")
    (href,) = [str(one["href"]) for one in listed.soup.select("tbody a") if "/admin/clients/~" in str(one["href"])]
    page = top.open(href)
    assert client_id in page.text
    assert top.open(f"{href}/edit").status == 200
    token = page.soup.select_one("#suspend-form input[name=csrf_token]")
    assert token is not None
    form = {"csrf_token": str(token["value"]), "overlap": "1", "reason": "Định kỳ"}
    refused = top.http.post(f"{href}/secret", data=form, base_url=BASE)
    assert "Không dùng được với hệ thống không có mã bí mật" in refused.get_data(as_text=True), (
        "it was found, and has none"
    )
    done = top.submit(page, "suspend-form", reason="Bảo trì")
    assert (done.status, done.url.partition("?")[0]) == (200, href)
    assert admin.world.events("client:suspend", client_id=client_id)


@pytest.mark.parametrize("client_id", ["https://a.vn", "https://a.vn/b/../c", "new", "..", "~bmV3", "đơn vị", "a/b"])
def test_an_id_that_is_no_part_of_an_address_comes_back_whole(client_id: str) -> None:
    part = client_path(client_id)
    assert part.startswith("~")
    assert "/" not in part
    assert client_named(part) == client_id


def test_a_plain_id_stays_as_it_is_and_a_broken_one_names_nothing() -> None:
    assert client_path("mot-cua_1.x") == client_named("mot-cua_1.x") == "mot-cua_1.x"
    for broken in ("~", "~a", "~!", "~_w"):
        assert client_named(broken) in {"", broken}


@pytest.mark.parametrize("reason", ["", " ", "x" * 501])
def test_every_act_asks_a_reason_that_the_audit_log_takes(
    admin: AdministeredWorld, top: Administrating, reason: str
) -> None:
    client_id, account_id = admin.client("79.1").client.client_id, admin.world.add_person(8, unit="79.1")
    system, person = top.open(f"/admin/clients/{client_id}"), top.open(f"/admin/accounts/{account_id}")
    keys = top.open("/admin/keys")
    for page, form, more in (
        (system, "rotate-form", {"overlap": "1"}),
        (system, "suspend-form", {}),
        (system, "remove-form", {}),
        (person, "reveal-form", {}),
        (person, "lock-form", {"reason_code": "operator"}),
        (person, "sessions-form", {}),
        (keys, "rotate-form", {"alg": "ES256"}),
    ):
        answer = top.submit(page, form, reason=reason, **more)
        assert (answer.status, "Lý do:" in answer.text) == (400, True), form
    assert not admin.world.events("client:rotate-secret", client_id=client_id)


def test_the_reason_of_a_new_secret_is_recorded(admin: AdministeredWorld, top: Administrating) -> None:
    client_id = admin.client("79.1").client.client_id
    top.submit(top.open(f"/admin/clients/{client_id}"), "rotate-form", overlap="1", reason="Lộ mã bí mật")
    assert [json.loads(row["detail"])["note"] for row in admin.world.events("client:rotate-secret")] == ["Lộ mã bí mật"]


def test_what_waits_already_is_not_asked_twice_by_the_same_person(
    admin: AdministeredWorld, top: Administrating
) -> None:
    kid = next(row.kid for row in admin.wiring.key_service.rows() if row.state == "active" and row.alg == "ES256")
    page = top.open(f"/admin/keys/{kid}")
    waiting = top.submit(page, "revoke-form", reason="Lộ khóa")
    assert "/admin/approvals/" in waiting.url
    assert top.submit(page, "revoke-form", reason="Lộ khóa, lần hai").status == 409
    with pytest.raises(Conflict) as refused:
        admin.acts.keys.revoke(admin.who("root"), kid, "lần ba")
    assert refused.value.code == "pending"
    second = admin.admin("second", Role.PROVINCIAL_ADMINISTRATOR)
    admin.acts.keys.revoke(second, kid, "Tôi cũng thấy")
    assert top.submit(waiting, "reject-form", reason="Nhầm").status == 200
    assert "/admin/approvals/" in top.submit(page, "revoke-form", reason="Lộ thật").url


def test_another_role_for_the_same_person_is_another_request(admin: AdministeredWorld) -> None:
    who, account_id = admin.admin("root", Role.PROVINCIAL_ADMINISTRATOR), admin.account("new")
    wishes = [GrantWish(f"account:{account_id}", role, "*") for role in ("provincial-administrator", "auditor")]
    made = [admin.acts.admins.grant(who, wish, "Quyết định 1") for wish in wishes]
    assert isinstance(made[0], Approval)
    admin.world.clock.advance(5)
    with pytest.raises(Conflict):
        admin.acts.admins.grant(who, wishes[0], "Quyết định 1")


def test_what_no_log_can_show_is_not_written_into_it(admin: AdministeredWorld) -> None:
    who = admin.admin("an", Role.KEY_CUSTODIAN)
    with pytest.raises((NotFound, Refused)):
        admin.acts.clients.show(who, "x\x00\n\u202ey 0494\u200b99000007 z\n049499000008")
    (row,) = admin.world.events("admin:refuse")
    assert row["target"] == "client:xy # z#"
