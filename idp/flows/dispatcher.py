"""Decides the next step of an authorization from stored state only; every step returns here (house rule 17).

Pure: facts come in, one decision goes out. It is asked the same question by the authorization endpoint (a live session then gets its code in
the same request) and after every page of a transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from clients.model import Client
from idp.model.authorization import AuthorizationRequest, PendingRequest
from idp.ports.sessions import ConsentState, Snapshot
from policies import assurance, consent


class Step(StrEnum):
    """What has to happen next."""

    ANSWER = "answer"
    SIGN_IN = "sign_in"
    SET_PASSWORD = "set_password"  # noqa: S105 - the name of a step
    CHOOSE_ACCOUNT = "choose_account"
    STEP_UP = "step_up"
    CONSENT = "consent"
    UNMET = "unmet"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision may depend on. ``pending`` is None on the first look.

    ``can_reach`` answers, for an account id, which ``acr`` its enrolled factors reach; asked only where the session's is too low.
    """

    request: AuthorizationRequest
    client: Client
    snapshot: Snapshot | None
    now: int
    can_reach: Callable[[str], str]
    pending: PendingRequest | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The step and why; ``ask`` tells the consent page what to show."""

    step: Step
    reason: str = ""
    ask: consent.Decision | None = None


def decide(facts: Facts) -> Decision:
    """Return the next step. The order is the order of trust: who, how surely, with whose agreement."""
    if facts.pending is not None and facts.pending.password_account:
        return Decision(Step.SET_PASSWORD, "must_change")
    if facts.snapshot is None:
        return Decision(Step.SIGN_IN, "no_session")
    return (
        _who(facts, facts.snapshot)
        or _how_surely(facts, facts.snapshot)
        or _agreed(facts, facts.snapshot)
        or Decision(Step.ANSWER)
    )


def wanted_consent(request: AuthorizationRequest, client: Client, *, answered: bool) -> consent.Wanted:
    """Return what the client asks of the person, for the decision and for what is stored."""
    mode = consent.mode_for(client.consent, client.legal_basis)
    return consent.Wanted(
        mode=mode,
        claims=request.claims | request.id_claims,
        offline="offline_access" in request.scope,
        text_version=consent.text_version(client.purpose, client.legal_basis),
        forced="consent" in request.prompt,
        answered=answered,
    )


def _who(facts: Facts, snapshot: Snapshot) -> Decision | None:
    request, pending = facts.request, facts.pending
    signed_in_here = pending is not None and pending.signed_in_at > 0
    if not signed_in_here:
        if "login" in request.prompt:
            return Decision(Step.SIGN_IN, "prompt_login")
        if request.max_age is not None and facts.now - snapshot.session.auth_time > request.max_age:
            return Decision(Step.SIGN_IN, "max_age")
        if "select_account" in request.prompt and not (pending is not None and pending.account_chosen):
            return Decision(Step.CHOOSE_ACCOUNT, "prompt_select_account")
    if request.required_sub is not None and snapshot.sub != request.required_sub:
        return Decision(Step.UNMET if signed_in_here else Step.SIGN_IN, "other_subject")
    return None
