"""The indicator in the console and by the API: whose figures somebody sees, and that nobody can be found in them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from idp.endpoints.admin.frame import ROOT
from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from tests.support.api_world import ApiWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.counted_month import at_november, used
from tests.support.token_world import TokenWorld
from tests.support.units import LONG, SHORT
from tests.support.visit import BASE

MONTH = "2026-11"


@pytest.fixture
def place(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> ApiWorld:
    at_november(clock)
    return ApiWorld(TokenWorld(tmp_path, sqlite_database, clock))


def test_the_top_sees_the_province_and_every_system_and_a_commune_its_own(place: ApiWorld) -> None:
    mine, other = place.client(SHORT), place.client(LONG)
    used(place, mine, 10, 100)
    used(place, other, 12, 200, level=1)
    top = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    below = place.administrator("xã", Role.UNIT_ADMINISTRATOR, SHORT)
    rows = top("GET", f"/indicators/{MONTH}/figures?kind=all").json["items"]
    shares = {(row["scope"], row["code"]): (row["used"], row["share"]) for row in rows}
    assert shares["system", mine.client.client_id] == (10, 100)
    assert shares["system", other.client.client_id] == (12, 0)
    assert shares["all", ""] == (22, 45)
    seen = {(row["scope"], row["code"]) for row in below("GET", f"/indicators/{MONTH}/figures?kind=all").json["items"]}
    assert seen == {("system", mine.client.client_id), ("unit", SHORT)}
    assert "share" in top("GET", "/indicators").json["items"][0]
    assert "share" not in below("GET", "/indicators").json["items"][0]


def test_who_holds_no_right_to_it_is_refused_and_recorded(place: ApiWorld) -> None:
    used(place, place.client(SHORT), 10, 100)
    manager = place.administrator("quản lý", Role.CLIENT_MANAGER)
    for path in ("/indicators", f"/indicators/{MONTH}", f"/indicators/{MONTH}/figures"):
        assert manager("GET", path).status == 403
    assert [reason for _, reason in place.refusals()] == ["not_held"] * 3


def test_a_month_without_figures_and_an_odd_month_are_named_as_such(place: ApiWorld) -> None:
    top = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    assert top("GET", "/indicators/2020-01").status == 404
    assert top("GET", "/indicators/2026-13").status == 404
    assert top("GET", "/indicators").json == {"items": []}


def test_figures_come_a_page_at_a_time_and_are_found_without_diacritics(place: ApiWorld) -> None:
    used(place, place.client(SHORT, client_name="Một cửa điện tử"), 10, 100)
    top = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    path, seen, following = f"/indicators/{MONTH}/figures", [], ""
    while True:
        answer = top("GET", f"{path}?limit=2{following}").json
        seen += [(row["scope"], row["kind"]) for row in answer["items"]]
        if "next" not in answer:
            break
        following = f"&cursor={answer['next']}"
    assert len(seen) == len(set(seen)) == 6
    assert [row["scope"] for row in top("GET", f"{path}?q=mot+cua&kind=all").json["items"]] == ["system"]


def test_the_page_the_picture_and_the_csv_name_nobody(place: ApiWorld) -> None:
    client = place.client(SHORT)
    people = used(place, client, 10, 100)
    place.grant("tỉnh", Role.AUDITOR)
    browser = Administrating(place, place.account("tỉnh"))
    page = browser.open(f"{ROOT}/indicators")
    assert page.status == 200
    (picture,) = page.soup.select("img.chart")
    drawn = browser.http.get(str(picture["src"]), base_url=BASE)
    assert drawn.headers["Content-Type"] == "image/svg+xml"
    assert "style=" not in drawn.text
    written = browser.http.get(f"{ROOT}/indicators.csv?month={MONTH}", base_url=BASE)
    rows = list(csv.DictReader(io.StringIO(written.text.removeprefix("\ufeff"))))
    assert {row["code"] for row in rows} == {"", SHORT, client.client.client_id}
    for shown in (page.text, drawn.text, written.text):
        assert not [one for one in people if one in shown]


def test_small_numbers_are_hidden(place: ApiWorld) -> None:
    used(place, place.client(SHORT), 3, 100)
    top = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    rows = top("GET", f"/indicators/{MONTH}/figures").json["items"]
    assert {row["used"] for row in rows} == {None}


def test_figures_of_an_open_month_are_counted_anew_after_five_minutes(place: ApiWorld) -> None:
    client = place.client(SHORT)
    used(place, client, 10, 100)
    top = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    path = f"/indicators/{MONTH}/figures?scope=all&kind=all"
    assert top("GET", path).json["items"][0]["used"] == 10
    used(place, client, 5, 200)
    assert top("GET", path).json["items"][0]["used"] == 10
    place.world.clock.advance(300)
    top.token = place.token("tỉnh")
    # The administrator signed in once more for this, and is a person of the month like any other.
    assert top("GET", path).json["items"][0]["used"] == 16
