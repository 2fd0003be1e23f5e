"""What somebody wants to give, and the proposal that the policy decides about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from idp.errors import InvalidInput
from idp.model.account import Account
from policies import mandates as policy
from policies.mandate_kinds import KINDS
from policies.mandates import Party, Proposal, Terms

LONGEST_EVIDENCE: Final = 500


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to give. ``valid_from`` and ``valid_to`` are None where he names none: from now, for as long as may be."""

    kind: str
    principal_id: str
    actor_id: str
    evidence_kind: str
    evidence: str = ""
    procedures: tuple[str, ...] = (policy.ALL_PROCEDURES,)
    unit: str = ""
    valid_from: int | None = None
    valid_to: int | None = None
    may_delegate: bool = False


def proposal_of(draft: Draft, principal: Account, actor: Account, now: int, *, of_agency: bool = False) -> Proposal:
    """Return the proposal that a draft is at ``now`` (epoch seconds); ``of_agency`` tells that an agency would give it. Raises ``InvalidInput``."""
    if draft.kind not in KINDS:
        raise InvalidInput(f"must be one of {', '.join(KINDS)}", field="kind")
    if len(draft.evidence) > LONGEST_EVIDENCE:
        raise InvalidInput(f"is longer than {LONGEST_EVIDENCE} characters", field="evidence")
    start = draft.valid_from if draft.valid_from is not None else now
    end = draft.valid_to if draft.valid_to is not None else policy.latest_end(draft.kind, start, born(principal))
    terms = Terms(frozenset(draft.procedures), draft.unit, start, end, draft.may_delegate)
    giving = replace(_party(principal), is_agency=of_agency)
    return Proposal(draft.kind, giving, _party(actor), terms, draft.evidence_kind)


def born(account: Account) -> date | None:
    """Return a person's date of birth, None where it is not known."""
    value = account.profile.get("birthdate")
    return date.fromisoformat(str(value)) if value and account.kind == "person" else None


def _party(account: Account) -> Party:
    return Party(account.id, account.kind, account.state, born(account))
