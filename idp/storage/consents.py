"""Consents in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import BindParameter, Exists, and_, bindparam, case, exists, func, not_, or_, select, update

from idp.model.audit import AuditRecord
from idp.ports.consents import Consent, ConsentCount, ConsentQuery, ConsentText, Withdrawal, WithdrawalQuery
from idp.storage.audit import Recorder, record_params
from idp.storage.consent_pages import ConsentPages
from idp.storage.database import Database
from idp.storage.redemptions import RedemptionGate
from idp.storage.tables import consent_texts, consents, grants, withdrawals
from policies.purposes import Purpose

_NAMES = tuple(column.name for column in consents.columns)
_AT_ONCE = 200
_WITHDRAWAL = tuple(column.name for column in withdrawals.columns)
_OF_ONE = ("account_id", "client_id", "mandate_id")
# Made once: each alias makes every column of its table anew, and many statements look at these.
_ENDED, _CURRENT = consents.alias("ended"), consents.alias("current")


def withdrawn_since(new: dict[str, BindParameter[Any]], issued: BindParameter[Any]) -> Exists:
    """Return the condition that the consent of a new grant was withdrawn since its code was issued; within its second, unless agreed to anew.

    So it is where another consent took its place that declines what the grant would release.
    """
    ended, current = _ENDED.c, _CURRENT.c
    of_today = and_(*(current[name] == new[name] for name in _OF_ONE), current.ended_at.is_(None))
    withdrawn = and_(ended.end_reason != "superseded", or_(ended.ended_at > issued, not_(exists().where(of_today))))
    # What one purpose declines another may still allow: only what is declined and not agreed to counts.
    taken_back = current.declined.op("&")(new["claims"]).op("&")(current.claims.bitwise_not())
    narrowed = exists().where(of_today, taken_back != 0)
    return exists().where(
        *(ended[name] == new[name] for name in _OF_ONE),
        *(ended.ended_at >= issued, or_(withdrawn, and_(ended.end_reason == "superseded", narrowed))),
    )


class SqlConsentStore:
    """``ports.consents.ConsentStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns = consents.c
        pair = and_(columns.account_id == bindparam("account"), columns.client_id == bindparam("client"))
        current = and_(pair, columns.ended_at.is_(None))
        self._database = database
        self._recorder = Recorder(database)
        self._gate = RedemptionGate(database)
        self._pages = ConsentPages(database)
        self._add = database.prepare(consents.insert().values({name: bindparam(f"new_{name}") for name in _NAMES}))
        ended: dict[str, Any] = {"ended_at": bindparam("now"), "end_reason": bindparam("reason")}
        self._end = database.prepare(update(consents).where(current).values(ended))
        same = columns.mandate_id == bindparam("mandate", type_=columns.mandate_id.type)
        self._supersede = database.prepare(update(consents).where(current, same).values(ended))
        self._prepare_revocation(database)
        self._prepare_withdrawals()
        texts = consent_texts.c
        self._keep = database.prepare(
            database.insert(consent_texts)
            .values(version=bindparam("text_version"), document=bindparam("document"), shown_at=bindparam("shown_at"))
            .on_conflict_do_nothing()
        )
        self._text = database.prepare(select(texts.document).where(texts.version == bindparam("wanted")))
        self._get = database.prepare(select(consents).where(columns.id == bindparam("consent_id")))
        self._of_account = database.prepare(
            select(consents)
            .where(columns.account_id == bindparam("account"), columns.ended_at.is_(None))
            .order_by(columns.given_at.desc())
        )

    def _prepare_revocation(self, database: Database) -> None:
        declined = bindparam("declined", type_=consents.c.declined.type)
        self._revoke = database.prepare(
            update(grants)
            .where(
                grants.c.account_id == bindparam("account"),
                grants.c.client_id == bindparam("client"),
                grants.c.revoked_at.is_(None),
            )
            .values(revoked_at=bindparam("now"), revoke_reason=bindparam("reason"))
        )
        self._revoke_beyond = database.prepare(
            update(grants)
            .where(
                *(grants.c[name] == bindparam(name, type_=grants.c[name].type) for name in _OF_ONE),
                *(grants.c.revoked_at.is_(None), grants.c.claims.op("&")(declined) != 0),
            )
            .values(revoked_at=bindparam("now"), revoke_reason=bindparam("reason"))
        )

    def give(self, consent: Consent, record: AuditRecord, text: ConsentText | None = None) -> None:
        """Store a consent, and the text that was shown; the one before ends as ``superseded``; with the audit record in one transaction.

        What was declined now and allowed before is taken back: the families of tokens that release it end.
        """
        pair = {"account": consent.account_id, "client": consent.client_id, "mandate": consent.mandate_id}
        values = {f"new_{name}": getattr(consent, name) for name in _NAMES}
        with self._database.transaction() as tx:
            had_one = tx.run(self._supersede, {**pair, "now": consent.given_at, "reason": "superseded"})
            tx.run(self._add, values)
            taken_back = consent.declined & ~consent.claims
            if taken_back and had_one:
                mine = {name: getattr(consent, name) for name in _OF_ONE}
                end = {"declined": taken_back, "now": consent.given_at, "reason": "consent_narrowed"}
                self._gate.swept(tx, self._revoke_beyond, {**mine, **end})
            if text is not None:
                document = _document(text)
                tx.run(self._keep, {"text_version": text.version, "document": document, "shown_at": consent.given_at})
            self._recorder.write(tx, record)

    def text(self, version: str) -> ConsentText | None:
        """Return what was shown under a version."""
        row = self._database.row(self._text, {"wanted": version})
        if row is None:
            return None
        purpose, legal_basis, *purposes = orjson.loads(row[0])
        return ConsentText(version, purpose, legal_basis, tuple(Purpose(*one) for one in purposes))

    def _prepare_withdrawals(self) -> None:
        prepare, columns = self._database.prepare, withdrawals.c
        names = {name: bindparam(f"new_{name}", type_=columns[name].type) for name in _WITHDRAWAL}
        mine = columns.id == bindparam("withdrawal")
        self._add_withdrawal = prepare(withdrawals.insert().values(names))
        self._withdrawal = prepare(select(withdrawals).where(mine))
        told: dict[str, Any] = {"told_at": bindparam("now"), "told_by": bindparam("by"), "note": bindparam("new_note")}
        self._confirm = prepare(
            update(withdrawals).where(mine, columns.told_at.is_(None)).values(told).returning(columns.id)
        )

    def withdraw(self, withdrawal: Withdrawal, reason: str, record: AuditRecord) -> bool:
        """End the current consent and revoke every grant of the client for the account, recorded, in one transaction."""
        pair = {"account": withdrawal.account_id, "client": withdrawal.client_id}
        values = {**pair, "now": withdrawal.withdrawn_at, "reason": reason}
        with self._database.transaction() as tx:
            if tx.run(self._end, values) == 0:
                return False
            self._gate.swept(tx, self._revoke, {**values, "reason": "consent_withdrawn"})
            tx.run(self._add_withdrawal, {f"new_{name}": getattr(withdrawal, name) for name in _WITHDRAWAL})
            self._recorder.write(tx, record)
        return True

    def withdrawal(self, withdrawal_id: str) -> Withdrawal | None:
        """Return one withdrawal."""
        row = self._database.row(self._withdrawal, {"withdrawal": withdrawal_id})
        return Withdrawal(*row) if row else None

    def withdrawals(self, query: WithdrawalQuery) -> list[Withdrawal]:
        """Return those that match, the one that is due first first; built for each call, as no hot path asks."""
        columns = withdrawals.c
        statement = select(withdrawals).order_by(columns.due_at, columns.id).limit(query.limit)
        if query.client_ids is not None:
            statement = statement.where(columns.client_id.in_(query.client_ids))
        if query.is_told is not None:
            statement = statement.where(columns.told_at.is_not(None) if query.is_told else columns.told_at.is_(None))
        if query.after is not None:
            due, last = query.after
            statement = statement.where(or_(columns.due_at > due, and_(columns.due_at == due, columns.id > last)))
        return [Withdrawal(*row) for row in self._database.search(statement)]

    def confirm(self, withdrawal_id: str, now: int, by: str, note: str, record: AuditRecord) -> bool:
        """Note that a client was told by hand."""
        values = {"withdrawal": withdrawal_id, "now": now, "by": by, "new_note": note}
        row = self._database.claim_and_record(self._confirm, values, self._recorder.statement, record_params(record))
        return row is not None

    def of_account(self, account_id: str) -> list[Consent]:
        """Return the current consents and notices of an account, newest first."""
        return [_consent(row) for row in self._database.rows(self._of_account, {"account": account_id})]

    def search(self, account_id: str | None, client_id: str | None, limit: int) -> list[Consent]:
        """Return consents, current and ended, newest first; for operators, so built for each call."""
        statement = select(consents).order_by(consents.c.given_at.desc()).limit(limit)
        if account_id is not None:
            statement = statement.where(consents.c.account_id == account_id)
        if client_id is not None:
            statement = statement.where(consents.c.client_id == client_id)
        return [_consent(row) for row in self._database.search(statement)]

    def get(self, consent_id: str) -> Consent | None:
        """Return one, current or ended."""
        row = self._database.row(self._get, {"consent_id": consent_id})
        return _consent(row) if row else None

    def page(self, query: ConsentQuery) -> list[Consent]:
        """Return those that match, newest first."""
        return [_consent(row) for row in self._pages.page(query)]

    def agreed(self, pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
        """Return by client the claims that these people ever agreed to or were told of; built for each call."""
        columns, found = consents.c, dict[str, int]()
        wanted = set(pairs)
        accounts, clients = sorted({one for one, _ in pairs}), sorted({one for _, one in pairs})
        for at in range(0, len(accounts), _AT_ONCE):
            statement = (
                select(columns.account_id, columns.client_id, columns.claims)
                .where(columns.account_id.in_(accounts[at : at + _AT_ONCE]), columns.client_id.in_(clients))
                .distinct()
            )
            for account_id, client_id, claims in self._database.search(statement):
                if (account_id, client_id) in wanted:
                    found[client_id] = found.get(client_id, 0) | int(claims)
        return found

    def counts(self, client_ids: tuple[str, ...] | None) -> list[ConsentCount]:
        """Return the numbers by client and kind."""
        columns = consents.c
        is_current = func.sum(case((columns.ended_at.is_(None), 1), else_=0))
        statement = (
            select(columns.client_id, columns.kind, is_current, func.count())
            .group_by(columns.client_id, columns.kind)
            .order_by(columns.client_id, columns.kind)
        )
        if client_ids is not None:
            statement = statement.where(columns.client_id.in_(client_ids))
        rows = self._database.search(statement)
        return [ConsentCount(row[0], row[1], int(row[2]), int(row[3]) - int(row[2])) for row in rows]


def _consent(row: tuple[Any, ...]) -> Consent:
    return Consent(**dict(zip(_NAMES, row, strict=True)))


def _document(text: ConsentText) -> str:
    purposes = [[one.id, dict(one.text), one.legal_basis, one.required, one.optional] for one in text.purposes]
    return orjson.dumps([dict(text.purpose), text.legal_basis, *purposes]).decode()
