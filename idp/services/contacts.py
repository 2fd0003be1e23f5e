"""How a person can be reached: e-mail and telephone of the profile, and whether each was verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from idp.model.account import Account
from idp.model.message import Channel
from idp.services import profiles
from idp.services.accounts import AccountService

COLUMN: Final[Mapping[Channel, str]] = MappingProxyType({Channel.MAIL: "email", Channel.SMS: "phone_number"})
"""The account column of each channel; ``<column>_verified`` tells whether it was verified."""


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
