"""Status lists in SQL.

Whether a token was revoked is not written here: it is read from what revocation writes, so the list cannot disagree with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import and_, bindparam, not_, or_, select, update

from idp import handles
from idp.ports.status_lists import ListedToken
from idp.storage.database import Database
from idp.storage.mandates import NONE, counts
from idp.storage.tables import accounts, clients, grants, revoked_tokens, sessions, status_entries, status_lists

_MARGIN: Final = 2 * 86400
"""Seconds for which a list is kept after it was begun: longer than it takes tokens in, and longer than any of them lives."""

_ORIGINS: Final = clients.alias("origins")
"""Made once: an alias makes every column of its table anew."""


class SqlStatusListStore:
    """``ports.status_lists.StatusListStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        lists, entries = status_lists.c, status_entries.c
        open_list = (
            select(lists.id)
            .where(lists.next_ticket < bindparam("size"), lists.created_at >= bindparam("since"))
            .order_by(lists.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        self._take = database.prepare(
            update(status_lists)
            .where(lists.id == open_list, lists.next_ticket < bindparam("size"))
            .values(next_ticket=lists.next_ticket + 1)
            .returning(lists.id, lists.next_ticket)
        )
        self._begin = database.prepare(
            status_lists.insert().values({column.name: bindparam(f"new_{column.name}") for column in lists})
        )
        self._enter = database.prepare(
            status_entries.insert().values({column.name: bindparam(f"new_{column.name}") for column in entries})
        )
        self._exists = database.prepare(select(lists.id).where(lists.id == bindparam("list")))
        self._all = database.prepare(select(lists.id).order_by(lists.id))
        self._prepare_revoked()

    def _prepare_revoked(self) -> None:
        entries, origins = status_entries.c, _ORIGINS
        joined = (
            status_entries.outerjoin(revoked_tokens, revoked_tokens.c.jti == entries.jti)
            .outerjoin(grants, grants.c.id == entries.grant_id)
            .outerjoin(accounts, accounts.c.id == grants.c.account_id)
            .outerjoin(sessions, sessions.c.id == grants.c.session_id)
            .outerjoin(clients, clients.c.client_id == entries.client_id)
            .outerjoin(origins, origins.c.client_id == grants.c.client_id)
        )
        of_person = and_(
            entries.grant_id != "",
            or_(
                grants.c.id.is_(None),
                grants.c.revoked_at.is_not(None),
                accounts.c.state != "active",
                and_(grants.c.offline == 0, sessions.c.ended_at.is_not(None)),
                and_(grants.c.mandate_id != NONE, not_(counts(grants.c.mandate_id))),
            ),
        )
        suspended = or_(clients.c.state != "active", origins.c.state != "active")
        dead = or_(revoked_tokens.c.jti.is_not(None), of_person, suspended)
        mine = entries.list_id == bindparam("list")
        self._revoked = self._database.prepare(select(entries.ticket).select_from(joined).where(mine, dead))
        self._marked = self._database.prepare(
            select(entries.ticket)
            .select_from(status_entries.outerjoin(grants, grants.c.id == entries.grant_id))
            .where(
                *(mine, entries.issued_at < bindparam("mark")),
                or_(entries.client_id == bindparam("client"), grants.c.client_id == bindparam("client")),
            )
        )

    def allot(self, token: ListedToken, size: int, since: int) -> tuple[str, int]:
        """Give the token the next ticket, in one transaction with the count."""
        with self._database.transaction() as tx:
            row = tx.row(self._take, {"size": size, "since": since})
            list_id, ticket = (str(row[0]), int(row[1]) - 1) if row else (handles.new_id(), 0)
            if row is None:
                begun = {"new_id": list_id, "new_next_ticket": 1, "new_created_at": token.issued_at}
                tx.run(self._begin, {**begun, "new_expires_at": token.issued_at + _MARGIN})
            values = {f"new_{name}": getattr(token, name) for name in ListedToken.__dataclass_fields__}
            tx.run(self._enter, {**values, "new_list_id": list_id, "new_ticket": ticket})
        return list_id, ticket

    def exists(self, list_id: str) -> bool:
        """Tell whether there is such a list."""
        return self._database.row(self._exists, {"list": list_id}) is not None

    def revoked(self, list_id: str, marks: Mapping[str, int]) -> list[int]:
        """Return the tickets of the tokens that count for nothing any more."""
        rows = self._database.rows(self._revoked, {"list": list_id})
        for client_id, mark in marks.items():
            rows += self._database.rows(self._marked, {"list": list_id, "client": client_id, "mark": mark})
        return [int(row[0]) for row in rows]

    def lists(self) -> list[str]:
        """Return the ids of all lists, oldest first."""
        return [str(row[0]) for row in self._database.rows(self._all)]
