"""Upstream links and origins of sessions in SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import bindparam, select, update

from idp.model.audit import AuditRecord
from idp.model.upstream import LinkEnd
from idp.ports.accounts import NewAccount
from idp.ports.factors import Removal
from idp.ports.upstream_links import LinkRow, OriginRow
from idp.storage.accounts import ACCOUNT, CODE
from idp.storage.audit import Recorder, record_params
from idp.storage.database import Database, Executor
from idp.storage.factors import lock_account
from idp.storage.tables import upstream_links, upstream_sessions

_LINK: Final = ("id", "upstream", "lookup", "sealed", "account_id", "how", "ceiling", "created_at")
_UPSTREAM: Final = _LINK.index("upstream")
_ORIGIN: Final = ("session_id", "upstream", "account_id", "subject", "sid", "sealed", "expires_at")


class SqlUpstreamLinkStore:
    """``ports.upstream_links.UpstreamLinkStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns, prepare = upstream_links.c, database.prepare
        current = columns.ended_at.is_(None)
        read = select(*(columns[name] for name in _LINK)).where(current)
        ended: dict[str, Any] = {"ended_at": bindparam("now"), "end_reason": bindparam("reason")}
        self._database = database
        self._recorder = Recorder(database)
        self._add_account, self._add_code = ACCOUNT.insert(database), CODE.insert(database)
        self._insert = prepare(upstream_links.insert().values({name: bindparam(f"new_{name}") for name in _LINK}))
        self._of_subject = prepare(read.where(columns.lookup == bindparam("wanted")))
        self._of_account = prepare(read.where(columns.account_id == bindparam("account")).order_by(columns.id))
        mine = (columns.account_id == bindparam("account"), columns.upstream == bindparam("name"))
        self._replace = prepare(update(upstream_links).where(*mine, current).values(ended))
        self._end = prepare(
            update(upstream_links).where(columns.id == bindparam("link"), current).values(ended).returning(columns.id)
        )

        self._lock = lock_account(database)
        owner = columns.account_id == bindparam("account")
        self._last = prepare(
            select(columns.upstream, columns.end_reason, columns.ended_at)
            .where(owner)
            .order_by(columns.ended_at.is_(None), columns.ended_at, columns.id)
        )
        closed = (*mine, columns.end_reason == LinkEnd.CLOSED.value)
        self._reopen = prepare(update(upstream_links).where(*closed).values(end_reason=LinkEnd.REOPENED.value))

    def of_subject(self, lookup: bytes) -> LinkRow | None:
        """Return the current link of a subject."""
        row = self._database.row(self._of_subject, {"wanted": lookup})
        return _link(row) if row else None

    def of_account(self, account_id: str) -> list[LinkRow]:
        """Return the current links of an account, oldest first."""
        return [_link(row) for row in self._database.rows(self._of_account, {"account": account_id})]

    def link(self, row: LinkRow, record: AuditRecord) -> None:
        """Replace the account's link to the upstream, in one transaction with the record."""
        ended = {
            "account": row.account_id,
            "name": row.upstream,
            "now": row.created_at,
            "reason": LinkEnd.REPLACED.value,
        }
        with self._database.transaction() as tx:
            tx.run(self._replace, ended)
            self._put(tx, row)
            self._recorder.write(tx, record)

    def create(self, new: NewAccount, row: LinkRow, records: tuple[AuditRecord, ...]) -> None:
        """Insert account, codes, link and records in one transaction."""
        with self._database.transaction() as tx:
            tx.run(self._add_account, ACCOUNT.bound(new.account))
            for code in new.codes:
                tx.run(self._add_code, CODE.bound(code))
            self._put(tx, row)
            for record in records:
                self._recorder.write(tx, record)

    def end(self, link_id: str, now: int, reason: LinkEnd, record: AuditRecord) -> bool:
        """End a current link with the record."""
        params = {"link": link_id, "now": now, "reason": reason.value}
        done = self._database.claim_and_record(self._end, params, self._recorder.statement, record_params(record))
        return done is not None

    def close(
        self, account_id: str, upstream: str, may: Callable[[frozenset[str]], bool], now: int, record: AuditRecord
    ) -> Removal:
        """End the account's link to an upstream for good, recorded, if ``may`` (upstreams that stay linked) says yes."""
        with self._database.transaction() as tx:
            tx.row(self._lock, {"account": account_id})
            linked = {row[_UPSTREAM]: row[0] for row in tx.rows(self._of_account, {"account": account_id})}
            link_id = linked.pop(upstream, None)
            if link_id is None:
                return Removal.ABSENT
            if not may(frozenset(linked)):
                return Removal.LAST
            tx.rows(self._end, {"link": link_id, "now": now, "reason": LinkEnd.CLOSED.value})
            self._recorder.write(tx, record)
        return Removal.DONE

    def closed(self, account_id: str) -> dict[str, int]:
        """Return the upstreams that the person has closed and when."""
        # The last row of an upstream decides, a current link's comes last.
        last = {row[0]: (row[1], row[2]) for row in self._database.rows(self._last, {"account": account_id})}
        return {name: int(at) for name, (reason, at) in last.items() if reason == LinkEnd.CLOSED.value}

    def reopen(self, account_id: str, upstream: str, record: AuditRecord) -> bool:
        """Let an upstream that was closed open the account again."""
        with self._database.transaction() as tx:
            if tx.run(self._reopen, {"account": account_id, "name": upstream}) == 0:
                return False
            self._recorder.write(tx, record)
        return True

    def _put(self, tx: Executor, row: LinkRow) -> None:
        tx.run(self._insert, {f"new_{name}": getattr(row, name) for name in _LINK})


class SqlUpstreamSessionStore:
    """``ports.upstream_links.UpstreamSessionStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns, prepare = upstream_sessions.c, database.prepare
        read = select(*(columns[name] for name in _ORIGIN))
        fresh = database.insert(upstream_sessions).values({name: bindparam(f"new_{name}") for name in _ORIGIN})
        changes = {name: fresh.excluded[name] for name in _ORIGIN[1:]}
        self._database = database
        self._put = prepare(fresh.on_conflict_do_update(index_elements=["session_id"], set_=changes))
        self._of_session = prepare(read.where(columns.session_id == bindparam("session")))
        self._of_sid = prepare(read.where(columns.sid == bindparam("wanted")))
        self._of_subject = prepare(read.where(columns.subject == bindparam("wanted")))

    def put(self, row: OriginRow) -> None:
        """Insert or replace."""
        self._database.run(self._put, {f"new_{name}": getattr(row, name) for name in _ORIGIN})

    def of_session(self, session_id: str) -> OriginRow | None:
        """Return where a session came from."""
        row = self._database.row(self._of_session, {"session": session_id})
        return _origin(row) if row else None

    def of_sid(self, sid: bytes) -> list[OriginRow]:
        """Return the sessions of one upstream session."""
        return [_origin(row) for row in self._database.rows(self._of_sid, {"wanted": sid})]

    def of_subject(self, subject: bytes) -> list[OriginRow]:
        """Return the sessions of one upstream subject."""
        return [_origin(row) for row in self._database.rows(self._of_subject, {"wanted": subject})]


def _link(row: tuple[Any, ...]) -> LinkRow:
    named = dict(zip(_LINK, row, strict=True))
    return LinkRow(**{**named, "lookup": bytes(named["lookup"]), "sealed": bytes(named["sealed"])})


def _origin(row: tuple[Any, ...]) -> OriginRow:
    named = dict(zip(_ORIGIN, row, strict=True))
    sid = bytes(named["sid"]) if named["sid"] is not None else None
    return OriginRow(**{**named, "subject": bytes(named["subject"]), "sid": sid, "sealed": bytes(named["sealed"])})
