"""Mandates: who may act for whom, how far, for how long, and who may say so.

Deny by default: a kind that is in no row of the table, a party of the wrong sort, a grantor who holds less than he would give, are refusals with a
reason. Nobody gives more than he holds: fewer procedures, the same unit or within an unbounded one, an end that is not later, and a chain no longer
than ``LONGEST_CHAIN``. What may be *shown* to a person who signs in, and what a choice means, is ``policies.capacities``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from policies.mandate_kinds import ADULT, CHILD, KINDS, PERSON, YEAR, Kind

ALL_PROCEDURES: Final = "*"
LONGEST_CHAIN: Final = 3
"""A representative, somebody he appointed, and one more: beyond that nobody could tell the business who acts in its name."""
MOST_PROCEDURES: Final = 50

PROPOSED: Final = "proposed"
ACCEPTED: Final = "accepted"
DECLINED: Final = "declined"
REVOKED: Final = "revoked"
EXPIRED: Final = "expired"

_PROCEDURE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,59}")
_VIETNAM: Final = timezone(timedelta(hours=7))
_FOR_EVER: Final = 100 * YEAR


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a mandate: an account, its sort (``person`` or ``organisation``), its state, and a person's date of birth if it is known.

    ``is_agency`` tells that an organisation has an agency's code today: a business has a tax code alone.
    """

    id: str
    sort: str
    state: str = "active"
    born: date | None = None
    is_agency: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """How far a mandate reaches: procedure codes or ``*``, a unit ("" for any), from when until when (epoch seconds, the end excluded)."""

    procedures: frozenset[str]
    unit: str
    valid_from: int
    valid_to: int
    may_delegate: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A mandate as it stands: what a grantor shows, and what is used. ``depth`` counts the mandates above it."""

    id: str
    kind: str
    principal: str
    actor: str
    terms: Terms
    state: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Grantor:
    """Who gives: ``role`` is ``operator``, ``holder`` or ``clerk``.

    A holder shows what he holds; a person is named by ``id``; ``unit`` is where a clerk's duty was found to be.
    """

    role: str
    id: str = ""
    held: Held | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mandate that somebody wants to give."""

    kind: str
    principal: Party
    actor: Party
    terms: Terms
    evidence: str


@dataclass(frozen=True, slots=True)
class Decision:
    """``reason`` is "" for yes, else a reason id; ``depth`` is that of the new mandate."""

    reason: str = ""
    depth: int = 0

    @property
    def is_allowed(self) -> bool:
        """Tell whether the answer is yes."""
        return not self.reason


def propose(proposal: Proposal, grantor: Grantor, now: int) -> Decision:
    """Decide whether a mandate may be given."""
    reason = own_fault(proposal, now)
    if reason:
        return Decision(reason)
    kind = KINDS[proposal.kind]
    reason = _actor(kind, proposal, now) or _grantor(kind, proposal, grantor, now)
    depth = grantor.held.depth + 1 if grantor.held is not None and grantor.role == "holder" else 0
    if not reason and depth >= LONGEST_CHAIN:
        reason = "chain_too_long"
    if not reason and proposal.terms.may_delegate and depth + 1 >= LONGEST_CHAIN:
        reason = "chain_too_long"
    return Decision(reason, depth)


def own_fault(proposal: Proposal, now: int) -> str:
    """Return what is wrong with a proposal whoever the actor is, "" where nothing is: it is told to people who may know nothing of the actor."""
    kind, principal = KINDS.get(proposal.kind), proposal.principal
    if kind is None:
        return "kind_unknown"
    if principal.sort != kind.principal:
        return "principal_of_wrong_sort"
    if not gives(kind.name, is_agency=principal.is_agency):
        return "principal_no_agency"
    if principal.state != "active":
        return "party_not_active"
    reason = _terms(kind, proposal.terms, now) or _childhood(kind, proposal, now)
    return reason or ("" if proposal.evidence in kind.evidence else "evidence_not_of_kind")


def answer(held: Held, by: Grantor, now: int) -> Decision:
    """Decide who may accept or decline: who would act by it, or the office to which he said so; and only while it is proposed."""
    if by.role != "operator" and by.id != held.actor:
        return Decision("not_the_actor")
    if held.state != PROPOSED:
        return Decision(f"is_{held.state}")
    return Decision("is_expired" if now >= held.terms.valid_to else "")


def revoke(held: Held, by: Grantor, now: int) -> Decision:
    """Decide who may end a mandate: the office, either party, and whoever may appoint in the principal's name and stands higher in the chain."""
    if held.state not in {PROPOSED, ACCEPTED}:
        return Decision(f"is_{held.state}")
    if by.role == "operator" or by.id in {held.actor, held.principal}:
        return Decision()
    above = by.held
    if above is None or above.actor != by.id or above.principal != held.principal:
        return Decision("not_a_party")
    reason = use(above, now)
    if reason:
        return Decision(reason)
    return Decision("" if above.terms.may_delegate and above.depth < held.depth else "not_above")


def use(held: Held, now: int) -> str:
    """Return why a mandate cannot be used at this moment, "" where it can."""
    if held.kind not in KINDS:
        return "kind_unknown"
    if held.state != ACCEPTED:
        return f"is_{held.state}"
    if now < held.terms.valid_from:
        return "not_yet"
    return "" if now < held.terms.valid_to else "is_expired"


def gives(kind: str, *, is_agency: bool) -> bool:
    """Tell whether an organisation gives a kind: asked when one is proposed, and of those that are there whenever a duty is used."""
    return is_agency or not KINDS[kind].of_agency


def covers(held: Terms, wanted: Terms) -> str:
    """Return why ``wanted`` is more than ``held``, "" where it is not."""
    if ALL_PROCEDURES not in held.procedures and not wanted.procedures <= held.procedures:
        return "more_procedures"
    if held.unit and wanted.unit != held.unit:
        return "other_unit"
    if wanted.valid_from < held.valid_from or wanted.valid_to > held.valid_to:
        return "longer_than_held"
    return ""


def is_procedure(code: str) -> bool:
    """Tell whether a text has the form of a procedure code, such as ``1.002835.000.00.00.H56``, or is ``*``."""
    return code == ALL_PROCEDURES or _PROCEDURE.fullmatch(code) is not None


def grown_up(born: date) -> int:
    """Return the moment (epoch seconds) in which a person comes of age, by the calendar of Vietnam; a 29 February counts as 1 March."""
    try:
        day = born.replace(year=born.year + ADULT)
    except ValueError:
        day = date(born.year + ADULT, 3, 1)
    return int(datetime(day.year, day.month, day.day, tzinfo=_VIETNAM).timestamp())


def latest_end(kind: str, start: int, child_born: date | None = None) -> int:
    """Return the latest end that a mandate of a kind may have, for whoever names none."""
    end = start + KINDS[kind].longest
    return min(end, grown_up(child_born)) if KINDS[kind].capacity == CHILD and child_born is not None else end


def _actor(kind: Kind, proposal: Proposal, now: int) -> str:
    principal, actor = proposal.principal, proposal.actor
    if actor.sort != PERSON:
        # A business acts through people: a business behind a business would hide who they are.
        return "actor_no_person"
    if principal.id == actor.id:
        return "for_oneself"
    if actor.state != "active":
        return "party_not_active"
    if actor.born is not None and _is_minor(actor.born, now):
        return "actor_under_age"
    return _parenthood(principal.born, actor.born) if kind.capacity == CHILD else ""


def _parenthood(child: date | None, parent: date | None) -> str:
    if child is None or parent is None:
        return "birthdate_unknown"
    return "parent_younger" if parent >= child else ""


def _is_minor(born: date, now: int) -> bool:
    """Sample people are born in a century to come, which no account of a living person can say: they count as grown up."""
    is_sample = born > datetime.fromtimestamp(now, UTC).astimezone(_VIETNAM).date()
    return not is_sample and now < grown_up(born)


def _terms(kind: Kind, terms: Terms, now: int) -> str:
    if not terms.procedures or len(terms.procedures) > MOST_PROCEDURES or not all(map(is_procedure, terms.procedures)):
        return "procedures_malformed"
    if ALL_PROCEDURES in terms.procedures and len(terms.procedures) > 1:
        return "procedures_malformed"
    if not 0 < terms.valid_from < terms.valid_to < now + _FOR_EVER or terms.valid_to <= now:
        return "dates_wrong"
    if terms.valid_to - terms.valid_from > kind.longest:
        return "too_long"
    if kind.needs_unit and not terms.unit:
        return "unit_missing"
    return "may_not_be_passed_on" if terms.may_delegate and not kind.is_passed_on else ""


def _childhood(kind: Kind, proposal: Proposal, now: int) -> str:
    """A parent acts until the child is of age: the dates of both must be known, and the parent's be the earlier one."""
    if kind.capacity != CHILD:
        return ""
    child = proposal.principal.born
    if child is None:
        return "birthdate_unknown"
    if now >= grown_up(child):
        return "child_of_age"
    return "beyond_coming_of_age" if proposal.terms.valid_to > grown_up(child) else ""


def _grantor(kind: Kind, proposal: Proposal, grantor: Grantor, now: int) -> str:
    if grantor.role not in kind.grantors:
        return "grantor_may_not"
    if grantor.role == "clerk" and (grantor.id != proposal.actor.id or grantor.unit != proposal.terms.unit):
        return "not_on_duty"
    return _passed_on(kind, proposal, grantor, now) if grantor.role == "holder" else ""


def _passed_on(kind: Kind, proposal: Proposal, grantor: Grantor, now: int) -> str:
    held = grantor.held
    if held is None or not grantor.id or held.actor != grantor.id:
        return "holds_nothing"
    reason = use(held, now)
    if reason:
        return f"held_{reason}"
    if held.principal != proposal.principal.id or KINDS[held.kind].capacity != kind.capacity:
        return "holds_another"
    if not held.terms.may_delegate:
        return "may_not_delegate"
    # Nobody appoints himself: it would outlive what he was given.
    return "to_oneself" if proposal.actor.id == grantor.id else covers(held.terms, proposal.terms)
