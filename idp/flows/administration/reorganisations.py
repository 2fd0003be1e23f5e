"""Reorganisations of units by administrators: shown first, done by two, taken back by two before their day.

Whoever rewrites the register moves every right over it, so it takes an administrator of the whole deployment and a second one. What begins today
or earlier could not be undone: that stays with the operator of the machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from idp.clock import Clock
from idp.errors import InvalidInput, NotFound, Refused
from idp.flows.administration.acts import Act, Arguments, Parties
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.approvals import ApprovalAdministration
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, place_page
from idp.model.approval import Approval
from idp.ports.ephemeral import TransactionStore
from idp.ports.reorganisations import Reorganisation
from idp.services import unit_sources
from idp.services.approvals import Request
from idp.services.reorganisations import Plan, Reorganisations
from idp.services.units import UnitService, register_faults
from policies.delegation import DEPLOYMENT, Action, Actor, Decision
from policies.units import Document, Move, RegisterError

REORGANISE: Final = "unit:reorganise"
UNDO: Final = "unit:undo"
_LONGEST: Final = 64 * 1024
_KEPT: Final = 3600


class ReorganisationAdministration:
    """Drafts, shows, asks, undoes. A draft is one administrator's own and lies in the ephemeral store for an hour."""

    def __init__(
        self, gate: Gate, reorganisations: Reorganisations, units: UnitService, drafts: TransactionStore, clock: Clock
    ) -> None:
        """Take collaborators."""
        self._gate = gate
        self._reorganisations = reorganisations
        self._units = units
        self._drafts = drafts
        self._clock = clock

    def enter(self, who: Administrator) -> None:
        """Let in who may change the register; raises ``Refused``, which is recorded."""
        self._enter(who, "reorganisation:new")

    def acts(self) -> Mapping[str, Act]:
        """Return the acts that may wait."""
        return {
            REORGANISE: Act(self._decide, self._carry_out),
            UNDO: Act(self._decide, self._carry_out_undo),
        }

    def preview(self, who: Administrator, name: str, text: str) -> Plan:
        """Return what a document would do; nothing is written. Raises ``InvalidInput`` naming every fault, and ``Refused`` as ``ask`` does."""
        self._enter(who, "reorganisation:new")
        return self._planned(name, text)

    def draft(self, who: Administrator, name: str, text: str) -> Plan:
        """Keep a document for the pages that show what it would do; another one of the same administrator takes its place."""
        plan = self.preview(who, name, text)
        self._drafts.put(_key(who), f"{name}\n{text}".encode(), self._clock.now() + _KEPT)
        return plan

    def drafted(self, who: Administrator) -> tuple[str, str]:
        """Return name and text of one's own draft; raises ``NotFound``."""
        self._enter(who, "reorganisation:draft")
        document = self._drafts.get(_key(who), self._clock.now())
        if document is None:
            raise NotFound("there is no draft of yours: hand the document in again")
        name, _, text = document.decode().partition("\n")
        return name, text

    def ask(self, who: Administrator, name: str, text: str, reason: str) -> Approval:
        """Ask that a reorganisation be put into the register; raises ``Refused`` (``not_ahead``) for one that begins today or earlier."""
        self._enter(who, "reorganisation:new")
        plan = self._planned(name, text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        arguments = {"name": name, "effective": plan.effective, "sha256": digest, "document": text}
        target = f"reorganisation:{plan.effective}"
        return self._gate.wait(who, Request(REORGANISE, Action.UNIT_CHANGE, target, arguments, reason))

    def waiting(self, who: Administrator, approvals: ApprovalAdministration, approval_id: str) -> Plan:
        """Return what a reorganisation that waits would do today, to whoever sees the approval; raises ``NotFound``."""
        approval = approvals.show(who, approval_id).approval
        if approval.act != REORGANISE:
            raise NotFound("it is no reorganisation")
        return self._planned(approval.arguments["name"], approval.arguments["document"])

    def show(self, who: Administrator, entry_id: str) -> Reorganisation:
        """Return one."""
        self._gate.anywhere(who, Action.UNIT_READ, f"reorganisation:{entry_id}")
        return self._known(who, Action.UNIT_READ, entry_id)

    def may_undo(self, entry: Reorganisation) -> bool:
        """Tell whether a reorganisation's day has not come."""
        return entry.state == "planned" and entry.effective > self._units.today()

    def undo(self, who: Administrator, entry_id: str, reason: str) -> Approval:
        """Ask that a reorganisation be taken back; raises ``Refused`` from its day on."""
        self._enter(who, f"reorganisation:{entry_id}")
        entry = self._known(who, Action.UNIT_CHANGE, entry_id)
        if not self.may_undo(entry):
            raise Refused("only a reorganisation whose day has not come can be undone", code="in_force", field="id")
        arguments = {"id": entry.id, "effective": entry.effective, "source": entry.source}
        return self._gate.wait(who, Request(UNDO, Action.UNIT_CHANGE, f"reorganisation:{entry.id}", arguments, reason))

    def _known(self, who: Administrator, action: Action, entry_id: str) -> Reorganisation:
        try:
            return self._reorganisations.get(entry_id)
        except NotFound:
            self._gate.refuse(who, action, f"reorganisation:{entry_id}", "unknown", visible=False)

    def _enter(self, who: Administrator, name: str) -> None:
        self._gate.require(who, Action.UNIT_CHANGE, DEPLOYMENT, name, hidden=False)

    def _decide(self, actor: Actor, _arguments: Arguments) -> Decision:
        return self._gate.decide(actor, Action.UNIT_CHANGE, DEPLOYMENT)

    def _planned(self, name: str, text: str) -> Plan:
        plan = self._reorganisations.plan_document(_read(name, text), name, dry_run=True)
        self._check_ahead(plan)
        return plan

    def _check_ahead(self, plan: Plan) -> None:
        if plan.effective <= self._units.today():
            raise Refused(
                f"begins on {plan.effective}: what begins today or earlier is for `idp units reorganise`",
                code="not_ahead",
                field="document",
            )

    def _carry_out(self, arguments: Arguments, parties: Parties) -> None:
        name, text = arguments["name"], arguments["document"]
        self._planned(name, text)
        actor = parties.requester.principal
        self._reorganisations.plan_document(_read(name, text), name, dry_run=False, reason=parties.reason, actor=actor)

    def _carry_out_undo(self, arguments: Arguments, parties: Parties) -> None:
        self._reorganisations.undo(arguments["id"], reason=parties.reason, actor=parties.requester.principal)


def moves_of(plan: Plan, window: Window, *, only_decisions: bool = False) -> Page[Move]:
    """Return what a plan touches, a page at a time, in the plan's order."""
    return place_page(plan.decisions if only_decisions else plan.moves, window)


def summed(plan: Plan) -> dict[tuple[str, str], int]:
    """Return how many holdings of each kind have which fate."""
    found: dict[tuple[str, str], int] = {}
    for move in plan.moves:
        key = (move.holding.kind, move.fate.value)
        found[key] = found.get(key, 0) + move.holding.count
    return dict(sorted(found.items()))


def _read(name: str, text: str) -> Document:
    if not text.strip():
        raise InvalidInput("is empty", field="document")
    if len(text.encode()) > _LONGEST:
        raise InvalidInput(f"is larger than {_LONGEST} bytes: use `idp units reorganise`", field="document")
    try:
        return unit_sources.parse(name, text)
    except RegisterError as error:
        raise register_faults(error) from error


def _key(who: Administrator) -> str:
    return "reorganisation:" + hashlib.sha256(who.principal.encode()).hexdigest()
