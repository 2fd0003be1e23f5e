"""The proof of the audit log for administrators: how it stands, bundles that hold elsewhere, records as lines; who may, and that it is recorded."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from sqlalchemy import update

from idp.flows.administration import audit_proofs
from idp.services.audit_verification import Trust, verify_bundle
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import audit_events
from policies.delegation import Role
from tests.support.api_world import ApiWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.token_world import Answer, TokenWorld
from tests.support.units import LONG, SHORT
from tests.support.visit import BASE

LOG = "/audit-log"


@pytest.fixture
def place(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> ApiWorld:
    return ApiWorld(TokenWorld(tmp_path, sqlite_database, clock))


def signed(place: ApiWorld) -> None:
    place.wiring.audit_tree.sequence()
    place.wiring.audit_heads.publish()


def lines(answer: Answer) -> list[bytes]:
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/jsonl"
    return answer.body.splitlines(keepends=True)


def test_state_tells_tree_head_and_keys(place: ApiWorld) -> None:
    auditor = place.administrator("kiểm toán", Role.AUDITOR)
    assert auditor("GET", LOG).json["head"] is None
    signed(place)
    found = auditor("GET", LOG).json
    head = place.wiring.audit_heads.newest()
    assert head is not None
    assert found["head"] == {"size": head.size, "root": head.root.hex(), "time": head.time}
    assert {key.split()[0] for key in found["keys"]} >= {"ES256"}
    assert found["witnesses"] == []


def test_bundle_holds_elsewhere_with_keys_got_by_another_way_and_is_recorded(place: ApiWorld) -> None:
    auditor = place.administrator("kiểm toán", Role.AUDITOR)
    person = place.world.add_person(1)
    assert auditor("GET", f"{LOG}/bundle?reason=thanh+tra").status == 404
    signed(place)
    given = lines(auditor("GET", f"{LOG}/bundle?reason=thanh+tra&personal=true"))
    report = verify_bundle(given, Trust(keys=place.wiring.audit_heads.verifiers()))
    assert report.fault is None
    assert report.checked > 0
    assert person in b"".join(given).decode()
    (record,) = place.world.events("audit:export")
    assert (record["actor"], record["reason"]) == (auditor.principal, "thanh tra")


def test_bundle_leaves_persons_out_unless_they_are_asked_for_and_still_holds(place: ApiWorld) -> None:
    auditor = place.administrator("kiểm toán", Role.AUDITOR)
    person = place.world.add_person(1)
    signed(place)
    given = lines(auditor("GET", f"{LOG}/bundle?reason=x"))
    assert person not in b"".join(given).decode()
    assert verify_bundle(given, Trust(keys=place.wiring.audit_heads.verifiers())).fault is None


def test_record_that_was_changed_is_named_by_the_stand_alone_verifier(place: ApiWorld) -> None:
    auditor = place.administrator("kiểm toán", Role.AUDITOR)
    place.world.add_person(1)
    signed(place)
    database = place.world.database
    changed = update(audit_events).where(audit_events.c.seq == 3).values(reason="khác")
    database.run(database.prepare(changed))
    given = lines(auditor("GET", f"{LOG}/bundle?reason=x&personal=true"))
    report = verify_bundle(given, Trust(keys=place.wiring.audit_heads.verifiers()))
    assert report.fault is not None
    assert report.fault.position == 3


def test_too_large_a_range_and_one_that_is_none_are_refused(place: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_proofs, "MOST_NUMBERS", 3)
    auditor = place.administrator("kiểm toán", Role.AUDITOR)
    signed(place)
    assert auditor("GET", f"{LOG}/bundle?reason=x").status == 422
    assert auditor("GET", f"{LOG}/bundle?reason=x&first=2&last=4").status == 200
    assert auditor("GET", f"{LOG}/bundle?reason=x&first=5&last=2").status == 422
    assert auditor("GET", f"{LOG}/bundle?reason=x&last=999999").status == 422
    assert auditor("GET", f"{LOG}/bundle").status == 422


def test_records_are_those_of_the_search_within_reach(place: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = (place.client(code).client.client_id for code in (SHORT, LONG))
    below = place.administrator("xã", Role.AUDITOR, SHORT)
    found = [orjson.loads(one) for one in lines(below("GET", f"{LOG}/records?reason=x&client_id={mine}"))]
    assert {row["client_id"] for row in found} == {mine}
    assert not [row for row in found if "private" in row]
    assert below("GET", f"{LOG}/records?reason=x&client_id={other}").status == 403
    assert below("GET", f"{LOG}/records?reason=x").status == 403
    monkeypatch.setattr(audit_proofs, "MOST", 2)
    monkeypatch.setattr(audit_proofs, "MOST_NUMBERS", 4)
    top = place.administrator("kiểm toán", Role.AUDITOR)
    all_of = [orjson.loads(one) for one in lines(top("GET", f"{LOG}/records?reason=x"))]
    assert len(all_of) == 5
    assert set(all_of[-1]) == {"more"}


def test_whole_log_is_for_the_top_and_leaving_takes_the_right_to_export(place: ApiWorld) -> None:
    signed(place)
    below = place.administrator("xã", Role.AUDITOR, SHORT)
    unit = place.administrator("đơn vị", Role.UNIT_ADMINISTRATOR)
    for who, path in (
        (below, LOG),
        (below, f"{LOG}/bundle?reason=x"),
        (unit, f"{LOG}/bundle?reason=x"),
        (unit, f"{LOG}/records?reason=x"),
    ):
        assert who("GET", path).status == 403, path
    assert unit("GET", LOG).status == 200
    assert place.world.events("audit:export") == []
    assert len(place.refusals()) == 4


def test_pages_show_the_proof_and_give_both_files(place: ApiWorld) -> None:
    place.grant("kiểm toán", Role.AUDITOR)
    signed(place)
    browser = Administrating(place, place.account("kiểm toán"))
    head = place.wiring.audit_heads.newest()
    assert head is not None
    page = browser.open("/admin/audit/heads")
    assert head.root.hex() in page.text
    token = str(page.soup.select("#bundle-form input[name=csrf_token]")[0]["value"])
    asked = {"csrf_token": token, "reason": "thanh tra"}
    bundle = browser.http.post("/admin/audit/bundle", data={**asked, "personal": "0"}, base_url=BASE)
    assert bundle.headers["Content-Disposition"] == 'attachment; filename="audit-bundle.jsonl"'
    given = bundle.get_data().splitlines(keepends=True)
    assert verify_bundle(given, Trust(keys=place.wiring.audit_heads.verifiers())).fault is None
    records = browser.http.post("/admin/audit/records", data={**asked, "event": "admin:grant"}, base_url=BASE)
    assert {orjson.loads(one)["event"] for one in records.get_data().splitlines()} == {"admin:grant"}
    assert browser.http.post("/admin/audit/bundle", data={"csrf_token": token}, base_url=BASE).status_code == 400
    odd = {**asked, "first": "x"}
    assert browser.http.post("/admin/audit/bundle", data=odd, base_url=BASE).status_code == 400


def test_tiles_of_the_dashboard_lead_to_lists_that_answer(place: ApiWorld) -> None:
    place.grant("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    browser = Administrating(place, place.account("tỉnh"))
    tiles = [str(one["href"]) for one in browser.open("/admin").soup.select(".tiles a")]
    ill = {"/admin/directories?state=ill", "/admin/upstreams?state=ill"}
    assert ill | {"/admin/audit/heads", "/admin/units/changes/decisions"} <= set(tiles)
    assert {browser.open(href).status for href in tiles} == {200}
