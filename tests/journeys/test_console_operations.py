"""The console's pages about running the deployment, in a real browser: axe, both languages, phone and desktop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.flows.administration.directories import DONE, DryRun
from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from policies.units import Register
from tests.journeys.test_console_pages import InProcess
from tests.support import reorganising, units
from tests.support.administered_world import AdministeredWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.counted_month import at_november, used
from tests.support.journeys import WAYS, chromium, context, looked_at
from tests.support.token_world import TokenWorld
from tests.support.units import LONG, SHORT

DIRECTORY = {
    "name": "so-khcn",
    "title": {"vi": "Sở Khoa học và Công nghệ", "en": "Department of Science and Technology"},
    "servers": ["ldap://127.0.0.1:1", "ldap://127.0.0.1:2"],
    "base": "dc=khcn,dc=example,dc=vn",
}
UPSTREAM = {
    "connector": "vneid",
    "label": {"vi": "VNeID", "en": "VNeID"},
    "client_id": "dinh-danh",
    "client_secret": "bí mật mẫu",
    "authorization_endpoint": "https://sso.example.vn/auth",
    "token_endpoint": "https://sso.example.vn/token",
    "userinfo_endpoint": "https://sso.example.vn/userinfo",
    "levels": [{"field": "loAs", "value": "3", "acr": "urn:dinhdanh:loa:3", "amr": ["pwd", "face", "mfa"]}],
}

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("width", "language"), WAYS)
def test_every_page_holds_what_pages_must(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    at_november(clock)
    settings: dict[str, Any] = {"directories": {"sources": [DIRECTORY]}, "upstreams": {"vneid": UPSTREAM}}
    admin = AdministeredWorld(TokenWorld(tmp_path, sqlite_database, clock, **settings))
    admin.grant("root", Role.PROVINCIAL_ADMINISTRATOR)
    root = Administrating(admin, admin.account("root"))
    used(admin, admin.client(SHORT, client_name="Một cửa điện tử"), 20, 100)
    used(admin, admin.client(LONG, client_name="Học bạ số"), 12, 200, level=1)
    dry_run(admin)
    entry, approval = reorganised(admin)
    admin.wiring.audit_tree.sequence()
    admin.wiring.audit_heads.publish()
    paths = [
        "",
        "/audit/heads",
        "/indicators",
        "/directories",
        "/directories/so-khcn",
        "/upstreams",
        "/upstreams/vneid",
    ]
    paths += [
        "/units/reorganise",
        "/units/reorganise?show=1",
        "/units/changes",
        "/units/changes/decisions",
        "/units/79002",
    ]
    paths += [f"/units/changes/{entry}", f"/approvals/{approval}", f"/approvals/{approval}/reorganisation"]
    with chromium() as browser:
        page = InProcess(root, context(browser, width, language).new_page())
        for path in paths:
            name = path.replace(entry, "id").replace(approval, "id").strip("/").replace("/", "-").replace("?", "-")
            looked_at(
                page.open(f"/admin{path}{'&' if '?' in path else '?'}lang={language}"), f"{name}-{width}-{language}"
            )


def dry_run(admin: AdministeredWorld) -> None:
    """Leave the answer of a dry run, as a worker does."""
    now = admin.world.clock.now()
    people = ((admin.account("an"), "gone", "missing"), (admin.account("binh"), "moved", "+mot-cua"))
    counts = {"known": 240, "listed": 239, "gone": 1, "back": 0, "moved": 1, "failed": 0}
    done = DryRun(DONE, now, f"account:{admin.account('root')}", now, "dry_run", "", counts, people)
    admin.wiring.ephemeral.transactions.put("directory-dry-run:so-khcn", orjson.dumps(done), now + 600)


def reorganised(admin: AdministeredWorld) -> tuple[str, str]:
    """Leave a draft, a planned reorganisation, and one that waits; return their ids."""
    admin.register(Register([units.unit(code, parent) for code, parent in reorganising.CODES]))
    admin.client(reorganising.EAST, client_name="Một cửa xã Đông")
    admin.client(reorganising.DISTRICT, client_name="Một cửa huyện")
    who, second = admin.who("root"), admin.admin("hai", Role.PROVINCIAL_ADMINISTRATOR)
    acts, today = admin.acts.reorganisations, admin.wiring.units.today()
    first = acts.ask(
        who, "nghi-quyet-1.json", reorganising.merger(reorganising.later(today, 30)), "Nghị quyết 1/NQ-MAU"
    )
    admin.acts.approvals.approve(second, first.id)
    (entry,) = admin.wiring.reorganisations.all()
    undo = acts.undo(who, entry.id, "nhầm ngày")
    admin.acts.approvals.approve(second, undo.id)
    text = reorganising.merger(reorganising.later(today, 10))
    acts.draft(who, "nghi-quyet-2.json", text)
    return entry.id, acts.ask(who, "nghi-quyet-2.json", text, "Nghị quyết 2/NQ-MAU").id
