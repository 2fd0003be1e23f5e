"""Grants of administration in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, or_, select, update

from idp.errors import Conflict, Refused
from idp.model.audit import AuditRecord
from idp.ports.administration import GrantQuery, Revocation
from idp.ports.configuration import GrantWrite
from idp.storage.audit import Recorder
from idp.storage.database import Database, Executor
from idp.storage.tables import admin_grants
from policies.delegation import AdminGrant, Role
from policies.units import UnitKey

_READ: Final = (
    *("id", "principal", "role", "unit_code", "unit_from", "begins", "ends", "granted_by", "granted_at"),
    *("approved_by", "reason", "revoked_at"),
)
_ALL: Final = tuple(column.name for column in admin_grants.columns)
_TWIN: Final = ("principal", "role", "unit_code", "unit_from")


class SqlAdminStore:
    """``ports.administration.AdminStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns = admin_grants.c
        self._database = database
        self._recorder = Recorder(database)
        self._read = select(*(columns[name] for name in _READ))
        self._of_principal = database.prepare(
            self._read.where(columns.principal == bindparam("principal"), columns.revoked_at.is_(None)).order_by(
                columns.id
            )
        )
        self._everything = database.prepare(self._read.order_by(columns.id))
        self._get = database.prepare(self._read.where(columns.id == bindparam("grant_id")))
        self._prepare_writes()

    def _prepare_writes(self) -> None:
        columns, prepare = admin_grants.c, self._database.prepare
        now = bindparam("now", type_=BigInteger)
        self._insert = prepare(admin_grants.insert().values({name: bindparam(f"new_{name}") for name in _ALL}))
        # An update and no look: it holds the row against a revocation until this transaction has committed.
        self._rely = prepare(
            update(admin_grants)
            .where(
                columns.id == bindparam("needed"),
                columns.revoked_at.is_(None),
                columns.begins <= now,
                or_(columns.ends.is_(None), columns.ends > now),
            )
            .values(relied_on_at=now)
        )
        self._bury = prepare(
            update(admin_grants)
            .where(
                *(columns[name] == bindparam(f"twin_{name}") for name in _TWIN),
                columns.revoked_at.is_(None),
                columns.ends <= now,
            )
            .values(revoked_at=columns.ends, revoke_reason="expired")
        )
        self._revoke = prepare(
            update(admin_grants)
            .where(columns.id == bindparam("grant_id"), columns.revoked_at.is_(None))
            .values(revoked_at=now, revoked_by=bindparam("by"), revoke_reason=bindparam("reason_given"))
        )

    def of_principal(self, principal: str) -> tuple[AdminGrant, ...]:
        """Return the grants of a principal that were not revoked, oldest first."""
        return tuple(_grant(row) for row in self._database.rows(self._of_principal, {"principal": principal}))

    def everything(self) -> tuple[AdminGrant, ...]:
        """Return every grant that was ever made, oldest first."""
        return tuple(_grant(row) for row in self._database.rows(self._everything))

    def get(self, grant_id: str) -> AdminGrant | None:
        """Return one grant, revoked or not."""
        row = self._database.row(self._get, {"grant_id": grant_id})
        return _grant(row) if row else None

    def search(self, query: GrantQuery) -> list[AdminGrant]:
        """Return grants in order of id; built for each call, as no hot path asks."""
        columns = admin_grants.c
        statement = self._read.where(columns.id > query.after).order_by(columns.id).limit(query.limit)
        for name in ("principal", "role"):
            if wanted := getattr(query, name):
                statement = statement.where(columns[name] == wanted)
        if not query.ended:
            statement = statement.where(columns.revoked_at.is_(None))
        return [_grant(row) for row in self._database.search(statement)]

    def add(self, grant: AdminGrant, needs: Sequence[str], record: AuditRecord) -> None:
        """Insert a grant with its audit record, if what it rests on counts; one that ran out makes room for it."""
        values = _values(grant)
        try:
            with self._database.transaction() as tx:
                self._hold(tx, needs, grant.granted_at)
                tx.run(self._bury, {**{f"twin_{name}": values[name] for name in _TWIN}, "now": grant.granted_at})
                tx.run(self._insert, {f"new_{name}": value for name, value in values.items()})
                self._recorder.write(tx, record)
        except Conflict as error:
            raise Conflict("the principal has this role over this unit already", code="taken") from error

    def revoke(self, which: Sequence[Revocation], needs: Sequence[str], *, now: int, by: str, reason: str) -> int:
        """Take grants away, each with its record, in one transaction."""
        done = 0
        with self._database.transaction() as tx:
            self._hold(tx, needs, now)
            for one in which:
                values = {"grant_id": one.grant_id, "now": now, "by": by, "reason_given": reason}
                if tx.run(self._revoke, values):
                    self._recorder.write(tx, one.record)
                    done += 1
        return done

    def write_within(self, tx: Executor, write: GrantWrite, *, now: int, by: str, reason: str) -> None:
        """Write a grant or its end as part of ``tx``; raises ``Conflict`` for one that somebody else has ended."""
        if write.is_end:
            values = {"grant_id": write.grant.id, "now": now, "by": by, "reason_given": reason}
            if tx.run(self._revoke, values) == 0:
                raise Conflict("a grant was revoked meanwhile: look again", code="changed")
        else:
            values = _values(write.grant)
            tx.run(self._bury, {**{f"twin_{name}": values[name] for name in _TWIN}, "now": now})
            tx.run(self._insert, {f"new_{name}": value for name, value in values.items()})
        self._recorder.write(tx, write.record)

    def _hold(self, tx: Executor, needs: Sequence[str], now: int) -> None:
        # In one order everywhere, so that two transactions never wait for each other.
        for one in sorted(set(needs)):
            if tx.run(self._rely, {"needed": one, "now": now}) == 0:
                raise Refused("the right that this rests on was taken away meanwhile", code="right_lost")


def _values(grant: AdminGrant) -> dict[str, Any]:
    own = {name: getattr(grant, name) for name in _READ if not name.startswith(("unit_", "role"))}
    return {
        **own,
        "role": grant.role.value,
        "unit_code": grant.unit.code,
        "unit_from": grant.unit.valid_from,
        "relied_on_at": 0,
        "revoked_by": "",
        "revoke_reason": "",
    }


def _grant(row: tuple[Any, ...]) -> AdminGrant:
    named = dict(zip(_READ, row, strict=True))
    unit = UnitKey(named.pop("unit_code"), named.pop("unit_from"))
    return AdminGrant(**{**named, "role": Role(named["role"])}, unit=unit)
