"""Accounts of staff that nobody uses, and passwords of administrators that are old: told beforehand, then ended (TCVN 14423:2026 section 5).

An official's account is locked, with a ground of its own; an administrator opens it again. A person who administers keeps the account, which
is a citizen's, and loses the grants. Citizens are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from idp.authn.credentials import CredentialService
from idp.clock import Clock, local_day
from idp.errors import Refused
from idp.model.notice import Detail, Topic
from idp.ports.notices import Notices
from idp.ports.staff_watch import StaffWatchStore, Usage
from idp.services.admins import AdminService
from idp.services.locks import AccountLocks, Ground
from idp.services.officials import KIND
from policies.delegation import AdminGrant
from policies.locks import Reason
from policies.officials.disuse import Step, Term, ends_at, step

_PAGE: Final = 500
_DAY: Final = 86400
_DORMANT: Final = 14 * _DAY
"""Seconds without use after which the last use is written down: sooner than sessions are forgotten."""
_SYSTEM: Final = "system"
_REASON: Final = "unused"

TellAdministrators = Callable[[Iterable[str]], None]
"""Takes the accounts that were warned, and tells the administrators who could open them again that there are such, not whose."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What it works with."""

    store: StaffWatchStore
    admins: AdminService
    locks: AccountLocks
    credentials: CredentialService
    notices: Notices
    clock: Clock


@dataclass(frozen=True, slots=True)
class Unused:
    """An unused account: since when, when it ends, and when it was locked (0: it is not). Moments are epoch seconds."""

    account_id: str
    used_at: int
    ends_at: int
    locked_at: int


class StaffWatch:
    """Looks once a day, and at each sign-in of an official."""

    def __init__(self, tools: Tools, unused: Term, password: Term) -> None:
        """Take tools and terms."""
        self._tools = tools
        self._unused = unused
        self._password = password

    def sweep(self, tell: TellAdministrators) -> int:
        """Warn and end what is due; returns of how many accounts. Safe in many processes: each warning is claimed, each end happens once."""
        touched: list[str] = []
        warned: list[str] = []
        if self._unused.is_on:
            for usage in self._officials():
                self._look(usage, warned, touched)
        for account_id, grants in self._administrators().items():
            found = self._tools.store.of(account_id)
            if found is None:
                continue
            if self._unused.is_on and found.kind != KIND:
                self._look(_counted(found, grants), warned, touched)
            self._look_at_password(found, touched)
        if warned:
            tell(warned)
        return len(touched)

    def ends_now(self, account_id: str) -> bool:
        """Lock the account of an official whose time is over, though nobody swept since; tells whether that was so."""
        usage = self._tools.store.of(account_id) if self._unused.is_on else None
        if usage is None or usage.kind != KIND or self._step(usage) is not Step.END:
            return False
        self._end(usage)
        return True

    def unused(self, after: str = "") -> Iterator[Unused]:
        """Yield the accounts whose people were warned and have not come since, and those that were locked, by id after ``after``."""
        while found := self._tools.store.dormant(after, _PAGE):
            for one in found:
                usage = self._at_stake(one.usage)
                if one.locked_at or (self._unused.is_on and usage is not None):
                    counted = usage or one.usage
                    ends = ends_at(counted.used_at, counted.unused_warned_at, self._unused)
                    yield Unused(counted.account_id, counted.used_at, ends, one.locked_at)
            after = found[-1].usage.account_id

    def _at_stake(self, usage: Usage) -> Usage | None:
        """Return the use that counts of somebody who was warned, has not come since, and still has something to lose."""
        if usage.kind != KIND:
            grants = self._tools.admins.held(f"account:{usage.account_id}")
            if not grants:
                return None
            usage = _counted(usage, grants)
        return usage if usage.unused_warned_at >= usage.used_at else None

    def _officials(self) -> Iterable[Usage]:
        after = ""
        while found := self._tools.store.officials(after, _PAGE):
            yield from found
            after = found[-1].account_id

    def _administrators(self) -> Mapping[str, tuple[AdminGrant, ...]]:
        """Return who holds grants today, by account."""
        everybody = (
            principal.removeprefix("account:")
            for principal in self._tools.admins.everybody()
            if principal.startswith("account:")
        )
        held = {account_id: self._tools.admins.held(f"account:{account_id}") for account_id in everybody}
        return {account_id: grants for account_id, grants in held.items() if grants}

    def _step(self, usage: Usage) -> Step:
        return step(usage.used_at, usage.unused_warned_at, self._unused, self._tools.clock.now())

    def _look(self, usage: Usage, warned: list[str], touched: list[str]) -> None:
        tools, now = self._tools, self._tools.clock.now()
        due = self._step(usage)
        if due is Step.WARN and tools.store.warn_unused(usage, now):
            day = _day(ends_at(usage.used_at, now, self._unused))
            tools.notices.tell(usage.account_id, Topic.STAFF_UNUSED, Detail(code=day))
            warned.append(usage.account_id)
            touched.append(usage.account_id)
        elif due is Step.END:
            self._end(usage)
            touched.append(usage.account_id)
        elif now - usage.used_at > _DORMANT:
            tools.store.note(usage)

    def _end(self, usage: Usage) -> None:
        """Lock an official; take the grants of whoever else administers."""
        tools = self._tools
        if usage.kind == KIND:
            with suppress(Refused):  # Another process was faster.
                tools.locks.lock(
                    usage.account_id, Ground(Reason.DISUSE, f"{_REASON}:{_day(usage.used_at)}"), actor=_SYSTEM
                )
            return
        if tools.admins.revoke(tools.admins.held(f"account:{usage.account_id}"), by=_SYSTEM, reason=_REASON):
            tools.notices.tell(usage.account_id, Topic.STAFF_UNUSED_ENDED)

    def _look_at_password(self, usage: Usage, touched: list[str]) -> None:
        tools, now = self._tools, self._tools.clock.now()
        dates = tools.credentials.dates(usage.account_id, "password")
        if dates is None or step(dates.changed_at, usage.password_warned_at, self._password, now) is not Step.WARN:
            return
        if tools.store.warn_password(usage, now):
            day = _day(max(dates.changed_at + self._password.days * _DAY, now))
            tools.notices.tell(usage.account_id, Topic.ADMIN_PASSWORD_OLD, Detail(code=day))
            touched.append(usage.account_id)


def _counted(usage: Usage, grants: Iterable[AdminGrant]) -> Usage:
    """Return the use with grants as a beginning: who was just given a right, or gets it next month, is not idle in it."""
    began = max(max(grant.granted_at, grant.begins) for grant in grants)
    return replace(usage, used_at=max(usage.used_at, began))


def _day(moment: int) -> str:
    """Return a day as people here write it."""
    year, month, day = local_day(moment).split("-")
    return f"{day}/{month}/{year}"
