"""Passkeys: discoverable credentials with user verification, several for each person.

The only writer of passkeys. A challenge is bound to the browser's transaction and good for one answer; the relying party is the issuer's
host, the origin the issuer's, exactly; attestation is neither asked for nor read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from ipaddress import ip_address
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from idp import handles
from idp.authn import passkey_answers
from idp.authn.challenges import Challenges
from idp.authn.passkey_answers import ALGORITHMS, UnverifiedAnswer, encoded
from idp.clock import Clock
from idp.errors import InvalidInput, NotFound, Refused
from idp.fibers import Fibers
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.factors import PasskeyRow, PasskeyStore
from idp.services.audit import AuditLog
from idp.services.vault import Seal

MOST: Final = 20
"""Passkeys of one person."""
LONGEST_NAME: Final = 60
_CREATE, _GET = "create", "get"
_TIMEOUT: Final = 300_000


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who we are to devices: the issuer's host and origin."""

    id: str
    origin: str

    @property
    def is_usable(self) -> bool:
        """Tell whether devices make keys for us: never for a bare address (Web Authentication section 5.1.2)."""
        try:
            ip_address(self.id)
        except ValueError:
            return bool(self.id)
        return False


def relying_party(issuer: str) -> RelyingParty:
    """Return the relying party of an issuer."""
    parts = urlsplit(issuer)
    return RelyingParty((parts.hostname or "").strip("[]"), f"{parts.scheme}://{parts.netloc}")


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner sees it."""

    id: str
    account_id: str
    name: str
    is_synced: bool
    created_at: int
    last_used_at: int | None


class Passkeys:
    """Enrols and verifies."""

    def __init__(
        self,
        store: PasskeyStore,
        challenges: Challenges,
        party: RelyingParty,
        names: Seal,
        audit: AuditLog,
        clock: Clock,
        fibers: Fibers | None = None,
    ) -> None:
        """Take collaborators; ``names`` seals what people call their passkeys."""
        self._store = store
        self._challenges = challenges
        self.party = party
        self._names = names
        self._audit = audit
        self._clock = clock
        self._fibers = fibers or Fibers()
        self._loaded: ModuleType | None = None

    def of_account(self, account_id: str) -> tuple[Passkey, ...]:
        """Return a person's passkeys, oldest first."""
        return tuple(self._opened(row) for row in self._store.of_account(account_id))

    def creation_options(self, account_id: str, user_name: str, display_name: str, bound_to: str) -> str:
        """Return what the browser is asked for a new passkey, as JSON; those that the person has are left out."""
        known = [_descriptor(row) for row in self._store.of_account(account_id)]
        return _json(
            {
                "rp": {"id": self.party.id, "name": "Định Danh"},
                "user": {"id": encoded(account_id.encode()), "name": user_name, "displayName": display_name},
                "challenge": encoded(self._challenges.make(_CREATE, bound_to)),
                "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in ALGORITHMS],
                "timeout": _TIMEOUT,
                "excludeCredentials": known,
                "authenticatorSelection": {
                    "residentKey": "required",
                    "requireResidentKey": True,
                    "userVerification": "required",
                },
                "attestation": "none",
            }
        )

    def request_options(self, bound_to: str, account_id: str | None = None) -> str:
        """Return what the browser is asked for a use, as JSON: of any passkey of ours, or of one of a known person's."""
        known = [_descriptor(row) for row in self._store.of_account(account_id)] if account_id else []
        return _json(
            {
                "challenge": encoded(self._challenges.make(_GET, bound_to)),
                "rpId": self.party.id,
                "timeout": _TIMEOUT,
                "userVerification": "required",
                "allowCredentials": known,
            }
        )

    def add(self, account_id: str, text: str, bound_to: str, name: str, *, actor: str) -> Passkey:
        """Enrol what the browser answered; raises ``Refused``, ``Conflict`` for a known credential, ``InvalidInput`` for one too many."""
        answer = self._ours(text, _CREATE, bound_to)
        key = self._ceremonies().registered(answer.document, answer.challenge, self.party.id, self.party.origin)
        if key.credential_id != answer.credential_id:
            raise Refused("the answer names another credential than the one it made", code="passkey_invalid")
        self._spend(answer)
        now, passkey_id = self._clock.now(), handles.new_id()
        row = PasskeyRow(
            passkey_id,
            account_id,
            hashlib.sha256(key.credential_id).digest(),
            key.credential_id,
            key.public_key,
            key.sign_count,
            " ".join(answer.transports),
            int(key.is_synced),
            int(key.is_backed_up),
            self._names.seal(_named(name).encode(), passkey_id.encode()),
            now,
        )
        if not self._store.add(row, MOST, self._record(Event.CREDENTIAL_SET, account_id, passkey_id, actor)):
            raise InvalidInput(f"nobody has more than {MOST} passkeys", field="passkey", code="passkey_too_many")
        return self._opened(row)

    def rename(self, account_id: str, passkey_id: str, name: str, *, actor: str) -> None:
        """Give one of the person's own passkeys another name; raises ``NotFound`` and ``InvalidInput``."""
        sealed = self._names.seal(_named(name).encode(), passkey_id.encode())
        record = self._record(Event.CREDENTIAL_RENAME, account_id, passkey_id, actor)
        if not self._store.rename(account_id, passkey_id, sealed, record):
            raise NotFound("the account has no such passkey", field="passkey")

    def verify(self, text: str, bound_to: str, account_id: str | None = None) -> Passkey:
        """Return the passkey that answered; raises ``Refused`` with the reason as its code.

        ``account_id`` is whose it has to be; None where the passkey itself says who signs in, for which the device must name the
        person too (section 7.2 step 6).
        """
        answer = self._ours(text, _GET, bound_to)
        row = self._store.by_digest(hashlib.sha256(answer.credential_id).digest())
        if row is None:
            raise Refused("nobody has this passkey", code="unknown_passkey")
        if account_id is not None and row.account_id != account_id:
            raise Refused("the passkey is another person's", code="passkey_of_another")
        if answer.user_handle != row.account_id.encode() and (account_id is None or answer.user_handle is not None):
            raise Refused("the device names another person than the passkey's", code="passkey_user_handle")
        use = self._ceremonies().asserted(
            answer.document, answer.challenge, self.party.id, self.party.origin, row.public_key
        )
        if bool(row.is_synced) != use.is_synced:
            raise Refused("whether the key may leave its device has changed", code="passkey_backup_flag")
        self._spend(answer)
        if not self._store.use(row.id, use.sign_count, is_backed_up=use.is_backed_up, now=self._clock.now()):
            raise Refused("the counter did not rise: the key may have been copied", code="passkey_counter")
        return self._opened(row)

    def owner(self, text: str) -> str | None:
        """Return whose passkey an answer claims to be, for the record of a refusal; nothing is verified."""
        try:
            digest = hashlib.sha256(passkey_answers.read(text).credential_id).digest()
        except Refused:
            return None
        row = self._store.by_digest(digest)
        return row.account_id if row is not None else None

    def _ours(self, text: str, purpose: str, bound_to: str) -> UnverifiedAnswer:
        answer = passkey_answers.read(text)
        if answer.origin != self.party.origin:
            raise Refused("the ceremony ran on another origin", code="passkey_origin")
        if not self._challenges.is_ours(answer.challenge, purpose, bound_to):
            raise Refused("the challenge is not this transaction's", code="passkey_challenge")
        return answer

    def _spend(self, answer: UnverifiedAnswer) -> None:
        if not self._challenges.spend(answer.challenge):
            raise Refused("the challenge was answered before", code="passkey_replay")

    def _ceremonies(self) -> Any:
        """Return the module with the library, loaded at the first use and not on the loop's thread."""
        if self._loaded is None:
            self._loaded = self._fibers.elsewhere(_load)
        return self._loaded

    def _opened(self, row: PasskeyRow) -> Passkey:
        name = self._names.unseal(row.name, row.id.encode()).decode()
        return Passkey(row.id, row.account_id, name, bool(row.is_synced), row.created_at, row.last_used_at)

    def _record(self, event: Event, account_id: str, passkey_id: str, actor: str) -> AuditRecord:
        detail = {"kind": "passkey", "passkey": passkey_id}
        return self._audit.record(
            AuditEvent(event, actor=actor, account_id=account_id, target=f"account:{account_id}", detail=detail)
        )


def _load() -> ModuleType:
    from idp.authn import ceremonies  # noqa: PLC0415 - see the module: 5 MiB that a worker without passkeys does without

    return ceremonies


def _descriptor(row: PasskeyRow) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "public-key", "id": encoded(row.credential_id)}
    return {**found, "transports": row.transports.split(" ")} if row.transports else found


def _named(name: str) -> str:
    kept = " ".join(name.split())
    if not 0 < len(kept) <= LONGEST_NAME or not kept.isprintable():
        raise InvalidInput(f"must have 1 to {LONGEST_NAME} characters", field="name", code="passkey_name")
    return kept


def _json(document: dict[str, Any]) -> str:
    return orjson.dumps(document).decode()
