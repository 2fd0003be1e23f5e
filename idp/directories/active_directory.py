"""Active Directory: objectGUID, userAccountControl, sub-codes of a refused bind, groups by the server's own matching rule."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from idp.directories.dialect import Control
from idp.directories.filters import all_of, any_of, equal, folded_dn
from idp.directories.searching import NO_ATTRIBUTES, Raw, Searcher
from idp.model.directory import Entry, Proof
from policies.officials.comparison import Standing

IN_CHAIN: Final = "1.2.840.113556.1.4.1941"
"""LDAP_MATCHING_RULE_IN_CHAIN ([MS-ADTS] 3.1.1.3.4.4.3): through groups within groups."""
_DOMAIN_SCOPE: Final = "1.2.840.113556.1.4.1339"
"""LDAP_SERVER_DOMAIN_SCOPE_OID: no continuation references to other partitions."""

_DISABLED: Final = 0x2
_LOCKED: Final = 0x10
_MACHINE: Final = 0x800 | 0x1000 | 0x2000
"""Trusts between domains, workstations, domain controllers: ``user`` objects too, and nobody's."""
_NEVER_EXPIRES: Final = 0x10000 | 0x40000
"""A password that does not expire, or a card in its place: ``pwdLastSet`` of 0 then asks for no other ([MS-SAMR] 3.1.5.14.4)."""
_PASSWORD_EXPIRED: Final = 0x800000
_NEVER: Final = frozenset({0, 0x7FFFFFFFFFFFFFFF})
_EPOCH: Final = 11_644_473_600
"""Seconds from 1601 to 1970."""
_TICKS: Final = 10_000_000

_SUB_CODE: Final = re.compile(r"\bdata ([0-9a-f]{1,8})\b", re.IGNORECASE)
SUB_CODES: Final[Mapping[str, Proof]] = {
    "525": Proof.WRONG,  # no such user
    "52e": Proof.WRONG,
    "52f": Proof.NOT_NOW,  # a restriction of the account: a policy, an authentication silo
    "530": Proof.NOT_NOW,  # outside of the hours
    "531": Proof.NOT_NOW,  # not from this workstation
    "532": Proof.PASSWORD_EXPIRED,
    "533": Proof.DISABLED,
    "569": Proof.NOT_NOW,  # this kind of sign-in was not granted
    "701": Proof.EXPIRED,
    "773": Proof.MUST_CHANGE,
    "775": Proof.LOCKED,
}
"""``data`` in the diagnostic of a refused bind (Windows error codes, hexadecimal)."""

_GUID_OCTETS: Final = 16
_RID_OCTETS: Final = 4
_RIDS_A_FILTER: Final = 100
_OF_PRIMARY_GROUP: Final = ("primaryGroupID", "objectSid")


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
        if flags & (_DISABLED | _MACHINE):
            return Standing.DISABLED
        if expires not in _NEVER and expires // _TICKS - _EPOCH <= now:
            return Standing.EXPIRED
        if computed & _LOCKED:
            return Standing.LOCKED
        is_reset = raw.text("pwdLastSet") == "0" and not flags & _NEVER_EXPIRES
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
        """Ask for the groups that hold the person, however deep, and what holds the primary group, which lists nobody ([MS-ADA3] 2.120)."""
        raw = search.one(entry.dn, _OF_PRIMARY_GROUP)
        primary = _primary_sid(raw) if raw is not None else b""
        mine = equal(f"member:{IN_CHAIN}:", entry.dn)
        found = list(_groups(search, base, any_of((mine, equal("objectSid", primary))) if primary else mine))
        for name in [one.dn for one in found if primary and one.octets("objectSid") == primary]:
            found.extend(_groups(search, base, equal(f"member:{IN_CHAIN}:", name)))
        return entry.groups | frozenset(folded_dn(one.dn) for one in found)

    def members(
        self, search: Searcher, groups: Collection[str], people: Mapping[str, Entry], bases: tuple[str, str]
    ) -> tuple[Mapping[str, frozenset[str]], str]:
        """Ask for each group who is in it, however deep: a group's own list would come in ranges of 1,500."""
        held: dict[str, set[str]] = {}
        why = ""
        for group in groups:
            mine = search.all(bases[0], equal(f"memberOf:{IN_CHAIN}:", group), NO_ATTRIBUTES)
            inside, why = list(mine.entries), why or mine.why
            sids = _sids_within(search, group, bases[1])
            for wanted in _primary_numbers(sids):
                found = search.all(bases[0], wanted, _OF_PRIMARY_GROUP)
                # The number alone may be that of a group in another domain: each has its own 513.
                inside.extend(raw for raw in found.entries if _primary_sid(raw) in sids)
                why = why or found.why
            for name in (folded_dn(raw.dn) for raw in inside):
                if name in people:
                    held.setdefault(people[name].link, set()).add(group)
        return {link: frozenset(names) for link, names in held.items()}, why


def _groups(search: Searcher, base: str, wanted: str) -> tuple[Raw, ...]:
    return search.every(base, all_of(equal("objectClass", "group"), wanted), ("objectSid",))


def _primary_sid(raw: Raw) -> bytes:
    """Return the SID of a person's primary group: the domain's, with the group's own number at its end; b"" where it cannot be read."""
    own, number = raw.octets("objectSid"), _number(raw, "primaryGroupID")
    if len(own) <= _RID_OCTETS or not 0 < number < 1 << 32:
        return b""
    return own[:-_RID_OCTETS] + number.to_bytes(_RID_OCTETS, "little")


def _sids_within(search: Searcher, group: str, base: str) -> frozenset[bytes]:
    """Return the SIDs of a group and of the groups within it."""
    itself = search.one(group, ("objectSid",), may_be_elsewhere=True)
    within = _groups(search, base, equal(f"memberOf:{IN_CHAIN}:", group))
    sids = (raw.octets("objectSid") for raw in (*((itself,) if itself is not None else ()), *within))
    return frozenset(sid for sid in sids if len(sid) > _RID_OCTETS)


def _primary_numbers(sids: Collection[bytes]) -> Iterator[str]:
    """Yield filters of the people whose primary group has the number of one of these."""
    numbers = sorted({str(int.from_bytes(sid[-_RID_OCTETS:], "little")) for sid in sids})
    for start in range(0, len(numbers), _RIDS_A_FILTER):
        yield any_of(equal("primaryGroupID", number) for number in numbers[start : start + _RIDS_A_FILTER])


def _number(raw: Raw, attribute: str) -> int:
    text = raw.text(attribute)
    return int(text) if text.lstrip("-").isdigit() and text.isascii() else 0
