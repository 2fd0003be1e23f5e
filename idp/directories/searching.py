"""Searches on one connection: pages, limits, referrals, and answers of which part is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ldap3 import BASE, DEREF_NEVER, SUBTREE, Connection
from ldap3.core.exceptions import LDAPInvalidFilterError, LDAPObjectClassError

from idp.directories.servers import checked
from idp.errors import DirectoryUnavailable

PAGED: Final = "1.2.840.113556.1.4.319"
ANY: Final = "(objectClass=*)"
NO_ATTRIBUTES: Final = ("1.1",)
_CUT_SHORT: Final = frozenset({"sizeLimitExceeded", "adminLimitExceeded"})
_PAGES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Raw:
    """An entry as it came: values by lower-case attribute name."""

    dn: str
    values: Mapping[str, Sequence[bytes]]

    def text(self, attribute: str) -> str:
        """Return the first value as text, "" for none and for what is no UTF-8."""
        found = self.values.get(attribute.lower())
        return found[0].decode("utf-8", "ignore") if found else ""

    def texts(self, attribute: str) -> tuple[str, ...]:
        """Return every value as text."""
        return tuple(value.decode("utf-8", "ignore") for value in self.values.get(attribute.lower(), ()))

    def octets(self, attribute: str) -> bytes:
        """Return the first value, b"" for none."""
        found = self.values.get(attribute.lower())
        return bytes(found[0]) if found else b""


_NOWHERE: Final = frozenset({"noSuchObject"})
_ELSEWHERE: Final = _NOWHERE | {"referral"}
"""What is answered for a name that this server does not hold; a name in another domain of a forest is referred."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought; ``why`` says what may be missing, "" when nothing is."""

    entries: tuple[Raw, ...]
    why: str = ""


class Searcher:
    """Searches as whoever is bound on the connection."""

    def __init__(
        self, connection: Connection, name: str, page_size: int, controls: Sequence[tuple[str, bool, None]]
    ) -> None:
        """Take the connection, the directory's name for messages, the entries a page, and the dialect's controls."""
        self._connection = connection
        self._name = name
        self._page_size = page_size
        self._controls = controls

    def few(self, base: str, wanted: str, attributes: Sequence[str], limit: int) -> Found:
        """Return at most ``limit`` entries below ``base``; raises ``DirectoryUnavailable`` when the base or the filter is wrong."""
        return self._search(base, wanted, attributes, SUBTREE, size_limit=limit)

    def one(
        self, dn: str, attributes: Sequence[str], wanted: str = ANY, *, may_be_elsewhere: bool = False
    ) -> Raw | None:
        """Return the entry of this name, None if there is none (any more), or with ``may_be_elsewhere`` none that this server holds."""
        found = self._search(dn, wanted, attributes, BASE, _ELSEWHERE if may_be_elsewhere else _NOWHERE)
        return found.entries[0] if len(found.entries) == 1 else None

    def all(self, base: str, wanted: str, attributes: Sequence[str]) -> Found:
        """Return every entry, page by page (RFC 2696)."""
        entries: list[Raw] = []
        cookie: bytes | None = None
        for _ in range(_PAGES):
            page = self._search(base, wanted, attributes, SUBTREE, paged_size=self._page_size, paged_cookie=cookie)
            entries.extend(page.entries)
            if page.why:
                return Found(tuple(entries), page.why)
            control = (self._connection.result.get("controls") or {}).get(PAGED)
            cookie = control["value"]["cookie"] if control else None
            if not cookie:
                return Found(tuple(entries))
        return Found(tuple(entries), "more pages than anybody has people")

    def every(self, base: str, wanted: str, attributes: Sequence[str]) -> tuple[Raw, ...]:
        """Return every entry; raises ``DirectoryUnavailable`` where the server cut the answer short: what is missing would be rights lost."""
        found = self.all(base, wanted, attributes)
        if found.why in _CUT_SHORT:
            raise self._wrong(f"searching {base} answers {found.why}")
        return found.entries

    def _search(
        self,
        base: str,
        wanted: str,
        attributes: Sequence[str],
        scope: Any,
        absences: frozenset[str] = frozenset(),
        **more: Any,
    ) -> Found:
        try:
            self._connection.search(
                base,
                wanted,
                search_scope=scope,
                dereference_aliases=DEREF_NEVER,  # An alias would be a second entry, or somebody else's.
                attributes=list(attributes),
                controls=list(self._controls) or None,
                **more,
            )
        except (LDAPInvalidFilterError, LDAPObjectClassError) as error:
            raise self._wrong(f"the filter {wanted} is not one") from error
        result = checked(self._connection)
        outcome = result["description"]
        if outcome in absences:
            return Found(())
        if outcome not in {"success", *_CUT_SHORT}:
            raise self._wrong(f"searching {base} answers {outcome}")
        response = self._connection.response or []
        entries = tuple(_raw(one) for one in response if one["type"] == "searchResEntry")
        refers = any(one["type"] == "searchResRef" for one in response)
        return Found(entries, outcome if outcome in _CUT_SHORT else "refers elsewhere" if refers else "")

    def _wrong(self, why: str) -> DirectoryUnavailable:
        return DirectoryUnavailable(f"directory {self._name}: {why}", retry_after=60)


def _raw(answer: Mapping[str, Any]) -> Raw:
    """Return an entry; of a long attribute Active Directory gives a first piece under ``memberOf;range=0-1499`` ([MS-ADTS] 3.1.1.3.1.3.3)."""
    values: dict[str, tuple[bytes, ...]] = {}
    for name, found in answer["raw_attributes"].items():
        plain, _, option = str(name).lower().partition(";")
        key = plain if option.startswith("range=") else str(name).lower()
        if found:
            values[key] = (*values.get(key, ()), *found)
    return Raw(str(answer["dn"]), values)
