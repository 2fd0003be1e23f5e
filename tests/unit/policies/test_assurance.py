"""Assurance levels and what a request may demand of a session."""

from __future__ import annotations

import pytest

from policies.assurance import (
    LOA_1,
    LOA_2,
    LOA_3,
    LOA_4,
    Decision,
    Demand,
    Kind,
    Missing,
    Present,
    amr,
    level,
    needed,
    reached,
    required_level,
    satisfies,
    stated,
)

NOW = 1_800_000_000
ONE_FACTOR = Present(LOA_1, NOW - 100, LOA_2)


def test_factors_reach_the_level_of_the_decree() -> None:
    assert reached(["password"]) == LOA_1
    assert reached(["totp"]) == LOA_1
    assert reached(["password", "totp"]) == LOA_2
    assert reached(["password", "password"]) == LOA_1
    assert level({Kind.POSSESSION, Kind.BIOMETRIC}) == LOA_3
    assert level(set(Kind)) == LOA_4


def test_no_factor_reaches_no_level() -> None:
    with pytest.raises(ValueError, match="no factor"):
        reached([])


@pytest.mark.parametrize(
    ("factors", "values"), [(["password"], ("pwd",)), (["password", "totp"], ("pwd", "otp", "mfa"))]
)
def test_amr_names_methods_and_says_when_there_were_several(factors: list[str], values: tuple[str, ...]) -> None:
    assert amr(factors) == values


def test_unknown_level_is_satisfied_by_nothing() -> None:
    assert satisfies(LOA_2, LOA_1)
    assert not satisfies(LOA_1, LOA_2)
    assert not satisfies(LOA_4, "urn:elsewhere")
    assert not satisfies("urn:elsewhere", LOA_1)


@pytest.mark.parametrize(
    ("demand", "present", "missing", "reason"),
    [
        (Demand(), None, Missing.SIGN_IN, "no_session"),
        (Demand(), ONE_FACTOR, Missing.NOTHING, ""),
        (Demand(prompt=frozenset({"login"})), ONE_FACTOR, Missing.SIGN_IN, "prompt_login"),
        (Demand(prompt=frozenset({"login"})), Present(LOA_1, NOW, LOA_1, signed_in_here=True), Missing.NOTHING, ""),
        (Demand(max_age=100), ONE_FACTOR, Missing.NOTHING, ""),
        (Demand(max_age=99), ONE_FACTOR, Missing.SIGN_IN, "max_age"),
        (Demand(max_age=0), Present(LOA_1, NOW - 5, LOA_1, signed_in_here=True), Missing.NOTHING, ""),
        (Demand(max_age=0), Present(LOA_1, NOW, LOA_1), Missing.SIGN_IN, "max_age"),
        (Demand(max_age=1), Present(LOA_1, NOW, LOA_1), Missing.NOTHING, ""),
        (Demand(acr_values=(LOA_2,)), ONE_FACTOR, Missing.STEP_UP, "acr_too_low"),
        (Demand(acr_values=(LOA_3, LOA_2)), ONE_FACTOR, Missing.STEP_UP, "acr_too_low"),
        (Demand(acr_values=(LOA_3,)), ONE_FACTOR, Missing.NOTHING, ""),
        (Demand(acr_values=("urn:elsewhere",)), ONE_FACTOR, Missing.NOTHING, ""),
        (Demand(essential_acr=(LOA_3,)), ONE_FACTOR, Missing.UNREACHABLE, "acr_unreachable"),
        (Demand(essential_acr=(LOA_3, LOA_2)), ONE_FACTOR, Missing.STEP_UP, "acr_too_low"),
        (Demand(essential_acr=("urn:elsewhere",)), None, Missing.UNREACHABLE, "acr_unknown"),
        (Demand(minimum_acr=LOA_2), ONE_FACTOR, Missing.STEP_UP, "acr_too_low"),
        (Demand(minimum_acr=LOA_2, acr_values=(LOA_1,)), ONE_FACTOR, Missing.STEP_UP, "acr_too_low"),
        (Demand(minimum_acr=LOA_2), Present(LOA_1, NOW, LOA_1), Missing.UNREACHABLE, "acr_unreachable"),
        (Demand(minimum_acr=LOA_2), Present(LOA_2, NOW, LOA_2), Missing.NOTHING, ""),
    ],
)
def test_what_is_missing_is_settled_in_order(
    demand: Demand, present: Present | None, missing: Missing, reason: str
) -> None:
    decision = needed(demand, present, NOW)
    assert (decision.missing, decision.reason) == (missing, reason)


def test_sign_in_already_aims_at_the_level_that_will_be_asked() -> None:
    assert needed(Demand(minimum_acr=LOA_2), None, NOW) == Decision(Missing.SIGN_IN, "no_session", LOA_2)


def test_required_level_is_the_floor_and_the_easiest_essential_value() -> None:
    assert required_level(Demand(acr_values=(LOA_4,))) is None
    assert required_level(Demand(essential_acr=(LOA_4, LOA_2), minimum_acr=LOA_1)) == LOA_2
    assert required_level(Demand(essential_acr=(LOA_1,), minimum_acr=LOA_3)) == LOA_3


def test_token_states_an_essential_value_that_the_client_named() -> None:
    assert stated(LOA_2, Demand()) == LOA_2
    assert stated(LOA_3, Demand(essential_acr=(LOA_1, LOA_2))) == LOA_2
    assert stated(LOA_2, Demand(essential_acr=(LOA_2, LOA_1))) == LOA_2
