"""What factors do for a session and for an account."""

from __future__ import annotations

import pytest

from policies import assurance
from policies.assurance import FACTORS, LOA_1, LOA_2, LOA_3, LOA_4, Kind
from policies.factors import firm, level_of_changes, may_remove, missing_factors, proved, raised, reachable

ALL = ("password", "totp", "passkey", "recovery_code")


@pytest.mark.parametrize(
    ("acr", "amr", "factor", "wanted"),
    [
        (LOA_1, ("pwd",), "totp", (LOA_2, ("pwd", "otp", "mfa"))),
        (LOA_1, ("pwd",), "recovery_code", (LOA_2, ("pwd", "otp", "mfa"))),
        (LOA_1, ("pwd",), "passkey", (LOA_2, ("pwd", "hwk", "user", "mfa"))),
        (LOA_1, ("otp",), "password", (LOA_2, ("otp", "pwd", "mfa"))),
        (LOA_1, ("otp",), "totp", (LOA_1, ("otp",))),
        (LOA_2, ("swk", "user", "mfa"), "password", (LOA_2, ("swk", "user", "pwd", "mfa"))),
        # What an upstream has vouched for is not lost by one factor of ours.
        (LOA_3, ("face", "mfa"), "totp", (LOA_3, ("face", "otp", "mfa"))),
    ],
)
def test_one_more_factor_raises_a_session_and_never_lowers_it(acr, amr, factor, wanted) -> None:
    assert raised(acr, amr, factor) == wanted


def test_a_session_tells_what_it_has_shown() -> None:
    assert proved(("pwd",)) == ("password",)
    assert proved(("hwk", "user", "mfa")) == ("passkey",)
    assert proved(("user", "mfa")) == ()


@pytest.mark.parametrize(
    ("amr", "enrolled", "wanted"),
    [
        (("pwd",), ALL, ("totp", "passkey", "recovery_code")),
        (("otp",), ALL, ("password", "passkey")),
        (("pwd",), ("password",), ()),
        (("pwd",), ("password", "unknown"), ()),
    ],
)
def test_a_step_up_asks_for_what_is_missing_and_for_nothing_that_was_shown(amr, enrolled, wanted) -> None:
    assert missing_factors(LOA_1, amr, LOA_2, enrolled) == wanted


def test_a_level_is_reachable_by_what_was_shown_and_what_is_enrolled_together() -> None:
    assert reachable((), ()) == ""
    assert reachable(("pwd",), ("password",)) == LOA_1
    assert reachable((), ("passkey",)) == LOA_2
    # Who signed in by a directory's password has none here, but may have an app.
    assert reachable(("pwd",), ("totp",)) == LOA_2


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        (("password", "totp"), ("password",), False),
        (("password", "totp", "passkey"), ("password", "passkey"), True),
        (("password", "totp", "passkey"), ("password", "totp"), True),
        (("password", "passkey"), ("password",), False),
        (("password", "totp", "recovery_code"), ("password", "recovery_code"), False),
        (("password", "totp", "recovery_code"), ("password", "totp"), True),
        (("password",), (), False),
        (("recovery_code",), (), False),
    ],
)
def test_the_last_factor_that_reaches_the_level_stays(before, after, allowed) -> None:
    assert may_remove(before, after) is allowed


def test_factors_are_changed_at_the_highest_level_that_they_reach() -> None:
    assert level_of_changes(()) == LOA_1
    assert level_of_changes(("password",)) == LOA_1
    assert level_of_changes(("password", "totp")) == LOA_2
    assert level_of_changes(("passkey",)) == LOA_2


BIOMETRIC = assurance.table(
    *FACTORS.values(),
    assurance.Factor("face", frozenset({Kind.BIOMETRIC}), ("face",)),
    assurance.Factor("card", frozenset({Kind.POSSESSION}), ("sc",)),
)


@pytest.mark.parametrize(
    ("names", "level"),
    [
        (("password", "trusted_device"), LOA_2),
        (("totp", "trusted_device"), LOA_1),
        (("face", "trusted_device"), LOA_2),
        (("face", "card", "trusted_device"), LOA_3),
        # With a card this would be level 4: a stand-in lifts nothing above its ceiling.
        (("password", "face", "trusted_device"), LOA_3),
        (("password", "face", "card", "trusted_device"), LOA_4),
    ],
)
def test_a_stand_in_lifts_to_its_ceiling_and_no_further(names, level) -> None:
    assert assurance.reached(names, BIOMETRIC) == level


def test_a_stand_in_is_nothing_by_itself_and_never_called_several_factors() -> None:
    with pytest.raises(ValueError, match="no factor"):
        assurance.reached(("trusted_device",))
    assert assurance.amr(("password", "trusted_device")) == ("pwd", "rba")


def test_a_stand_in_is_no_step_up_no_spare_and_nothing_to_be_left_with() -> None:
    mine = ("password", "totp", "trusted_device")
    assert missing_factors(LOA_1, ("pwd",), LOA_2, mine) == ("totp",)
    assert not may_remove(mine, ("password", "trusted_device"))
    assert may_remove(mine, ("password", "totp"))
    assert level_of_changes(("password", "trusted_device")) == LOA_1
    assert reachable(("pwd", "rba"), ("password", "trusted_device")) == LOA_1
    assert proved(("pwd", "rba")) == ("password",)


def test_what_was_stood_in_for_does_not_count_where_the_account_is_at_stake() -> None:
    assert firm(LOA_2, ("pwd", "rba")) == (LOA_1, ("pwd",))
    assert firm(LOA_2, ("rba",)) == (LOA_1, ())
    assert firm(LOA_2, ("pwd", "otp", "mfa")) == (LOA_2, ("pwd", "otp", "mfa"))
    assert raised(LOA_2, ("pwd", "rba"), "totp") == (LOA_2, ("pwd", "otp", "mfa"))
    assert raised(LOA_2, ("pwd", "rba"), "password") == (LOA_1, ("pwd",))
