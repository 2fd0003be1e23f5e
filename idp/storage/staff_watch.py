"""Uses of staff's accounts, and warnings, in SQL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Select, and_, bindparam, func, or_, select, update

from idp.ports.staff_watch import Dormant, Usage
from idp.storage.database import Database, Prepared
from idp.storage.tables import (
    account_locks,
    accounts,
    directory_links,
    grants,
    known_devices,
    sessions,
    staff_watch,
)
from policies.locks import Reason

_USES: Final[tuple[tuple[Column[Any], Column[Any]], ...]] = (
    (sessions.c.last_seen_at, sessions.c.account_id),
    (known_devices.c.last_seen_at, known_devices.c.account_id),
    (grants.c.rotated_at, grants.c.account_id),
    # What was opened again begins anew: nobody is locked on the morning after.
    (account_locks.c.ended_at, account_locks.c.account_id),
)
"""What tells that an account was in use, and whose it is."""


class SqlStaffWatchStore:
    """``ports.staff_watch.StaffWatchStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        prepare, mine = database.prepare, staff_watch.c.account_id == bindparam("account")
        self._database = database
        uses = (select(func.max(moment)).where(owner == accounts.c.id).scalar_subquery() for moment, owner in _USES)
        watch = staff_watch.c
        rows = select(
            accounts.c.id,
            accounts.c.kind,
            *(watch.unused_warned_at, watch.password_warned_at, watch.used_at, accounts.c.created_at),
            *uses,
        ).select_from(accounts.outerjoin(staff_watch, watch.account_id == accounts.c.id))
        everybody, rows = rows, rows.where(accounts.c.state == "active")
        listed = select(directory_links.c.account_id).where(directory_links.c.ended_at.is_(None))
        self._officials = prepare(
            rows.where(accounts.c.id > bindparam("after"), accounts.c.id.in_(listed))
            .order_by(accounts.c.id)
            .limit(bindparam("most"))
        )
        self._one = prepare(rows.where(accounts.c.id == bindparam("account")))
        self._dormant = prepare(_of_dormant(everybody))
        insert = database.insert(staff_watch).values(
            account_id=bindparam("account"), used_at=bindparam("used"), unused_warned_at=0, password_warned_at=0
        )
        self._note = prepare(
            insert.on_conflict_do_update(index_elements=[watch.account_id], set_={"used_at": insert.excluded.used_at})
        )
        self._warn_unused = prepare(_warned(watch.unused_warned_at, mine))
        self._warn_password = prepare(_warned(watch.password_warned_at, mine))

    def officials(self, after: str, limit: int) -> list[Usage]:
        """Return active accounts that a directory vouches for, by id from ``after`` on."""
        return [_usage(row) for row in self._database.rows(self._officials, {"after": after, "most": limit})]

    def of(self, account_id: str) -> Usage | None:
        """Return an active account, whatever its kind."""
        row = self._database.row(self._one, {"account": account_id})
        return _usage(row) if row else None

    def dormant(self, after: str, limit: int) -> list[Dormant]:
        """Return accounts that were warned of disuse and are active, or are locked for it, by id from ``after`` on."""
        rows = self._database.rows(self._dormant, {"after": after, "most": limit})
        return [Dormant(_usage(row[:-1]), int(row[-1] or 0)) for row in rows]

    def note(self, usage: Usage) -> None:
        """Keep when a dormant account was used last."""
        self._database.run(self._note, {"account": usage.account_id, "used": usage.used_at})

    def warn_unused(self, usage: Usage, now: int) -> bool:
        """Write down that its person is warned now; of many callers one gets True."""
        return self._warned(self._warn_unused, usage, usage.unused_warned_at, now)

    def warn_password(self, usage: Usage, now: int) -> bool:
        """Write down that its person is warned of an old password now; of many callers one gets True."""
        return self._warned(self._warn_password, usage, usage.password_warned_at, now)

    def _warned(self, statement: Prepared, usage: Usage, before: int, now: int) -> bool:
        self.note(usage)
        return self._database.run(statement, {"account": usage.account_id, "before": before, "now": now}) == 1


def _of_dormant(rows: Select[Any]) -> Select[Any]:
    disuse = account_locks.alias()
    locked = (
        select(disuse.c.locked_at)
        .where(
            disuse.c.account_id == accounts.c.id,
            disuse.c.reason_code == Reason.DISUSE.value,
            disuse.c.ended_at.is_(None),
        )
        .scalar_subquery()
    )
    warned = and_(accounts.c.state == "active", staff_watch.c.unused_warned_at > 0)
    return (
        rows.add_columns(locked)
        .where(accounts.c.id > bindparam("after"), or_(warned, locked.is_not(None)))
        .order_by(accounts.c.id)
        .limit(bindparam("most"))
    )


def _warned(column: Column[Any], mine: Any) -> Any:
    return update(staff_watch).where(mine, column == bindparam("before")).values({column.name: bindparam("now")})


def _usage(row: tuple[Any, ...]) -> Usage:
    account_id, kind, unused, password, *uses = row
    return Usage(account_id, kind, max(int(one or 0) for one in uses), int(unused or 0), int(password or 0))
