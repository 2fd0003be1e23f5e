"""Initial access tokens in SQL."""

from __future__ import annotations

from typing import Any, Final

import orjson
from sqlalchemy import bindparam, select, update

from clients import terms
from idp.model.audit import AuditRecord
from idp.model.initial_token import InitialToken
from idp.storage.audit import Recorder, record_params
from idp.storage.database import Database, Executor
from idp.storage.tables import initial_access_tokens

_READ: Final = ("id", "terms", "uses_left", "created_at", "expires_at", "revoked_at")


class SqlInitialTokenStore:
    """``ports.initial_tokens.InitialTokenStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns = initial_access_tokens.c
        read = [columns[name] for name in _READ]
        now = bindparam("now", type_=columns.expires_at.type)
        usable = (columns.uses_left > 0, columns.expires_at > now, columns.revoked_at.is_(None))
        self._database = database
        self._recorder = Recorder(database)
        self._insert = database.prepare(
            initial_access_tokens.insert().values({column.name: bindparam(f"new_{column.name}") for column in columns})
        )
        self._find = database.prepare(select(*read).where(columns.digest == bindparam("wanted"), *usable))
        self._all = database.prepare(select(*read).order_by(columns.id))
        self._use = database.prepare(
            update(initial_access_tokens)
            .where(columns.id == bindparam("token"), *usable)
            .values(uses_left=columns.uses_left - 1)
        )
        self._revoke = database.prepare(
            update(initial_access_tokens)
            .where(columns.id == bindparam("token"), columns.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(columns.id)
        )

    def add(self, token: InitialToken, digest: bytes, record: AuditRecord) -> None:
        """Insert with the audit record."""
        values = {f"new_{name}": getattr(token, name) for name in _READ if name != "terms"}
        document = orjson.dumps(token.terms.document()).decode()
        with self._database.transaction() as tx:
            tx.run(self._insert, {**values, "new_terms": document, "new_digest": digest})
            self._recorder.write(tx, record)

    def find(self, digest: bytes, now: int) -> InitialToken | None:
        """Return the token of this digest if it can still be used."""
        row = self._database.row(self._find, {"wanted": digest, "now": now})
        return _token(row) if row else None

    def use(self, token_id: str, now: int) -> bool:
        """Take one use."""
        return self._database.run(self._use, {"token": token_id, "now": now}) == 1

    def revoke(self, token_id: str, now: int, record: AuditRecord) -> bool:
        """Revoke with the audit record."""
        params = {"token": token_id, "now": now}
        done = self._database.claim_and_record(self._revoke, params, self._recorder.statement, record_params(record))
        return done is not None

    def revoke_within(self, tx: Executor, token_id: str, now: int, record: AuditRecord) -> bool:
        """Revoke as part of ``tx``; tell whether it was in force."""
        if tx.row(self._revoke, {"token": token_id, "now": now}) is None:
            return False
        self._recorder.write(tx, record)
        return True

    def all(self) -> list[InitialToken]:
        """Return every token, oldest first."""
        return [_token(row) for row in self._database.rows(self._all)]


def _token(row: tuple[Any, ...]) -> InitialToken:
    named = dict(zip(_READ, row, strict=True))
    return InitialToken(**{**named, "terms": terms.read(orjson.loads(named["terms"]))})
