"""Verified contacts in SQL."""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam, delete, select, update

from idp.model.audit import AuditRecord
from idp.model.outbox import OutboxMessage
from idp.ports.contacts import ContactChange, Taken
from idp.storage.audit import Recorder
from idp.storage.database import Database
from idp.storage.factors import lock_account
from idp.storage.outbox import OutboxWriter
from idp.storage.tables import accounts, credentials


class SqlContactStore:
    """``ports.contacts.ContactStore`` over SQL."""

    def __init__(self, database: Database, outbox: OutboxWriter) -> None:
        """Prepare the statements."""
        self._database = database
        self._outbox = outbox
        self._recorder = Recorder(database)
        account: BindParameter[str] = bindparam("account")
        self._profile = database.prepare(
            update(accounts)
            .where(
                accounts.c.id == account,
                accounts.c.profile == bindparam("old_profile"),
                accounts.c.state == "active",
            )
            .values(profile=bindparam("new_profile"), updated_at=bindparam("now"))
        )
        self._bind = database.prepare(
            update(credentials)
            .where(credentials.c.account_id == account, credentials.c.kind == bindparam("factor"))
            .values(secret=bindparam("binding"), updated_at=bindparam("now"))
        )

        mine = (credentials.c.account_id == account, credentials.c.kind == bindparam("factor"))
        self._lock = lock_account(database)
        self._bound = database.prepare(select(credentials.c.secret).where(*mine))
        self._unbind = database.prepare(delete(credentials).where(*mine))

    def change(self, change: ContactChange, messages: list[OutboxMessage], record: AuditRecord) -> bool:
        """Write profile, binding, messages and audit record in one transaction."""
        shared = {"account": change.account_id, "now": change.now}
        with self._database.transaction() as tx:
            if tx.run(self._profile, {**shared, "old_profile": change.before, "new_profile": change.after}) == 0:
                return False
            tx.run(self._bind, {**shared, "factor": change.factor, "binding": change.binding})
            for message in messages:
                self._outbox.put(tx, message)
            self._recorder.write(tx, record)
        return True

    def remove(self, change: ContactChange, messages: list[OutboxMessage], record: AuditRecord) -> Taken:
        """Write the profile without the address, messages and audit record in one transaction."""
        shared = {"account": change.account_id, "now": change.now}
        named = {"account": change.account_id, "factor": change.factor}
        with self._database.transaction() as tx:
            # Else codes that are turned on at the same moment would be left without an address.
            tx.row(self._lock, {"account": change.account_id})
            bound = tx.row(self._bound, named)
            if bound is not None and change.binding and bytes(bound[0]) == change.binding:
                return Taken.IN_USE
            if tx.run(self._profile, {**shared, "old_profile": change.before, "new_profile": change.after}) == 0:
                return Taken.CHANGED
            tx.run(self._unbind, named)
            for message in messages:
                self._outbox.put(tx, message)
            self._recorder.write(tx, record)
        return Taken.DONE
