"""How a person can be reached: e-mail and telephone of the profile, and whether each was verified.

Owns the change of one of them by its person, once that person has typed back what was sent there. An operator's changes come with
the whole profile, through ``services.accounts``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

from idp.clock import Clock
from idp.errors import Conflict, NotFound, Refused
from idp.model.account import SELF, Account, Source
from idp.model.audit import AuditEvent, Event
from idp.model.message import Channel
from idp.model.notice import Detail, Topic
from idp.ports.accounts import AccountStore
from idp.ports.contacts import ContactChange, ContactStore, Taken
from idp.ports.notices import Notices
from idp.services import profiles
from idp.services.account_records import AccountRecords
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog

_Value = TypeVar("_Value")

COLUMN: Final[Mapping[Channel, str]] = MappingProxyType({Channel.MAIL: "email", Channel.SMS: "phone_number"})
"""The account column of each channel; ``<column>_verified`` tells whether it was verified."""
CODE_FACTOR: Final[Mapping[Channel, str]] = MappingProxyType({Channel.MAIL: "mail_code", Channel.SMS: "sms_code"})
"""The factor that sends its codes by each channel."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """What is known of one account; ``known`` holds every address by channel, ``verified`` those that were verified: personal data."""

    known: Mapping[Channel, str]
    verified: Mapping[Channel, str]
    language: str


class ContactReader:
    """Reads contacts."""

    def __init__(self, accounts: AccountService) -> None:
        """Take the accounts."""
        self._accounts = accounts

    def of(self, account_id: str) -> Contacts:
        """Return an account's contacts, following merges; raises ``NotFound``."""
        return contacts_of(self._accounts.get(account_id))


class ContactWriter:
    """Writes verified contacts; whoever held the account before is told at the addresses that it had before."""

    def __init__(
        self,
        store: ContactStore,
        accounts: AccountStore,
        records: AccountRecords,
        notices: Notices,
        audit: AuditLog,
        clock: Clock,
        binding: Callable[[str, Channel, str], bytes],
    ) -> None:
        """Take collaborators; ``binding`` returns what ties the one-time codes of a channel to an address."""
        self._store = store
        self._accounts = accounts
        self._records = records
        self._notices = notices
        self._audit = audit
        self._clock = clock
        self._binding = binding

    def set_verified(self, account_id: str, channel: Channel, address: str, *, actor: str, case_code: str = "") -> None:
        """Store an address of which it was shown that the person reads it; raises ``NotFound``, and ``Conflict`` for a lost race."""
        row = self._accounts.get(account_id)
        if row is None:
            raise NotFound("no such account")
        column, account = COLUMN[channel], self._records.account(row)
        profile = {**account.profile, column: address, f"{column}_verified": True}
        change = ContactChange(
            row.id,
            row.profile,
            self._records.sealed_profile(
                row.id, profile, {**_without(account.sources, column), column: Source(SELF, self._clock.now())}
            ),
            CODE_FACTOR[channel],
            self._binding(row.id, channel, address),
            self._clock.now(),
        )
        # Before the write: those who are told are the addresses that the account had until now.
        messages = self._notices.prepare(row.id, Topic.CONTACT_CHANGED, Detail(channel=channel.value))
        event = AuditEvent(
            Event.CONTACT_CHANGE,
            actor=actor,
            account_id=row.id,
            target=f"account:{row.id}",
            case_code=case_code,
            detail={"channel": channel.value, "told": len(messages)},
        )
        if not self._store.change(change, messages, self._audit.record(event)):
            raise Conflict("the account was changed by somebody else meanwhile: try again")

    def remove(self, account_id: str, channel: Channel, *, has_factor: bool, actor: str, case_code: str = "") -> None:
        """Take an address away; ``has_factor`` tells whether codes by this channel are a factor here.

        Raises ``NotFound`` where there is none, ``Refused`` (code ``contact_in_use``) while the person gets codes there, and ``Conflict``.
        """
        row = self._accounts.get(account_id)
        address = contacts_of(self._records.account(row)).known.get(channel, "") if row is not None else ""
        if row is None or not address:
            raise NotFound("the account has no such address", field=COLUMN[channel])
        column, account = COLUMN[channel], self._records.account(row)
        profile = _without(account.profile, column)
        change = ContactChange(
            row.id,
            row.profile,
            self._records.sealed_profile(row.id, profile, _without(account.sources, column)),
            CODE_FACTOR[channel],
            self._binding(row.id, channel, address) if has_factor else b"",
            self._clock.now(),
        )
        # Before the write: the address that goes is told too.
        messages = self._notices.prepare(row.id, Topic.CONTACT_REMOVED, Detail(channel=channel.value))
        event = AuditEvent(
            Event.CONTACT_REMOVE,
            actor=actor,
            account_id=row.id,
            target=f"account:{row.id}",
            case_code=case_code,
            detail={"channel": channel.value, "told": len(messages)},
        )
        outcome = self._store.remove(change, messages, self._audit.record(event))
        if outcome is Taken.IN_USE:
            raise Refused("one-time codes go to this address", code="contact_in_use")
        if outcome is Taken.CHANGED:
            raise Conflict("the account was changed by somebody else meanwhile: try again")


def _without(given: Mapping[str, _Value], column: str) -> dict[str, _Value]:
    return {name: value for name, value in given.items() if name not in {column, f"{column}_verified"}}


def contacts_of(account: Account) -> Contacts:
    """Return the contacts in an account's profile."""
    profile = account.profile
    known = {channel: str(profile[column]) for channel, column in COLUMN.items() if profile.get(column)}
    verified = {
        channel: value for channel, value in known.items() if profile.get(f"{COLUMN[channel]}_verified") is True
    }
    return Contacts(known, verified, str(profile.get("locale") or "").partition("-")[0].lower() or "vi")


def checked_address(channel: Channel, raw: str) -> str:
    """Return a typed address as it is stored; raises ``InvalidInput`` that names the column and the fix."""
    column = COLUMN[channel]
    return str(profiles.COLUMNS[column](column, raw.strip()))


def masked(channel: Channel, address: str) -> str:
    """Return an address as its owner recognises it and nobody else learns it."""
    if channel is Channel.SMS:
        return f"{'•' * 6}{address[-3:]}"
    local, _, domain = address.partition("@")
    return f"{local[:1]}•••@{domain}"
