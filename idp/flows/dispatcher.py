"""Decides the next step of an authorization from stored state only; every step returns here (house rule 17).

Pure: facts come in, one decision goes out. It is asked the same question by the authorization endpoint (a live session then gets its code in
the same request) and after every page of a transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from clients.model import Client
from idp.flows.capacities import Capacity
from idp.model.authorization import AuthorizationRequest, PendingRequest
from idp.model.frozen import frozen
from idp.model.session import Session
from idp.ports.sessions import ConsentState, Snapshot
from policies import assurance, consent, delegation


class Step(StrEnum):
    """What has to happen next."""

    ANSWER = "answer"
    SIGN_IN = "sign_in"
    SET_PASSWORD = "set_password"  # noqa: S105 - the name of a step
    CHOOSE_ACCOUNT = "choose_account"
    STEP_UP = "step_up"
    ENROL = "enrol"
    CAPACITY = "capacity"
    CONSENT = "consent"
    NO_CAPACITY = "no_capacity"
    EXPLAIN = "explain"
    UNMET = "unmet"


_ADMINISTERS: Final = frozenset(delegation.SCOPES)
_AS_STEP: Final = {
    assurance.Missing.NOTHING: Step.ANSWER,
    assurance.Missing.SIGN_IN: Step.SIGN_IN,
    assurance.Missing.STEP_UP: Step.STEP_UP,
    assurance.Missing.UNREACHABLE: Step.EXPLAIN,
}


@frozen
class Facts:
    """All that a decision may depend on. ``pending`` is None on the first look.

    ``enrol_within`` is how many seconds after a sign-in a person may enrol a second factor where one is demanded and missing, 0 for never.
    ``can_reach`` answers which ``acr`` a session can come to with its person's factors; asked only where it is too low.
    ``capacity`` is None where the person can only act for himself; ``snapshot`` has the consent that goes with it.
    ``attainable`` is the level that anybody could reach by linking an upstream, "" for none.
    """

    request: AuthorizationRequest
    client: Client
    snapshot: Snapshot | None
    now: int
    can_reach: Callable[[Session], str]
    pending: PendingRequest | None = None
    capacity: Capacity | None = None
    attainable: str = ""
    enrol_within: int = 0


@frozen
class Decision:
    """The step and why; ``ask`` tells the consent page what to show, ``acr`` is the level that a sign-in or step-up aims at."""

    step: Step
    reason: str = ""
    ask: consent.Decision | None = None
    acr: str | None = None


def decide(facts: Facts) -> Decision:
    """Return the next step. The order is the order of trust: who and how surely, then for whom, then with whose agreement."""
    if facts.pending is not None and facts.pending.password_account:
        return Decision(Step.SET_PASSWORD, "must_change")
    if facts.snapshot is None:
        return Decision(Step.SIGN_IN, "no_session")
    who = _who(facts, facts.snapshot) or _for_whom(facts.capacity)
    return who or _agreed(facts, facts.snapshot) or Decision(Step.ANSWER)


def decide_own(
    pending: PendingRequest,
    session: Session | None,
    now: int,
    can_reach: Callable[[Session], str],
    attainable: str = "",
) -> Decision:
    """Return the next step of a sign-in to our own pages: they demand of the session what a client can demand, and nothing else."""
    if pending.password_account:
        return Decision(Step.SET_PASSWORD, "must_change")
    if session is None:
        return Decision(Step.SIGN_IN, "no_session", acr=pending.minimum_acr or None)
    demand = assurance.Demand(minimum_acr=pending.minimum_acr or None, max_age=pending.max_age)
    here = 0 < pending.signed_in_at <= session.auth_time
    missing = _missing(demand, session, now, can_reach, signed_in_here=here, attainable=attainable)
    return Decision(_AS_STEP[missing.missing], missing.reason, acr=missing.acr)


def administers(request: AuthorizationRequest) -> bool:
    """Tell whether a request asks for the right to administer."""
    return not _ADMINISTERS.isdisjoint(request.scope)


def wanted_consent(request: AuthorizationRequest, client: Client, *, answered: bool) -> consent.Wanted:
    """Return what the client asks of the person, for the decision and for what is stored."""
    # What no purpose names is not asked for, and so never agreed to and never released.
    claims = (request.claims | request.id_claims) & client.covered_claims
    return consent.Wanted(
        mode=client.consent_mode(claims),
        claims=claims,
        offline="offline_access" in request.scope,
        text_version=client.consent_version,
        corrects=client.corrected,
        # What the department registered as the person's choice stays that, whatever its request says.
        essential=request.essential & ~client.optional_claims,
        # What exactly is allowed is allowed once: nobody agreed to the next dossier when he agreed to this one.
        # What administers is shown each time, for a person who did not mean to may stop it then.
        forced="consent" in request.prompt or bool(request.details) or administers(request),
        answered=answered,
    )


def demanded(facts: Facts) -> assurance.Demand:
    """Return what the request and its client ask of the authentication."""
    request, minimum = facts.request, facts.client.minimum_acr
    if not (request.acr_values or request.essential_acr or minimum or request.prompt) and request.max_age is None:
        return assurance.ANYTHING
    return assurance.Demand(
        acr_values=request.acr_values,
        essential_acr=request.essential_acr,
        minimum_acr=minimum,
        max_age=request.max_age,
        prompt=request.prompt,
    )


def _who(facts: Facts, snapshot: Snapshot) -> Decision | None:
    """Who is signed in, and how surely and freshly: what ``policies.assurance`` finds missing is the step."""
    request, pending = facts.request, facts.pending
    # The session must be the one of that sign-in: who holds another person's older cookie could otherwise sign in as
    # himself, put that cookie back, and pass where fresh authentication was asked for.
    signed_in_here = pending is not None and 0 < pending.signed_in_at <= snapshot.session.auth_time
    is_settled = signed_in_here or (pending is not None and pending.account_chosen) or snapshot.session.is_assisted
    if "select_account" in request.prompt and not is_settled:
        return Decision(Step.CHOOSE_ACCOUNT, "prompt_select_account")
    missing = _missing(
        *(demanded(facts), snapshot.session, facts.now, facts.can_reach),
        signed_in_here=signed_in_here,
        attainable=facts.attainable,
    )
    if missing.missing is assurance.Missing.SIGN_IN:
        return Decision(Step.SIGN_IN, missing.reason, acr=missing.acr)
    if request.required_sub is not None and snapshot.sub != request.required_sub:
        return Decision(Step.UNMET if signed_in_here else Step.SIGN_IN, "other_subject")
    if missing.missing is assurance.Missing.UNREACHABLE:
        return _enrolled_first(facts, snapshot.session, missing)
    if missing.missing is assurance.Missing.STEP_UP:
        return Decision(Step.STEP_UP, missing.reason, acr=missing.acr)
    return None


def _enrolled_first(facts: Facts, session: Session, missing: assurance.Decision) -> Decision:
    """Whether the person may enrol what is missing: only two factors can be had here, and only right after a sign-in.

    Never with a clerk at the keys: the factor would be the clerk's.
    """
    wanted = missing.acr or assurance.LOA_4
    if session.is_assisted or not facts.enrol_within or not assurance.satisfies(assurance.LOA_2, wanted):
        return _out_of_reach(facts, missing)
    if facts.now - session.auth_time > facts.enrol_within:
        return Decision(Step.SIGN_IN, "enrol", acr=wanted)
    return Decision(Step.ENROL, missing.reason, acr=wanted)


def _out_of_reach(facts: Facts, missing: assurance.Decision) -> Decision:
    """Whether the person is told before the client is: where its registered floor is in the way, which its request need not know of.

    Who names a level as essential asked for the error (OpenID Connect Core section 5.5.1.1), and gets it at once.
    """
    is_told = not facts.request.essential_acr
    return Decision(Step.EXPLAIN if is_told else Step.UNMET, missing.reason, acr=missing.acr)


def _for_whom(capacity: Capacity | None) -> Decision | None:
    """For whom the person acts: settled, or to be chosen, or nothing that the client would take is held."""
    if capacity is None or capacity.decision.option is not None:
        return None
    decision = capacity.decision
    return Decision(Step.CAPACITY if decision.offered else Step.NO_CAPACITY, decision.reason)


def _missing(
    demand: assurance.Demand,
    session: Session,
    now: int,
    can_reach: Callable[[Session], str],
    *,
    signed_in_here: bool,
    attainable: str,
) -> assurance.Decision:
    """Ask the policy as if every level were in reach; only if that is not enough, look up what the account's factors reach."""
    if demand is assurance.ANYTHING:
        return assurance.MET
    hopeful = assurance.Present(session.acr, session.auth_time, assurance.LOA_4, signed_in_here=signed_in_here)
    decision = assurance.needed(demand, hopeful, now)
    if decision.missing is not assurance.Missing.STEP_UP:
        return decision
    # What a clerk began with the person beside him stays at its level: the person's own factors are not his to use.
    reachable = session.acr if session.is_assisted else can_reach(session)
    attainable = "" if session.is_assisted else attainable
    actual = assurance.Present(
        session.acr, session.auth_time, reachable, signed_in_here=signed_in_here, attainable=attainable
    )
    return assurance.needed(demand, actual, now)


def _agreed(facts: Facts, snapshot: Snapshot) -> Decision | None:
    """Whether the person has to be asked or told first."""
    # Only who has a current record can have answered: another person in this browser has not.
    answered = facts.pending is not None and facts.pending.consented and snapshot.consent is not None
    wanted = wanted_consent(facts.request, facts.client, answered=answered)
    decision = consent.decide(wanted, remembered(snapshot.consent))
    if decision.step is consent.Step.NONE:
        return None
    return Decision(Step.CONSENT, decision.reason, decision)


def remembered(state: ConsentState | None) -> consent.Remembered | None:
    """Return a stored consent as the policy reads it."""
    if state is None:
        return None
    offline = "offline_access" in state.scope.split(" ")
    return consent.Remembered(state.kind, state.claims, offline, state.text_version, state.declined)
