"""After a breach: who is concerned, which systems and data, when, from the log, with the clock since its discovery; recorded, within reach."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from idp.cli.context import Context
from idp.cli.protection import protection_group
from idp.flows.administration import breaches
from idp.services import breaches as collecting
from idp.services.audit_archived import ArchivedRecords
from idp.services.breaches import Collected
from idp.storage.sqlite import SqliteDatabase
from idp.web.i18n import translator
from idp.wiring.measuring import indicators_of
from policies.delegation import Role
from tests.support.api_world import ApiWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Visitor, asked

DAY = 86400


class Case:
    """Two people at a system of commune 79.1 on different days, and one of them at a system of 79.10."""

    def __init__(self, place: ApiWorld) -> None:
        self.place = place
        self.clock = place.world.clock
        self.begin = self.clock.now()
        self.here = place.client("79.1", scope="openid email")
        self.there = place.client("79.10", scope="openid profile")
        self.first, self.second = place.world.add_person(1), place.world.add_person(2)
        self.visit(self.first, self.here, "openid email")
        self.clock.advance(DAY)
        self.second_day = self.clock.now()
        self.visit(self.second, self.here, "openid email")
        self.visit(self.second, self.there, "openid profile")
        self.clock.advance(3600)

    def visit(self, account_id: str, system: Registered, scope: str) -> None:
        landed = Visitor(self.place.world, account_id).allowed(asked(system, scope=scope))
        assert self.place.world.redeem(system, landed.arrived()["code"]).status == 200

    def question(self, kind: str, *ids: str, **changes: Any) -> dict[str, Any]:
        now = self.clock.now()
        usual = {"since": self.begin, "until": now, "discovered_at": now - 1800, "reason": "Máy chủ bị xâm nhập"}
        return {"scope": kind, "ids": list(ids), **usual, **changes}


@pytest.fixture
def case(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> Case:
    return Case(ApiWorld(TokenWorld(tmp_path, sqlite_database, clock)))


def test_report_of_a_system_counts_people_names_data_and_runs_the_clock(case: Case) -> None:
    auditor = case.place.administrator("auditor", Role.AUDITOR)
    asked_for = case.question("client", case.here.client.client_id)
    found = auditor("POST", "/breach-reports", asked_for).json
    assert (found["people"], found["acts"]) == (2, {"token:authorization_code": 2})
    assert found["seconds_left"] == 72 * 3600 - 1800
    assert found["claims"] == ["email", "email_verified"]
    assert found["categories"] == ["contact"]
    (system,) = found["systems"]
    assert (system["client_id"], system["people"], system["last_at"]) == (
        case.here.client.client_id,
        2,
        case.second_day,
    )
    text = str(found)
    assert case.first not in text
    assert case.second not in text
    for language, heading in (("vi", "THÔNG BÁO VI PHẠM"), ("en", "NOTIFICATION OF A PERSONAL DATA BREACH")):
        draft = found["notification"][language]
        assert heading in draft
        assert "Máy chủ bị xâm nhập" in draft
        assert "2" in draft


def test_range_leaves_out_what_was_before_and_after(case: Case) -> None:
    officer = case.place.administrator("officer", Role.CONSENT_OFFICER)
    client_id = case.here.client.client_id
    early = officer("POST", "/breach-reports", case.question("client", client_id, until=case.second_day)).json
    late = officer("POST", "/breach-reports", case.question("client", client_id, since=case.second_day)).json
    assert (early["people"], late["people"]) == (1, 1)
    assert early["systems"][0]["last_at"] < case.second_day <= late["systems"][0]["first_at"]


def archived(case: Case) -> Path:
    """Move what there is into the archive, as the regular tasks do when its time is over; returns the file."""
    wiring = case.place.wiring
    case.clock.advance((wiring.settings.audit.online_days + 1) * DAY)
    wiring.audit_tree.sequence()
    wiring.audit_heads.publish()
    while indicators_of(wiring).run():
        pass
    assert wiring.audit_archive.run() > 0
    (file,) = (wiring.settings.home / "audit").glob("*.jsonl.gz")
    return file


def test_what_was_moved_to_an_archive_is_in_the_bundle(case: Case) -> None:
    question = case.question("client", case.here.client.client_id)
    archived(case)
    later = {**question, "discovered_at": case.clock.now() - 1800}
    officer = case.place.administrator("officer", Role.CONSENT_OFFICER)
    found = officer("POST", "/breach-reports", later).json
    assert (found["people"], found["acts"]) == (2, {"token:authorization_code": 2})
    assert found["claims"] == ["email", "email_verified"]
    assert found["archives_unread"] == 0
    early = officer("POST", "/breach-reports", {**later, "until": case.second_day}).json
    assert early["people"] == 1


@pytest.mark.parametrize("moment", [1, 2])
def test_what_moves_into_an_archive_meanwhile_is_counted_once(
    case: Case, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Before the log is read (1), and after it (2)."""
    question = case.question("client", case.here.client.client_id)
    later = {**question, "discovered_at": case.clock.now() - 1800}
    pages, calls = ArchivedRecords.pages, list[int]()

    def moving(archives: ArchivedRecords, *arguments: Any) -> Any:
        calls.append(1)
        if moment == 2 == len(calls):
            archived(case)
        yield from pages(archives, *arguments)
        if moment == 1 == len(calls):
            archived(case)

    monkeypatch.setattr(ArchivedRecords, "pages", moving)
    officer = case.place.administrator("officer", Role.CONSENT_OFFICER)
    found = officer("POST", "/breach-reports", later).json
    assert (found["people"], found["acts"]) == (2, {"token:authorization_code": 2})


def test_archive_that_is_gone_or_was_changed_is_told_and_nothing_is_read_from_it(case: Case) -> None:
    question = case.question("client", case.here.client.client_id)
    file = archived(case)
    file.write_bytes(file.read_bytes() + b"x")
    officer = case.place.administrator("officer", Role.CONSENT_OFFICER)
    later = {**question, "discovered_at": case.clock.now() - 1800}
    found = officer("POST", "/breach-reports", later).json
    assert (found["archives_unread"], found["people"]) == (1, 0)
    file.unlink()
    assert officer("POST", "/breach-reports", later).json["archives_unread"] == 1


def test_unit_takes_in_the_units_below_and_a_key_everything_since_it_signs(case: Case) -> None:
    root = case.place.administrator("root", Role.PROVINCIAL_ADMINISTRATOR)
    whole = root("POST", "/breach-reports", case.question("unit", "79")).json
    assert (whole["people"], len(whole["systems"])) == (2, 2)
    assert root("POST", "/breach-reports", case.question("unit", "79.10")).json["people"] == 1
    kid = next(row.kid for row in case.place.wiring.key_service.rows() if row.state == "active")
    assert root("POST", "/breach-reports", case.question("key", kid)).json["people"] == 2


def test_account_takes_in_looks_and_sign_ins_here(case: Case) -> None:
    root = case.place.administrator("root", Role.PROVINCIAL_ADMINISTRATOR)
    case.place.acts.accounts.show(case.place.who("root"), case.second)
    case.clock.advance(1)
    found = root("POST", "/breach-reports", case.question("account", case.second)).json
    assert found["people"] == 1
    assert found["acts"]["account:show"] == 1
    assert found["ids"] == 1, "whom it is about is not said"
    assert {one["client_id"] for one in found["systems"]} == {
        "",
        case.here.client.client_id,
        case.there.client.client_id,
    }


def test_people_who_are_named_read_that_somebody_looked(case: Case) -> None:
    auditor = case.place.administrator("auditor", Role.AUDITOR)
    assert auditor("POST", "/breach-reports", case.question("account", case.second)).status == 200
    (seen,) = case.place.world.events("account:show", account_id=case.second)
    assert (seen["actor"], seen["reason"]) == (auditor.principal, "breach")
    assert case.place.world.events("account:show", account_id=case.first) == []
    (session,) = {
        row["session_id"] for row in case.place.world.events("token:authorization_code", account_id=case.first)
    }
    assert auditor("POST", "/breach-reports", case.question("session", session)).status == 200
    assert len(case.place.world.events("account:show", account_id=case.first)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scope": "client", "ids": ["a", "b"]}, "ids"),
        ({"since": 5, "until": 5}, "since"),
        ({"since": 0, "until": 2_000_000_000}, "since"),
        ({"discovered_at": 2**40}, "discovered_at"),
    ],
)
def test_question_that_is_wrong_names_its_field(case: Case, changes: dict[str, Any], field: str) -> None:
    auditor = case.place.administrator("auditor", Role.AUDITOR)
    answer = auditor("POST", "/breach-reports", case.question("client", case.here.client.client_id, **changes))
    assert answer.status == 422
    assert [one["field"] for one in answer.json["errors"]] == [field]


def test_collecting_is_within_reach_and_recorded(case: Case) -> None:
    client_id = case.here.client.client_id
    outside = case.place.administrator("outside", Role.CONSENT_OFFICER, case.place.wiring.admins.unit("79.10"))
    manager = case.place.administrator("manager", Role.CLIENT_MANAGER)
    for caller in (outside, manager):
        assert caller("POST", "/breach-reports", case.question("client", client_id)).status in {403, 404}
    kid = case.place.wiring.key_service.rows()[0].kid
    assert outside("POST", "/breach-reports", case.question("key", kid)).status in {403, 404}
    assert outside("POST", "/breach-reports", case.question("session", "any")).status in {403, 404}
    assert case.place.world.events("admin:export") == []
    assert outside("POST", "/breach-reports", case.question("client", case.there.client.client_id)).status == 200
    (row,) = case.place.world.events("admin:export")
    assert row["target"].startswith("list:breach:client:")
    assert "xâm nhập" in str(row["detail"])


def test_what_a_person_used_elsewhere_is_for_who_may_read_the_log_about_him(case: Case) -> None:
    question = case.question("account", case.second)
    officer = case.place.administrator("officer", Role.CONSENT_OFFICER)
    assert officer("POST", "/breach-reports", question).status in {403, 404}
    auditor = case.place.administrator("auditor", Role.AUDITOR)
    assert auditor("POST", "/breach-reports", question).json["people"] == 1


def test_console_hands_out_one_file_with_masked_people(case: Case) -> None:
    case.place.grant("officer", Role.CONSENT_OFFICER)
    browser = Administrating(case.place, case.place.account("officer"))
    page = browser.open("/admin/data-protection/breach")
    form = {str(one["name"]): str(one.get("value", "")) for one in page.soup.select("#collect-form input[type=hidden]")}
    answer = browser.http.post(
        "/admin/data-protection/breach",
        data={
            **form,
            "scope": "client",
            "ids": case.here.client.client_id,
            "since": local(case.begin),
            "until": local(case.clock.now() + 60),
            "discovered": local(case.clock.now()),
            "reason": "Lộ khóa",
        },
        base_url="https://id.example.vn",
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as archive:
        assert sorted(archive.namelist()) == ["notification.en.txt", "notification.vi.txt", "people.csv", "report.json"]
        rows = list(csv.DictReader(io.StringIO(archive.read("people.csv").decode())))
    assert len(rows) == 2
    for row, account_id in zip(
        sorted(rows, key=lambda one: one["account"]), sorted((case.first, case.second)), strict=True
    ):
        assert row["account"] != account_id
    assert {row["account"][-8:] for row in rows} == {case.first[-8:], case.second[-8:]}


def test_form_that_is_wrong_is_answered_before_anything_is_read(case: Case) -> None:
    case.place.grant("officer", Role.CONSENT_OFFICER)
    browser = Administrating(case.place, case.place.account("officer"))
    page = browser.open("/admin/data-protection/breach")
    landed = browser.submit(page, "collect-form", scope="client", ids="x", since="hôm qua", reason="x")
    assert landed.status == 400
    assert "since" in landed.text


def test_operator_writes_the_files_and_may_have_whole_ids(case: Case, tmp_path: Path) -> None:
    context = Context()
    context.__dict__["wiring"] = case.place.wiring
    arguments = ["breach", "--scope", "client", "--id", case.here.client.client_id, "--since", local(case.begin, "T")]
    arguments += ["--until", local(case.clock.now() + 60, "T"), "--discovered", local(case.clock.now(), "T")]
    arguments += ["--out", str(tmp_path / "out"), "--reason", "Lộ khóa", "--json"]
    for more, whole in (([], False), (["--whole-ids"], True)):
        result = CliRunner().invoke(protection_group, [*arguments, *more], obj=context)
        assert result.exit_code == 0, result.output
        people = (tmp_path / "out" / "people.csv").read_text("utf-8")
        assert (case.first in people) == whole
    assert (tmp_path / "out" / "people.csv").stat().st_mode & 0o077 == 0


def test_nobody_is_counted_twice_whatever_part_he_falls_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "_PARTS", 3)
    with Collected() as found:
        for number in range(500):
            found.findings.systems.setdefault("a", collecting.System("a"))
            found.note(f"person-{number % 100}", "a", number + 1)
        found.count_people()
        people = list(found.people())
    assert found.findings.people == len({one.account_id for one in people}) == 100
    assert found.findings.systems["a"].people == 100
    assert all((one.acts, one.last_at - one.first_at) == (5, 400) for one in people)


def test_walk_begins_near_the_range_and_not_at_the_beginning_of_the_log(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "_PAGE", 4)
    monkeypatch.setattr(collecting, "_SLACK_US", 1_000_000)
    asked_for = breaches.BreachQuestion("unit", ("79",), case.second_day - 60, case.clock.now(), case.clock.now(), "x")
    wanted = case.place.acts.breaches.wanted(asked_for)
    pages = list(case.place.wiring.breach_collector._pages(wanted))
    assert sum(len(one) for one in pages) == 2
    whole = case.place.wiring.audit._store.after(0, 10_000)
    assert len(pages) * 4 < len(whole), "the first day was not read"


def local(moment: int, between: str = " ") -> str:
    """Return a moment as the form and the command line take it."""
    shown = translator("vi").moment(moment)
    return f"{shown[6:10]}-{shown[3:5]}-{shown[:2]}{between}{shown[11:]}"
