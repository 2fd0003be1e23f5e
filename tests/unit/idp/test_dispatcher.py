"""The dispatcher as a table: facts go in, one step comes out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from clients import metadata
from clients.model import Client
from idp.flows.dispatcher import Decision, Facts, Step, decide, remembered, wanted_consent
from idp.model.authorization import AuthorizationRequest, PendingRequest
from idp.model.session import Session
from idp.ports.sessions import ConsentState, Snapshot
from policies import claims, consent
from policies.assurance import LOA_1, LOA_2, LOA_3, LOA_4
from tests.support.memory_clients import department

NOW = 1_800_000_000
NAME, EMAIL = claims.pack(["name"]), claims.pack(["email"])
REQUEST = AuthorizationRequest(
    "portal", "https://portal.example.vn/callback", "query", "s", ("openid",), "n", "c", frozenset(), None, NAME, 0
)
CLIENT = Client("portal", sector_id="sector", secrets=(), **metadata.parse(department()).values)
VERSION = consent.text_version(CLIENT.purpose, CLIENT.legal_basis)
SESSION = Session("session", "an", NOW - 100, NOW - 5, NOW + 3600, NOW - 100, LOA_1, ("pwd",))
AGREED = ConsentState("consent", "openid", NAME, 0, VERSION)
SNAPSHOT = Snapshot(SESSION, "active", 2, "sub", AGREED, 1)
PENDING = PendingRequest("t", REQUEST, "browser", NOW - 60, NOW + 60)


@dataclass(frozen=True)
class Case:
    """Changes to facts under which the answer would be given at once, and the step that they lead to."""

    step: Step
    reason: str
    request: dict[str, Any] = field(default_factory=dict)
    client: dict[str, Any] = field(default_factory=dict)
    session: dict[str, Any] = field(default_factory=dict)
    snapshot: dict[str, Any] | None = field(default_factory=dict)
    pending: dict[str, Any] | None = None
    reach: str = LOA_1


HERE = {"signed_in_at": NOW - 10}
FRESH = {"auth_time": NOW - 10}
LOGIN, CHOOSE, ASK = ({"prompt": frozenset({word})} for word in ("login", "select_account", "consent"))
OLD_TEXT = {"consent": replace(AGREED, text_version="older")}

CASES = {
    "a live session that is enough is answered": Case(Step.ANSWER, ""),
    "nobody is signed in": Case(Step.SIGN_IN, "no_session", snapshot=None),
    "nobody is signed in and nothing is reachable": Case(
        Step.SIGN_IN, "no_session", {"essential_acr": (LOA_4,)}, snapshot=None
    ),
    "a first password must be replaced before anything": Case(
        Step.SET_PASSWORD, "must_change", snapshot=None, pending={"password_account": "an"}
    ),
    "a first password must be replaced whoever is signed in": Case(
        Step.SET_PASSWORD, "must_change", pending={"password_account": "an"}
    ),
    "prompt=login asks again": Case(Step.SIGN_IN, "prompt_login", LOGIN),
    "prompt=login is content with a sign-in made here": Case(Step.ANSWER, "", LOGIN, session=FRESH, pending=HERE),
    "prompt=login is not content with an older session put back": Case(
        Step.SIGN_IN, "prompt_login", LOGIN, pending=HERE
    ),
    "prompt=login in a transaction without a sign-in": Case(Step.SIGN_IN, "prompt_login", LOGIN, pending={}),
    "max_age just kept": Case(Step.ANSWER, "", {"max_age": 100}),
    "max_age just missed": Case(Step.SIGN_IN, "max_age", {"max_age": 99}),
    "max_age=0 asks again": Case(Step.SIGN_IN, "max_age", {"max_age": 0}),
    "max_age=0 is content with a sign-in made here": Case(Step.ANSWER, "", {"max_age": 0}, session=FRESH, pending=HERE),
    "max_age is not content with an older session put back": Case(
        Step.SIGN_IN, "max_age", {"max_age": 50}, pending=HERE
    ),
    "prompt=select_account shows who is there": Case(Step.CHOOSE_ACCOUNT, "prompt_select_account", CHOOSE),
    "prompt=select_account is answered by a choice": Case(Step.ANSWER, "", CHOOSE, pending={"account_chosen": True}),
    "prompt=select_account is answered by a sign-in": Case(Step.ANSWER, "", CHOOSE, session=FRESH, pending=HERE),
    "prompt=select_account and login: first who, then the password": Case(
        Step.SIGN_IN,
        "prompt_login",
        {"prompt": frozenset({"select_account", "login"})},
        pending={"account_chosen": True},
    ),
    "a hint at somebody else asks for a sign-in": Case(Step.SIGN_IN, "other_subject", {"required_sub": "other"}),
    "a hint at the person who is there": Case(Step.ANSWER, "", {"required_sub": "sub"}),
    "a hint where the person was never before": Case(
        Step.SIGN_IN, "other_subject", {"required_sub": "sub"}, snapshot={"sub": None}
    ),
    "somebody else signed in here": Case(
        Step.UNMET, "other_subject", {"required_sub": "other"}, session=FRESH, pending=HERE
    ),
    "essential acr is met": Case(Step.ANSWER, "", {"essential_acr": (LOA_1,)}),
    "essential acr in reach is a step up": Case(Step.STEP_UP, "acr_too_low", {"essential_acr": (LOA_2,)}, reach=LOA_2),
    "essential acr out of reach is unmet": Case(
        Step.UNMET, "acr_unreachable", {"essential_acr": (LOA_3,)}, reach=LOA_2
    ),
    "essential acr that nobody knows is unmet": Case(Step.UNMET, "acr_unknown", {"essential_acr": ("urn:x",)}),
    "one of several essential values is enough": Case(Step.ANSWER, "", {"essential_acr": (LOA_4, LOA_1)}),
    "voluntary acr in reach is a step up": Case(Step.STEP_UP, "acr_too_low", {"acr_values": (LOA_2,)}, reach=LOA_2),
    "voluntary acr out of reach is let go": Case(Step.ANSWER, "", {"acr_values": (LOA_4,)}, reach=LOA_2),
    "voluntary acr that nobody knows is let go": Case(Step.ANSWER, "", {"acr_values": ("urn:x",)}),
    "the client's floor is a step up": Case(Step.STEP_UP, "acr_too_low", client={"minimum_acr": LOA_2}, reach=LOA_2),
    "the client's floor out of reach is explained": Case(
        Step.EXPLAIN, "acr_unreachable", client={"minimum_acr": LOA_3}
    ),
    "the client's floor out of reach where the request names a level too is unmet": Case(
        Step.UNMET, "acr_unreachable", {"essential_acr": (LOA_1,)}, client={"minimum_acr": LOA_3}
    ),
    "the client's floor out of reach with a clerk at the keys is unmet": Case(
        Step.EXPLAIN, "acr_unreachable", client={"minimum_acr": LOA_3}, session={"mandate_id": "m1"}
    ),
    "the client's floor that is met": Case(
        Step.ANSWER, "", client={"minimum_acr": LOA_2}, session={"acr": LOA_2}, reach=LOA_2
    ),
    "stale and too low: sign in first": Case(
        Step.SIGN_IN, "max_age", {"max_age": 1, "essential_acr": (LOA_2,)}, reach=LOA_2
    ),
    "no consent yet": Case(Step.CONSENT, "first_time", snapshot={"consent": None}),
    "a new claim": Case(Step.CONSENT, "claims_added", {"claims": NAME | EMAIL}),
    "a new claim in the ID token": Case(Step.CONSENT, "claims_added", {"id_claims": EMAIL}),
    "a claim that was declined is not asked again": Case(
        Step.ANSWER, "", {"claims": NAME | EMAIL}, snapshot={"consent": replace(AGREED, declined=EMAIL)}
    ),
    "offline access is asked for": Case(Step.CONSENT, "offline_added", {"scope": ("openid", "offline_access")}),
    "offline access was agreed to": Case(
        Step.ANSWER,
        "",
        {"scope": ("openid", "offline_access")},
        snapshot={"consent": replace(AGREED, scope="openid offline_access")},
    ),
    "another text": Case(Step.CONSENT, "text_changed", snapshot=OLD_TEXT),
    "a notice is no consent": Case(
        Step.CONSENT, "notice_is_no_consent", snapshot={"consent": replace(AGREED, kind="notice")}
    ),
    "prompt=consent asks again": Case(Step.CONSENT, "prompt_consent", ASK),
    "prompt=consent is answered once": Case(Step.ANSWER, "", ASK, pending={"consented": True}),
    "another person's answer is not this person's": Case(
        Step.CONSENT, "first_time", snapshot={"consent": None}, pending={"consented": True}
    ),
    "who is there comes before what he agrees to": Case(
        Step.SIGN_IN, "prompt_login", LOGIN, snapshot={"consent": None}
    ),
    "how surely comes before what he agrees to": Case(
        Step.STEP_UP, "acr_too_low", {"essential_acr": (LOA_2,)}, snapshot={"consent": None}, reach=LOA_2
    ),
}


def facts_of(case: Case) -> Facts:
    """Return the facts of a case."""
    session = replace(SESSION, **case.session)
    snapshot = None if case.snapshot is None else replace(SNAPSHOT, session=session, **case.snapshot)
    pending = None if case.pending is None else replace(PENDING, **case.pending)
    request, client = replace(REQUEST, **case.request), replace(CLIENT, **case.client)
    return Facts(request, client, snapshot, NOW, lambda _account: case.reach, pending)


@pytest.mark.parametrize("name", CASES)
def test_facts_lead_to_the_step(name: str) -> None:
    case = CASES[name]
    found = decide(facts_of(case))
    assert (found.step, found.reason) == (case.step, case.reason)
    assert (found.ask is not None) == (case.step is Step.CONSENT)


def test_factors_are_looked_up_only_where_the_level_is_too_low() -> None:
    def never(_session: Session) -> str:
        pytest.fail("a hot request paid for a look-up")

    assert decide(replace(facts_of(Case(Step.ANSWER, "")), can_reach=never)) == Decision(Step.ANSWER)


def test_factors_are_looked_up_for_the_person_who_is_there() -> None:
    asked: list[str] = []

    def reach(session: Session) -> str:
        asked.append(session.account_id)
        return LOA_2

    case = Case(Step.STEP_UP, "", {"essential_acr": (LOA_2,)}, session={"account_id": "binh"})
    assert decide(replace(facts_of(case), can_reach=reach)).step is Step.STEP_UP
    assert asked == ["binh"]


def test_consent_page_is_told_what_is_new() -> None:
    found = decide(facts_of(Case(Step.CONSENT, "", {"claims": NAME | EMAIL})))
    assert found.ask is not None
    assert (found.ask.step, found.ask.new_claims) == (consent.Step.ASK, EMAIL)


def test_client_whose_duty_is_law_gives_notice() -> None:
    client = replace(CLIENT, consent="notice", legal_basis="public_duty")
    assert wanted_consent(REQUEST, client, answered=False).mode == "notice"
    assert wanted_consent(REQUEST, replace(client, legal_basis="consent"), answered=False).mode == "ask"


def test_stored_consent_is_read_with_its_offline_access() -> None:
    assert remembered(None) is None
    found = remembered(replace(AGREED, scope="openid offline_access"))
    assert found is not None
    assert found.offline
    lookalike = remembered(replace(AGREED, scope="openid xoffline_access"))
    assert lookalike is not None
    assert not lookalike.offline
