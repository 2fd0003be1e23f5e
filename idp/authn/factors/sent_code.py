"""One-time codes by SMS and by e-mail as factors: possession of what the code arrives at.

Enrolled is who has asked for it, and only at the address that was verified then: an address that came into the account by another way gets no
codes. SMS is restricted (NIST SP 800-63B-4 section 3.2.9): whoever can move a number to another card reads the code, so people are offered
something better beside it, and an operator can switch each off.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from idp.authn.factors.factor import Enrolled
from idp.authn.sent_codes import Sent, SentCodes, Subject
from idp.clock import Clock
from idp.errors import NotFound, Refused
from idp.model.audit import AuditEvent, Event
from idp.model.message import Channel
from idp.ports.accounts import CredentialRow
from idp.ports.credentials import CredentialStore
from idp.services.audit import AuditLog
from idp.services.contacts import CODE_FACTOR, ContactReader, masked
from policies import assurance

_TEXT: Final = "code"


class CodesByChannel(ABC):
    """What both factors share; ``authn.factors.factor.Factor`` but for the rules."""

    def __init__(
        self,
        channel: Channel,
        codes: SentCodes,
        contacts: ContactReader,
        store: CredentialStore,
        audit: AuditLog,
        clock: Clock,
        *,
        is_on: bool,
    ) -> None:
        """Take collaborators; ``is_on`` tells whether the operator wants this factor and the channel can send."""
        self.channel = channel
        self.name = CODE_FACTOR[channel]
        self.is_on = is_on
        self._codes = codes
        self._contacts = contacts
        self._store = store
        self._audit = audit
        self._clock = clock

    @property
    @abstractmethod
    def rules(self) -> tuple[assurance.Factor, ...]:
        """Return its row of the table of levels."""

    def enrolled(self, account_id: str) -> tuple[Enrolled, ...]:
        """Return the verified address that codes go to, named so that its owner recognises it."""
        row = self._store.get(account_id, self.name) if self.is_on else None
        address = self.verified(account_id) if row is not None else None
        if row is None or address is None or self._codes.binding(account_id, self.channel, address) != row.secret:
            return ()
        return (Enrolled(self.name, self.name, row.updated_at, name=masked(self.channel, address)),)

    def prove(self, account_id: str, answer: str, bound_to: str) -> str:
        """Judge a code and use it up."""
        self._codes.use(self._subject(account_id, bound_to, "vi"), answer)
        return self.name

    def live(self, account_id: str, bound_to: str) -> Sent | None:
        """Return the code that this transaction waits for."""
        return self._codes.live(self._subject(account_id, bound_to, "vi"))

    def send(self, account_id: str, bound_to: str, network: str, language: str, case_code: str = "") -> Sent:
        """Send a code for this transaction; raises ``Throttled``, and ``Refused`` for who has not enrolled."""
        return self._codes.send(self._subject(account_id, bound_to, language), network, case_code)

    def shown_address(self, account_id: str) -> str:
        """Return the address that codes go to as its owner recognises it."""
        return next((one.name for one in self.enrolled(account_id)), "")

    def enrol(self, account_id: str, *, actor: str, case_code: str = "") -> None:
        """Let codes go to the verified address from now on; raises ``Refused`` where there is none, or the factor is off."""
        address = self.verified(account_id) if self.is_on else None
        if address is None:
            raise Refused("there is no verified address, or codes by this channel are off", code="no_verified_contact")
        now, binding = self._clock.now(), self._codes.binding(account_id, self.channel, address)
        event = AuditEvent(
            Event.CREDENTIAL_SET,
            actor=actor,
            account_id=account_id,
            target=f"account:{account_id}",
            case_code=case_code,
            detail={"kind": self.name},
        )
        row = CredentialRow(account_id, self.name, binding, 0, 0, now, now)
        self._store.put(row, self._audit.record(event))

    def verified(self, account_id: str) -> str | None:
        """Return the verified address of an account, None for none."""
        try:
            return self._contacts.of(account_id).verified.get(self.channel)
        except NotFound:
            return None

    def _subject(self, account_id: str, bound_to: str, language: str) -> Subject:
        address = self.verified(account_id) if self.enrolled(account_id) else None
        if address is None:
            raise Refused("the person gets no codes by this channel", code="not_enrolled")
        return Subject(account_id, self.channel, address, bound_to, _TEXT, language)


class SmsCodeFactor(CodesByChannel):
    """Codes by SMS."""

    rules: Final = (assurance.FACTORS["sms_code"],)


class MailCodeFactor(CodesByChannel):
    """Codes by e-mail."""

    rules: Final = (assurance.FACTORS["mail_code"],)
