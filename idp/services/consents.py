"""Consents and notices: what a person agreed to or was told, for which department, under which text.

Decides nothing (``policies.consent`` does); keeps the proof and ends what lives from a withdrawn consent.
"""

from __future__ import annotations

import hashlib

from idp import handles
from idp.clock import Clock
from idp.model.audit import AuditEvent, Event
from idp.model.notice import Topic
from idp.ports.consents import Consent, ConsentCount, ConsentQuery, ConsentStore, ConsentText
from idp.ports.notices import SILENCE, Notices
from idp.ports.sessions import ConsentState
from idp.services.audit import AuditLog


class ConsentService:
    """The only writer of consents."""

    def __init__(self, store: ConsentStore, audit: AuditLog, clock: Clock, notices: Notices = SILENCE) -> None:
        """Take the store, the audit log, the clock, and what tells people."""
        self._notices = notices
        self._store = store
        self._audit = audit
        self._clock = clock

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
        """Withdraw: the consent ends and so does every grant of that client for that person. False if there was none."""
        event = AuditEvent(
            Event.CONSENT_WITHDRAW,
            reason=reason,
            actor=actor,
            account_id=account_id,
            client_id=client_id,
            target=f"client:{client_id}",
        )
        done = self._store.withdraw(account_id, client_id, self._clock.now(), reason, self._audit.record(event))
        if done:
            self._notices.tell(account_id, Topic.CONSENT_WITHDRAWN)
        return done

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
        """Return the numbers of some clients (None for all), by client and kind."""
        return self._store.counts(client_ids)


def _detail(answer: ConsentState, details: str, mandate_id: str) -> dict[str, object]:
    shown: dict[str, object] = {"scope": answer.scope, "claims": answer.claims, "text_version": answer.text_version}
    if mandate_id:
        shown["mandate"] = mandate_id
    if details:
        shown["authorization_details"] = hashlib.sha256(details.encode()).hexdigest()
    return shown
