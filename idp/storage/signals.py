"""Streams of security signals in SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Final

import orjson
from sqlalchemy import and_, bindparam, delete, select, update

from idp.model.audit import AuditRecord
from idp.model.signal import QueuedSignal, Stream, StreamStatus
from idp.storage.audit import Recorder
from idp.storage.database import Database, Executor, Prepared
from idp.storage.tables import deployment, signal_queue, signal_silences, signal_streams, withdrawals

_POSITION: Final = "signals-position"
_COLUMNS: Final = tuple(each.name for each in fields(Stream))
_OWNERS: Final = ("method", "events", "url", "authorization", "description")

Seal = Callable[[bytes, bytes], bytes]


def _given(*names: str) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}") for name in names}


class SqlSignalStore:
    """``ports.signals.SignalStore`` over SQL."""

    def __init__(self, database: Database, seal: Seal, unseal: Seal) -> None:
        """Prepare the statements; ``seal`` and ``unseal`` take bytes and AAD."""
        self._database = database
        self._recorder = Recorder(database)
        self._seal = seal
        self._unseal = unseal
        self._prepare_streams(database)
        self._prepare_queue(database)
        self._prepare_silences(database)

    def _prepare_streams(self, database: Database) -> None:
        columns = signal_streams.c
        chosen = select(*(columns[name] for name in _COLUMNS)).order_by(columns.id)
        self._all = database.prepare(chosen)
        self._of_client = database.prepare(chosen.where(columns.client_id == bindparam("client")))
        self._one = database.prepare(chosen.where(columns.id == bindparam("wanted")))
        self._add = database.prepare(signal_streams.insert().values(_given(*_COLUMNS)))
        self._drop = database.prepare(delete(signal_streams).where(columns.id == bindparam("wanted")))
        one = update(signal_streams).where(columns.id == bindparam("wanted"))
        anew = {"attempts": 0, "next_at": 0}
        self._change = database.prepare(one.values(_given(*_OWNERS) | anew))
        self._set_status = database.prepare(one.values(_given("status", "reason") | anew))
        # A worker writes only to what it has claimed: whatever the owner did meanwhile has set next_at back.
        claimed = one.where(columns.next_at == bindparam("seen_next_at"))
        enabled = claimed.where(columns.status == StreamStatus.ENABLED.value)
        self._pause = database.prepare(
            enabled.where(columns.url == bindparam("seen_url")).values(_given("status", "reason") | anew)
        )
        self._claim = database.prepare(enabled.values(_given("next_at")))
        self._note_push = database.prepare(claimed.values(_given("attempts", "next_at")))
        self._note_verified = database.prepare(
            one.where(columns.verified_at == bindparam("seen")).values(_given("verified_at"))
        )

    def _prepare_queue(self, database: Database) -> None:
        columns, facts = signal_queue.c, deployment.c
        of_stream = columns.stream_id == bindparam("stream")
        self._empty = database.prepare(delete(signal_queue).where(of_stream))
        self._waiting = database.prepare(
            select(columns.id, columns.stream_id, columns.body, columns.created_at)
            .where(of_stream)
            .order_by(columns.id)
            .limit(bindparam("most"))
        )
        one = and_(of_stream, columns.id == bindparam("wanted"))
        self._done = database.prepare(delete(signal_queue).where(one))
        behind = and_(withdrawals.c.told_at.is_(None), withdrawals.c.id.in_(select(columns.cause).where(one)))
        self._heard = database.prepare(
            update(withdrawals).where(behind).values(told_at=bindparam("heard_at"), told_by="signal")
        )
        self._purge = database.prepare(delete(signal_queue).where(columns.created_at < bindparam("before")))
        self._queue = database.prepare(
            signal_queue.insert().values({column.name: bindparam(f"new_{column.name}") for column in columns})
        )
        self._begin = database.prepare(
            database.insert(deployment).values(name=_POSITION, value="0").on_conflict_do_nothing()
        )
        self._position = database.prepare(select(facts.value).where(facts.name == _POSITION))
        self._move = database.prepare(
            update(deployment)
            .where(facts.name == _POSITION, facts.value == bindparam("before"))
            .values(value=bindparam("after"))
        )

    def _prepare_silences(self, database: Database) -> None:
        columns = signal_silences.c
        of_stream = columns.stream_id == bindparam("stream")
        one = and_(of_stream, columns.account_id == bindparam("account"))
        added = database.insert(signal_silences).values(stream_id=bindparam("stream"), account_id=bindparam("account"))
        self._silence = database.prepare(added.on_conflict_do_nothing())
        self._unsilence = database.prepare(delete(signal_silences).where(one))
        self._forget_silences = database.prepare(delete(signal_silences).where(of_stream))
        self._is_silenced = database.prepare(select(columns.stream_id).where(one))

    def streams(self, client_id: str | None = None) -> list[Stream]:
        """Return the streams of a client, or all."""
        if client_id is None:
            return [self._stream(row) for row in self._database.rows(self._all)]
        return [self._stream(row) for row in self._database.rows(self._of_client, {"client": client_id})]

    def stream(self, stream_id: str) -> Stream | None:
        """Return one."""
        row = self._database.row(self._one, {"wanted": stream_id})
        return self._stream(row) if row is not None else None

    def add(self, stream: Stream, record: AuditRecord) -> None:
        """Add a stream."""
        self._within("add", stream, record)

    def change(self, stream: Stream, record: AuditRecord) -> bool:
        """Write what its owner says of a stream."""
        return self._within("change", stream, record)

    def set_status(self, stream: Stream, record: AuditRecord) -> bool:
        """Write a stream's status as its owner wants it; one that is disabled loses what waits."""
        return self._within("status", stream, record)

    def _within(self, act: str, stream: Stream, record: AuditRecord) -> bool:
        with self._database.transaction() as tx:
            return self.write_within(tx, act, stream, record)

    def write_within(self, tx: Executor, act: str, stream: Stream, record: AuditRecord) -> bool:
        """Do one of ``add``, ``change``, ``status``, ``drop`` as part of ``tx``; tell whether the stream was there."""
        this, values = {"wanted": stream.id}, self._values(stream)
        if act == "drop":
            tx.run(self._empty, {"stream": stream.id})
            tx.run(self._forget_silences, {"stream": stream.id})
        statement, named = {
            "add": (self._add, values),
            "change": (self._change, {**this, **{f"new_{name}": values[f"new_{name}"] for name in _OWNERS}}),
            "status": (self._set_status, {**this, "new_status": stream.status.value, "new_reason": stream.reason}),
            "drop": (self._drop, this),
        }[act]
        if tx.run(statement, named) == 0:
            return False
        if act == "status" and stream.status is StreamStatus.DISABLED:
            tx.run(self._empty, {"stream": stream.id})
        self._recorder.write(tx, record)
        return True

    def pause(self, stream: Stream, reason: str, told: QueuedSignal, record: AuditRecord) -> bool:
        """Pause an enabled stream that is still pushed to where it was, and queue what tells of it."""
        seen = {"wanted": stream.id, "seen_next_at": stream.next_at, "seen_url": stream.url}
        named = {**seen, "new_status": StreamStatus.PAUSED.value, "new_reason": reason}
        with self._database.transaction() as tx:
            if tx.run(self._pause, named) == 0:
                return False
            tx.run(self._queue, self._row(told))
            self._recorder.write(tx, record)
        return True

    def drop(self, stream_id: str, record: AuditRecord) -> bool:
        """Remove a stream with all that waits in it."""
        known = self.stream(stream_id)
        return known is not None and self._within("drop", known, record)

    def silence(self, stream_id: str, account_id: str, record: AuditRecord) -> None:
        """Tell of an account by this stream no more."""
        self._told_of(self._silence, stream_id, account_id, record)

    def unsilence(self, stream_id: str, account_id: str, record: AuditRecord) -> None:
        """Tell of an account by this stream again."""
        self._told_of(self._unsilence, stream_id, account_id, record)

    def _told_of(self, statement: Prepared, stream_id: str, account_id: str, record: AuditRecord) -> None:
        with self._database.transaction() as tx:
            tx.run(statement, {"stream": stream_id, "account": account_id})
            self._recorder.write(tx, record)

    def is_silenced(self, stream_id: str, account_id: str) -> bool:
        """Tell whether an account was taken out of a stream."""
        return self._database.row(self._is_silenced, {"stream": stream_id, "account": account_id}) is not None

    def claim(self, stream: Stream, until: int) -> bool:
        """Put off an enabled stream's next push, unless somebody else did."""
        named = {"wanted": stream.id, "seen_next_at": stream.next_at, "new_next_at": until}
        return self._database.run(self._claim, named) > 0

    def note_push(self, stream: Stream, attempts: int, next_at: int) -> bool:
        """Write how the push of a claimed stream went."""
        named = {"wanted": stream.id, "seen_next_at": stream.next_at, "new_attempts": attempts, "new_next_at": next_at}
        return self._database.run(self._note_push, named) > 0

    def note_verified(self, stream: Stream, now: int) -> bool:
        """Write that a verification is asked for now."""
        named = {"wanted": stream.id, "seen": stream.verified_at, "new_verified_at": now}
        return self._database.run(self._note_verified, named) > 0

    def position(self) -> int:
        """Return the number of the last audit record that was told."""
        row = self._database.row(self._position)
        if row is None:
            self._database.run(self._begin)
        return int(row[0]) if row is not None else 0

    def fan_out(self, before: int, after: int, signals: Sequence[QueuedSignal]) -> bool:
        """Queue signals and move the position, in one transaction."""
        with self._database.transaction() as tx:
            if tx.run(self._move, {"before": str(before), "after": str(after)}) == 0:
                return False
            if signals:
                tx.run_many(self._queue, [self._row(one) for one in signals])
        return True

    def queue(self, signal: QueuedSignal) -> None:
        """Queue one signal."""
        self._database.run(self._queue, self._row(signal))

    def waiting(self, stream_id: str, limit: int) -> list[QueuedSignal]:
        """Return what waits in a stream, oldest first."""
        rows = self._database.rows(self._waiting, {"stream": stream_id, "most": limit})
        return [self._signal(row) for row in rows]

    def done(self, stream_id: str, signal_ids: Sequence[str], heard_at: int | None = None) -> int:
        """Take away what the department has, and note the withdrawals that it heard of."""
        with self._database.transaction() as tx:
            if heard_at is not None:
                for one in signal_ids:
                    tx.run(self._heard, {"stream": stream_id, "wanted": one, "heard_at": heard_at})
            return sum(tx.run(self._done, {"stream": stream_id, "wanted": one}) for one in signal_ids)

    def purge(self, before: int) -> int:
        """Take away what has waited for too long."""
        return self._database.run(self._purge, {"before": before})

    def _values(self, stream: Stream) -> dict[str, Any]:
        values = {f"new_{name}": getattr(stream, name) for name in _COLUMNS}
        sealed = self._seal(stream.authorization.encode(), stream.id.encode()) if stream.authorization else None
        return values | {
            "new_events": orjson.dumps(stream.events).decode(),
            "new_status": stream.status.value,
            "new_authorization": sealed,
        }

    def _stream(self, row: tuple[Any, ...]) -> Stream:
        values = dict(zip(_COLUMNS, row, strict=True))
        sealed = values["authorization"]
        opened = self._unseal(bytes(sealed), values["id"].encode()).decode() if sealed is not None else ""
        return Stream(
            **{
                **values,
                "events": tuple(orjson.loads(values["events"])),
                "status": StreamStatus(values["status"]),
                "authorization": opened,
            }
        )

    def _row(self, signal: QueuedSignal) -> dict[str, Any]:
        body = self._seal(orjson.dumps([signal.subject, signal.events, signal.txn]), signal.id.encode())
        return {
            "new_id": signal.id,
            "new_stream_id": signal.stream_id,
            "new_body": body,
            "new_created_at": signal.created_at,
            "new_cause": signal.cause,
        }

    def _signal(self, row: tuple[Any, ...]) -> QueuedSignal:
        signal_id, stream_id, body, created_at = row
        # What was queued before there were transactions has two parts.
        subject, events, *txn = orjson.loads(self._unseal(bytes(body), signal_id.encode()))
        return QueuedSignal(signal_id, stream_id, subject, events, int(created_at), txn="".join(txn))
