"""Answers that are given again, in SQL."""

from __future__ import annotations

from sqlalchemy import BigInteger, bindparam, delete, null, select, update

from idp.ports.idempotency import KeptAnswer
from idp.storage.database import Database
from idp.storage.tables import api_answers


class SqlAnswerStore:
    """``ports.idempotency.AnswerStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns = api_answers.c
        now = bindparam("now", type_=BigInteger)
        mine = columns.key == bindparam("answer_key")
        insert = database.insert(api_answers).values(
            key=bindparam("answer_key"), fingerprint=bindparam("print"), expires_at=bindparam("ends")
        )
        # One whose time is over makes room in the same statement that claims its place.
        self._begin = database.prepare(
            insert.on_conflict_do_update(
                index_elements=[columns.key],
                set_={
                    "fingerprint": insert.excluded.fingerprint,
                    "answer": null(),
                    "expires_at": insert.excluded.expires_at,
                },
                where=columns.expires_at <= now,
            ).returning(columns.key)
        )
        self._database = database
        self._get = database.prepare(select(columns.fingerprint, columns.answer).where(mine))
        self._finish = database.prepare(update(api_answers).where(mine).values(answer=bindparam("new_answer")))
        self._forget = database.prepare(delete(api_answers).where(mine, columns.answer.is_(None)))

    def begin(self, key: str, fingerprint: bytes, now: int, expires_at: int) -> KeptAnswer | None:
        """Claim a key, or return what is kept of it."""
        claimed = self._database.row(
            self._begin, {"answer_key": key, "print": fingerprint, "ends": expires_at, "now": now}
        )
        if claimed is not None:
            return None
        row = self._database.row(self._get, {"answer_key": key})
        if row is None:
            return KeptAnswer(fingerprint, None)
        return KeptAnswer(bytes(row[0]), bytes(row[1]) if row[1] is not None else None)

    def finish(self, key: str, answer: bytes) -> None:
        """Keep the sealed answer of a claimed key."""
        self._database.run(self._finish, {"answer_key": key, "new_answer": answer})

    def forget(self, key: str) -> None:
        """Let a claimed key go."""
        self._database.run(self._forget, {"answer_key": key})
