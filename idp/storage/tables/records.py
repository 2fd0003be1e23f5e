"""The audit log and the outbox: class A, written in the transaction of the act that they speak of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Identity, Index, Integer, LargeBinary, Table, Text, event

from idp.storage.tables.base import PartialIndex, metadata

FREQUENT_EVENTS = (
    *("token:authorization_code", "token:refresh_token", "token:client_credentials", "token:front_channel"),
    *("token:device_code", "token:ciba", "token:exchange", "token:jwt-bearer", "token:introspect"),
)
"""Events that every token writes. The index by event leaves them out: it would cost each token, and whoever searches for one of them finds a page
of them near the end of the log anyway."""
IS_SELDOM = " AND ".join(f"event != '{event}'" for event in FREQUENT_EVENTS)
"""The index's condition; a statement has to say it in these very words for a database to see that the index serves it. Not as a list: SQLite makes
a temporary tree of one at each INSERT, for as much time as the row takes."""

audit_events = Table(
    "audit_events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer(), "sqlite"), Identity(), primary_key=True),
    Column("id", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("case_code", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("account_id", Text),
    Column("client_id", Text),
    Column("session_id", Text),
    Column("target", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("salt", LargeBinary, nullable=False),
    Column("commitment", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("erased", LargeBinary),
    Index("uq_audit_events_id", "id", unique=True),
    PartialIndex("ix_audit_events_account_id", "account_id", "id", where="account_id IS NOT NULL"),
    *(PartialIndex(f"ix_audit_events_{name}", name, "id", where=IS_SELDOM) for name in ("event", "actor", "target")),
)
"""Append-only. ``seq`` is the record's number, drawn when it is inserted; ``commitment`` is what its leaf in the tree holds, ``mac`` shows that
we wrote it. ``erased`` is the digest of a personal part that was erased, together with its half of ``salt``.
"""


@event.listens_for(audit_events, "before_create")
def _number_no_record_twice(table: Table, _connection: Connection, **_how: Any) -> None:
    """Only where the table is made: as an argument of it, this would load the dialect of SQLite into every process, whatever its database."""
    table.dialect_options["sqlite"]["autoincrement"] = True


audit_tree = Table(
    "audit_tree",
    metadata,
    Column("name", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
)
"""One row ``log``: how many numbers have their leaf. Raised by compare-and-swap in the transaction of the tiles."""

audit_tiles = Table(
    "audit_tiles",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)
"""The tree: up to 256 hashes a row (``policies.merkle.Tile``). Only the last tile of a level ever changes, and only at its end."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    PartialIndex("ix_outbox_due", "next_attempt_at", where="state = 'waiting'"),
    PartialIndex("ix_outbox_done", "done_at", where="done_at IS NOT NULL"),
)
"""Messages that must reach somebody (back-channel logout, mail, SMS): ``waiting``, ``sent`` or ``failed``.

``payload`` is sealed, and empty once the message has ended. ``client_id`` is empty for a message to a person.
"""
