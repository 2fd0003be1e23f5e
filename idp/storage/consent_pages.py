"""A page of consents, newest first, however many systems it is about and however many people agreed to one of them.

Of many systems none is read whole: the n newest consents belong to systems among the n whose own newest one is newest, so these are taken in that
order, a page of each, until the next one can add nothing. Ids begin with the time of their making, so the greatest is the newest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, bindparam, select

from idp.ports.consents import ConsentQuery
from idp.storage.database import Database, Row
from idp.storage.tables import clients, consents

_ID: Final = 0
"""The place of the id in a row: the table's first column."""
_CLIENT: Final = tuple(consents.columns.keys()).index("client_id")
_MANY: Final = 100
_LOOKED_AT: Final = 4
"""How many times as many rows as are wanted are looked at first, where the systems are more than ``_MANY``."""
_AFTER_ALL: Final = "z" * 30
"""Comes after every id."""
_STATES: Final[dict[str, tuple[ColumnElement[bool], ...]]] = {
    "": (),
    "current": (consents.c.ended_at.is_(None),),
    "ended": (consents.c.ended_at.is_not(None),),
}


class ConsentPages:
    """Reads pages of consents."""

    def __init__(self, database: Database) -> None:
        """Prepare what is asked for each of many systems."""
        self._database = database
        before = consents.c.id < bindparam("before")
        self._of_system = {
            state: database.prepare(
                select(consents)
                .where(consents.c.client_id == bindparam("system"), before, *wanted)
                .order_by(consents.c.id.desc())
                .limit(bindparam("most"))
            )
            for state, wanted in _STATES.items()
        }

    def page(self, query: ConsentQuery) -> list[Row]:
        """Return the rows that match, newest first."""
        if query.client_ids is None or query.account_id is not None:
            return self._of_all(query)
        if len(query.client_ids) > _MANY:
            # Most of what is newest is theirs, so that it is mostly found without a look at each of them.
            newest_of_all = self._of_all(replace(query, client_ids=None, limit=_LOOKED_AT * query.limit))
            wanted = frozenset(query.client_ids)
            theirs = [row for row in newest_of_all if row[_CLIENT] in wanted]
            if len(theirs) >= query.limit:
                return theirs[: query.limit]
        values = {"before": query.before_id or _AFTER_ALL, "most": query.limit}
        systems = self._newest(query) if len(query.client_ids) > 1 else [(one, "") for one in query.client_ids]
        found: list[Row] = []
        for system, newest in systems:
            if len(found) == query.limit and newest < found[-1][_ID]:
                break
            found += self._database.rows(self._of_system[query.state], {**values, "system": system})
            found = sorted(found, key=lambda row: str(row[_ID]), reverse=True)[: query.limit]
        return found

    def _of_all(self, query: ConsentQuery) -> list[Row]:
        columns = consents.c
        statement = select(consents).where(*_STATES[query.state]).order_by(columns.id.desc()).limit(query.limit)
        if query.before_id:
            statement = statement.where(columns.id < query.before_id)
        if query.account_id is not None:
            statement = statement.where(columns.account_id == query.account_id)
        if query.client_ids is not None:
            statement = statement.where(columns.client_id.in_(query.client_ids))
        return self._database.search(statement)

    def _newest(self, query: ConsentQuery) -> list[Row]:
        """Return the systems that can have one of the wanted, and the newest id of each, newest first: one look into an index for each."""
        newest = (
            select(consents.c.id)
            .where(consents.c.client_id == clients.c.client_id, *_STATES[query.state])
            .where(consents.c.id < (query.before_id or _AFTER_ALL))
            .order_by(consents.c.id.desc())
            .limit(1)
            .scalar_subquery()
            .label("newest")
        )
        systems = select(clients.c.client_id, newest).where(clients.c.client_id.in_(query.client_ids or ())).subquery()
        return self._database.search(
            select(systems).where(systems.c.newest.is_not(None)).order_by(systems.c.newest.desc()).limit(query.limit)
        )
