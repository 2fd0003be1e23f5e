"""Officials: entries of directories and whose accounts they are, roles at units, comparisons."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from idp.storage.tables.base import PartialIndex, metadata

directory_links = Table(
    "directory_links",
    metadata,
    Column("directory", Text, primary_key=True),
    Column("link", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("unit_code", Text, nullable=False),
    Column("unit_from", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("end_reason", Text),
    Index("ix_directory_links_account_id", "account_id"),
)
"""Which entry (entryUUID, objectGUID) is whose account. Names and distinguished names change, so none is here."""

role_assignments = Table(
    "role_assignments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("unit_code", Text, nullable=False),
    Column("unit_from", Text, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger),
    Column("granted_by", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("end_reason", Text),
    PartialIndex(
        "uq_role_assignments_held",
        *("account_id", "role", "unit_code", "unit_from", "source"),
        unique=True,
        where="ended_at IS NULL",
    ),
)
"""Who has which role at which unit, from when to when, by whose word. A row is never deleted: it is the history."""

staff_watch = Table(
    "staff_watch",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("used_at", BigInteger, nullable=False),
    Column("unused_warned_at", BigInteger, nullable=False),
    Column("password_warned_at", BigInteger, nullable=False),
)
"""When a dormant account of staff was used last (sessions are forgotten sooner), and when its person was warned; 0 for never."""

directory_runs = Table(
    "directory_runs",
    metadata,
    Column("directory", Text, primary_key=True),
    Column("day", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("outcome", Text, nullable=False),
    Column("counts", Text, nullable=False),
)
"""The last comparison of each directory; claiming a day in one statement lets one of many processes run it."""
