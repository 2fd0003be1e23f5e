"""The province's indicator: pseudonyms of an open month, figures of a closed one."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text

from idp.storage.tables.base import metadata

indicator_months = Table(
    "indicator_months",
    metadata,
    Column("month", Text, primary_key=True),
    Column("sealed_key", LargeBinary),
    Column("closed_at", BigInteger),
)
"""A month of Vietnamese time. Its key makes the pseudonyms, and is thrown away with them when the month is closed."""

indicator_marks = Table(
    "indicator_marks",
    metadata,
    Column("month", Text, primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("mark", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("flags", Integer, nullable=False),
)
"""Who was seen at a system (an empty ``client_id``: at none in particular), by a pseudonym of this month; ``flags`` say how."""

indicator_figures = Table(
    "indicator_figures",
    metadata,
    Column("month", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("unit_code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("used", BigInteger, nullable=False),
    Column("authenticated", BigInteger, nullable=False),
    Column("identified", BigInteger, nullable=False),
    Column("strong", BigInteger, nullable=False),
)
"""Counts of a closed month by system, by unit, and of the province."""

indicator_progress = Table(
    "indicator_progress",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
"""One row ``log``: up to which record of the audit log was counted; changes in the transaction of the marks."""
