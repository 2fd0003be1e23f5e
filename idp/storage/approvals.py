"""Acts that wait for a second person, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, bindparam, select, update

from idp.model.approval import Approval
from idp.model.audit import AuditRecord
from idp.storage.audit import Recorder, record_params
from idp.storage.database import Database
from idp.storage.tables import approvals

_NAMES: Final = tuple(column.name for column in approvals.columns)


class SqlApprovalStore:
    """``ports.administration.ApprovalStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns = approvals.c
        now = bindparam("now", type_=BigInteger)
        mine = columns.id == bindparam("approval_id")
        self._database = database
        self._recorder = Recorder(database)
        self._insert = database.prepare(approvals.insert().values({name: bindparam(f"new_{name}") for name in _NAMES}))
        self._get = database.prepare(select(approvals).where(mine))
        self._pending = database.prepare(
            select(approvals).where(
                columns.state == "pending",
                columns.act == bindparam("asked_act"),
                columns.target == bindparam("asked_target"),
                columns.requester == bindparam("asker"),
                columns.expires_at > now,
            )
        )
        self._decide = database.prepare(
            update(approvals)
            .where(mine, columns.state == "pending", columns.expires_at > now)
            .values(state=bindparam("new_state"), decided_by=bindparam("by"), decided_at=now)
            .returning(columns.id)
        )
        self._settle = database.prepare(
            update(approvals)
            .where(mine, columns.state == "approved")
            .values(state=bindparam("new_state"), outcome=bindparam("new_outcome"))
            .returning(columns.id)
        )

    def add(self, approval: Approval, record: AuditRecord) -> None:
        """Insert one that waits."""
        values = {f"new_{name}": getattr(approval, name) for name in _NAMES}
        values["new_arguments"] = orjson.dumps(dict(approval.arguments)).decode()
        with self._database.transaction() as tx:
            tx.run(self._insert, values)
            self._recorder.write(tx, record)

    def get(self, approval_id: str) -> Approval | None:
        """Return one."""
        row = self._database.row(self._get, {"approval_id": approval_id})
        return _approval(row) if row else None

    def search(self, states: Sequence[str], after: str, limit: int) -> list[Approval]:
        """Return those in a state, newest first; built for each call, as no hot path asks."""
        columns = approvals.c
        statement = select(approvals).where(columns.state.in_(states)).order_by(columns.id.desc()).limit(limit)
        if after:
            statement = statement.where(columns.id < after)
        return [_approval(row) for row in self._database.search(statement)]

    def pending(self, act: str, target: str, requester: str, now: int) -> list[Approval]:
        """Return what a requester has asked to be done to a target that waits and has not run out."""
        values = {"asked_act": act, "asked_target": target, "asker": requester, "now": now}
        return [_approval(row) for row in self._database.rows(self._pending, values)]

    def decide(self, approval_id: str, state: str, by: str, now: int, record: AuditRecord) -> bool:
        """Claim one that waits and has not run out, with the audit record, in one statement."""
        values = {"approval_id": approval_id, "new_state": state, "by": by, "now": now}
        return self._claimed(self._decide, values, record)

    def settle(self, approval_id: str, state: str, outcome: str, record: AuditRecord) -> bool:
        """Note how a claimed one ended."""
        values = {"approval_id": approval_id, "new_state": state, "new_outcome": outcome}
        return self._claimed(self._settle, values, record)

    def _claimed(self, statement: Any, values: dict[str, Any], record: AuditRecord) -> bool:
        row = self._database.claim_and_record(statement, values, self._recorder.statement, record_params(record))
        return row is not None


def _approval(row: tuple[Any, ...]) -> Approval:
    named = dict(zip(_NAMES, row, strict=True))
    return Approval(**{**named, "arguments": orjson.loads(named["arguments"])})
