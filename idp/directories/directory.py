"""One directory: find the one entry, verify the password by a bind as that entry, read it again, collect groups, list everybody."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from ldap3 import Connection

from idp.clock import Clock
from idp.config.directories import Directory as DirectorySettings
from idp.directories.dialect import Dialect
from idp.directories.examining import Examiner
from idp.directories.filters import all_of, any_of, equal, folded_dn, normal_dn
from idp.directories.pool import DirectoryThreads
from idp.directories.reading import EntryReader
from idp.directories.registry import DIALECTS
from idp.directories.searching import Found, Searcher
from idp.directories.servers import Servers, bind, bind_service
from idp.errors import AmbiguousEntry, DirectoryUnavailable
from idp.fibers import Fibers
from idp.model.directory import Check, Entry, Listing, Proof, ServerStanding, Verified
from policies.officials.comparison import Standing

T = TypeVar("T")

_WHOLE_DIRECTORY: Final = 30
"""How many times longer than a sign-in a comparison may take."""
_AFTER_BIND: Final = {
    Standing.DISABLED: Proof.DISABLED,
    Standing.EXPIRED: Proof.EXPIRED,
    Standing.MUST_CHANGE: Proof.MUST_CHANGE,
}
"""Standings that keep out whoever knows the password; a lock is the directory's own to refuse, and may have run out."""


class LdapDirectory:
    """``ports.directories.Directory`` over LDAP."""

    def __init__(self, settings: DirectorySettings, fibers: Fibers, clock: Clock) -> None:
        """Take the settings, the fibers that pause meanwhile, and the clock against which accounts expire."""
        self._settings = settings
        self._dialect: Dialect = DIALECTS[settings.dialect]
        self._reader = EntryReader(settings, self._dialect, clock)
        self._servers = Servers(settings)
        self._threads = DirectoryThreads(settings.name, settings.parallel, fibers)
        self._rule_groups = tuple(dict.fromkeys(normal_dn(rule.group) for rule in settings.roles))

    @property
    def name(self) -> str:
        """Return the directory's name."""
        return self._settings.name

    @property
    def servers_left_alone(self) -> int:
        """Return how many of the directory's servers are left alone at the moment, after failures in a row."""
        return sum(endpoint.breaker.is_open for endpoint in self._servers.endpoints)

    def find(self, user_name: str) -> Entry | None:
        """Return the one entry of a prepared user name; raises ``AmbiguousEntry``, ``DirectoryUnavailable``."""
        return self._run(lambda connection: self._one(self._searcher(connection), user_name))

    def verify(self, entry: Entry | None, password: bytes) -> Verified:
        """Verify a password by a bind as the entry, or as one that nobody has; raises ``DirectoryUnavailable``."""
        if not password:
            message = "a bind without a password would succeed for anybody (RFC 4513 section 5.1.2)"
            raise ValueError(message)
        return self._run(lambda connection: self._verified(connection, entry, password))

    def listing(self) -> Listing:
        """Return everybody with their groups, as far as rules name them; raises ``DirectoryUnavailable``."""
        return self._run(lambda connection: self._listed(self._searcher(connection)), _WHOLE_DIRECTORY)

    def groups(self, entry: Entry) -> frozenset[str]:
        """Return the groups of an entry; raises ``DirectoryUnavailable``."""
        return self._run(lambda connection: self._dialect.groups(self._searcher(connection), entry, self._group_base))

    def examine(self) -> Iterator[Check]:
        """Yield the steps from the names of the servers to the groups of the mapping; blocks, as only the command line asks."""
        examiner = Examiner(self._settings, self._servers, self._reader, self._dialect)
        yield from examiner.servers()
        yield from examiner.roles(self._rule_groups)

    def examined(self, seconds: float) -> list[Check]:
        """Return the steps on a thread of the directory's own while the fiber pauses; between two of them the time is looked at."""
        try:
            return self._threads.run(lambda: self._within(time.monotonic() + seconds))
        except DirectoryUnavailable as error:
            return [Check("place", "failed", str(error), advice="the directory hangs: try again in a moment")]

    def standings(self) -> tuple[ServerStanding, ...]:
        """Return the servers as this process knows them."""
        return tuple(
            ServerStanding(one.url, one.breaker.is_open, self._servers.failures.get(one.url, ""))
            for one in self._servers.endpoints
        )

    def _within(self, deadline: float) -> list[Check]:
        found = []
        for check in self.examine():
            found.append(check)
            if time.monotonic() >= deadline:
                found.append(Check("time", "failed", "no time left", advice="see which server above took so long"))
                break
        return found

    def _run(self, work: Callable[[Connection], T], times: int = 1) -> T:
        return self._threads.run(lambda: self._servers.run(work, times))

    def _searcher(self, connection: Connection) -> Searcher:
        bind_service(connection, self._settings)
        return Searcher(connection, self.name, self._settings.page_size, self._dialect.search_controls)

    def _one(self, search: Searcher, user_name: str) -> Entry | None:
        found = self._named(search, user_name).entries
        if len(found) > 1:
            raise AmbiguousEntry(f"directory {self.name}: several entries answer to one name")
        if not found:
            return None
        entry = self._reader.entry(found[0])
        if entry is None:
            what = self._reader.link_attribute
            raise DirectoryUnavailable(f"directory {self.name}: the entry shows no {what}", retry_after=60)
        return entry

    def _named(self, search: Searcher, user_name: str) -> Found:
        names = any_of(equal(attribute, user_name) for attribute in self._reader.login_attributes)
        return search.few(self._settings.base, all_of(self._settings.filter, names), self._reader.attributes, 2)

    def _verified(self, connection: Connection, entry: Entry | None, password: bytes) -> Verified:
        if entry is None:
            # The same round trip as for somebody: how long it takes must not tell who is in the directory.
            nobody = f"{self._reader.login_attributes[0]}={secrets.token_hex(8)},{self._settings.base}"
            bind(connection, nobody, password, list(self._dialect.bind_controls))
            return Verified(Proof.WRONG)
        proof = self._dialect.proof(
            bind(connection, entry.dn, password, list(self._dialect.bind_controls)), entry.standing
        )
        if proof is not Proof.RIGHT:
            return Verified(proof)
        return self._read_again(self._searcher(connection), entry)

    def _read_again(self, search: Searcher, entry: Entry) -> Verified:
        """Read the entry that the bind was for: between search and bind the name may have become somebody else's."""
        raw = search.one(entry.dn, self._reader.attributes, self._settings.filter)
        fresh = self._reader.entry(raw) if raw is not None else None
        if fresh is None or fresh.link != entry.link:
            return Verified(Proof.CHANGED)
        proof = _AFTER_BIND.get(fresh.standing, Proof.RIGHT)
        if proof is not Proof.RIGHT:
            return Verified(proof)
        return Verified(proof, fresh, self._dialect.groups(search, fresh, self._group_base))

    def _listed(self, search: Searcher) -> Listing:
        found = search.all(self._settings.base, self._settings.filter, self._reader.attributes)
        people: dict[str, Entry] = {}
        why = found.why
        for raw in found.entries:
            entry = self._reader.entry(raw)
            if entry is None:
                why = why or f"{self._reader.link_attribute} cannot be read of every entry"
            else:
                people[folded_dn(entry.dn)] = entry
        groups, more = self._dialect.members(search, self._rule_groups, people, (self._settings.base, self._group_base))
        why = why or more
        return Listing({entry.link: entry for entry in people.values()}, groups, not why, why)

    @property
    def _group_base(self) -> str:
        return self._settings.group_base or self._settings.base
