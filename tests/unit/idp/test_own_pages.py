"""What a page of ours demands of a session, decided as for a department."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.flows.dispatcher import Step, decide_own
from idp.model.authorization import PendingRequest
from idp.model.session import Session
from policies.assurance import LOA_1, LOA_2

NOW = 1_800_000_000
PENDING = PendingRequest("t", None, "browser", NOW - 60, NOW + 60, "/account/security")
SESSION = Session("session", "an", NOW - 400, NOW - 5, NOW + 3600, NOW - 400, LOA_1, ("pwd",))


def reach_one(_session: Session) -> str:
    return LOA_1


def reach_two(_session: Session) -> str:
    return LOA_2


@pytest.mark.parametrize(
    ("pending", "session", "reach", "step"),
    [
        (PENDING, None, reach_two, Step.SIGN_IN),
        (PENDING, SESSION, reach_one, Step.ANSWER),
        (replace(PENDING, password_account="an"), SESSION, reach_one, Step.SET_PASSWORD),
        (replace(PENDING, minimum_acr=LOA_2), SESSION, reach_two, Step.STEP_UP),
        (replace(PENDING, minimum_acr=LOA_2), SESSION, reach_one, Step.EXPLAIN),
        (replace(PENDING, minimum_acr=LOA_2), replace(SESSION, acr=LOA_2), reach_two, Step.ANSWER),
        (replace(PENDING, max_age=300), SESSION, reach_two, Step.SIGN_IN),
        (replace(PENDING, max_age=500), SESSION, reach_two, Step.ANSWER),
        (
            replace(PENDING, max_age=0, signed_in_at=NOW - 5),
            replace(SESSION, auth_time=NOW - 5),
            reach_two,
            Step.ANSWER,
        ),
        # A sign-in made here does not vouch for an older session that was put back into the browser.
        (replace(PENDING, max_age=0, signed_in_at=NOW - 5), SESSION, reach_two, Step.SIGN_IN),
        # Freshness comes before the level: a step-up alone would not make an old session fresh.
        (replace(PENDING, minimum_acr=LOA_2, max_age=300), SESSION, reach_two, Step.SIGN_IN),
    ],
)
def test_own_pages_demand_of_a_session_what_a_client_can_demand(pending, session, reach, step):
    assert decide_own(pending, session, NOW, reach).step is step
