"""The second person: sees what waits, and lets it happen or not. It happens once, in the name of whoever asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from clients.errors import ClientConflict, ClientNotFound, RegistrationRefused
from idp.errors import Conflict, DomainError, InvalidInput, NotFound, Refused
from idp.flows.administration.acts import Act, Parties
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import LEVEL, Gate
from idp.flows.administration.paging import MOST, Page, Window, page
from idp.flows.administration.words import ClientNames, begins_one, has_words, words_of
from idp.model.approval import Approval
from idp.services.admins import AdminService
from idp.services.approvals import PENDING, UNEXPECTED, ApprovalService
from keys.errors import KeysError
from policies import assurance
from policies.delegation import Action, Actor, Decision, Everybody, Verdict, may_approve
from policies.delegation.actions import ADMINISTRATORS, DANGEROUS, DANGEROUS_AT_TOP

_CHUNK: Final = 100
MAY_WAIT: Final = tuple(sorted(DANGEROUS | DANGEROUS_AT_TOP | ADMINISTRATORS | {Action.CLIENT_UPDATE}))
"""The rights whose acts may wait for a second person."""
_FAILURES: Final = (DomainError, RegistrationRefused, ClientConflict, ClientNotFound, KeysError)


@dataclass(frozen=True, slots=True)
class ApprovalSearch:
    """A search: words of the reason or of the system's name, or how an id begins, of the target or of who asked or decided.

    ``action`` is the right that the act takes, one of ``MAY_WAIT``.
    """

    text: str = ""
    action: str = ""


_EVERY: Final = ApprovalSearch()


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """An approval, and whether the one who looks may decide it."""

    approval: Approval
    is_own: bool
    may_decide: bool


class ApprovalAdministration:
    """Lists and decides approvals."""

    def __init__(
        self,
        gate: Gate,
        admins: AdminService,
        approvals: ApprovalService,
        acts: Mapping[str, Act],
        names: ClientNames,
        is_free: Callable[[str], bool],
    ) -> None:
        """Take collaborators and the table of acts that may wait; ``names`` finds what is about a system by the system's name.

        ``is_free`` takes an account id and tells whether what was asked in its name still counts.
        """
        self._is_free = is_free
        self._gate = gate
        self._admins = admins
        self._approvals = approvals
        self._acts = acts
        self._names = names

    def search(
        self, who: Administrator, window: Window, wanted: ApprovalSearch = _EVERY, *, pending: bool = True
    ) -> Page[ApprovalView]:
        """Return what waits, or what was decided, newest first: one's own, and what one may do oneself; raises ``InvalidInput``."""
        is_wanted = self._filter(wanted)
        found: list[Approval] = []
        after = window.after
        while len(found) <= window.limit:
            rows = self._approvals.search(pending=pending, after=after, limit=_CHUNK)
            found += [row for row in rows if is_wanted(row) and self._is_seen(who, row)]
            if len(rows) < _CHUNK:
                break
            after = rows[-1].id
        everybody = self._admins.everybody()
        views = [self._view(who, row, everybody) for row in found[: window.limit + 1]]
        return page(views, [view.approval.id for view in views], window.limit)

    def count(self, who: Administrator) -> int:
        """Return how many wait that one sees."""
        total, window = 0, Window("", MOST)
        while True:
            found = self.search(who, window)
            total += len(found.rows)
            if not found.following:
                return total
            window = Window(found.rows[-1].approval.id, MOST)

    def _filter(self, wanted: ApprovalSearch) -> Callable[[Approval], bool]:
        if wanted.action and wanted.action not in MAY_WAIT:
            raise InvalidInput(f"must be one of {', '.join(MAY_WAIT)}", field="action")
        words, meant = words_of(wanted.text), self._names.found(wanted.text) or frozenset()

        def is_wanted(one: Approval) -> bool:
            kind, _, client_id = one.target.partition(":")
            is_meant = kind == "client" and client_id in meant
            is_named = begins_one(wanted.text, one.target, one.requester, one.decided_by)
            return wanted.action in {"", one.action} and (is_meant or is_named or has_words(words, one.reason))

        return is_wanted

    def show(self, who: Administrator, approval_id: str) -> ApprovalView:
        """Return one, with what its act keeps sealed opened, and the look recorded: who sees it is who may decide, or asked for it."""
        approval = self._found(who, approval_id)
        act = self._acts.get(approval.act)
        if act is not None and act.shown is not None:
            approval = replace(approval, arguments=act.shown(approval.arguments, who.principal))
        return self._view(who, approval, self._admins.everybody())

    def approve(self, who: Administrator, approval_id: str) -> Approval:
        """Let an act happen. Both persons need the right for it at this moment; of two decisions one counts.

        Raises ``Refused``, and ``Conflict`` when it was decided, has run out, or cannot be done any more.
        """
        approval = self._found(who, approval_id)
        action, name = Action(approval.action), f"approval:{approval_id}"
        self._gate.enter(who, action, name)
        decision = self._second(who.actor, approval, self._admins.everybody())
        if decision.is_denied:
            self._gate.refuse(who, action, name, decision.reason, visible=True)
        requester = self._asking(approval)
        if requester is None:
            self._gate.refuse(who, action, name, "requester_lost", visible=True)
        return self._carried_out(approval, requester, who.principal, "")

    def approve_as_operator(self, approval_id: str, operator: str, reason: str) -> Approval:
        """Let an act happen as the local operator, whose second-person right comes from the machine; the requester still needs his."""
        approval = self._approvals.get(approval_id)
        requester = self._asking(approval)
        if requester is None:
            raise Refused("whoever asked for it has lost the right to it, or is locked")
        return self._carried_out(approval, requester, operator, reason)

    def _asking(self, approval: Approval) -> Actor | None:
        """Return who asked, with the rights of this moment; None for who could not ask now.

        Whoever was locked since, as after a theft of his session, asks for nothing any more.
        """
        requester = self._admins.actor(approval.requester)
        if requester.is_person and not self._is_free(requester.principal.partition(":")[2]):
            return None
        return None if self._decided(self._acts[approval.act], requester, approval).is_denied else requester

    def _carried_out(self, approval: Approval, requester: Actor, approver: str, reason: str) -> Approval:
        self._approvals.claim(approval, approver, reason)
        try:
            self._acts[approval.act].carry_out(approval.arguments, Parties(requester, approver, approval.reason))
        except _FAILURES as error:
            self._approvals.settle(approval, approver, failure=getattr(error, "code", "failed"))
            raise Conflict(f"it could not be done: {error}", code="failed") from error
        except Exception:
            # A fault of ours, or a store that is out of reach: claimed for ever it would read as approved and be neither done nor refused.
            self._approvals.settle(approval, approver, failure=UNEXPECTED)
            raise
        self._approvals.settle(approval, approver)
        return self._approvals.get(approval.id)

    def reject(self, who: Administrator, approval_id: str, reason: str) -> Approval:
        """Refuse an act, or take one's own back."""
        approval = self._found(who, approval_id)
        action, name = Action(approval.action), f"approval:{approval_id}"
        self._gate.enter(who, action, name)
        if approval.requester != who.principal:
            decision = self._decided(self._acts[approval.act], who.actor, approval)
            if decision.is_denied:
                self._gate.refuse(who, action, name, decision.reason, visible=True)
        self._approvals.reject(approval, who.principal, reason)
        return self._approvals.get(approval_id)

    def _found(self, who: Administrator, approval_id: str) -> Approval:
        try:
            approval = self._approvals.get(approval_id)
        except NotFound:
            approval = None
        if approval is None or not self._is_seen(who, approval):
            action = Action(approval.action) if approval is not None else Action.ADMIN_READ
            self._gate.refuse(who, action, f"approval:{approval_id}", "not_held", visible=False)
        return approval

    def _is_seen(self, who: Administrator, approval: Approval) -> bool:
        if who.actor.is_person and not assurance.satisfies(who.acr, LEVEL):
            return False
        if not self._gate.is_in_scope(who, Action(approval.action)):
            return False
        if approval.requester == who.principal:
            return True
        act = self._acts.get(approval.act)
        return act is not None and not self._decided(act, who.actor, approval).is_denied

    def _view(self, who: Administrator, approval: Approval, everybody: Everybody) -> ApprovalView:
        is_open = approval.state == PENDING
        may_decide = is_open and not self._second(who.actor, approval, everybody).is_denied
        return ApprovalView(approval, approval.requester == who.principal, may_decide)

    def _second(self, actor: Actor, approval: Approval, everybody: Everybody) -> Decision:
        act = self._acts[approval.act]
        ground = self._gate.ground()
        return may_approve(actor, approval.requester, everybody, ground, lambda one: self._decided(act, one, approval))

    def _decided(self, act: Act, actor: Actor, approval: Approval) -> Decision:
        try:
            return act.decide(actor, approval.arguments)
        except NotFound:
            return Decision(Verdict.DENIED, "gone")
