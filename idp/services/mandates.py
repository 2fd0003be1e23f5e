"""Mandates: proposing, answering, ending, and what can be acted by now. The rules are ``policies.mandates``; this is the only writer."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final, NoReturn

import orjson

from idp import handles
from idp.clock import Clock
from idp.errors import Conflict, NotFound, Refused
from idp.model.account import Account
from idp.model.audit import AuditEvent, AuditRecord, Event, Outcome
from idp.model.mandate import Mandate
from idp.model.notice import Topic
from idp.ports.mandates import LiveMandate, MandateStore
from idp.ports.notices import Notices
from idp.ports.sessions import ConsentState
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.mandate_drafts import Draft, proposal_of
from idp.services.vault import Seal
from policies import mandates as policy
from policies.mandates import Grantor, Proposal

OPERATOR: Final = "operator:local"
_MOST: Final = 200
_BATCH: Final = 100


class MandateService:
    """Gives, answers and ends mandates."""

    def __init__(
        self,
        store: MandateStore,
        accounts: AccountService,
        audit: AuditLog,
        clock: Clock,
        evidence: Seal,
        notices: Notices,
    ) -> None:
        """Take collaborators; ``evidence`` seals what a mandate rests on, ``notices`` tell people what was done in their name."""
        self._notices = notices
        self._store = store
        self._accounts = accounts
        self._audit = audit
        self._clock = clock
        self._evidence = evidence

    def propose(
        self, draft: Draft, by: str | None = None, *, reason: str = "", office: str = OPERATOR, approver: str = ""
    ) -> Mandate:
        """Propose a mandate; ``by`` is the account that passes on what it holds, None the office that keeps the register.

        ``office`` is the actor where ``by`` is None, ``approver`` the second person of an office where two give. Raises ``Refused`` with the
        policy's reason id as its code, ``NotFound`` for an unknown account and ``InvalidInput``.
        """
        proposal, grantor, decision = self._examined(draft, by, office)
        principal_id, actor_name = proposal.principal.id, office if by is None else f"account:{by}"
        above = grantor.held.id if grantor.held is not None else ""
        root = (self._get(above).root_id or above) if above else ""
        mandate = self._made(draft, proposal, decision.depth, actor_name, (above, root))
        record = self._record(Event.MANDATE_PROPOSE, mandate, actor_name, reason, approver)
        if not self._store.add(mandate, record):
            self._refused(Event.MANDATE_PROPOSE, "held_is_revoked", actor_name, principal_id, "")
        self._tell(mandate, Topic.MANDATE_GRANTED, by)
        return mandate

    def examine(self, draft: Draft, office: str) -> None:
        """Raise, and record, what ``propose`` would of a draft of an office that has still to ask a second person."""
        self._examined(draft, None, office)

    def examine_own(self, draft: Draft, office: str) -> None:
        """Raise, and record, what ``examine`` would whoever the actor is; the draft need name none."""
        principal = self._accounts.get(draft.principal_id)
        proposal = self._proposal(draft, principal, principal)
        reason = policy.own_fault(proposal, self._now())
        if reason:
            self._refused(Event.MANDATE_PROPOSE, reason, office, principal.id, "")

    def wrapped(self, evidence: str, about: str) -> str:
        """Return what a draft rests on, sealed as text, to wait for a second person; ``about`` names the parties."""
        return base64.b64encode(self._evidence.seal(orjson.dumps(evidence), about.encode())).decode()

    def unwrapped(self, packed: str, about: str) -> str:
        """Return what ``wrapped`` sealed: treat as personal data."""
        return str(orjson.loads(self._evidence.unseal(base64.b64decode(packed), about.encode())))

    def accept(self, mandate_id: str, by: str | None = None, *, reason: str = "") -> Mandate:
        """Accept a proposed mandate: by the account that will act, or by the operator for it."""
        return self._answered(mandate_id, policy.ACCEPTED, by, reason)

    def decline(self, mandate_id: str, by: str | None = None, *, reason: str = "") -> Mandate:
        """Decline a proposed mandate."""
        return self._answered(mandate_id, policy.DECLINED, by, reason)

    def revoke(self, mandate_id: str, by: str | None = None, *, reason: str = "", office: str = OPERATOR) -> None:
        """End a mandate, what was passed on from it, and all tokens and consents on them; ``office`` is the actor where ``by`` is None."""
        mandate = self._get(mandate_id)
        decision = policy.revoke(
            mandate.held, Grantor("operator") if by is None else Grantor("holder", by), self._now()
        )
        if by is not None and decision.reason == "not_a_party":
            decision = self._from_above(mandate, by)
        actor = office if by is None else f"account:{by}"
        if not decision.is_allowed:
            self._hide_or_refuse(Event.MANDATE_REVOKE, decision.reason, actor, mandate)
        record = self._record(Event.MANDATE_REVOKE, mandate, actor, reason)
        if not self._store.revoke(mandate.id, self._now(), reason or "revoked", record):
            raise Conflict("the mandate was ended by somebody else meanwhile")
        self._tell(mandate, Topic.MANDATE_REVOKED, by)

    def get(self, mandate_id: str) -> Mandate:
        """Return a mandate in any state; raises ``NotFound``."""
        return self._get(mandate_id)

    def given_by(self, account_id: str) -> list[Mandate]:
        """Return what was passed on below an account's own mandates, newest first."""
        found: dict[str, Mandate] = {}
        for live in self.usable(account_id):
            mine = live.mandate
            if mine.may_delegate:
                below = self._store.of_principal(mine.principal_id, _MOST)
                found |= {one.id: one for one in below if mine.id in {one.parent_id, one.root_id}}
        return sorted(found.values(), key=lambda one: (one.created_at, one.id), reverse=True)

    def of_actor(self, account_id: str) -> list[Mandate]:
        """Return what an account holds or was offered, newest first."""
        return self._store.of_actor(account_id, _MOST)

    def of_principal(self, account_id: str) -> list[Mandate]:
        """Return who acts or acted for an account, newest first."""
        return self._store.of_principal(account_id, _MOST)

    def of_account(self, account_id: str, after: tuple[int, str] | None, limit: int) -> list[Mandate]:
        """Return the mandates in which an account acts or is acted for, newest first, from the key ``(created_at, id)`` on."""
        return self._store.of_account(account_id, after, limit)

    def all(self, limit: int = _MOST) -> list[Mandate]:
        """Return the newest mandates."""
        return self._store.all(limit)

    def usable(self, actor_id: str) -> list[LiveMandate]:
        """Return what a person can act by now, oldest first."""
        return self._store.live_of(actor_id, self._now())

    def live(self, mandate_id: str) -> LiveMandate | None:
        """Return a mandate that counts now."""
        return self._store.live(mandate_id, self._now()) if mandate_id else None

    def consent(self, account_id: str, mandate_id: str, client_id: str) -> ConsentState | None:
        """Return what a person agreed to for a client while acting by a mandate."""
        return self._store.consent(account_id, mandate_id, client_id)

    def evidence(self, mandate: Mandate) -> str:
        """Return what a mandate rests on, opened: treat as personal data."""
        return str(orjson.loads(self._evidence.unseal(mandate.evidence, mandate.id.encode())))

    def expire(self) -> int:
        """Mark what has run out; returns how many. Nothing waits for it: a mandate counts for nothing from its end on."""
        now, done = self._now(), 0
        for mandate in self._store.past(now, _BATCH):
            done += self._store.expire(mandate.id, now, self._record(Event.MANDATE_EXPIRE, mandate, "system", ""))
        return done

    def _answered(self, mandate_id: str, state: str, by: str | None, reason: str) -> Mandate:
        event = Event.MANDATE_ACCEPT if state == policy.ACCEPTED else Event.MANDATE_DECLINE
        mandate = self._get(mandate_id)
        who = Grantor("operator") if by is None else Grantor("holder", by)
        decision = policy.answer(mandate.held, who, self._now())
        actor = OPERATOR if by is None else f"account:{by}"
        if not decision.is_allowed:
            self._hide_or_refuse(event, decision.reason, actor, mandate)
        if not self._store.answer(mandate.id, state, self._now(), self._record(event, mandate, actor, reason)):
            raise Conflict("the mandate was answered or ended by somebody else meanwhile")
        return self._get(mandate.id)

    def _examined(self, draft: Draft, by: str | None, office: str) -> tuple[Proposal, Grantor, policy.Decision]:
        principal = self._accounts.get(draft.principal_id)
        proposal = self._proposal(draft, principal, self._accounts.get(draft.actor_id))
        grantor, decision = Grantor("operator"), policy.propose(proposal, Grantor("operator"), self._now())
        if by is not None:
            grantor, decision = self._as_holder(proposal, by)
        if not decision.is_allowed:
            actor_name = office if by is None else f"account:{by}"
            self._refused(Event.MANDATE_PROPOSE, decision.reason, actor_name, principal.id, "")
        return proposal, grantor, decision

    def _proposal(self, draft: Draft, principal: Account, actor: Account) -> Proposal:
        return proposal_of(draft, principal, actor, self._now(), of_agency=self._accounts.is_agency(principal.id))

    def _as_holder(self, proposal: Proposal, by: str) -> tuple[Grantor, policy.Decision]:
        """Return the grantor with the mandate that lets him, or the refusal of the last one that he holds for this principal."""
        grantor = Grantor("holder", by)
        decision = policy.propose(proposal, grantor, self._now())
        for live in self.usable(by):
            if live.mandate.principal_id != proposal.principal.id:
                continue
            grantor = Grantor("holder", by, live.mandate.held)
            decision = policy.propose(proposal, grantor, self._now())
            if decision.is_allowed:
                break
        return grantor, decision

    def _from_above(self, mandate: Mandate, by: str) -> policy.Decision:
        """Only who stands above in the same chain may end what was passed on; a colleague's appointments are not his."""
        above = {mandate.parent_id, mandate.root_id} - {""}
        for live in self.usable(by):
            if live.mandate.id in above or (live.mandate.depth == 0 and mandate.depth > 0):
                decision = policy.revoke(mandate.held, Grantor("holder", by, live.mandate.held), self._now())
                if decision.is_allowed:
                    return decision
        return policy.Decision("not_a_party")

    def _made(self, draft: Draft, proposal: Proposal, depth: int, granted_by: str, chain: tuple[str, str]) -> Mandate:
        mandate_id, terms = handles.new_id(), proposal.terms
        return Mandate(
            id=mandate_id,
            kind=draft.kind,
            principal_id=proposal.principal.id,
            actor_id=proposal.actor.id,
            procedures=tuple(sorted(terms.procedures)),
            unit_code=terms.unit,
            valid_from=terms.valid_from,
            valid_to=terms.valid_to,
            may_delegate=terms.may_delegate,
            depth=depth,
            state=policy.PROPOSED,
            evidence_kind=draft.evidence_kind,
            evidence=self._evidence.seal(orjson.dumps(draft.evidence), mandate_id.encode()),
            granted_by=granted_by,
            created_at=self._now(),
            parent_id=chain[0],
            root_id=chain[1],
        )

    def _tell(self, mandate: Mandate, topic: Topic, by: str | None) -> None:
        """Tell both parties but the one whose own act it was."""
        for account_id in (mandate.actor_id, mandate.principal_id):
            if account_id != by:
                self._notices.tell(account_id, topic)

    def _record(self, event: Event, mandate: Mandate, actor: str, reason: str, approver: str = "") -> AuditRecord:
        shown = detail(mandate)
        return self._audit.record(
            AuditEvent(
                event,
                reason=reason,
                actor=actor,
                account_id=mandate.principal_id,
                target=f"mandate:{mandate.id}",
                detail={**shown, "approver": approver} if approver else shown,
            )
        )

    def _hide_or_refuse(self, event: Event, reason: str, actor: str, mandate: Mandate) -> NoReturn:
        """Who is no party learns nothing of a mandate, not even that there is one."""
        if reason in {"not_a_party", "not_the_actor"}:
            self._audited_refusal(event, reason, actor, mandate.principal_id, f"mandate:{mandate.id}")
            raise NotFound("no such mandate")
        self._refused(event, reason, actor, mandate.principal_id, f"mandate:{mandate.id}")

    def _refused(self, event: Event, reason: str, actor: str, principal_id: str, target: str) -> NoReturn:
        self._audited_refusal(event, reason, actor, principal_id, target)
        raise Refused(f"the mandate is refused: {reason}", code=reason)

    def _audited_refusal(self, event: Event, reason: str, actor: str, principal_id: str, target: str) -> None:
        made = AuditEvent(event, Outcome.REFUSED, reason, actor=actor, account_id=principal_id, target=target)
        self._audit.write(made)

    def _get(self, mandate_id: str) -> Mandate:
        mandate = self._store.get(mandate_id)
        if mandate is None:
            raise NotFound("no such mandate")
        return mandate

    def _now(self) -> int:
        return self._clock.now()


def detail(mandate: Mandate) -> Mapping[str, Any]:
    """Return what an audit record says of a mandate: names and ids, no evidence."""
    return {
        "mandate": mandate.id,
        "kind": mandate.kind,
        "acts": f"account:{mandate.actor_id}",
        "procedures": list(mandate.procedures),
        "unit": mandate.unit_code,
        "valid_to": mandate.valid_to,
    }
