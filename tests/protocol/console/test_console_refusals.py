"""What the console says no to, how it says so, and that it is recorded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.errors import ClientConflict, ClientNotFound
from clients.registry import ClientRegistry
from idp.errors import Conflict, InvalidInput, NotFound
from idp.services.locks import Ground
from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from policies.locks import OF_THE_PRODUCT, Reason
from tests.support.administered_world import AdministeredWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.token_world import TokenWorld


@pytest.fixture
def admin(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> AdministeredWorld:
    return AdministeredWorld(TokenWorld(tmp_path, sqlite_database, clock))


@pytest.fixture
def top(admin: AdministeredWorld) -> Administrating:
    admin.grant("root", Role.PROVINCIAL_ADMINISTRATOR)
    return Administrating(admin, admin.account("root"))


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
