"""The one gate: level, scope, policy; a refusal is recorded, and what may not be seen is not found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Never

from idp.clock import Clock
from idp.errors import Conflict, DomainError, NotFound, Refused
from idp.flows.administration.administrator import Administrator
from idp.model.approval import Approval
from idp.model.audit import AuditEvent, Event, Outcome
from idp.services.admins import AdminService
from idp.services.approvals import ApprovalService, Request
from idp.services.audit import AuditLog
from policies import assurance
from policies.delegation import (
    TOP,
    Action,
    Actor,
    Decision,
    Done,
    Ground,
    Target,
    Verdict,
    holds_anywhere,
    may,
    may_take_over,
    may_undo,
    scope_for,
    sight,
)

LEVEL: Final = assurance.LOA_2
"""The least level of a person who administers."""
_CODE: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{9,13}(?![0-9A-Za-z])")
_TOLD: Final = frozenset({"step_up", "insufficient_scope"})
"""Reasons that the caller is told, since there is something to do about them; the others are the log's."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where an administrator holds an act: everywhere, or over the units in force that have these codes."""

    everywhere: bool
    codes: frozenset[str] = frozenset()

    def covers(self, target: Target) -> bool:
        """Tell whether the act is held over a target; the same answer as the policy's, without asking it row by row."""
        return self.everywhere or (bool(target.units) and all(unit.code in self.codes for unit in target.units))


class Gate:
    """Asks the policy in the name of every use case."""

    def __init__(self, admins: AdminService, approvals: ApprovalService, audit: AuditLog, clock: Clock) -> None:
        """Take collaborators."""
        self.admins = admins
        self._approvals = approvals
        self._audit = audit
        self._clock = clock

    def ground(self) -> Ground:
        """Return the tree of units as it is today."""
        return self.admins.ground()

    def decide(self, actor: Actor, action: Action, target: Target) -> Decision:
        """Return the policy's answer, and record nothing."""
        return may(actor, action, target, self.ground(), self._clock.now())

    def undoing(self, actor: Actor, action: Action, target: Target, done: Done) -> Decision:
        """Return the policy's answer for what undoes somebody's act, and record nothing."""
        return may_undo(actor, action, target, done, self.ground(), self._clock.now())

    def takes_over(self, actor: Actor, target: Target, done: Done) -> bool:
        """Tell whether somebody's act counts for more when the actor does it too."""
        return may_take_over(actor, target, done, self.ground(), self._clock.now())

    def require(
        self, who: Administrator, action: Action, target: Target | None, name: str, *, hidden: bool = True
    ) -> Decision:
        """Let an act pass (allowed, or by two), or raise.

        ``target`` is None for what does not exist, ``name`` is what the caller named. ``NotFound`` where the target is unknown or out of sight,
        which nobody can tell apart; ``Refused`` where it is in sight, or its existence is no secret (``hidden``). Both are recorded.
        """
        self.enter(who, action, name)
        if target is None:
            self.refuse(who, action, name, "unknown", visible=False)
        return self.passed(who, action, target, self.decide(who.actor, action, target), name, hidden=hidden)

    def passed(
        self, who: Administrator, action: Action, target: Target, decision: Decision, name: str, *, hidden: bool = True
    ) -> Decision:
        """Let a decision pass that was made elsewhere, or raise as ``require`` does."""
        if decision.is_denied:
            visible = not hidden or not self.decide(who.actor, sight(action), target).is_denied
            self.refuse(who, action, name, decision.reason, visible=visible)
        return decision

    def anywhere(self, who: Administrator, action: Action, name: str) -> Reach:
        """Return where somebody holds an act, for lists; raises ``Refused`` where that is nowhere."""
        self.enter(who, action, name)
        now = self._clock.now()
        if not holds_anywhere(who.actor.grants, action, now):
            self.refuse(who, action, name, "not_held", visible=True)
        return self.reach(who, action)

    def reach(self, who: Administrator, action: Action) -> Reach:
        """Return where somebody holds an act, which may be nowhere."""
        now, ground = self._clock.now(), self.ground()
        holding = [one for one in who.actor.grants if holds_anywhere((one,), action, now)]
        if any(one.unit == TOP for one in holding):
            return Reach(everywhere=True)
        return Reach(everywhere=False, codes=frozenset().union(*(ground.below(one.unit) for one in holding)))

    def holds(self, who: Administrator, action: Action, *, everywhere: bool = False) -> bool:
        """Tell whether somebody holds an act anywhere, or over everything; for what a page offers, never for what it does."""
        if not everywhere:
            return holds_anywhere(who.actor.grants, action, self._clock.now())
        return self.reach(who, action).everywhere

    def enter(self, who: Administrator, action: Action, name: str) -> None:
        """Ask for the level of the sign-in and the scope of the token; raises ``Refused``."""
        if who.actor.is_person and not assurance.satisfies(who.acr, LEVEL):
            self.refuse(who, action, name, "step_up", visible=True)
        if not self.is_in_scope(who, action):
            self.refuse(who, action, name, "insufficient_scope", visible=True)

    def is_in_scope(self, who: Administrator, action: Action) -> bool:
        """Tell whether the token, if there is one, may be used for an act."""
        return who.scopes is None or scope_for(action) in who.scopes

    def wait(self, who: Administrator, request: Request) -> Approval:
        """Write down that an act waits for a second person; raises ``Conflict`` (``pending``) where the same person asked for the same already."""
        if self._approvals.is_waiting(request, who.principal):
            raise Conflict("you have asked for this already, and it waits for a second person", code="pending")
        return self._approvals.ask(request, who.principal)

    def refuse(self, who: Administrator, action: Action, name: str, reason: str, *, visible: bool) -> Never:
        """Record a refusal and raise it."""
        self.note(who, action, name, reason)
        error: DomainError = NotFound("there is no such thing, or it is not yours to see")
        if visible:
            error = Refused(f"{action.value}: {reason}", code=reason if reason in _TOLD else "refused")
        error.is_recorded = True
        raise error

    def note_export(self, who: Administrator, name: str, filters: Mapping[str, str]) -> None:
        """Record that somebody took a list as a file."""
        detail = {key: _shown(value) for key, value in filters.items()}
        self._write(who, AuditEvent(Event.ADMIN_EXPORT, target=f"list:{name}", detail={"filters": detail}))

    def note_test(self, who: Administrator, client_id: str, outcome: Outcome, detail: Mapping[str, object]) -> None:
        """Record the test sign-in of a client."""
        self._write(who, AuditEvent(Event.CLIENT_TEST, outcome, target=f"client:{client_id}", detail=detail), client_id)

    def note(self, who: Administrator, action: Action, name: str, reason: str) -> None:
        """Record a refusal.

        What the caller named may be anything: what looks like an identity code is not written down, nor is what no log can show.
        """
        detail = {"action": action.value}
        event = AuditEvent(Event.ADMIN_REFUSE, Outcome.REFUSED, reason, target=_shown(name), detail=detail)
        self._write(who, event)

    def _write(self, who: Administrator, event: AuditEvent, client_id: str = "") -> None:
        self._audit.write(
            replace(
                event,
                actor=who.principal,
                account_id=who.principal.partition(":")[2] if who.actor.is_person else None,
                client_id=client_id or who.client_id or None,
                session_id=who.session_id or None,
                case_code=who.case_code,
                private={"address": who.address} if who.address else {},
            )
        )


def _shown(name: str) -> str:
    """Return what somebody named as it may stand in a log: without what looks like an identity code, or what no log can show."""
    # Before and after: what is taken out may have split a code, or have kept one apart from a letter.
    shown = "".join(one for one in _CODE.sub("#", name) if one.isprintable())
    return _CODE.sub("#", shown)[:200]


def needs_second(decision: Decision) -> bool:
    """Tell whether an act waits for a second person."""
    return decision.verdict is Verdict.NEEDS_APPROVAL
