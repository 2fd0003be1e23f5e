"""One execution for many callers: the text that carries out a statement of a hot path for all who asked for it at the same time.

To start a plan, to lock and open its tables and to end it again costs PostgreSQL two thirds of such a statement, and finding the row one third.
So the values of all callers are sent as arrays, one for each value, and the plan is started once. What does not depend on a caller, as the
registries' versions do not, is looked at once for all of them.

Each caller's part stays the statement that it would run alone, behind ``OFFSET 0``, over which the planner moves nothing: it finds rows by the
same index, and never reads a whole table because there are many callers.

Texts are templates: values stand in them as the driver's named places, and ``{callers}`` where the arrays come.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import BigInteger, BindParameter, Insert, Integer, Label, LargeBinary, Select, String, Table, Text
from sqlalchemy.engine.interfaces import Compiled
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from idp.storage.database import Prepared, Sharing

CALLERS: Final = "{callers}"
"""The place of the arrays: ``unnest(…) WITH ORDINALITY AS caller(…, n)``."""

_CLAIM_BY_INSERT: Final = re.compile(
    r"(?P<head>INSERT INTO \w+ \([^)]*\)) SELECT\s(?P<row>.*)\sON CONFLICT DO NOTHING RETURNING\s(?P<returned>.*)",
    re.DOTALL,
)

_TYPES: Final[Mapping[type[Any], str]] = {
    Text: "text",
    String: "text",
    Integer: "int4",
    BigInteger: "int8",
    LargeBinary: "bytea",
}
"""The columns' types (``tables.base``), and that of texts without a column, in PostgreSQL's words."""


@dataclass(frozen=True, slots=True)
class Shared(Sharing):
    """A template whose rows begin with the caller's number, from 1; before the caller's own row come ``skips`` columns."""

    template: str = ""
    skips: int = 1


def sharing_of(statement: ClauseElement, compiled: Compiled, sql: str) -> Sharing:
    """Return how a compiled statement is shared: a SELECT by itself, a claim when it is known what it records (``claiming``).

    Raises ``ValueError`` for a value whose type the tables do not have: as an array it would have none.
    """
    binds = cast("SQLCompiler", compiled).binds
    unknown = [name for name, bind in binds.items() if type(bind.type) not in _TYPES]
    if unknown:
        message = f"values of a shared statement need a column's type: {', '.join(unknown)}"
        raise ValueError(message)
    types = {name: _TYPES[type(bind.type)] for name, bind in binds.items()}
    if isinstance(statement, Select) and _has_values(sql):
        return reading(sql, types)
    return Sharing(types, _key(statement))


def _has_values(sql: str) -> bool:
    return "%(" in sql


def _key(statement: ClauseElement) -> tuple[str, str]:
    """Return the primary key's column of an INSERT … SELECT, and the name of the value that goes there."""
    if not isinstance(statement, Insert) or not isinstance(statement.select, Select):
        return "", ""
    (column,) = cast("Table", statement.table).primary_key.columns
    label = cast("Label[Any]", statement.select.selected_columns[column.name])
    return column.name, cast("BindParameter[Any]", label.element).key


def reading(sql: str, types: Mapping[str, str]) -> Shared:
    """Return how a SELECT reads for many. The order of one caller's rows is not kept."""
    # In one SELECT more, for it may have an OFFSET of its own.
    own = f"SELECT * FROM ({sql}) AS own OFFSET 0"  # noqa: S608 - our own compiled statement; values stay bound
    template = f"SELECT caller.n, own.* FROM {CALLERS} CROSS JOIN LATERAL ({own}) AS own"  # noqa: S608 - as above
    return Shared(types, template=template)


def claiming(claim: Prepared, record: Prepared, recording: str) -> Shared | None:
    """Return how a claim and its record are carried out for many, all in one statement; None where one of them is not shared.

    ``claim`` is a SELECT that takes no values (all of its callers get its row) or an ``INSERT … SELECT … ON CONFLICT DO NOTHING RETURNING …``.
    Of a row that was inserted PostgreSQL does not tell for whom: its key does. ``recording`` is the head of the record's INSERT and SELECT with
    its values. Raises ``ValueError`` for any other claim: an UPDATE cannot be kept from going through the whole table while its plan is older than
    what is in it.
    """
    if claim.sharing is None or record.sharing is None:
        return None
    sql, (column, value) = claim.sql, claim.sharing.key
    if claim.is_read and not _has_values(sql):
        taken, mine, skips = sql, "TRUE", 1
    elif insert := _CLAIM_BY_INSERT.fullmatch(sql):
        own = f"SELECT own.* FROM callers AS caller CROSS JOIN LATERAL (SELECT {insert['row']} OFFSET 0) AS own"  # noqa: S608 - as above
        taken = f"{insert['head']} {own} ON CONFLICT DO NOTHING RETURNING {column} AS caller, {insert['returned']}"
        mine, skips = f"%({value})s = claimed.caller", 2
    else:
        message = f"not a claim that callers can share: {sql}"
        raise ValueError(message)
    whose = f"FROM claimed JOIN callers AS caller ON {mine}"
    template = (
        f"WITH callers AS MATERIALIZED (SELECT * FROM {CALLERS}), claimed AS ({taken}), noted AS ({recording} {whose}) "  # noqa: S608 - as above
        f"SELECT caller.n, claimed.* {whose}"
    )
    return Shared({**claim.sharing.types, **record.sharing.types}, claim.sharing.key, template, skips)
