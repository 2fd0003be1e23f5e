"""Keys, signed heads and witnesses' signatures of the audit log in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import bindparam, delete, func, null, select, update

from idp.errors import Conflict
from idp.model.audit import AuditRecord
from idp.ports.audit_heads import StoredHead, StoredKey
from idp.storage.audit import Recorder
from idp.storage.database import Database
from idp.storage.tables import audit_cosignatures, audit_heads, audit_keys


class SqlAuditHeadStore:
    """``ports.audit_heads.AuditHeadStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._recorder = Recorder(database)
        self._prepare_keys(database)
        self._prepare_heads(database)

    def _prepare_keys(self, database: Database) -> None:
        columns = audit_keys.c
        self._keys = database.prepare(select(audit_keys).order_by(columns.created_at, columns.kid))
        self._retire = database.prepare(
            update(audit_keys)
            .where(columns.alg == bindparam("of_alg"), columns.retired_at.is_(None))
            .values(retired_at=bindparam("moment"), sealed=null())
        )
        names = ("kid", "alg", "document", "sealed", "created_at")
        self._add_key = database.prepare(audit_keys.insert().values({name: bindparam(f"new_{name}") for name in names}))

    def _prepare_heads(self, database: Database) -> None:
        heads, signed = audit_heads.c, audit_cosignatures.c
        self._add_head = database.prepare(
            database.insert(audit_heads)
            .values({column.name: bindparam(f"new_{column.name}") for column in heads})
            .on_conflict_do_nothing(index_elements=[heads.size])
        )
        self._newest = database.prepare(select(audit_heads).order_by(heads.size.desc()).limit(1))
        self._head = database.prepare(select(audit_heads).where(heads.size == bindparam("wanted")))
        self._heads = database.prepare(
            select(audit_heads).where(heads.size > bindparam("after")).order_by(heads.size).limit(bindparam("page"))
        )
        self._signatures = database.prepare(
            select(signed.document).where(signed.size == bindparam("wanted")).order_by(signed.kid)
        )
        self._add_signature = database.prepare(
            database.insert(audit_cosignatures)
            .values({column.name: bindparam(f"new_{column.name}") for column in signed})
            .on_conflict_do_nothing(index_elements=[signed.kid, signed.size])
        )
        self._cosigned = database.prepare(select(signed.kid, func.max(signed.size)).group_by(signed.kid))

    def all_keys(self) -> Sequence[StoredKey]:
        """Return all keys, oldest first."""
        return [
            StoredKey(kid, alg, document, bytes(sealed) if sealed is not None else None, created, retired)
            for kid, alg, document, sealed, created, retired in self._database.rows(self._keys)
        ]

    def add_key(self, key: StoredKey, record: AuditRecord, *, is_first: bool) -> bool:
        """Make a key the live one."""
        values = {
            "new_kid": key.kid,
            "new_alg": key.alg,
            "new_document": key.document,
            "new_sealed": key.sealed,
            "new_created_at": key.created_at,
        }
        try:
            with self._database.transaction() as tx:
                if not is_first:
                    tx.run(self._retire, {"of_alg": key.alg, "moment": key.created_at})
                tx.run(self._add_key, values)
                self._recorder.write(tx, record)
        except Conflict:
            return False
        return True

    def add_head(self, head: StoredHead) -> bool:
        """Keep a head."""
        values = {"new_size": head.size, "new_created_at": head.created_at, "new_document": head.document}
        return bool(self._database.run(self._add_head, values))

    def head(self, size: int | None = None) -> StoredHead | None:
        """Return one head with its witnesses' signatures."""
        found = self._database.row(
            self._newest if size is None else self._head, {} if size is None else {"wanted": size}
        )
        return None if found is None else self._signed(StoredHead(*found))

    def heads(self, after: int, limit: int) -> Sequence[StoredHead]:
        """Return heads in order of size."""
        rows = self._database.rows(self._heads, {"after": after, "page": limit})
        return [self._signed(StoredHead(*row)) for row in rows]

    def add_cosignature(self, kid: str, size: int, created_at: int, document: str) -> bool:
        """Keep a witness's signature."""
        values = {"new_kid": kid, "new_size": size, "new_created_at": created_at, "new_document": document}
        return bool(self._database.run(self._add_signature, values))

    def cosigned(self) -> Mapping[str, int]:
        """Return what each witness has signed last."""
        return {str(kid): int(size) for kid, size in self._database.rows(self._cosigned)}

    def thin_heads(self, before: int, every: int) -> int:
        """Drop heads that lie close together and that no witness signed; what a witness signed stays."""
        columns = audit_heads.c
        kept = select(func.min(columns.size)).where(columns.created_at < before).group_by(columns.created_at // every)
        signed = select(audit_cosignatures.c.size)
        statement = delete(audit_heads).where(
            columns.created_at < before, columns.size.not_in(kept), columns.size.not_in(signed)
        )
        return self._database.run(self._database.prepare(statement))

    def _signed(self, head: StoredHead) -> StoredHead:
        rows = self._database.rows(self._signatures, {"wanted": head.size})
        return replace(head, cosignatures=tuple(str(row[0]) for row in rows))
