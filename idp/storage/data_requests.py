"""Requests of people about their data, in SQL."""

from __future__ import annotations

from collections.abc import Callable
from operator import gt, lt
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, or_, select, update

from idp.model.audit import AuditRecord
from idp.model.data_request import DataRequest
from idp.ports.data_requests import RequestQuery
from idp.storage.audit import Recorder, record_params
from idp.storage.database import Database
from idp.storage.tables import data_requests
from policies.data_requests import Kind, State

_NAMES: Final = tuple(column.name for column in data_requests.columns)
_CHANGING: Final = (
    *("state", "taken_at", "taken_by", "due_at", "extension_reason", "ended_at", "ended_by", "answer", "next_at"),
)
_EQUAL: Final = ("account_id", "client_id", "kind")

Seal = Callable[[bytes, bytes], bytes]


class SqlDataRequestStore:
    """``ports.data_requests.DataRequestStore`` over SQL."""

    def __init__(self, database: Database, seal: Seal, unseal: Seal) -> None:
        """Prepare the statements; ``seal`` and ``unseal`` take a text and the id that it belongs to."""
        columns = data_requests.c
        self._database = database
        self._recorder = Recorder(database)
        self._seal = seal
        self._unseal = unseal
        prepare, mine = database.prepare, columns.id == bindparam("request")
        self._add = prepare(data_requests.insert().values({name: bindparam(f"new_{name}") for name in _NAMES}))
        self._get = prepare(select(data_requests).where(mine))
        same = and_(mine, columns.state == bindparam("old_state"), columns.due_at == bindparam("old_due"))
        changed: dict[str, Any] = {name: bindparam(f"new_{name}", type_=columns[name].type) for name in _CHANGING}
        self._change = prepare(update(data_requests).where(same).values(changed).returning(columns.id))
        clock = bindparam("clock", type_=columns.warned_at.type)
        self._warn = prepare(
            update(data_requests).where(mine, columns.warned_at < clock).values(warned_at=clock).returning(columns.id)
        )

    def add(self, request: DataRequest, record: AuditRecord) -> None:
        """Insert one."""
        values = self._values(request)
        with self._database.transaction() as tx:
            tx.run(self._add, {f"new_{name}": values[name] for name in _NAMES})
            self._recorder.write(tx, record)

    def get(self, request_id: str) -> DataRequest | None:
        """Return one."""
        row = self._database.row(self._get, {"request": request_id})
        return self._request(row) if row else None

    def search(self, query: RequestQuery) -> list[DataRequest]:
        """Return those that match; built for each call, as no hot path asks."""
        return [self._request(row) for row in self._database.search(_filtered(query))]

    def change(self, before: DataRequest, after: DataRequest, record: AuditRecord) -> bool:
        """Write a change of one that is still as it was."""
        values = self._values(after)
        bound = {f"new_{name}": values[name] for name in _CHANGING}
        named = {"request": before.id, "old_state": before.state.value, "old_due": before.due_at}
        return self._claimed(self._change, {**named, **bound}, record)

    def warned(self, request_id: str, clock: int, record: AuditRecord) -> bool:
        """Note that a clock was warned of."""
        return self._claimed(self._warn, {"request": request_id, "clock": clock}, record)

    def _claimed(self, statement: Any, values: dict[str, Any], record: AuditRecord) -> bool:
        row = self._database.claim_and_record(statement, values, self._recorder.statement, record_params(record))
        return row is not None

    def _values(self, request: DataRequest) -> dict[str, Any]:
        bound = request.id.encode()
        values = {name: getattr(request, name) for name in _NAMES}
        values |= {"kind": request.kind.value, "state": request.state.value}
        values["text"] = self._seal(request.text.encode(), bound)
        values["answer"] = self._seal(request.answer.encode(), bound) if request.answer else None
        return values

    def _request(self, row: tuple[Any, ...]) -> DataRequest:
        named = dict(zip(_NAMES, row, strict=True))
        bound = named["id"].encode()
        del named["next_at"]
        named |= {"kind": Kind(named["kind"]), "state": State(named["state"])}
        named["text"] = self._unseal(bytes(named["text"]), bound).decode()
        answer = named["answer"]
        named["answer"] = self._unseal(bytes(answer), bound).decode() if answer is not None else ""
        return DataRequest(**named)


def _filtered(query: RequestQuery) -> Select[Any]:
    columns = data_requests.c
    order = (columns.next_at, columns.id)
    statement = select(data_requests).limit(query.limit)
    statement = statement.order_by(*(one.desc() if query.is_newest_first else one.asc() for one in order))
    for name in _EQUAL:
        if wanted := getattr(query, name):
            statement = statement.where(columns[name] == wanted)
    if query.client_ids:
        statement = statement.where(columns.client_id.in_(query.client_ids))
    if query.states:
        statement = statement.where(columns.state.in_(query.states))
    if query.after is not None:
        at, last = query.after
        beyond = lt if query.is_newest_first else gt
        same = and_(columns.next_at == at, beyond(columns.id, last))
        statement = statement.where(or_(beyond(columns.next_at, at), same))
    if query.due_before is not None:
        statement = statement.where(columns.next_at <= query.due_before, columns.warned_at < columns.next_at)
    if query.received_since is not None:
        statement = statement.where(columns.received_at >= query.received_since)
    if query.received_until is not None:
        statement = statement.where(columns.received_at < query.received_until)
    return statement
