"""Mandates in SQL."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    ScalarSelect,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from idp.model.audit import AuditRecord
from idp.model.mandate import Mandate
from idp.ports.mandates import LiveMandate
from idp.ports.sessions import ConsentState
from idp.storage.audit import Recorder, record_params
from idp.storage.database import Database, Prepared, Row
from idp.storage.tables import accounts, consents, grants, identity_codes, mandates, sessions
from policies.mandates import ACCEPTED, EXPIRED, PROPOSED, REVOKED

NONE: Final[ColumnElement[str]] = literal_column("''")
"""What stands where there is no mandate; written out, so that a partial index is seen to fit."""

_NAMES: Final = tuple(field.name for field in fields(Mandate))
_COLUMNS: Final[tuple[Column[Any], ...]] = tuple(mandates.c[name] for name in _NAMES)
_BEFORE_ALL: Final = (2**53, "")
"""A key behind which every mandate is."""
_WIDTH: Final = len(_NAMES)
_CONSENT: Final = ("kind", "scope", "claims", "declined", "text_version")
# Made once: each alias makes every column of its table anew, and many statements look at these.
_PRINCIPAL: Final = accounts.alias("principal").c
_ACTOR: Final = accounts.alias("actor").c
_OWN: Final = identity_codes.alias("own").c
_OPEN: Final = or_(mandates.c.state == PROPOSED, mandates.c.state == ACCEPTED)


def counts(mandate_id: ColumnElement[str], now: ColumnElement[int] | None = None) -> ColumnElement[bool]:
    """Return the condition under which a mandate counts; without ``now`` its dates are somebody else's concern."""
    return exists().where(mandates.c.id == mandate_id, _is_good(now))


def newest_code(account_id: ColumnElement[str]) -> ScalarSelect[Any]:
    """Return the subquery for the id of the code that an account is known by: its newest in force, an old 9-digit number never."""
    # Not IS NULL: while the table is nearly empty PostgreSQL would plan for the index of all current codes, and keep to it with a province in there.
    in_force = func.coalesce(_OWN.valid_to, -1) == -1
    mine = and_(_OWN.account_id == account_id, in_force, _OWN.scheme != "cmnd")
    return select(func.max(_OWN.id)).where(mine).scalar_subquery()


def _is_good(now: ColumnElement[int] | None) -> ColumnElement[bool]:
    """Accepted, between two active accounts, and within its dates."""
    found = [
        mandates.c.state == ACCEPTED,
        exists().where(_PRINCIPAL.id == mandates.c.principal_id, _PRINCIPAL.state == "active"),
        exists().where(_ACTOR.id == mandates.c.actor_id, _ACTOR.state == "active"),
    ]
    if now is not None:
        found += [mandates.c.valid_from <= now, mandates.c.valid_to > now]
    return and_(*found)


class SqlMandateStore:
    """``ports.mandates.MandateStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._recorder = Recorder(database)
        self._prepare_reads()
        self._prepare_live()
        self._prepare_writes()
        self._ending = _prepare_ending(database)

    def _prepare_reads(self) -> None:
        prepare, columns = self._database.prepare, mandates.c
        newest = select(*_COLUMNS).order_by(columns.created_at.desc(), columns.id.desc()).limit(bindparam("most"))
        self._get = prepare(select(*_COLUMNS).where(columns.id == bindparam("mandate")))
        self._of_actor = prepare(newest.where(columns.actor_id == bindparam("account")))
        self._of_principal = prepare(newest.where(columns.principal_id == bindparam("account")))
        at, last = bindparam("at", type_=columns.created_at.type), bindparam("last", type_=columns.id.type)
        behind = or_(columns.created_at < at, and_(columns.created_at == at, columns.id < last))
        either = or_(columns.actor_id == bindparam("account"), columns.principal_id == bindparam("account"))
        self._of_account = prepare(newest.where(either, behind))
        self._all = prepare(newest)
        at_unit = and_(columns.ended_at.is_(None), columns.unit_code != NONE, columns.session_id == NONE)
        self._at_units = prepare(select(columns.id, columns.unit_code, columns.created_at).where(at_unit))
        past = and_(columns.ended_at.is_(None), columns.valid_to <= bindparam("now"))
        self._past = prepare(select(*_COLUMNS).where(past).limit(bindparam("most")))
        agreed = tuple(consents.c[name] for name in _CONSENT)
        self._consent = prepare(
            select(*agreed).where(
                consents.c.mandate_id == bindparam("mandate"),
                consents.c.client_id == bindparam("client"),
                consents.c.ended_at.is_(None),
                consents.c.account_id == bindparam("account"),
            )
        )

    def _prepare_live(self) -> None:
        now = bindparam("now", type_=mandates.c.valid_to.type)
        codes = identity_codes.c
        joined: Any = mandates.join(accounts, accounts.c.id == mandates.c.principal_id).outerjoin(
            identity_codes, codes.id == newest_code(mandates.c.principal_id)
        )
        beside = (accounts.c.kind, accounts.c.profile, codes.id, codes.scheme, codes.sealed)
        found = select(*_COLUMNS, *beside).select_from(joined).where(_is_good(now))
        self._live = self._database.prepare(found.where(mandates.c.id == bindparam("mandate")))
        mine = and_(mandates.c.actor_id == bindparam("account"), mandates.c.session_id == NONE)
        self._live_of = self._database.prepare(found.where(mine).order_by(mandates.c.created_at, mandates.c.id))

    def _prepare_writes(self) -> None:
        prepare, columns = self._database.prepare, mandates.c
        now = bindparam("now", type_=columns.valid_to.type)
        self._add = prepare(mandates.insert().values({name: bindparam(f"new_{name}") for name in _NAMES}))
        # Held until the end of the transaction: a revocation that runs at the same time waits, and then finds what is inserted here.
        parent = select(columns.id).where(columns.id == bindparam("mandate"), _is_good(now))
        self._parent = prepare(parent.with_for_update(of=mandates))
        self._answer = prepare(
            update(mandates)
            .where(columns.id == bindparam("mandate"), columns.state == PROPOSED, columns.valid_to > now)
            .values(state=bindparam("new_state"), answered_at=now, ended_at=bindparam("new_ended_at"))
            .returning(columns.id)
        )

    def add(self, mandate: Mandate, record: AuditRecord) -> bool:
        """Insert with the audit record, while what it is passed on from counts."""
        values = {f"new_{name}": getattr(mandate, name) for name in _NAMES}
        values |= {"new_procedures": " ".join(mandate.procedures), "new_may_delegate": int(mandate.may_delegate)}
        with self._database.transaction() as tx:
            if mandate.parent_id:
                above = tx.row(self._parent, {"mandate": mandate.parent_id, "now": mandate.created_at})
                if above is None:
                    return False
            tx.run(self._add, values)
            self._recorder.write(tx, record)
        return True

    def get(self, mandate_id: str) -> Mandate | None:
        """Return a mandate in any state."""
        row = self._database.row(self._get, {"mandate": mandate_id})
        return _mandate(row) if row else None

    def of_actor(self, account_id: str, limit: int) -> list[Mandate]:
        """Return what an account holds or was offered, newest first."""
        return self._rows(self._of_actor, {"account": account_id, "most": limit})

    def of_principal(self, account_id: str, limit: int) -> list[Mandate]:
        """Return who acts or acted for an account, newest first."""
        return self._rows(self._of_principal, {"account": account_id, "most": limit})

    def of_account(self, account_id: str, after: tuple[int, str] | None, limit: int) -> list[Mandate]:
        """Return those of either side, each once and newest first, behind ``(created_at, id)`` of the last that was seen."""
        at, last = after if after is not None else _BEFORE_ALL
        return self._rows(self._of_account, {"account": account_id, "at": at, "last": last, "most": limit})

    def all(self, limit: int) -> list[Mandate]:
        """Return the newest mandates."""
        return self._rows(self._all, {"most": limit})

    def live_of(self, actor_id: str, now: int) -> list[LiveMandate]:
        """Return what an account can act by now, oldest first."""
        return [_live(row) for row in self._database.rows(self._live_of, {"account": actor_id, "now": now})]

    def live(self, mandate_id: str, now: int) -> LiveMandate | None:
        """Return a mandate that counts now."""
        row = self._database.row(self._live, {"mandate": mandate_id, "now": now})
        return _live(row) if row else None

    def answer(self, mandate_id: str, state: str, now: int, record: AuditRecord) -> bool:
        """Accept or decline by one conditional statement, with the audit record."""
        ended = None if state == ACCEPTED else now
        values = {"mandate": mandate_id, "new_state": state, "new_ended_at": ended, "now": now}
        claimed = self._database.claim_and_record(self._answer, values, self._recorder.statement, record_params(record))
        return claimed is not None

    def revoke(self, mandate_id: str, now: int, reason: str, record: AuditRecord) -> bool:
        """End a mandate and all that rests on it."""
        return self._end(mandate_id, now, REVOKED, reason, record)

    def past(self, now: int, limit: int) -> list[Mandate]:
        """Return mandates that have run out and are not marked so."""
        return self._rows(self._past, {"now": now, "most": limit})

    def expire(self, mandate_id: str, now: int, record: AuditRecord) -> bool:
        """Mark one as run out."""
        return self._end(mandate_id, now, EXPIRED, EXPIRED, record)

    def at_units(self) -> list[tuple[str, str, int]]:
        """Return the mandates that hold at one unit only: id, the unit's code, and the moment in which it was named."""
        return [(row[0], row[1], row[2]) for row in self._database.rows(self._at_units)]

    def consent(self, account_id: str, mandate_id: str, client_id: str) -> ConsentState | None:
        """Return the current consent that was given while acting by a mandate."""
        values = {"account": account_id, "mandate": mandate_id, "client": client_id}
        row = self._database.row(self._consent, values)
        return ConsentState(*row) if row else None

    def _end(self, mandate_id: str, now: int, state: str, reason: str, record: AuditRecord) -> bool:
        values = {"mandate": mandate_id, "now": now, "new_state": state, "reason": reason}
        with self._database.transaction() as tx:
            if tx.run(self._ending[0], values) == 0:
                return False
            for statement in self._ending[1:]:
                tx.run(statement, values)
            self._recorder.write(tx, record)
        return True

    def _rows(self, statement: Prepared, values: dict[str, object]) -> list[Mandate]:
        return [_mandate(row) for row in self._database.rows(statement, values)]


def _prepare_ending(database: Database) -> tuple[Prepared, ...]:
    """The mandate, then what was passed on from it, which may have appeared while the first statement waited; then what lives from them."""
    columns, now = mandates.c, bindparam("now", type_=mandates.c.ended_at.type)
    wanted = bindparam("mandate", type_=columns.id.type)
    below = or_(and_(columns.root_id != NONE, columns.root_id == wanted), columns.parent_id == wanted)
    named = select(columns.id).where(or_(columns.id == wanted, below))
    over: dict[str, Any] = {"state": bindparam("new_state"), "ended_at": now, "end_reason": bindparam("reason")}
    ended: dict[str, Any] = {"ended_at": now, "end_reason": literal_column("'mandate_ended'")}
    revoked: dict[str, Any] = {"revoked_at": now, "revoke_reason": literal_column("'mandate_ended'")}
    statements = (
        update(mandates).where(columns.id == wanted, _OPEN).values(over),
        update(mandates).where(below, _OPEN).values(over),
        update(grants)
        .where(grants.c.mandate_id != NONE, grants.c.mandate_id.in_(named), grants.c.revoked_at.is_(None))
        .values(revoked),
        update(consents)
        .where(consents.c.mandate_id != NONE, consents.c.mandate_id.in_(named), consents.c.ended_at.is_(None))
        .values(ended),
        update(sessions)
        .where(
            sessions.c.id.in_(
                select(columns.session_id).where(or_(columns.id == wanted, below), columns.session_id != NONE)
            ),
            sessions.c.ended_at.is_(None),
        )
        .values(ended),
    )
    return tuple(database.prepare(statement) for statement in statements)


def _mandate(row: Row) -> Mandate:
    named = dict(zip(_NAMES, row, strict=False))
    named["procedures"] = tuple(named["procedures"].split())
    named["may_delegate"], named["evidence"] = bool(named["may_delegate"]), bytes(named["evidence"])
    return Mandate(**named)


def _live(row: Row) -> LiveMandate:
    kind, profile, code_id, scheme, sealed = row[_WIDTH:]
    return LiveMandate(_mandate(row), kind, bytes(profile), code_id, scheme, bytes(sealed) if sealed else None)
