"""Active Directory: objectGUID, userAccountControl, sub-codes of a refused bind, groups by the server's own matching rule."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from idp.directories.dialect import Control
from idp.directories.filters import all_of, equal, folded_dn
from idp.directories.searching import NO_ATTRIBUTES, Raw, Searcher
from idp.model.directory import Entry, Proof
from policies.officials.comparison import Standing

IN_CHAIN: Final = "1.2.840.113556.1.4.1941"
"""LDAP_MATCHING_RULE_IN_CHAIN ([MS-ADTS] 3.1.1.3.4.4.3): through groups within groups."""
_DOMAIN_SCOPE: Final = "1.2.840.113556.1.4.1339"
"""LDAP_SERVER_DOMAIN_SCOPE_OID: no continuation references to other partitions."""

_DISABLED: Final = 0x2
_LOCKED: Final = 0x10
_PASSWORD_EXPIRED: Final = 0x800000
_NEVER: Final = frozenset({0, 0x7FFFFFFFFFFFFFFF})
_EPOCH: Final = 11_644_473_600
"""Seconds from 1601 to 1970."""
_TICKS: Final = 10_000_000

_SUB_CODE: Final = re.compile(r"\bdata ([0-9a-f]{1,8})\b", re.IGNORECASE)
SUB_CODES: Final[Mapping[str, Proof]] = {
    "525": Proof.WRONG,  # no such user
    "52e": Proof.WRONG,
    "530": Proof.NOT_NOW,  # outside of the hours
    "531": Proof.NOT_NOW,  # not from this workstation
    "532": Proof.PASSWORD_EXPIRED,
    "533": Proof.DISABLED,
    "701": Proof.EXPIRED,
    "773": Proof.MUST_CHANGE,
    "775": Proof.LOCKED,
}
"""``data`` in the diagnostic of a refused bind (Windows error codes, hexadecimal)."""

_GUID_OCTETS: Final = 16


class ActiveDirectory:
    """The dialect of Active Directory."""

    login_attributes: Sequence[str] = ("sAMAccountName", "userPrincipalName")
    link_attribute = "objectGUID"
    columns: Mapping[str, str] = {
        "name": "displayName",
        "family_name": "sn",
        "given_name": "givenName",
        "email": "mail",
        "phone_number": "telephoneNumber",
        "preferred_username": "sAMAccountName",
    }
    state_attributes: Sequence[str] = (
        *("userAccountControl", "msDS-User-Account-Control-Computed"),
        *("accountExpires", "pwdLastSet"),
    )
    bind_controls: Sequence[Control] = ()
    search_controls: Sequence[tuple[str, bool, None]] = ((_DOMAIN_SCOPE, False, None),)
    has_sure_member_of = True

    def link(self, octets: bytes) -> str:
        """Return the objectGUID as Windows writes it."""
        return str(uuid.UUID(bytes_le=octets)) if len(octets) == _GUID_OCTETS else ""

    def standing(self, raw: Raw, now: int) -> Standing:
        """Read the account's flags; lockout and expired passwords show only in the computed ones."""
        flags, computed = _number(raw, "userAccountControl"), _number(raw, "msDS-User-Account-Control-Computed")
        expires = _number(raw, "accountExpires")
        if flags & _DISABLED:
            return Standing.DISABLED
        if expires not in _NEVER and expires // _TICKS - _EPOCH <= now:
            return Standing.EXPIRED
        if computed & _LOCKED:
            return Standing.LOCKED
        is_reset = raw.text("pwdLastSet") == "0"
        return Standing.MUST_CHANGE if is_reset or computed & _PASSWORD_EXPIRED else Standing.ACTIVE

    def proof(self, result: Mapping[str, Any], standing: Standing) -> Proof:  # noqa: ARG002 - the sub-code says it better
        """Read the result and the sub-code in its diagnostic."""
        outcome = result["description"]
        if outcome == "success":
            return Proof.RIGHT
        if outcome != "invalidCredentials":
            return Proof.REFUSED
        found = _SUB_CODE.search(str(result.get("message") or ""))
        return SUB_CODES.get(found[1].lower().lstrip("0"), Proof.WRONG) if found else Proof.WRONG

    def groups(self, search: Searcher, entry: Entry, base: str) -> frozenset[str]:
        """Ask for the groups that hold the person, however deep."""
        wanted = all_of(equal("objectClass", "group"), equal(f"member:{IN_CHAIN}:", entry.dn))
        found = search.every(base, wanted, NO_ATTRIBUTES)
        return entry.groups | frozenset(folded_dn(raw.dn) for raw in found)

    def members(
        self, search: Searcher, groups: Collection[str], people: Mapping[str, Entry], bases: tuple[str, str]
    ) -> tuple[Mapping[str, frozenset[str]], str]:
        """Ask for each group who is in it, however deep: a group's own list would come in ranges of 1,500."""
        held: dict[str, set[str]] = {}
        why = ""
        for group in groups:
            found = search.all(bases[0], equal(f"memberOf:{IN_CHAIN}:", group), NO_ATTRIBUTES)
            why = why or found.why
            for name in (folded_dn(raw.dn) for raw in found.entries):
                if name in people:
                    held.setdefault(people[name].link, set()).add(group)
        return {link: frozenset(names) for link, names in held.items()}, why


def _number(raw: Raw, attribute: str) -> int:
    text = raw.text(attribute)
    return int(text) if text.lstrip("-").isdigit() and text.isascii() else 0
