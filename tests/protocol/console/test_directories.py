"""Directories in the console and by the API: how they stand, an examination, a dry run by the worker; who may, and that nobody is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.flows.administration.paging import cursor_after
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import accounts
from policies.delegation import Role
from tests.support.api_world import ApiWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.officials import given_of
from tests.support.slapd import CLERKS, PEOPLE, SlapdServer, person, tree
from tests.support.staff_world import StaffWorld
from tests.support.stores import running, stored
from tests.support.units import SHORT
from tests.support.visit import Visitor

pytestmark = pytest.mark.servers
NAMES = tuple(f"can.bo.mau.{number}" for number in range(5))
ONE = "/directories/qoffice"


@pytest.fixture
def department() -> Iterator[SlapdServer]:
    with running(SlapdServer(tree(*map(person, NAMES)))) as server:
        server.group(CLERKS, *(f"uid={name},{PEOPLE}" for name in NAMES))
        yield server


@pytest.fixture
def place(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, department: SlapdServer) -> ApiWorld:
    staff = StaffWorld(tmp_path, sqlite_database, clock, given_of(department, page_size=10, roles=()))
    found = ApiWorld(staff)
    directory = staff.wiring.directories["qoffice"]
    for name in NAMES:
        entry = directory.find(name)
        assert entry is not None
        staff.wiring.officials.admitted("qoffice", entry, frozenset({CLERKS}))
    return found


def test_dry_run_is_made_by_the_worker_and_changes_nobody(place: ApiWorld, department: SlapdServer) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    department.remove(f"uid={NAMES[0]},{PEOPLE}")
    assert boss("GET", f"{ONE}/dry-run").status == 404
    asked = boss("POST", f"{ONE}/dry-run", {"reason": "xem trước"})
    assert (asked.status, asked.json["state"]) == (202, "asked")
    assert boss("POST", f"{ONE}/dry-run", {"reason": "lần nữa"}).json["asked_at"] == asked.json["asked_at"]
    assert len(place.world.events("directory:test")) == 1
    assert place.acts.directories.run_asked() == 1
    assert place.acts.directories.run_asked() == 0
    done = boss("GET", f"{ONE}/dry-run").json
    assert (done["state"], done["outcome"], done["counts"]["gone"]) == ("done", "dry_run", 1)
    (gone,) = [row for row in boss("GET", f"{ONE}/dry-run/people").json["items"] if row["what"] == "gone"]
    (row,) = stored(place.world.database, accounts, id=gone["account_id"])
    assert row["state"] == "active"
    assert boss("GET", ONE).json["last"] is None


def test_whom_a_dry_run_touches_comes_a_page_at_a_time(place: ApiWorld, department: SlapdServer) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    for name in NAMES[:3]:
        department.remove(f"uid={name},{PEOPLE}")
    boss("POST", f"{ONE}/dry-run", {"reason": "thử"})
    place.acts.directories.run_asked()
    seen, following = [], ""
    while True:
        answer = boss("GET", f"{ONE}/dry-run/people?limit=2{following}").json
        seen += [row["account_id"] for row in answer["items"]]
        if "next" not in answer:
            break
        following = f"&cursor={answer['next']}"
    assert len(seen) == len(set(seen))
    assert len(seen) >= 3


def test_a_cursor_that_is_no_place_among_them_breaks_nothing(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    for after in ("²", "\u0661", "-1", "x"):
        assert boss("GET", f"{ONE}/dry-run/people?cursor={cursor_after(after)}").status == 200, after


def test_dry_run_whose_worker_died_can_be_asked_for_again(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    first = boss("POST", f"{ONE}/dry-run", {"reason": "thử"}).json
    place.world.clock.advance(601)
    boss.token = place.token("tỉnh")
    assert boss("POST", f"{ONE}/dry-run", {"reason": "thử"}).json["asked_at"] > first["asked_at"]


def test_examination_goes_down_to_the_roles_of_a_person_and_does_not_say_whose(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    steps = {row["step"]: row["state"] for row in boss("POST", f"{ONE}/examine", {}).json["items"]}
    assert {"dns", "tcp", "tls", "bind", "search", "roles"} <= steps.keys()
    assert "failed" not in steps.values()
    found = boss("POST", f"{ONE}/examine", {"username": NAMES[1]}).json["items"]
    assert next(row for row in found if row["step"] == "person")["state"] == "ok"
    assert NAMES[1] not in str(place.world.events("directory:test"))


def test_official_reads_that_somebody_looked_him_up_in_the_directory(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    boss("POST", f"{ONE}/examine", {"username": "khong-co-ai"})
    assert place.world.events("account:show") == []
    boss("POST", f"{ONE}/examine", {"username": NAMES[1]})
    (seen,) = place.world.events("account:show")
    assert (seen["actor"], seen["target"]) == (boss.principal, f"account:{seen['account_id']}")
    page = Visitor(place.world, seen["account_id"]).open("/account/data")
    assert "Xem đầy đủ thông tin" in page.text


def test_server_that_is_down_is_shown_as_such_and_nothing_breaks(place: ApiWorld, department: SlapdServer) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    department.stop()
    steps = boss("POST", f"{ONE}/examine", {"username": NAMES[1]}).json["items"]
    assert "failed" in {row["state"] for row in steps}
    for _ in range(3):
        boss("POST", f"{ONE}/examine", {"username": NAMES[1]})
    (server,) = boss("GET", ONE).json["servers"]
    assert server["is_left_alone"]
    assert server["failure"]
    boss("POST", f"{ONE}/dry-run", {"reason": "thử"})
    place.acts.directories.run_asked()
    assert boss("GET", f"{ONE}/dry-run").json["outcome"] == "unavailable"


def test_only_the_top_looks_and_an_auditor_does_not_try_out(place: ApiWorld) -> None:
    auditor = place.administrator("kiểm toán", Role.AUDITOR)
    below = place.administrator("xã", Role.AUDITOR, SHORT)
    assert auditor("GET", "/directories").status == auditor("GET", ONE).status == 200
    for who, method, path in (
        (auditor, "POST", f"{ONE}/examine"),
        (auditor, "POST", f"{ONE}/dry-run"),
        (auditor, "GET", f"{ONE}/dry-run"),
        (auditor, "GET", f"{ONE}/dry-run/people"),
        (below, "GET", "/directories"),
        (below, "GET", ONE),
    ):
        body = {"reason": "thử"} if path.endswith("dry-run") else {}
        assert who(method, path, body if method == "POST" else None).status == 403, path
    assert len(place.refusals()) == 6
    assert place.world.events("directory:test") == []


def test_directory_that_does_not_exist_is_not_found(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    assert boss("GET", "/directories/khong-co").status == 404
    assert boss("POST", "/directories/khong-co/dry-run", {"reason": "thử"}).status == 404


def test_pages_show_state_examination_and_dry_run(place: ApiWorld, department: SlapdServer) -> None:
    place.grant("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    browser = Administrating(place, place.account("tỉnh"))
    assert "qoffice" in browser.open("/admin/directories").text
    page = browser.open("/admin/directories/qoffice")
    examined = browser.submit(page, "examine-form", username=NAMES[1])
    assert examined.status == 200
    assert CLERKS in examined.text
    department.remove(f"uid={NAMES[0]},{PEOPLE}")
    browser.submit(page, "compare-form", reason="xem trước")
    place.acts.directories.run_asked()
    shown = browser.open("/admin/directories/qoffice")
    assert shown.soup.select('a[href^="/admin/accounts/"]')
