"""Where consents and notices are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord
from policies.purposes import Purpose


@dataclass(frozen=True, slots=True)
class Consent:
    """One stored consent (``kind`` ``consent``) or acknowledged notice (``notice``); ended rows stay as the proof.

    ``mandate_id`` is the mandate that the person acted by, "" for himself: what was agreed to for a business is not agreed to for oneself.

    ``claims`` is what may be released, ``declined`` what was offered and left out; both are bit sets of ``policies.claims``.
    """

    id: str
    account_id: str
    client_id: str
    kind: str
    scope: str
    claims: int
    declined: int
    text_version: str
    given_at: int
    ended_at: int | None = None
    end_reason: str | None = None
    mandate_id: str = ""


@dataclass(frozen=True, slots=True)
class ConsentQuery:
    """A search: of one account, of some clients (None for all), ``current`` or ``ended`` ones ("" for both), older than ``before_id``.

    Where it names several clients and no account, these are registered ones: a removed system's are found by its id alone.
    """

    account_id: str | None = None
    client_ids: tuple[str, ...] | None = None
    state: str = ""
    before_id: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ConsentCount:
    """How many consents or notices (``kind``) of a client are current, and how many have ended."""

    client_id: str
    kind: str
    current: int
    ended: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawn consent until the system was told; ``told_by`` is ``signal``, or who confirmed it by hand, then with a ``note``."""

    id: str
    account_id: str
    client_id: str
    withdrawn_at: int
    due_at: int
    told_at: int | None = None
    told_by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawalQuery:
    """A search: of some clients (None for all), told or not (None for both); in order of ``due_at`` after a key (``due_at``, ``id``)."""

    client_ids: tuple[str, ...] | None = None
    is_told: bool | None = None
    after: tuple[int, str] | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ConsentText:
    """What people were shown under a version: ``purpose`` by language, and the legal basis; or several ``purposes``, each with its own."""

    version: str
    purpose: Mapping[str, str]
    legal_basis: str
    purposes: tuple[Purpose, ...] = ()


class ConsentStore(Protocol):
    """Consents in SQL; at most one row is current for an account, a client and a mandate."""

    def give(self, consent: Consent, record: AuditRecord, text: ConsentText | None = None) -> None:
        """Store a consent, and the text that was shown if nobody saw it before.

        The consent before ends as ``superseded``; with the audit record in one transaction.
        """
        ...

    def text(self, version: str) -> ConsentText | None:
        """Return what was shown under a version; None for one of before texts were kept."""
        ...

    def withdraw(self, withdrawal: Withdrawal, reason: str, record: AuditRecord) -> bool:
        """End the current consent, whoever the person acted for, and revoke every grant of the client for the account, in one transaction.

        The withdrawal is kept beside it until the client was told.
        """
        ...

    def withdrawal(self, withdrawal_id: str) -> Withdrawal | None:
        """Return one withdrawal."""
        ...

    def withdrawals(self, query: WithdrawalQuery) -> list[Withdrawal]:
        """Return those that match, the one that is due first first."""
        ...

    def confirm(self, withdrawal_id: str, now: int, by: str, note: str, record: AuditRecord) -> bool:
        """Note that a client was told by hand; False when it had been told."""
        ...

    def of_account(self, account_id: str) -> list[Consent]:
        """Return the current consents and notices of an account, newest first."""
        ...

    def search(self, account_id: str | None, client_id: str | None, limit: int) -> list[Consent]:
        """Return consents, current and ended, newest first."""
        ...

    def get(self, consent_id: str) -> Consent | None:
        """Return one, current or ended."""
        ...

    def page(self, query: ConsentQuery) -> list[Consent]:
        """Return those that match, newest first (by id)."""
        ...

    def agreed(self, pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
        """Return by client the claims that the people of the pairs (account, client) ever agreed to or were told of; a bit set."""
        ...

    def counts(self, client_ids: tuple[str, ...] | None) -> list[ConsentCount]:
        """Return the numbers of some clients (None for all), by client and kind."""
        ...
