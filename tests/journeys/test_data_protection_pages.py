"""Every page of data protection, the person's and the officer's, in a real browser: axe, both languages, phone and desktop."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from idp.ports.consents import WithdrawalQuery
from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from tests.journeys.test_console_pages import InProcess
from tests.support.administered_world import AdministeredWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.journeys import WAYS, chromium, context, looked_at
from tests.support.token_world import TokenWorld
from tests.support.visit import Visitor, asked

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DAY = 86400


DUTY: dict[str, Any] = {
    "id": "settle",
    "text": {"vi": "Giải quyết hồ sơ thủ tục hành chính", "en": "To settle an administrative dossier"},
    "legal_basis": "public_duty",
    "claims": ["name", "birthdate"],
}
NEWS: dict[str, Any] = {
    "id": "news",
    "text": {"vi": "Thông báo kết quả giải quyết hồ sơ", "en": "To tell you the result"},
    "legal_basis": "consent",
    "claims": ["gender"],
    "optional_claims": ["email"],
}


class Case:
    """A person with requests in every state, and an officer."""

    def __init__(self, admin: AdministeredWorld) -> None:
        client = admin.client("79.1", scope="openid email")
        self.person = admin.world.add_person(1)
        Visitor(admin.world, self.person).allowed(asked(client))
        service = admin.wiring.data_requests
        self.client_id = client.client.client_id
        self.late = service.file(self.person, "delete", "", "Xóa số điện thoại cũ.\nTôi không còn dùng số này.")
        admin.world.clock.advance(4 * DAY)
        self.open = service.file(self.person, "correct", self.client_id, "Chữ đệm bị sai.")
        refused = service.file(self.person, "object", self.client_id, "Tôi không muốn nhận tin.")
        self.purposes = admin.client("79.1", scope="openid email profile", purposes=[DUTY, NEWS])
        consents = admin.wiring.consents
        consents.withdraw(self.person, self.client_id, actor=f"account:{self.person}", reason="withdrawn")
        (self.withdrawal,) = consents.withdrawals(WithdrawalQuery())
        admin.grant("officer", Role.CONSENT_OFFICER)
        who = admin.who("officer")
        self.ended = admin.acts.data_requests.refuse(who, refused.id, "Hệ thống phải lưu theo Luật Lưu trữ.").request
        self.officer = Administrating(admin, admin.account("officer"))
        self.citizen = Visitor(admin.world, self.person)


@pytest.mark.parametrize(("width", "language"), WAYS)
def test_every_page_holds_what_pages_must(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    case = Case(AdministeredWorld(TokenWorld(tmp_path, sqlite_database, clock)))
    own, desk = "/account/data/requests", "/admin/data-requests"
    asking = f"/authorize?{urlencode(asked(case.purposes, scope='openid email profile', ui_locales=language))}"
    told = "/admin/consents/withdrawals"
    pages = (
        (case.citizen, [asking, "/account/data", own, f"{own}/{case.open.id}", f"{own}/{case.ended.id}"]),
        (case.officer, [desk, f"{desk}?state=closed", f"{desk}/{case.late.id}", f"{desk}/{case.ended.id}"]),
        (case.officer, [told, f"{told}/{case.withdrawal.id}"]),
        (case.officer, [f"/admin/data-protection{end}" for end in ("", "/processing", "/breach")]),
    )
    number = numbers = 0
    with chromium() as browser:
        for visitor, paths in pages:
            page = InProcess(visitor, context(browser, width, language).new_page())
            for path in paths:
                number += 1
                joined = path if path == asking else f"{path}{'&' if '?' in path else '?'}lang={language}"
                looked_at(page.open(joined), f"data-protection-{number}-{width}-{language}")
                lines = page.page.locator(".whole").evaluate_all("all => all.map(one => one.getClientRects().length)")
                assert set(lines) <= {1}, "a number stands in one line"
                numbers += len(lines)
    assert numbers == len((case.open, case.ended))
