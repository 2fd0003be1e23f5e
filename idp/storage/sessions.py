"""Sessions in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, and_, bindparam, literal_column, select, update

from idp.model.audit import AuditRecord
from idp.model.outbox import OutboxMessage
from idp.model.session import Session
from idp.ports.sessions import ConsentState, SessionClient, Snapshot
from idp.storage.audit import Recorder, record_params
from idp.storage.database import Database
from idp.storage.outbox import OutboxWriter
from idp.storage.tables import accounts, consents, grants, registry_versions, sessions, subjects

_COLUMNS: tuple[Column[Any], ...] = tuple(
    sessions.c[name]
    for name in (
        *("id", "account_id", "created_at", "last_seen_at", "expires_at", "auth_time", "acr", "amr"),
        *("ended_at", "end_reason", "capacity", "mandate_id"),
    )
)
_WIDTH = len(_COLUMNS)


def _session(row: tuple[Any, ...]) -> Session:
    values: list[Any] = [*row[:7], tuple(row[7].split()), *row[8:_WIDTH]]
    return Session(*values)


class SqlSessionStore:
    """``ports.sessions.SessionStore`` over SQL."""

    def __init__(self, database: Database, outbox: OutboxWriter) -> None:
        """Prepare the statements."""
        self._database = database
        self._outbox = outbox
        self._recorder = Recorder(database)
        self._prepare_writes()
        self._prepare_reads()

    def _prepare_writes(self) -> None:
        prepare = self._database.prepare
        live = and_(sessions.c.id == bindparam("session_id"), sessions.c.ended_at.is_(None))
        fresh: dict[str, Any] = {
            name: bindparam(f"new_{name}")
            for name in ("digest", "last_seen_at", "auth_time", "acr", "amr", "expires_at")
        }
        names = (*fresh, "id", "account_id", "created_at", "origin", "mandate_id")
        self._add = prepare(sessions.insert().values({name: bindparam(f"new_{name}") for name in names}))
        self._renew = prepare(update(sessions).where(live).values(fresh).returning(sessions.c.id))
        chosen: dict[str, Any] = {"capacity": bindparam("capacity")}
        self._choose = prepare(update(sessions).where(live).values(chosen).returning(sessions.c.id))
        self._touch = prepare(update(sessions).where(live).values(last_seen_at=bindparam("now")))
        ended: dict[str, Any] = {"ended_at": bindparam("now"), "end_reason": bindparam("reason")}
        self._end = prepare(update(sessions).where(live).values(ended))
        of_session = and_(
            grants.c.session_id == bindparam("session_id"), grants.c.revoked_at.is_(None), grants.c.offline == 0
        )
        revoked: dict[str, Any] = {"revoked_at": bindparam("now"), "revoke_reason": bindparam("reason")}
        self._revoke = prepare(update(grants).where(of_session).values(revoked))

    def _prepare_reads(self) -> None:
        prepare = self._database.prepare
        by_digest = sessions.c.digest == bindparam("digest")
        self._by_digest = prepare(select(*_COLUMNS).where(by_digest))
        version = select(registry_versions.c.version).where(registry_versions.c.name == "clients").scalar_subquery()
        subject = and_(
            subjects.c.account_id == sessions.c.account_id,
            subjects.c.sector_id == bindparam("sector_id"),
            subjects.c.current == 1,
        )
        consent = and_(
            consents.c.account_id == sessions.c.account_id,
            consents.c.client_id == bindparam("client_id"),
            consents.c.mandate_id == literal_column("''"),
            consents.c.ended_at.is_(None),
        )
        joined = (
            sessions.join(accounts, accounts.c.id == sessions.c.account_id)
            .outerjoin(subjects, subject)
            .outerjoin(consents, consent)
        )
        beside = (accounts.c.state, accounts.c.identity_level, subjects.c.sub, version)
        agreed = tuple(consents.c[name] for name in ("kind", "scope", "claims", "declined", "text_version"))
        wanted = select(*_COLUMNS, *beside, *agreed).select_from(joined).where(by_digest)
        self._snapshot = prepare(wanted, is_hot=True)
        self._clients = prepare(
            select(grants.c.client_id, grants.c.sub).where(grants.c.session_id == bindparam("session_id")).distinct()
        )
        live = and_(sessions.c.ended_at.is_(None), sessions.c.expires_at > bindparam("now"))
        of_account = and_(sessions.c.account_id == bindparam("account_id"), live)
        self._of_account = prepare(
            select(*_COLUMNS, sessions.c.origin).where(of_account).order_by(sessions.c.last_seen_at.desc())
        )
        behind = select(*_COLUMNS).where(sessions.c.id > bindparam("after"), live)
        self._everybodys = prepare(behind.order_by(sessions.c.id).limit(bindparam("most")))

    def add(self, session: Session, digest: bytes, origin: bytes, record: AuditRecord) -> None:
        """Insert a session with its audit record."""
        values = {
            **_fresh(session, digest),
            "new_id": session.id,
            "new_account_id": session.account_id,
            "new_created_at": session.created_at,
            "new_origin": origin,
            "new_mandate_id": session.mandate_id,
        }
        with self._database.transaction() as tx:
            tx.run(self._add, values)
            self._recorder.write(tx, record)

    def renew(self, session: Session, digest: bytes, record: AuditRecord) -> bool:
        """Give a live session a new cookie digest and sign-in; False if it has ended meanwhile."""
        values = {**_fresh(session, digest), "session_id": session.id}
        with self._database.transaction() as tx:
            if tx.row(self._renew, values) is None:
                return False
            self._recorder.write(tx, record)
        return True

    def choose(self, session_id: str, capacity: str, record: AuditRecord) -> bool:
        """Remember as whom the person acts from now on; False if the session has ended."""
        values = {"session_id": session_id, "capacity": capacity}
        claimed = self._database.claim_and_record(self._choose, values, self._recorder.statement, record_params(record))
        return claimed is not None

    def touch(self, session_id: str, now: int) -> None:
        """Note that the session was used."""
        self._database.run(self._touch, {"session_id": session_id, "now": now})

    def by_digest(self, digest: bytes) -> Session | None:
        """Return the session of a cookie, ended or not."""
        row = self._database.row(self._by_digest, {"digest": digest})
        return _session(row) if row else None

    def snapshot(self, digest: bytes, client_id: str, sector_id: str) -> Snapshot | None:
        """Return the session of a cookie with account, subject and consent for one client, in one round trip."""
        values = {"digest": digest, "client_id": client_id, "sector_id": sector_id}
        row = self._database.row(self._snapshot, values)
        if row is None:
            return None
        state, level, sub, version, *agreed = row[_WIDTH:]
        consent = ConsentState(*agreed) if agreed[0] is not None else None
        return Snapshot(_session(row), state, level, sub, consent, version or 0)

    def clients_of(self, session_id: str) -> list[SessionClient]:
        """Return the clients that signed somebody in by this session, also those whose tokens were revoked since."""
        return [SessionClient(*row) for row in self._database.rows(self._clients, {"session_id": session_id})]

    def end(self, session_id: str, now: int, reason: str, messages: list[OutboxMessage], record: AuditRecord) -> bool:
        """End the session, revoke what may not outlive it, put the messages out, record: one transaction."""
        values = {"session_id": session_id, "now": now, "reason": reason}
        with self._database.transaction() as tx:
            if tx.run(self._end, values) == 0:
                return False
            tx.run(self._revoke, values)
            for message in messages:
                self._outbox.put(tx, message)
            self._recorder.write(tx, record)
        return True

    def of_account(self, account_id: str, now: int) -> list[tuple[Session, bytes]]:
        """Return live sessions with their sealed origin, newest first."""
        rows = self._database.rows(self._of_account, {"account_id": account_id, "now": now})
        return [(_session(row), bytes(row[_WIDTH])) for row in rows]

    def everybodys(self, now: int, after: str, limit: int) -> list[Session]:
        """Return live sessions of all accounts by id, those behind the id ``after``."""
        rows = self._database.rows(self._everybodys, {"now": now, "after": after, "most": limit})
        return [_session(row) for row in rows]


def _fresh(session: Session, digest: bytes) -> dict[str, object]:
    return {
        "new_digest": digest,
        "new_last_seen_at": session.last_seen_at,
        "new_auth_time": session.auth_time,
        "new_acr": session.acr,
        "new_amr": " ".join(session.amr),
        "new_expires_at": session.expires_at,
    }
