"""Grants in SQL: each claim is one conditional statement that carries the registry versions along."""

from __future__ import annotations

from itertools import product
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Column, ScalarSelect, and_, bindparam, exists, func, not_, or_, select, update

from idp.model.audit import AuditRecord
from idp.model.grant import Grant
from idp.ports.grants import NOBODY, Holder, Redemption, Rotation, TokenState, Versions
from idp.storage.audit import Recorder, record_params
from idp.storage.consents import withdrawn_since
from idp.storage.database import Database, Prepared
from idp.storage.mandates import NONE, counts, newest_code
from idp.storage.redemptions import RedemptionGate, passing
from idp.storage.tables import accounts, grants, identity_codes, registry_versions, revoked_tokens, sessions

_NAMES: Final = tuple(Grant.__dataclass_fields__)
_COLUMNS: Final[tuple[Column[Any], ...]] = tuple(grants.c[name] for name in _NAMES)
_WIDTH: Final = len(_NAMES)
_FIELDS: Final = attrgetter(*_NAMES)
_NEW: Final = tuple(f"new_{name}" for name in _NAMES)
_LISTS: Final = (_NAMES.index("amr"), _NAMES.index("resources"))
_FLAGS: Final = (_NAMES.index("offline"), _NAMES.index("grace_used"))


def version_of(name: str) -> ScalarSelect[Any]:
    """Return the subquery that reads a registry's version in the same round trip."""
    return select(registry_versions.c.version).where(registry_versions.c.name == name).scalar_subquery()


_VERSIONS: Final = (version_of("clients").label("clients_version"), version_of("keys").label("keys_version"))


class SqlGrantStore:
    """``ports.grants.GrantStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._recorder = Recorder(database)
        self._gate = RedemptionGate(database)
        # A mandate is looked at only where there is one: the statement of everybody else stays as short as it is.
        self._redeem = {
            key: self._prepare_redeem(needs_session=key[0], has_mandate=key[1])
            for key in product((True, False), repeat=2)
        }
        self._prepare_rotation()
        self._prepare_revocation()
        self._state = {wanted: self._prepare_state(with_code=wanted) for wanted in (False, True)}
        prepare = database.prepare
        self._get = prepare(select(*_COLUMNS).where(grants.c.id == bindparam("grant")))
        self._versions = prepare(select(*_VERSIONS), is_hot=True)
        self._revoked = prepare(
            select(exists().where(revoked_tokens.c.jti == bindparam("jti")), *_VERSIONS), is_hot=True
        )

    def _prepare_redeem(self, *, needs_session: bool, has_mandate: bool) -> Prepared:
        """INSERT … SELECT: the row appears only if account, session and mandate (where it needs one) are alive, and only once for a grant id.

        And only if nothing voided the code since it was issued: the account's mark, or the withdrawal of the consent that it rests on.
        """
        new = {name: bindparam(new, type_=grants.c[name].type) for name, new in zip(_NAMES, _NEW, strict=True)}
        issued = bindparam("issued_at", type_=grants.c.created_at.type)
        of_account = and_(
            accounts.c.id == new["account_id"], accounts.c.state == "active", accounts.c.not_before <= issued
        )
        values: list[Any] = [one.label(name) for name, one in new.items()]
        alive = select(*values).where(exists().where(of_account), not_(withdrawn_since(new, issued)))
        alive = alive.where(*passing(self._database))
        if needs_session:
            alive = alive.where(exists().where(sessions.c.id == new["session_id"], sessions.c.ended_at.is_(None)))
        if has_mandate:
            alive = alive.where(counts(new["mandate_id"], new["created_at"]))
        insert = self._database.insert(grants).from_select(list(_NAMES), alive)
        return self._database.prepare(insert.on_conflict_do_nothing().returning(*_VERSIONS), is_hot=True)

    def _prepare_rotation(self) -> None:
        columns, now = grants.c, bindparam("now", type_=grants.c.expires_at.type)
        mine = and_(
            columns.id == bindparam("grant"), columns.client_id == bindparam("client"), columns.revoked_at.is_(None)
        )
        # Without offline_access a family ends with its session, also when that merely runs out (OpenID Connect Core section 11).
        session_lives = exists().where(
            sessions.c.id == columns.session_id, sessions.c.ended_at.is_(None), sessions.c.expires_at > now
        )
        account_lives = exists().where(accounts.c.id == columns.account_id, accounts.c.state == "active")
        held = or_(
            columns.bound_to == NONE,
            columns.bound_to == bindparam("holder", type_=columns.bound_to.type),
            func.substr(columns.bound_to, 1, 4) == bindparam("kind", type_=columns.bound_to.type),
        )
        mandate_lives = or_(columns.mandate_id == NONE, counts(columns.mandate_id, now))
        of_person = (account_lives, or_(columns.offline == 1, session_lives), mandate_lives)
        alive = and_(mine, held, columns.expires_at > now, *of_person)
        of_now = and_(alive, columns.generation == bindparam("old_generation"))
        in_use = and_(of_now, columns.rotated_at > bindparam("used_since", type_=columns.rotated_at.type))
        rotate = update(grants).where(in_use).values(generation=columns.generation + 1, rotated_at=now, grace_used=0)
        grace = (
            update(grants)
            .where(of_now, columns.grace_used == 0, columns.rotated_at >= bindparam("since"))
            .values(grace_used=1)
        )
        use = update(grants).where(in_use).values(rotated_at=now)
        self._use = self._database.prepare(use.returning(*_COLUMNS, *_VERSIONS))
        self._rotate = self._database.prepare(rotate.returning(*_COLUMNS, *_VERSIONS))
        self._grace = self._database.prepare(grace.returning(*_COLUMNS, *_VERSIONS))

    def _prepare_revocation(self) -> None:
        self._revoke = self._database.prepare(
            update(grants)
            .where(grants.c.id == bindparam("grant"), grants.c.revoked_at.is_(None))
            .values(revoked_at=bindparam("now"), revoke_reason=bindparam("reason"))
            .returning(grants.c.id)
        )
        self._revoke_of_account = self._database.prepare(
            update(grants)
            .where(
                grants.c.account_id == bindparam("account"),
                grants.c.created_at < bindparam("before"),
                grants.c.revoked_at.is_(None),
            )
            .values(revoked_at=bindparam("now"), revoke_reason=bindparam("reason"))
        )
        self._mark = self._database.prepare(
            update(accounts)
            .where(accounts.c.id == bindparam("account"), accounts.c.not_before < bindparam("before"))
            .values(not_before=bindparam("before"))
        )
        values: dict[str, Any] = {column.name: bindparam(f"new_{column.name}") for column in revoked_tokens.columns}
        self._revoke_token = self._database.prepare(
            self._database.insert(revoked_tokens).values(values).on_conflict_do_nothing()
        )

    def _prepare_state(self, *, with_code: bool) -> Any:
        spent = exists().where(revoked_tokens.c.jti == bindparam("jti"))
        session_ended = exists().where(sessions.c.id == grants.c.session_id, sessions.c.ended_at.is_not(None))
        columns = [
            grants.c.revoked_at,
            grants.c.account_id,
            grants.c.claims,
            grants.c.scope,
            *_VERSIONS,
            spent,
            or_(
                and_(grants.c.offline == 0, session_ended),
                and_(grants.c.mandate_id != NONE, not_(counts(grants.c.mandate_id))),
            ),
            accounts.c.state,
            accounts.c.identity_level,
            accounts.c.unit_code,
            accounts.c.profile,
            accounts.c.updated_at,
            grants.c.mandate_id,
            grants.c.client_id,
            grants.c.created_at,
        ]
        joined: Any = grants.join(accounts, accounts.c.id == grants.c.account_id)
        if with_code:
            codes = identity_codes.c
            joined = joined.outerjoin(identity_codes, codes.id == newest_code(grants.c.account_id))
            columns += [codes.id, codes.scheme, codes.sealed]
        wanted = select(*columns).select_from(joined).where(grants.c.id == bindparam("grant"))
        return self._database.prepare(wanted, is_hot=True)

    def redeem(
        self, grant: Grant, record: AuditRecord, *, needs_session: bool = True, issued_at: int | None = None
    ) -> Redemption | None:
        """Insert the grant, which spends its code, with the audit record."""
        values = dict(zip(_NEW, _FIELDS(grant), strict=True))
        values |= {"new_amr": " ".join(grant.amr), "new_resources": " ".join(grant.resources)}
        values |= {"new_offline": int(grant.offline), "new_grace_used": 0}
        values["issued_at"] = grant.created_at if issued_at is None else issued_at
        row = self._database.claim_and_record(
            self._redeem[needs_session, bool(grant.mandate_id)], values, self._recorder.statement, record_params(record)
        )
        return Redemption(_versions(row, 0)) if row else None

    def get(self, grant_id: str) -> Grant | None:
        """Return a grant."""
        row = self._database.row(self._get, {"grant": grant_id})
        return _grant(row) if row else None

    def rotate(
        self,
        grant_id: str,
        client_id: str,
        generation: int,
        now: int,
        record: AuditRecord,
        holder: Holder = NOBODY,
        used_since: int = 0,
    ) -> Rotation | None:
        """Raise the generation by compare-and-swap, with the audit record."""
        values = {"grant": grant_id, "client": client_id, "old_generation": generation, "now": now}
        return self._rotated(self._rotate, {**values, "used_since": used_since, **_held(holder)}, record)

    def use(
        self,
        grant_id: str,
        client_id: str,
        generation: int,
        now: int,
        record: AuditRecord,
        holder: Holder = NOBODY,
        used_since: int = 0,
    ) -> Rotation | None:
        """Check that the family lives, note when it was used, and record it."""
        values = {"grant": grant_id, "client": client_id, "old_generation": generation, "now": now}
        return self._rotated(self._use, {**values, "used_since": used_since, **_held(holder)}, record)

    def use_grace(
        self,
        grant_id: str,
        client_id: str,
        generation: int,
        since: int,
        now: int,
        record: AuditRecord,
        holder: Holder = NOBODY,
    ) -> Rotation | None:
        """Use the one grace of the last rotation, with the audit record."""
        values = {"grant": grant_id, "client": client_id, "old_generation": generation, "since": since, "now": now}
        return self._rotated(self._grace, {**values, **_held(holder)}, record)

    def _rotated(self, claim: Prepared, values: dict[str, Any], record: AuditRecord) -> Rotation | None:
        row = self._database.claim_and_record(claim, values, self._recorder.statement, record_params(record))
        return Rotation(_grant(row), _versions(row, _WIDTH)) if row else None

    def revoke(self, grant_id: str, now: int, reason: str, record: AuditRecord) -> bool:
        """Revoke a family, with the audit record."""
        values = {"grant": grant_id, "now": now, "reason": reason}
        claimed = self._database.claim_and_record(self._revoke, values, self._recorder.statement, record_params(record))
        return claimed is not None

    def revoke_of_account(self, account_id: str, before: int, now: int, reason: str, record: AuditRecord) -> int:
        """Mark an account, and revoke the families of it that began before the moment, with the audit record."""
        mark = {"account": account_id, "before": before}
        values = {**mark, "now": now, "reason": reason}
        with self._database.transaction() as tx:
            tx.run(self._mark, mark)
            done = self._gate.swept(tx, self._revoke_of_account, values)
            self._recorder.write(tx, record)
        return done

    def revoke_token(self, jti: str, client_id: str, now: int, expires_at: int, record: AuditRecord) -> None:
        """Revoke one access token, with the audit record."""
        values = {"new_jti": jti, "new_client_id": client_id, "new_revoked_at": now, "new_expires_at": expires_at}
        with self._database.transaction() as tx:
            tx.run(self._revoke_token, values)
            self._recorder.write(tx, record)

    def token_state(self, grant_id: str, jti: str, *, with_code: bool) -> TokenState | None:
        """Return the state of a person's access token and what userinfo may need, in one round trip."""
        row = self._database.row(self._state[with_code], {"grant": grant_id, "jti": jti})
        if row is None:
            return None
        revoked_at, account_id, claims, scope, _, _, spent, ended, state, *rest = row
        live = revoked_at is None and not spent and not ended and state == "active"
        return TokenState(live, account_id, claims, scope, _versions(row, 4), *rest)

    def is_token_revoked(self, jti: str) -> tuple[bool, Versions]:
        """Tell whether a client's own access token was revoked."""
        row = self._database.rows(self._revoked, {"jti": jti})[0]
        return bool(row[0]), _versions(row, 1)

    def record(self, record: AuditRecord) -> Versions:
        """Write one audit record and return the versions."""
        row = self._database.claim_and_record(self._versions, {}, self._recorder.statement, record_params(record))
        return _versions(row, 0) if row else Versions(0, 0)


def _held(holder: Holder) -> dict[str, str]:
    """``kind`` fits no grant unless any key of the kind will do: a bound one begins with ``jkt:`` or ``x5t:``."""
    text = holder.binding.text
    return {"holder": text, "kind": text[:4] if holder.any_key and text else "-"}


def _versions(row: tuple[Any, ...], at: int) -> Versions:
    return Versions(row[at] or 0, row[at + 1] or 0)


def _grant(row: tuple[Any, ...]) -> Grant:
    values = list(row[:_WIDTH])
    for at in _LISTS:
        values[at] = tuple(values[at].split())
    for at in _FLAGS:
        values[at] = bool(values[at])
    return Grant(*values)
