"""Consents and notices: what a person agreed to or was told, for which department, under which text.

Decides nothing (``policies.consent`` does); keeps the proof and ends what lives from a withdrawn consent.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

from idp import handles
from idp.clock import Clock
from idp.errors import Conflict, InvalidInput
from idp.model.audit import AuditEvent, Event
from idp.model.notice import Topic
from idp.ports.consents import (
    Consent,
    ConsentCount,
    ConsentQuery,
    ConsentStore,
    ConsentText,
    Withdrawal,
    WithdrawalQuery,
)
from idp.ports.notices import SILENCE, Notices
from idp.ports.sessions import ConsentState
from idp.services.audit import AuditLog
from policies import data_requests
from policies.data_requests import Kind, Terms

_LONGEST: Final = 500
_LARGE: Final = 50_000
_KEPT: Final = 60
_MOST_KEPT: Final = 64
_USUAL: Final = Terms()
_WITHDRAWN: Final = "withdrawn"
"""How every withdrawn consent ended. Decisions are taken by this word, so it is never what somebody wrote as the reason."""


class ConsentService:
    """The only writer of consents."""

    def __init__(
        self,
        store: ConsentStore,
        audit: AuditLog,
        clock: Clock,
        notices: Notices = SILENCE,
        terms: Terms = _USUAL,
    ) -> None:
        """Take the store, the audit log, the clock, what tells people, and in how many days a withdrawal must have been told."""
        self._terms = terms
        self._notices = notices
        self._store = store
        self._audit = audit
        self._clock = clock
        self._counted: dict[tuple[str, ...] | None, tuple[int, list[ConsentCount]]] = {}

    def give(
        self,
        account_id: str,
        client_id: str,
        session_id: str,
        answer: ConsentState,
        details: str = "",
        mandate_id: str = "",
        text: ConsentText | None = None,
    ) -> Consent:
        """Store what the person agreed to (``consent``) or read (``notice``); it replaces what stood before for this client.

        ``details`` are the authorization details that were on the page in canonical JSON. They hold for this once; the record keeps their
        digest, which proves what was agreed to without saying it. ``mandate_id`` is the mandate that the person acted by. ``text`` is what was
        shown, to be read again on the receipt.
        """
        consent = Consent(
            handles.new_id(),
            account_id,
            client_id,
            answer.kind,
            answer.scope,
            answer.claims,
            answer.declined,
            answer.text_version,
            self._clock.now(),
            mandate_id=mandate_id,
        )
        event = AuditEvent(
            Event.CONSENT_GIVE if answer.kind == "consent" else Event.CONSENT_NOTICE,
            actor=f"account:{account_id}",
            account_id=account_id,
            client_id=client_id,
            session_id=session_id,
            target=f"consent:{consent.id}",
            detail=_detail(answer, details, mandate_id),
        )
        self._store.give(consent, self._audit.record(event), text)
        return consent

    def withdraw(self, account_id: str, client_id: str, *, actor: str, reason: str) -> bool:
        """Withdraw: the consent ends and so does every grant of that client for that person. False if there was none.

        ``reason`` goes into the audit log alone: the receipt is the person's, to be shown to others.
        """
        now = self._clock.now()
        due = data_requests.clocks(Kind.WITHDRAW, now, self._terms, with_others=True).due_at
        withdrawal = Withdrawal(handles.new_id(), account_id, client_id, now, due)
        event = AuditEvent(
            Event.CONSENT_WITHDRAW,
            reason=reason,
            actor=actor,
            account_id=account_id,
            client_id=client_id,
            target=f"client:{client_id}",
            detail={"withdrawal": withdrawal.id},
        )
        done = self._store.withdraw(withdrawal, _WITHDRAWN, self._audit.record(event))
        if done:
            self._notices.tell(account_id, Topic.CONSENT_WITHDRAWN)
        return done

    def withdrawal(self, withdrawal_id: str) -> Withdrawal | None:
        """Return one withdrawal."""
        return self._store.withdrawal(withdrawal_id)

    def withdrawals(self, query: WithdrawalQuery) -> list[Withdrawal]:
        """Return withdrawals that match, the one that is due first first."""
        return self._store.withdrawals(query)

    def confirm_told(self, withdrawal: Withdrawal, note: str, actor: str) -> Withdrawal:
        """Note that the system was told by another way than a signal, and by which. Raises ``InvalidInput`` and ``Conflict`` (``told``)."""
        note = note.strip()
        if not 1 <= len(note) <= _LONGEST:
            raise InvalidInput(f"must be 1 to {_LONGEST} characters: how the system was told", field="reason")
        now = self._clock.now()
        event = AuditEvent(
            Event.CONSENT_TOLD,
            reason=note,
            actor=actor,
            account_id=withdrawal.account_id,
            client_id=withdrawal.client_id,
            target=f"withdrawal:{withdrawal.id}",
        )
        if not self._store.confirm(withdrawal.id, now, actor, note, self._audit.record(event)):
            raise Conflict("the system was told before", code="told")
        return replace(withdrawal, told_at=now, told_by=actor, note=note)

    def of_account(self, account_id: str) -> list[Consent]:
        """Return the current consents and notices of an account, newest first."""
        return self._store.of_account(account_id)

    def search(self, account_id: str | None = None, client_id: str | None = None, limit: int = 200) -> list[Consent]:
        """Return consents, current and ended, newest first."""
        return self._store.search(account_id, client_id, limit)

    def get(self, consent_id: str) -> Consent | None:
        """Return one, current or ended."""
        return self._store.get(consent_id)

    def text(self, version: str) -> ConsentText | None:
        """Return what was shown under a version."""
        return self._store.text(version)

    def page(self, query: ConsentQuery) -> list[Consent]:
        """Return those that match, newest first."""
        return self._store.page(query)

    def counts(self, client_ids: tuple[str, ...] | None) -> list[ConsentCount]:
        """Return the numbers of some clients (None for all), by client and kind; where they are large they may be a minute old."""
        now = self._clock.now()
        counted_at, found = self._counted.get(client_ids, (0, []))
        if now - counted_at < _KEPT:
            return found
        found = self._store.counts(client_ids)
        if sum(one.current + one.ended for one in found) >= _LARGE:
            # Counting reads every row: a dashboard that is open on twenty desks shall not do it twenty times.
            if len(self._counted) >= _MOST_KEPT:
                self._counted.clear()
            self._counted[client_ids] = now, found
        return found


def _detail(answer: ConsentState, details: str, mandate_id: str) -> dict[str, object]:
    shown: dict[str, object] = {"scope": answer.scope, "claims": answer.claims, "text_version": answer.text_version}
    if mandate_id:
        shown["mandate"] = mandate_id
    if details:
        shown["authorization_details"] = hashlib.sha256(details.encode()).hexdigest()
    return shown
