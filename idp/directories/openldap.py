"""OpenLDAP: entryUUID, password policy overlay, shadow accounts, groups by a bounded walk upwards."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from idp.directories import ppolicy
from idp.directories.dialect import Control
from idp.directories.filters import any_of, equal, folded_dn
from idp.directories.searching import NO_ATTRIBUTES, Raw, Searcher
from idp.model.directory import Entry, Proof
from policies.officials.comparison import Standing

_log = logging.getLogger("idp.directories")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FOR_EVER: Final = "000001010000Z"
_DEPTH: Final = 8
_MOST_GROUPS: Final = 500
_NAMES_A_FILTER: Final = 40
_DAY: Final = 86400
_GROUP_CLASSES: Final = ("groupOfNames", "groupOfUniqueNames", "groupOfMembers", "posixGroup")
_OF_PROOF: Final = {
    Standing.DISABLED: Proof.DISABLED,
    Standing.LOCKED: Proof.LOCKED,
}


class OpenLdap:
    """The dialect of OpenLDAP."""

    login_attributes: Sequence[str] = ("uid",)
    link_attribute = "entryUUID"
    columns: Mapping[str, str] = {
        "name": "cn",
        "family_name": "sn",
        "given_name": "givenName",
        "email": "mail",
        "phone_number": "telephoneNumber",
        "preferred_username": "uid",
    }
    state_attributes: Sequence[str] = ("pwdAccountLockedTime", "pwdReset", "pwdEndTime", "shadowExpire")
    bind_controls: Sequence[Control] = ((ppolicy.OID, False, None),)
    search_controls: Sequence[tuple[str, bool, None]] = ()
    has_sure_member_of = False

    def link(self, octets: bytes) -> str:
        """Return the entryUUID (RFC 4530)."""
        text = octets.decode("ascii", "ignore").lower()
        return text if _UUID.fullmatch(text) else ""

    def standing(self, raw: Raw, now: int) -> Standing:
        """Read password policy and shadow attributes; a lock that ends by itself is no reason to think that somebody has left."""
        locked = raw.text("pwdAccountLockedTime")
        if locked == _FOR_EVER:
            return Standing.DISABLED
        if _has_passed(raw.text("pwdEndTime"), now) or _is_over(raw.text("shadowExpire"), now):
            return Standing.EXPIRED
        if locked:
            return Standing.LOCKED
        return Standing.MUST_CHANGE if raw.text("pwdReset").upper() == "TRUE" else Standing.ACTIVE

    def proof(self, result: Mapping[str, Any], standing: Standing) -> Proof:
        """Read the result and the policy's control; a locked account is refused like a wrong password, so its standing tells them apart."""
        control = (result.get("controls") or {}).get(ppolicy.OID)
        error = ppolicy.error_of(control["value"]) if control and isinstance(control.get("value"), bytes) else None
        outcome = result["description"]
        if outcome == "success":
            return Proof.MUST_CHANGE if error == ppolicy.CHANGE_AFTER_RESET else Proof.RIGHT
        if outcome != "invalidCredentials":
            return Proof.REFUSED
        if error == ppolicy.PASSWORD_EXPIRED:
            return Proof.PASSWORD_EXPIRED
        if error == ppolicy.ACCOUNT_LOCKED:
            return _OF_PROOF.get(standing, Proof.LOCKED)
        return _OF_PROOF.get(standing, Proof.WRONG)

    def groups(self, search: Searcher, entry: Entry, base: str) -> frozenset[str]:
        """Walk from the person to the groups above, level by level; loops end by themselves, and so does what is too deep or too wide."""
        seen = set(entry.groups)
        uid = entry.profile.get("preferred_username", "")
        level = [entry.dn, *entry.groups]
        wanted = [equal("memberUid", uid)] if uid else []
        for _ in range(_DEPTH):
            names = [one for dn in level for one in (equal("member", dn), equal("uniqueMember", dn))]
            above = list(_above(search, base, (*names, *wanted)))
            level, wanted = [dn for dn in above if folded_dn(dn) not in seen], []
            seen.update(map(folded_dn, level))
            if not level:
                return frozenset(seen)
            if len(seen) > _MOST_GROUPS:
                break
        _log.warning("groups above %s are too deep or too many: the rest was not looked at", entry.link)
        return frozenset(seen)

    def members(
        self, search: Searcher, groups: Collection[str], people: Mapping[str, Entry], bases: tuple[str, str]
    ) -> tuple[Mapping[str, frozenset[str]], str]:
        """Read all groups once and follow them downwards here."""
        if not groups:
            return {}, ""
        of_class = any_of(equal("objectClass", name) for name in _GROUP_CLASSES)
        found = search.all(bases[1], of_class, ("member", "uniqueMember", "memberUid"))
        below = {folded_dn(raw.dn): raw for raw in found.entries}
        by_uid = {entry.profile.get("preferred_username", ""): entry.link for entry in people.values()}
        held = {entry.link: set(entry.groups.intersection(groups)) for entry in people.values()}
        for group in groups:
            for link in _inside(group, below, people, by_uid):
                held[link].add(group)
        return {link: frozenset(names) for link, names in held.items()}, found.why


def _above(search: Searcher, base: str, filters: Sequence[str]) -> Iterable[str]:
    for start in range(0, len(filters), _NAMES_A_FILTER):
        part = any_of(filters[start : start + _NAMES_A_FILTER])
        yield from (raw.dn for raw in search.every(base, part, NO_ATTRIBUTES))


def _inside(group: str, below: Mapping[str, Raw], people: Mapping[str, Entry], by_uid: Mapping[str, str]) -> set[str]:
    """Return the links of those in a group, through groups within it."""
    links: set[str] = set()
    seen, waiting = {group}, [group]
    while waiting:
        raw = below.get(waiting.pop())
        if raw is None:
            continue
        links.update(by_uid[uid] for uid in raw.texts("memberUid") if uid in by_uid)
        for name in map(folded_dn, (*raw.texts("member"), *raw.texts("uniqueMember"))):
            if name in people:
                links.add(people[name].link)
            elif name not in seen:
                seen.add(name)
                waiting.append(name)
    return links


def _has_passed(moment: str, now: int) -> bool:
    """Tell whether a generalized time (RFC 4517 section 3.3.13) lies in the past; what cannot be read does not."""
    try:
        then = datetime.strptime(moment[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return False
    return then.timestamp() <= now


def _is_over(days: str, now: int) -> bool:
    """Tell whether a shadow account has expired: days since 1970, negative for never (shadow(5))."""
    return days.isascii() and days.isdigit() and int(days) <= now // _DAY
