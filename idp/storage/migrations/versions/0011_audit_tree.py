"""The audit log becomes a Merkle tree: records get commitments, keep their numbers, and are entered into tiles from then on.

What was numbered keeps its number, what waited comes after it in order of id. The value of the old chain at its last record is kept as a
fact of the deployment: with the MACs, which stay, the chain can be computed again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_CARRIED = (
    *("id", "at_us", "event", "outcome", "reason", "case_code", "actor", "account_id"),
    *("client_id", "session_id", "target", "detail", "sealed", "mac"),
)
_PAGE = 5_000
_PUBLIC = ("id", "at_us", "event", "outcome", "case_code", "client_id")
_PERSONAL = ("reason", "actor", "account_id", "session_id", "target", "detail")


def upgrade() -> None:
    """Build the new table beside the old one, carry the records over, and take the old one away."""
    op.drop_index("ix_audit_events_account_id", "audit_events")
    op.drop_index("ix_audit_events_unsequenced", "audit_events")
    op.drop_index("uq_audit_events_seq", "audit_events")
    op.rename_table("audit_events", "audit_chain")
    if op.get_context().dialect.name == "postgresql":
        op.execute(sa.text("ALTER TABLE audit_chain RENAME CONSTRAINT pk_audit_events TO pk_audit_chain"))
    events = _tables()
    _carry_over(events)
    op.drop_table("audit_chain")
    condition = sa.text("account_id IS NOT NULL")
    op.create_index("uq_audit_events_id", "audit_events", ["id"], unique=True)
    op.create_index(
        "ix_audit_events_account_id",
        "audit_events",
        ["account_id", "id"],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def downgrade() -> None:
    """Refuse: the chain cannot be continued where the tree has taken over."""
    message = "the audit log's tree cannot be turned back into a chain: restore a backup"
    raise NotImplementedError(message)


def _tables() -> sa.Table:
    op.create_table(
        "audit_tree",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_audit_tree")),
    )
    op.execute(sa.text("INSERT INTO audit_tree (name, size) VALUES ('log', 0)"))
    op.create_table(
        "audit_tiles",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name=op.f("pk_audit_tiles")),
    )
    return op.create_table(
        "audit_events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("case_code", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text()),
        sa.Column("client_id", sa.Text()),
        sa.Column("session_id", sa.Text()),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("erased", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_events")),
        sqlite_autoincrement=True,
    )


def _carry_over(events: sa.Table) -> None:
    bind, seq, chain = op.get_bind(), 0, None
    for row in _old_rows(bind):
        batch = []
        for old in row:
            seq += 1
            if old["seq"] is not None and old["seq"] != seq:
                message = (
                    f"audit record number {seq} is missing: run `idp audit verify` with the release before this one"
                )
                raise RuntimeError(message)
            chain = (seq, bytes(old["chain"])) if old["seq"] is not None else chain
            salt = os.urandom(32)
            carried = {name: old[name] for name in _CARRIED}
            batch.append({**carried, "seq": seq, "salt": salt, "commitment": _commitment(old, salt), "erased": None})
        bind.execute(events.insert(), batch)
    if chain is not None:
        value = f"{chain[0]}:{chain[1].hex()}"
        statement = sa.text("INSERT INTO deployment (name, value) VALUES ('audit-chain', :value)")
        bind.execute(statement, {"value": value})
    if seq and bind.dialect.name == "postgresql":
        bind.execute(sa.text("SELECT setval(pg_get_serial_sequence('audit_events', 'seq'), :seq)"), {"seq": seq})


def _old_rows(bind: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    """Yield the old records in pages: the numbered ones by number, then the others by id."""
    numbered = sa.text("SELECT * FROM audit_chain WHERE seq > :after ORDER BY seq LIMIT :page")
    waiting = sa.text("SELECT * FROM audit_chain WHERE seq IS NULL AND id > :after ORDER BY id LIMIT :page")
    for statement, key, start in ((numbered, "seq", 0), (waiting, "id", "")):
        after: object = start
        while rows := bind.execute(statement, {"after": after, "page": _PAGE}).mappings().all():
            yield [dict(row) for row in rows]
            after = rows[-1][key]


def _commitment(row: dict[str, Any], salt: bytes) -> bytes:
    """Return the commitment as ``policies.audit_commitments`` and ``idp.services.audit`` made it when this was written."""
    sealed = None if row["sealed"] is None else bytes(row["sealed"]).hex()
    texts = orjson.dumps([row[name] for name in _PUBLIC]), orjson.dumps([*(row[name] for name in _PERSONAL), sealed])
    parts = [
        hashlib.sha256(b"dinhdanh-audit-part/1\0" + salt[at : at + 16] + text).digest()
        for at, text in zip((0, 16), texts, strict=True)
    ]
    return hashlib.sha256(b"dinhdanh-audit-record/1\0" + b"".join(parts)).digest()
