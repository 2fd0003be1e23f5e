"""Whose account an upstream's subject is: the three states authenticated, mapping and create, and when it is nobody's to decide.

The rule behind the table: an upstream subject opens an account when it did before; an identity code opens one only where the operator says
that the upstream vouches for it; all else has to be proven with a way in of the account itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What happens next."""

    SIGN_IN = "sign_in"
    """Authenticated: the subject is linked."""
    LINK = "link"
    """Mapping by a code that the upstream vouches for."""
    PROVE = "prove"
    """Mapping: the person proves the local account."""
    CREATE = "create"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator allows an upstream. ``proves_anyway`` asks for the local account's proof although the code is vouched for."""

    vouches_for_code: bool
    creates: bool
    proves_anyway: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """An account and its state."""

    account_id: str
    state: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one arrival.

    ``linked``: the account of the upstream subject. ``coded``: the account that has the asserted code now. ``has_code``: the upstream told
    a code at all. ``was_somebodys``: an account had that code before and has it no more. ``contradicts``: the account that has the code
    is of a person with another birth date or sex. ``is_closed``: its person has closed this way in.
    """

    linked: Holder | None
    coded: Holder | None
    has_code: bool
    was_somebodys: bool = False
    contradicts: bool = False
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The step, why (a reason id), and the account it is about ("" for none)."""

    step: Step
    reason: str
    account_id: str = ""


def decide(facts: Facts, terms: Terms) -> Decision:
    """Return the next step."""
    coded = facts.coded if terms.vouches_for_code else None
    if facts.linked is not None:
        if coded is not None and coded.account_id != facts.linked.account_id:
            # The link and the code name two people: one of them is wrong, and a guess would open somebody else's account.
            return Decision(Step.REFUSE, "link_contradicts_code", facts.linked.account_id)
        return _open(facts.linked, Step.SIGN_IN, "linked")
    if not terms.vouches_for_code or not facts.has_code:
        return Decision(Step.PROVE, "not_vouched_for" if facts.has_code else "no_code")
    return _by_code(facts, terms)


def _by_code(facts: Facts, terms: Terms) -> Decision:
    """Decide by a code that the upstream vouches for."""
    if facts.coded is None and facts.was_somebodys:
        return Decision(Step.REFUSE, "code_was_somebodys")
    if facts.coded is None:
        return Decision(Step.CREATE, "new_person") if terms.creates else Decision(Step.PROVE, "creation_off")
    if facts.is_closed:
        # Else the next arrival would open again what the person has closed.
        return Decision(Step.PROVE, "closed_by_person")
    if facts.contradicts or terms.proves_anyway:
        return Decision(Step.PROVE, "attributes_contradict" if facts.contradicts else "proof_wanted")
    return _open(facts.coded, Step.LINK, "code_vouched_for")


def _open(holder: Holder, step: Step, reason: str) -> Decision:
    if holder.state != "active":
        return Decision(Step.REFUSE, f"account_{holder.state}", holder.account_id)
    return Decision(step, reason, holder.account_id)


def may_close(*, has_local: bool, others: bool) -> bool:
    """Tell whether a person may close a linked upstream as a way in: another one of theirs must be left.

    ``has_local`` tells of a way in of our own (a password, a passkey, a department's directory), ``others`` of another linked upstream that
    is offered here.
    """
    return has_local or others
