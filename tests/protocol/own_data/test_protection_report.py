"""For the data-protection officer: figures that name nobody, and a record of processing made from the registry."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from idp.cli.context import Context
from idp.cli.protection import protection_group
from idp.storage.sqlite import SqliteDatabase
from policies.claims import CLAIMS, pack
from policies.delegation import Role
from policies.processing import CATEGORIES, categories
from tests.support.api_world import ApiWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.token_world import TokenWorld
from tests.support.visit import BASE, Visitor, asked

DAY = 86400
DUTY = {
    "id": "settle",
    "text": {"vi": "Giải quyết hồ sơ", "en": "To settle"},
    "legal_basis": "public_duty",
    "claims": ["name", "identity_code"],
}


@pytest.fixture
def place(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> ApiWorld:
    return ApiWorld(TokenWorld(tmp_path, sqlite_database, clock))


def busy(place: ApiWorld) -> str:
    """Let things happen at a system of 79.1; returns the system's id."""
    system = place.client("79.1", scope="openid email")
    client_id = system.client.client_id
    people = [place.world.add_person(number) for number in (1, 2, 3)]
    for account_id in people[:2]:
        Visitor(place.world, account_id).allowed(asked(system))
    third = Visitor(place.world, people[2])
    third.press(third.authorize(asked(system)), "consent-deny")
    place.wiring.consents.withdraw(people[0], client_id, actor=f"account:{people[0]}", reason="withdrawn")
    requests = place.wiring.data_requests
    answered = requests.file(people[0], "access", "", "")
    requests.file(people[1], "delete", client_id, "x")
    place.grant("root", Role.PROVINCIAL_ADMINISTRATOR)
    place.acts.data_requests.answer(place.who("root"), answered.id, "Đã gửi")
    place.acts.accounts.show(place.who("root"), people[0])
    place.world.clock.advance(60 * DAY)
    return client_id


def report(place: ApiWorld, name: str, role: Role, unit: str = "") -> Any:
    where = (place.wiring.admins.unit(unit),) if unit else ()
    caller = place.administrator(name, role, *where)
    now = place.world.clock.now()
    return caller("GET", f"/data-protection/report?since={now - 90 * DAY}&until={now}").json


def test_figures_count_what_happened_and_name_nobody(place: ApiWorld) -> None:
    client_id = busy(place)
    found = report(place, "officer", Role.CONSENT_OFFICER)
    assert found["systems"] == [
        {"client_id": client_id, "given": 2, "told": 0, "withdrawn": 1, "declined": 1, "corrected": 0}
    ]
    requests = {row["kind"]: row for row in found["requests"]}
    assert (requests["access"]["kept"], requests["access"]["open"]) == (1, 0)
    assert (requests["delete"]["open"], requests["delete"]["overdue"]) == (1, 1)
    assert found["looks"] == {"account:show": 1}
    people = [row["account_id"] for row in place.world.events("consent:give")]
    assert not any(str(account_id) in str(found) for account_id in people)


def test_figures_are_those_within_reach(place: ApiWorld) -> None:
    client_id = busy(place)
    inside = report(place, "inside", Role.CONSENT_OFFICER, "79.1")
    assert [one["client_id"] for one in inside["systems"]] == [client_id]
    assert [one["kind"] for one in inside["requests"]] == ["delete"]
    assert inside["looks"] is None
    outside = report(place, "outside", Role.CONSENT_OFFICER, "79.10")
    assert (outside["systems"], outside["requests"]) == ([], [])
    manager = place.administrator("manager", Role.CLIENT_MANAGER)
    assert manager("GET", "/data-protection/report?since=0&until=5").status == 403


def test_period_is_bounded(place: ApiWorld) -> None:
    officer = place.administrator("officer", Role.CONSENT_OFFICER)
    for since, until in ((5, 5), (9, 5), (0, 2**40)):
        assert officer("GET", f"/data-protection/report?since={since}&until={until}").status == 422


def test_record_of_processing_is_made_from_the_registry(place: ApiWorld) -> None:
    plain = place.client("79.1", scope="openid email", minimum_acr="urn:dinhdanh:loa:2")
    several = place.client("79.10", scope="openid profile identity", purposes=[DUTY])
    officer = place.administrator("officer", Role.CONSENT_OFFICER)
    rows = {row["client_id"]: row for row in officer("GET", "/data-protection/processing").json["items"]}
    one, other = rows[plain.client.client_id], rows[several.client.client_id]
    assert (one["unit"], one["categories"], one["claims"]) == ("79.1", ["contact"], ["email", "email_verified"])
    assert "two_factors" in one["measures"]
    assert [purpose["legal_basis"] for purpose in one["purposes"]] == ["consent"]
    assert [purpose["id"] for purpose in other["purposes"]] == ["settle"]
    assert other["categories"] == ["identity", "personal_number"]
    assert other["claims"] == ["name", "identity_code"], "what no purpose names is not processed"


def test_console_shows_figures_and_both_files(place: ApiWorld) -> None:
    client_id = busy(place)
    browser = Administrating(place, place.account("root"))
    page = browser.open("/admin/data-protection")
    assert page.status == 200
    figures = browser.http.get("/admin/data-protection.csv", base_url=BASE).get_data(as_text=True).lstrip("\ufeff")
    assert next(iter(csv.DictReader(io.StringIO(figures)))) == {
        "client_id": client_id,
        "given": "2",
        "told": "0",
        "withdrawn": "1",
        "declined": "1",
        "corrected": "0",
    }
    record = browser.http.get("/admin/data-protection/processing.csv", base_url=BASE).get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(record.lstrip("\ufeff"))))
    assert client_id in {row["client_id"] for row in rows}
    assert len(place.world.events("admin:export")) == 2
    assert browser.open("/admin/data-protection?from=nonsense").status == 400


def test_operator_has_both_as_json(place: ApiWorld) -> None:
    busy(place)
    context = Context()
    context.__dict__["wiring"] = place.wiring
    for arguments in (["report", "--from", "2026-01-01", "--to", "2028-01-01"], ["processing"]):
        result = CliRunner().invoke(protection_group, [*arguments, "--json"], obj=context)
        assert result.exit_code == 0, result.output
        assert result.output.count("\n") >= 2


def test_every_claim_is_in_a_category() -> None:
    assert categories(pack(CLAIMS)) == CATEGORIES
    identifying = {name for name in CLAIMS if categories(pack([name])) == ("identity",)}
    # A new claim lands here until somebody says what it tells of a person.
    assert identifying == {"name", "family_name", "given_name", "middle_name", "birthdate", "gender"}
