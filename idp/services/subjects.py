"""Pairwise subjects: a stored random value for each account and sector, never computed, never re-used."""

from __future__ import annotations

from typing import Final

from clients.model import Client
from idp import handles
from idp.clock import Clock
from idp.ports.subjects import SubjectStore

PUBLIC_SECTOR: Final = "public"
"""The one sector of all clients that are registered for public subjects."""


def sector_of(client: Client) -> str:
    """Return the sector in which a client knows people."""
    return PUBLIC_SECTOR if client.subject_type == "public" else client.sector_id


class SubjectService:
    """The only writer of subjects."""

    def __init__(self, store: SubjectStore, clock: Clock) -> None:
        """Take the store and the clock."""
        self._store = store
        self._clock = clock

    def subject(self, account_id: str, client: Client) -> str:
        """Return the account's subject for the client's sector, made at the first time; of parallel first times one wins."""
        return self._store.fix(account_id, sector_of(client), handles.new_secret(), self._clock.now())

    def known(self, account_id: str, client: Client) -> str | None:
        """Return the account's subject for the client's sector, None where the sector has never heard of the account."""
        return self._store.known(account_id, sector_of(client))

    def aliases(self, account_id: str, client: Client) -> list[str]:
        """Return the names in the client's sector that merges took from the account: they still answer, and nothing is issued for them."""
        return self._store.aliases(account_id, sector_of(client))

    def account_of(self, sub: str) -> str | None:
        """Return the account behind a subject, also one that a merge turned into an alias."""
        return self._store.account_of(sub)
