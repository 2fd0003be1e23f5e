"""Identity codes and accounts: the only writer of both.

A code is what a person types and what departments ask for; the account behind it has an opaque id of ours. Values are sealed, and found again
through a keyed blind index of (entity type, scheme, value): a reader of the database learns neither the codes nor whether one is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from idp import handles
from idp.clock import Clock
from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.model.account import Account, CodeEntry
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.accounts import AccountRow, AccountStore, CodeRow, CredentialRow, NewAccount
from idp.services import profiles
from idp.services.audit import AuditLog
from idp.services.vault import Vault
from policies import identity_codes
from policies.identity_codes import CodeError, IdentityCode

OPERATOR: Final = "operator:local"
_LEVELS: Final = ("1", "2")
_MAX_EXTERNAL: Final = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """An account that has been checked and not yet stored: its parts, and warnings for the operator."""

    code: IdentityCode
    profile: Mapping[str, object]
    identity_level: int
    unit_code: str | None
    external_id: str | None
    password_hash: str | None
    is_sample: bool
    warnings: tuple[str, ...]


class AccountService:
    """Adds, finds, changes and merges accounts."""

    def __init__(self, store: AccountStore, vault: Vault, audit: AuditLog, clock: Clock) -> None:
        """Take collaborators."""
        self._store = store
        self._audit = audit
        self._clock = clock
        self._index = vault.index("identity-index", "identity-code")
        self._codes = vault.seal("identity-code")
        self._profiles = vault.seal("profile")

    def draft(self, values: Mapping[str, Any]) -> Draft:
        """Check the contract's account columns; raises ``InvalidInput`` that names the column and the fix."""
        try:
            code = identity_codes.parse(str(values.get("code_type") or ""), str(values.get("code") or ""))
        except CodeError as error:
            raise InvalidInput(error.fix, code=error.reason, field=error.field) from error
        profile = profiles.checked(values)
        sex, birthdate = profile.get("gender"), profile.get("birthdate")
        today = datetime.fromtimestamp(self._clock.now(), UTC).date()
        findings = identity_codes.check_consistency(code, _text(sex), _text(birthdate), today)
        if findings.errors:
            reason = findings.errors[0]
            raise InvalidInput(f"contradicts what is declared: {reason}", code=reason, field="code")
        level = str(values.get("identity_level") or "1")
        if level not in _LEVELS:
            raise InvalidInput("must be 1 or 2", field="identity_level")
        return Draft(
            code,
            profile,
            int(level),
            _short(values, "unit"),
            _short(values, "external_id"),
            str(values["password_hash"]) if values.get("password_hash") else None,
            findings.sample,
            findings.warnings,
        )

    def prepare(self, draft: Draft, credentials: tuple[CredentialRow, ...] = (), reason: str = "registered") -> NewAccount:
        """Return the rows of a draft, sealed, under a new account id; the credentials' account id is filled in."""
        now, account_id = self._clock.now(), handles.new_id()
        kind = "person" if draft.code.entity_type.value in {"person", "foreigner"} else "organisation"
        account = AccountRow(
            account_id,
            kind,
            "active",
            None,
            None,
            draft.identity_level,
            draft.unit_code,
            int(draft.is_sample),
            draft.external_id,
            self._profiles.seal(orjson.dumps(dict(draft.profile)), account_id.encode()),
            now,
            now,
        )
        code = self._code_row(account_id, draft.code, now, reason)
        return NewAccount(account, (code,), tuple(replace(one, account_id=account_id) for one in credentials))

    def add(self, draft: Draft, credentials: tuple[CredentialRow, ...] = (), *, actor: str = OPERATOR) -> str:
        """Store a draft and return the new account's id; raises ``Conflict`` when the code is somebody's, whose is not said."""
        new = self.prepare(draft, credentials)
        event = AuditEvent(
            Event.ACCOUNT_ADD,
            actor=actor,
            account_id=new.account.id,
            target=f"account:{new.account.id}",
            detail={"scheme": draft.code.scheme.value, "sample": draft.is_sample},
        )
        try:
            self._store.add(new, self._audit.record(event))
        except Conflict as error:
            raise Conflict("this code (or external_id) belongs to an account already", code="taken", field="code") from error
        return new.account.id

    def for_sign_in(self, raw: str) -> Account | None:
        """Return the account of a typed code, persons before businesses with the same digits; None for anything else."""
        for code in identity_codes.recognise(raw):
            if identity_codes.may_sign_in(code):
                row = self._store.by_lookup(self.lookup(code))
                if row is not None:
                    return self._opened(row)
        return None

    def sign_in_key(self, raw: str) -> str:
        """Return the text under which tries are counted: one for every spelling of a code."""
        candidates = identity_codes.recognise(raw)
        return candidates[0].value if candidates else raw[:64]

    def find(self, code_or_id: str) -> Account:
        """Return the account of a current code or of an id, following merges; raises ``NotFound``."""
        row = self._store.get(code_or_id)
        if row is None:
            lookups = (self._store.by_lookup(self.lookup(code)) for code in identity_codes.recognise(code_or_id))
            row = next((found for found in lookups if found is not None), None)
        if row is None:
            raise NotFound("no account has this code or id", field="code")
        return self.get(row.id)

    def get(self, account_id: str) -> Account:
        """Return an account by id, following merges; raises ``NotFound``."""
        row = self._store.get(account_id)
        while row is not None and row.merged_into is not None:
            row = self._store.get(row.merged_into)
        if row is None:
            raise NotFound("no such account")
        return self._opened(row)

    def codes(self, account_id: str) -> list[CodeEntry]:
        """Return the history of an account's codes, newest first, opened: treat as personal data."""
        return [
            CodeEntry(
                row.id,
                row.account_id,
                row.entity_type,
                row.scheme,
                self._codes.unseal(row.sealed, row.id.encode()).decode(),
                row.valid_from,
                row.valid_to,
                row.reason,
            )
            for row in self._store.codes(account_id)
        ]

    def add_code(self, account_id: str, code: IdentityCode, *, reason: str, actor: str = OPERATOR) -> None:
        """Give an account another code; raises ``Conflict`` when it is somebody's already."""
        row = self._code_row(account_id, code, self._clock.now(), reason)
        try:
            self._store.add_code(row, self._record(Event.CODE_ADD, account_id, actor, reason, f"code:{row.id}"))
        except Conflict as error:
            raise Conflict("this code belongs to an account already", code="taken", field="code") from error

    def end_code(self, account_id: str, code: IdentityCode, *, reason: str, actor: str = OPERATOR) -> None:
        """End a current code of an account (cancelled, re-established); the history keeps it. Raises ``NotFound``."""
        wanted = self.lookup(code)
        row = next((one for one in self._store.codes(account_id) if one.lookup == wanted and one.valid_to is None), None)
        record = self._record(Event.CODE_END, account_id, actor, reason, f"code:{row.id}" if row else "")
        if row is None or not self._store.end_code(row.id, self._clock.now(), reason, record):
            raise NotFound("the account has no such current code", field="code")

    def change_state(self, account_id: str, state: str, *, reason: str, actor: str = OPERATOR) -> None:
        """Lock, unlock (``active``) or close an account; raises ``Refused`` when it already is in that state or was merged."""
        event = Event.ACCOUNT_UNLOCK if state == "active" else Event.ACCOUNT_LOCK
        record = self._record(event, account_id, actor, reason, f"account:{account_id}")
        if not self._store.change_state(account_id, state, reason or None, self._clock.now(), record):
            raise Refused(f"the account is {state} already, or was merged")

    def merge(self, loser: str, winner: str, *, reason: str, actor: str = OPERATOR) -> None:
        """Merge ``loser`` into ``winner`` (ids); repeating it changes nothing. Raises ``Refused``, ``NotFound``."""
        if self.get(loser).id == self.get(winner).id:
            if loser == winner:
                raise Refused("an account cannot be merged into itself")
            return
        record = self._record(Event.ACCOUNT_MERGE, winner, actor, reason, f"account:{loser}")
        if not self._store.merge(loser, winner, self._clock.now(), reason, record):
            raise Refused("one of the accounts was merged before: name the accounts that are left")

    def note_shown(self, account_id: str, *, reveal: bool, reason: str, actor: str = OPERATOR) -> None:
        """Record that an operator looked at an account: who got which of my data is a question that people may ask."""
        self._audit.write(
            AuditEvent(
                Event.ACCOUNT_SHOW,
                reason=reason,
                actor=actor,
                account_id=account_id,
                target=f"account:{account_id}",
                detail={"revealed": reveal},
            )
        )

    def lookup(self, code: IdentityCode) -> bytes:
        """Return the blind index of a code; the same digits as person and as business are two."""
        return self._index.digest(code.entity_type.value, code.scheme.value, code.value)

    def count_samples(self) -> int:
        """Return how many sample accounts exist."""
        return self._store.count_samples()

    def _code_row(self, account_id: str, code: IdentityCode, now: int, reason: str) -> CodeRow:
        code_id = handles.new_id()
        sealed = self._codes.seal(code.value.encode(), code_id.encode())
        return CodeRow(
            code_id, account_id, code.entity_type.value, code.scheme.value, self.lookup(code), sealed, now, None, reason
        )

    def _record(self, event: Event, account_id: str, actor: str, reason: str, target: str) -> AuditRecord:
        return self._audit.record(AuditEvent(event, reason=reason, actor=actor, account_id=account_id, target=target))

    def _opened(self, row: AccountRow) -> Account:
        return Account(
            row.id,
            row.kind,
            row.state,
            row.identity_level,
            row.unit_code,
            bool(row.sample),
            orjson.loads(self._profiles.unseal(row.profile, row.id.encode())),
            row.created_at,
            row.updated_at,
            row.external_id,
            row.merged_into,
            row.state_reason,
        )


def masked(value: str) -> str:
    """Return a code for pages: the last four characters, the rest as dots."""
    return f"{'•' * max(0, len(value) - 4)}{value[-4:]}"


def _text(value: object) -> str | None:
    return str(value) if value is not None else None


def _short(values: Mapping[str, Any], name: str) -> str | None:
    raw = values.get(name)
    if raw is None or raw == "":
        return None
    value = profiles.text(name, str(raw))
    if len(value) > _MAX_EXTERNAL:
        raise InvalidInput(f"is longer than {_MAX_EXTERNAL} characters", field=name)
    return value
