"""Erasing and archiving over real databases: nobody is found any more, and every proof still holds."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from idp.model.audit import AuditEvent, Event
from idp.ports.audit import AuditQuery
from idp.services.audit import AuditLog
from idp.services.audit_archive import AuditArchive, Keeping
from idp.services.audit_bundle import AuditBundles
from idp.services.audit_erasure import AuditErasure, ranges
from idp.services.audit_heads import AuditHeads
from idp.services.audit_verification import Report, Trust, verify_bundle
from idp.services.audit_walk import Verdict
from idp.storage.audit import SqlAuditStore
from idp.storage.audit_heads import SqlAuditHeadStore
from idp.storage.audit_segments import SqlAuditKeeper
from idp.storage.database import Database
from idp.storage.tables import audit_events, audit_segments
from tests.support.clock import FrozenClock
from tests.support.stores import SEALER, make_audit_tree, stored

DAY = 86_400
PERSON = "a-person-to-be-forgotten"


class Archive:
    """A log, its heads, its archive and its erasure."""

    def __init__(self, database: Database, audit: AuditLog, clock: FrozenClock, folder: Path) -> None:
        self.database, self.audit, self.clock, self.folder = database, audit, clock, folder
        self.records, keeper = SqlAuditStore(database), SqlAuditKeeper(database)
        self.tree = make_audit_tree(database)
        store = SqlAuditHeadStore(database)
        self.heads = AuditHeads("https://id.example.vn", self.tree, store, audit, clock, SEALER.seal, SEALER.open)
        keeping = Keeping(365, 5 * 365, folder)
        self.counted = 1 << 40
        self.archive = AuditArchive(keeping, keeper, self.records, self.heads, audit, clock, lambda: self.counted)
        self.erasure = AuditErasure(keeper, audit)

    def write(self, number: int = 1, account_id: str = PERSON) -> None:
        for one in range(number):
            event = AuditEvent(
                *(Event.SIGN_IN,),
                actor=f"account:{account_id}",
                account_id=account_id,
                target=f"account:{account_id}",
                detail={"one": one},
                private={"address": "192.0.2.1"},
            )
            self.audit.write(event)
        self.publish()

    def publish(self) -> None:
        self.tree.sequence()
        self.heads.publish()

    def verified(self) -> Verdict:
        roots = {head.size: head.root for head in self.heads.between(0, 1 << 40)}
        return self.tree.verify(roots=roots, archived=self.archive.spans())

    def bundle(self, **options: Any) -> tuple[bytes, Report]:
        self.publish()
        bundles = AuditBundles(self.records, self.heads, self.archive.spans)
        lines = list(bundles.lines(bundles.span(**options), self.clock.now()))
        return b"".join(lines), verify_bundle(lines, Trust(self.heads.verifiers()))

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*"))


@pytest.fixture
def place(database: Database, audit: AuditLog, clock: FrozenClock, tmp_path: Path) -> Archive:
    return Archive(database, audit, clock, tmp_path / "archive")


def test_erased_person_is_nowhere_and_every_proof_holds(place: Archive) -> None:
    place.write(3)
    place.write(2, "somebody-else")
    before = place.heads.newest()
    assert place.erasure.erase(PERSON, before_us=1 << 62, reason="QĐ 12") == 3
    assert place.erasure.erase(PERSON, before_us=1 << 62, reason="QĐ 12") == 0
    assert PERSON not in str(stored(place.database, audit_events))
    data, report = place.bundle()
    assert (report.fault, report.erased, PERSON.encode() in data) == (None, 3, False)
    assert before is not None
    assert verify_bundle(data.splitlines(), Trust(place.heads.verifiers(), seen=(before,))).fault is None
    verdict = place.verified()
    assert (verdict.fault, verdict.erased) == (None, 3)
    [told] = place.audit.search(AuditQuery(events=("audit:erase",)))
    assert (told["reason"], told["detail"]) == ("QĐ 12", {"numbers": [[2, 4]]} if told["seq"] == 9 else told["detail"])
    assert place.audit.search(AuditQuery(account_id=PERSON)) == []


def test_only_records_before_the_moment_are_erased(place: Archive) -> None:
    place.write(2)
    moment = place.clock.now_us()
    place.clock.advance(10)
    place.write(2)
    assert place.erasure.erase(PERSON, before_us=moment + 1, reason="r") == 2
    assert len(place.audit.search(AuditQuery(account_id=PERSON))) == 2


def test_many_records_are_erased_in_batches(place: Archive) -> None:
    place.write(450)
    assert place.erasure.erase(PERSON, before_us=1 << 62, reason="r") == 450
    place.publish()
    assert place.verified().erased == 450
    assert len(place.audit.search(AuditQuery(events=("audit:erase",)))) == 3


def test_erasing_by_sql_is_found(place: Archive) -> None:
    place.write(3)
    quiet = (
        "UPDATE audit_events SET erased = commitment, reason = '', actor = '', target = '', detail = '{}', account_id = NULL, "
        "session_id = NULL, sealed = NULL WHERE seq = 2"
    )
    place.database.run(place.database.prepare(text(quiet)))
    fault = place.verified().fault
    assert fault is not None
    assert fault.position == 2


def test_ranges_are_joined() -> None:
    assert ranges([5, 1, 2, 3, 9, 8]) == [[1, 3], [5, 5], [8, 9]]
    assert ranges([]) == []


def test_old_records_go_into_a_file_that_proves_itself(place: Archive) -> None:
    place.write(5)
    place.clock.advance(300 * DAY)
    place.write(4)
    assert place.archive.run() == 0
    place.clock.advance(70 * DAY)
    assert place.archive.run() > 0
    [segment] = stored(place.database, audit_segments)
    [path] = place.files()
    assert (segment["first"], path.name) == (1, segment["file"])
    assert path.stat().st_mode & 0o077 == 0
    left = stored(place.database, audit_events)
    assert min(row["seq"] for row in left) == segment["last"] + 1
    with gzip.open(path, "rb") as lines:
        report = verify_bundle(lines, Trust(place.heads.verifiers()))
    assert (report.fault, report.first, report.last) == (None, 1, segment["last"])
    assert (place.archive.run(), place.archive.check(), place.verified().fault) == (0, None, None)
    assert [row["target"] for row in left if row["event"] == "audit:archive"] == [f"audit:1-{segment['last']}"]


def test_log_goes_on_and_a_later_bundle_says_what_lies_in_the_archive(place: Archive) -> None:
    place.write(4)
    place.clock.advance(400 * DAY)
    moved = place.archive.run()
    place.write(2)
    _, report = place.bundle()
    assert (report.fault, report.archived) == (None, moved)
    _, part = place.bundle(first=moved + 1)
    assert (part.fault, part.archived) == (None, 0)


def test_what_was_not_counted_yet_is_not_archived(place: Archive) -> None:
    place.write(4)
    place.clock.advance(400 * DAY)
    place.counted = 2
    assert place.archive.run() == 2
    assert place.archive.run() == 0


def test_log_that_does_not_hold_is_not_archived(place: Archive) -> None:
    place.write(4)
    place.clock.advance(400 * DAY)
    statement = "UPDATE audit_events SET target = 'x' WHERE seq = 3"
    place.database.run(place.database.prepare(text(statement)))
    with pytest.raises(Exception, match="record 3"):
        place.archive.run()
    assert (place.files(), stored(place.database, audit_segments)) == ([], [])


@pytest.mark.parametrize("harm", ["missing", "changed"])
def test_archive_that_was_touched_is_found(place: Archive, harm: str) -> None:
    place.write(3)
    place.clock.advance(400 * DAY)
    place.archive.run()
    [path] = place.files()
    path.unlink() if harm == "missing" else path.write_bytes(gzip.compress(b"{}\n"))
    assert place.archive.check() == (1, f"the archive {path.name} is missing or was changed")


def test_records_that_somebody_only_says_were_archived_are_missed(place: Archive) -> None:
    place.write(3)
    for statement in (
        "DELETE FROM audit_events WHERE seq <= 2",
        "INSERT INTO audit_segments SELECT 1, 2, 'x', 'x', 0, at_us / 1000000, 9 FROM audit_events WHERE seq = 3",
    ):
        place.database.run(place.database.prepare(text(statement)))
    assert place.archive.check() == (1, "no record says that these records were archived")


def test_erasing_reaches_the_archive(place: Archive) -> None:
    place.write(3)
    place.write(1, "somebody-else")
    place.clock.advance(400 * DAY)
    place.archive.run()
    [old] = place.files()
    assert place.archive.erase(PERSON, before_us=1 << 62, reason="r", actor="operator:local") == 3
    [path] = place.files()
    assert path != old
    content = gzip.decompress(path.read_bytes())
    assert (PERSON.encode() in content, b"somebody-else" in content) == (False, True)
    assert place.archive.check() is None
    assert place.archive.erase(PERSON, before_us=1 << 62, reason="r", actor="operator:local") == 0


def test_file_goes_when_its_time_is_over_and_the_leaves_stay(place: Archive) -> None:
    place.write(3)
    place.clock.advance(400 * DAY)
    place.archive.run()
    place.clock.advance(5 * 365 * DAY)
    place.archive.run()
    [first, *_] = sorted(stored(place.database, audit_segments), key=lambda row: row["first"])
    assert first["removed_at"] is not None
    assert not (place.folder / first["file"]).exists()
    place.publish()
    assert (place.archive.check(), place.verified().fault) == (None, None)
