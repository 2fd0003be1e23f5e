"""Figures of data protection, counted by the database: no row about a person leaves it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, func, literal_column, select

from idp.ports.protection import ActCount, RequestCount
from idp.storage.database import Database
from idp.storage.tables import audit_events, data_requests
from policies.data_requests import OPEN, State

_SECOND_US = 1_000_000
_DECLINED = "declined"


class SqlProtectionFigures:
    """``ports.protection.ProtectionFigures`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def acts(self, since: int, until: int, events: tuple[str, ...]) -> list[ActCount]:
        """Return the numbers of acts; built for each call, as no hot path asks."""
        columns = audit_events.c
        # Of reasons only our own word counts: the others may be what somebody typed. Written out, as what is grouped by holds no parameter.
        nothing: ColumnElement[str] = literal_column("''")
        declined: ColumnElement[str] = literal_column(f"'{_DECLINED}'")
        reason = case((columns.reason == declined, declined), else_=nothing)
        client = func.coalesce(columns.client_id, nothing)
        statement = (
            select(columns.event, columns.outcome, reason, client, func.count())
            .where(columns.event.in_(events), columns.at_us >= since * _SECOND_US, columns.at_us < until * _SECOND_US)
            .group_by(columns.event, columns.outcome, reason, client)
            .order_by(columns.event, columns.outcome, reason, client)
        )
        return [ActCount(*row) for row in self._database.search(statement)]

    def requests(self, since: int, until: int, now: int) -> list[RequestCount]:
        """Return the numbers of requests by kind and system."""
        columns = data_requests.c
        is_open = columns.state.in_(sorted(OPEN))
        is_decided = columns.state.in_((State.ANSWERED, State.REFUSED))
        in_time = columns.ended_at < columns.due_at
        wanted = (
            is_open,
            and_(is_open, columns.due_at <= now),
            and_(is_decided, in_time),
            and_(is_decided, ~in_time),
            columns.state == State.CANCELLED,
        )
        sums = [func.sum(case((one, 1), else_=0)) for one in wanted]
        statement = (
            select(columns.kind, columns.client_id, *sums)
            .where(columns.received_at >= since, columns.received_at < until)
            .group_by(columns.kind, columns.client_id)
            .order_by(columns.kind, columns.client_id)
        )
        rows = self._database.search(statement)
        return [RequestCount(row[0], row[1], *(int(one or 0) for one in row[2:])) for row in rows]
