"""Former passwords of administrators in SQL, written within the transaction that replaces one."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, delete, select

from idp import handles
from idp.storage.database import Database, Executor
from idp.storage.tables import credentials, former_passwords


class FormerPasswords:
    """What a new password is compared with."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        former = former_passwords.c
        owned = former.account_id == bindparam("account")
        newest = select(former.id).where(owned).order_by(former.replaced_at.desc(), former.id.desc())
        present = and_(credentials.c.account_id == bindparam("account"), credentials.c.kind == "password")
        self._present = database.prepare(select(credentials.c.secret).where(present))
        self._all = database.prepare(select(former.secret).where(owned).order_by(former.replaced_at.desc()))
        self._retire = database.prepare(
            former_passwords.insert().values(
                id=bindparam("new_id"),
                account_id=bindparam("account"),
                secret=bindparam("old_secret"),
                replaced_at=bindparam("now"),
            )
        )
        self._trim = database.prepare(
            delete(former_passwords).where(owned, former.id.not_in(newest.limit(bindparam("most"))))
        )

    def of(self, account_id: str) -> list[bytes]:
        """Return the hashes that are remembered, newest first."""
        return [bytes(row[0]) for row in self._database.rows(self._all, {"account": account_id})]

    def retire(self, tx: Executor, account_id: str, now: int, most: int) -> None:
        """Remember the present password, which is about to be replaced, and no more than ``most`` in all; 0 forgets every one."""
        account = {"account": account_id}
        old = tx.row(self._present, account) if most else None
        if old is not None:
            tx.run(self._retire, {**account, "new_id": handles.new_id(), "old_secret": bytes(old[0]), "now": now})
        # Of whoever administers no more nothing is remembered either.
        tx.run(self._trim, {**account, "most": most})
