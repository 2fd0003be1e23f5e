"""Linked upstreams as ways in that their person sees, closes and opens again.

Who may come here at all (a fresh sign-in at the level of the account's factors) is the door's business, as with all changes of factors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from idp.authn.factors.registry import Factors
from idp.errors import NotFound, Refused
from idp.flows.factor_changes import Here
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.notice import Detail, Topic
from idp.ports.factors import Removal
from idp.ports.notices import Notices
from idp.ports.upstreams import Door
from idp.services.audit import AuditLog
from idp.services.sessions import SessionService
from idp.services.upstream_links import UpstreamLinks
from idp.services.upstream_sessions import UpstreamSessions
from policies.upstreams import linking

_OPENS: Final = frozenset({"password", "passkey"})
"""Factors that a sign-in can begin with."""


@dataclass(frozen=True, slots=True)
class WayIn:
    """An upstream that opens the account (since then), or that its person has closed (then); ``may_close`` unless it is the last."""

    name: str
    at: int
    is_closed: bool = False
    may_close: bool = False


@dataclass(frozen=True, slots=True)
class Tools:
    """What it acts through."""

    links: UpstreamLinks
    origins: UpstreamSessions
    factors: Factors
    sessions: SessionService
    notices: Notices
    audit: AuditLog


class UpstreamClosing:
    """Closes and opens again."""

    def __init__(self, doors: Mapping[str, Door], tools: Tools, has_office: Callable[[str], bool]) -> None:
        """Take the upstreams that are offered, collaborators, and whether a department's directory opens an account."""
        self._doors = doors
        self._tools = tools
        self._has_office = has_office

    def of(self, account_id: str) -> tuple[WayIn, ...]:
        """Return the person's upstreams, those that open the account first; none where no upstream is offered."""
        if not self._doors:
            return ()
        links = self._tools.links.of_account(account_id)
        names = frozenset(one.upstream for one in links)
        may = self._guard(account_id)
        opened = (WayIn(one.upstream, one.created_at, may_close=may(names - {one.upstream})) for one in links)
        closed = (WayIn(name, at, is_closed=True) for name, at in self._tools.links.closed(account_id).items())
        return (*opened, *closed)

    def label(self, name: str, language: str) -> str:
        """Return what people call an upstream; its name in the settings where it is offered no more."""
        door = self._doors.get(name)
        return door.label(language) if door is not None else name

    def close(self, here: Here, name: str) -> None:
        """Close a way in and end the sessions that came by it, but the one in hand.

        Raises ``NotFound``, and ``Refused`` for the last way in.
        """
        tools, account_id = self._tools, here.account_id
        may = self._guard(account_id)
        outcome = tools.links.close(account_id, name, may, actor=here.actor, case_code=here.case_code)
        if outcome is Removal.ABSENT:
            raise NotFound("the account has no such link", field="upstream")
        if outcome is Removal.LAST:
            self._refused(here, name)
            raise Refused("it is the last way in", code="last_way")
        for view in tools.sessions.of_account(account_id):
            origin = tools.origins.of_session(view.session.id) if view.session.id != here.session.id else None
            if origin is not None and origin.upstream == name:
                tools.sessions.end(view.session, "way_closed", here.actor, case_code=here.case_code)
        tools.notices.tell(account_id, Topic.UPSTREAM_CLOSED, Detail(factor=name))

    def reopen(self, here: Here, name: str) -> None:
        """Let an upstream open the account again, by the rules for everybody; raises ``NotFound``."""
        self._tools.links.reopen(here.account_id, name, actor=here.actor, case_code=here.case_code)
        self._tools.notices.tell(here.account_id, Topic.UPSTREAM_REOPENED, Detail(factor=name))

    def _guard(self, account_id: str) -> Callable[[frozenset[str]], bool]:
        """Return whether the account can be left with these upstreams; one that is not offered opens nothing."""
        has_local = not _OPENS.isdisjoint(self._tools.factors.of(account_id)) or self._has_office(account_id)
        return lambda left: linking.may_close(has_local=has_local, others=not left.isdisjoint(self._doors))

    def _refused(self, here: Here, name: str) -> None:
        self._tools.audit.write(
            AuditEvent(
                Event.UPSTREAM_UNLINK,
                Outcome.REFUSED,
                "last_way",
                actor=here.actor,
                account_id=here.account_id,
                session_id=here.session.id,
                target=f"upstream:{name}",
                case_code=here.case_code,
                private={"address": here.origin.address, "browser": here.origin.browser},
            )
        )
