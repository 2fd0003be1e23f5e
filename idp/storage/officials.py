"""Links of officials and comparisons of directories in SQL."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

import orjson
from sqlalchemy import and_, bindparam, null, or_, select, update

from idp.model.audit import AuditRecord
from idp.ports.accounts import NewAccount
from idp.ports.officials import LinkRow, Run
from idp.storage.accounts import ACCOUNT
from idp.storage.audit import Recorder
from idp.storage.database import Database, Executor, Prepared
from idp.storage.tables import directory_links, directory_runs

_NAMES: Final = tuple(field.name for field in fields(LinkRow))
_COLUMNS: Final = tuple(directory_links.c[name] for name in _NAMES)
_AGAIN: Final = 900
"""Seconds after which a directory that was out of reach is compared again on the same day."""
_LOST: Final = 4 * 3600
"""Seconds after which a comparison that never ended was killed with its process."""


class SqlOfficialStore:
    """``ports.officials.OfficialStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._recorder = Recorder(database)
        self._add_account = ACCOUNT.insert(database)
        self._prepare_links()
        self._prepare_runs()

    def _prepare_links(self) -> None:
        prepare, columns = self._database.prepare, directory_links.c
        rows = select(*_COLUMNS)
        this = and_(columns.directory == bindparam("of_directory"), columns.link == bindparam("of_link"))
        self._one = prepare(rows.where(this))
        self._of_account = prepare(
            rows.where(columns.account_id == bindparam("account"), columns.ended_at.is_(None)).order_by(
                columns.created_at, columns.directory, columns.link
            )
        )
        self._of_directory = prepare(rows.where(columns.directory == bindparam("of_directory")).order_by(columns.link))
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _NAMES}
        self._insert = prepare(directory_links.insert().values(values))
        office: dict[str, Any] = {"unit_code": bindparam("new_code"), "unit_from": bindparam("new_from")}
        elsewhere = or_(columns.unit_code != bindparam("new_code"), columns.unit_from != bindparam("new_from"))
        self._move = prepare(update(directory_links).where(this, elsewhere).values(office))
        ended: dict[str, Any] = {"ended_at": bindparam("moment"), "end_reason": bindparam("why")}
        self._end = prepare(update(directory_links).where(this, columns.ended_at.is_(None)).values(ended))
        live = {"ended_at": null(), "end_reason": null()}
        self._revive = prepare(update(directory_links).where(this, columns.ended_at.is_not(None)).values(live))

    def _prepare_runs(self) -> None:
        prepare, table, columns = self._database.prepare, directory_runs, directory_runs.c
        begun = {"day": bindparam("new_day"), "started_at": bindparam("moment"), "finished_at": null()}
        insert = self._database.insert(table).values(
            directory=bindparam("of_directory"), outcome="running", counts="{}", **begun
        )
        begun_before = insert.excluded.started_at - columns.started_at
        unanswered = or_(
            and_(columns.outcome == "unavailable", begun_before >= _AGAIN),
            and_(columns.outcome == "running", begun_before >= _LOST),
        )
        self._claim = prepare(
            insert.on_conflict_do_update(
                index_elements=[columns.directory],
                set_={
                    name: insert.excluded[name] for name in ("day", "started_at", "finished_at", "outcome", "counts")
                },
                where=or_(columns.day < insert.excluded.day, unanswered),
            )
        )
        self._finish = prepare(
            update(table)
            .where(columns.directory == bindparam("of_directory"))
            .values(finished_at=bindparam("moment"), outcome=bindparam("came_to"), counts=bindparam("figures"))
        )
        self._begin = prepare(
            insert.on_conflict_do_update(
                index_elements=[columns.directory],
                set_={
                    name: insert.excluded[name] for name in ("day", "started_at", "finished_at", "outcome", "counts")
                },
            )
        )
        self._last = prepare(select(table).where(columns.directory == bindparam("of_directory")))

    def by_link(self, directory: str, link: str) -> LinkRow | None:
        """Return a link, ended or not."""
        row = self._database.row(self._one, {"of_directory": directory, "of_link": link})
        return LinkRow(*row) if row else None

    def of_account(self, account_id: str) -> list[LinkRow]:
        """Return the live links of an account, oldest first."""
        return [LinkRow(*row) for row in self._database.rows(self._of_account, {"account": account_id})]

    def of_directory(self, directory: str) -> list[LinkRow]:
        """Return every link of a directory."""
        return [LinkRow(*row) for row in self._database.rows(self._of_directory, {"of_directory": directory})]

    def admit(self, new: NewAccount, link: LinkRow, record: AuditRecord) -> None:
        """Insert an account with its link in one transaction; raises ``Conflict`` when the link is somebody's."""
        with self._database.transaction() as tx:
            tx.run(self._add_account, ACCOUNT.bound(new.account))
            self._put(tx, link, record)

    def add(self, link: LinkRow, record: AuditRecord) -> None:
        """Give an account another link; raises ``Conflict`` when the link is somebody's."""
        with self._database.transaction() as tx:
            self._put(tx, link, record)

    def _put(self, tx: Executor, link: LinkRow, record: AuditRecord) -> None:
        tx.run(self._insert, {f"new_{name}": getattr(link, name) for name in _NAMES})
        self._recorder.write(tx, record)

    def move(self, directory: str, link: str, office: tuple[str, str], record: AuditRecord) -> bool:
        """Change the office of a link; False if it was that already."""
        return self._change(self._move, directory, link, record, new_code=office[0], new_from=office[1])

    def end(self, directory: str, link: str, now: int, reason: str, record: AuditRecord) -> bool:
        """End a live link; False if it had ended."""
        return self._change(self._end, directory, link, record, moment=now, why=reason)

    def revive(self, directory: str, link: str, record: AuditRecord) -> bool:
        """Make an ended link live again; False if it was."""
        return self._change(self._revive, directory, link, record)

    def _change(self, statement: Prepared, directory: str, link: str, record: AuditRecord, **values: Any) -> bool:
        with self._database.transaction() as tx:
            if tx.run(statement, {"of_directory": directory, "of_link": link, **values}) == 0:
                return False
            self._recorder.write(tx, record)
        return True

    def claim_run(self, directory: str, day: str, now: int) -> bool:
        """Begin the comparison of a day; of many that ask one gets True."""
        values = {"of_directory": directory, "new_day": day, "moment": now}
        return self._database.run(self._claim, values) == 1

    def finish_run(self, run: Run, record: AuditRecord) -> None:
        """Keep how the last comparison ended."""
        figures = orjson.dumps(dict(run.counts)).decode()
        begun = {"of_directory": run.directory, "new_day": run.day, "moment": run.started_at}
        ended = {"of_directory": run.directory, "moment": run.finished_at, "came_to": run.outcome, "figures": figures}
        with self._database.transaction() as tx:
            tx.run(self._begin, begun)
            tx.run(self._finish, ended)
            self._recorder.write(tx, record)

    def last_run(self, directory: str) -> Run | None:
        """Return the last comparison."""
        row = self._database.row(self._last, {"of_directory": directory})
        if row is None:
            return None
        directory, day, started, finished, outcome, figures = row
        return Run(directory, day, started, finished, outcome, orjson.loads(figures))
