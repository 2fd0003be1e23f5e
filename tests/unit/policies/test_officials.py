"""Officials: names before the wire, groups to roles, movers and leavers, the brake."""

from __future__ import annotations

import unicodedata

import pytest

from policies.officials import names
from policies.officials.comparison import Brake, Standing, Verdict, compare, verdict
from policies.officials.roles import Held, RoleKey, RoleRule, Wanted, difference, wanted

UNITS = {"20194": ("20194", "2025-07-01"), "H47.05": ("H47.05", "")}
CLERK = RoleRule("cn=mot-cua", "mot-cua", "20194")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "a\x00b",
        "a\nb",
        "a\u202eb",
        "a\u200bb",
        "\ud800",
        "a" * 129,
        "\ufeffan",
        "a\ue000",
        "a\U000e0041",
        "\u0378",
    ],
)
def test_a_name_that_no_directory_should_be_asked_about_is_refused(typed: str) -> None:
    assert names.user_name(typed) is None


@pytest.mark.spec("RFC 4513", "5.1.2")
@pytest.mark.parametrize("typed", ["", "a\x00", "\x7f", "\ud800x", "a" * 257, "ấ" * 200, "\u0627a"])
def test_a_password_that_is_empty_or_odd_never_reaches_the_wire(typed: str) -> None:
    assert names.password(typed) is None


def test_composed_and_decomposed_typing_are_one_name_and_one_password() -> None:
    typed = "Nguyễn  Văn\u00a0Ấ"
    apart = unicodedata.normalize("NFD", typed)
    assert names.user_name(apart) == names.user_name(typed) == "Nguyễn Văn Ấ"
    assert names.password(apart) == names.password(typed) == "Nguyễn  Văn Ấ".encode()


def test_every_spelling_of_a_name_is_counted_as_one() -> None:
    assert len({names.counted(one) for one in ("an.nv", "AN.NV", " an.nv ", "ａｎ.ｎｖ", "An.Nv")}) == 1


def test_a_group_gives_the_role_at_the_unit_that_its_row_names_and_only_while_it_counts() -> None:
    rules = (
        CLERK,
        RoleRule("cn=mot-cua", "van-thu", "20194", valid_from=50),
        RoleRule("cn=mot-cua", "giam-sat", "20194", valid_to=10),
        RoleRule("cn=lanh-dao", "lanh-dao", "20194"),
    )
    found = wanted(rules, {"cn=mot-cua"}, UNITS, "", now=20)
    assert found == (Wanted(RoleKey("mot-cua", "20194", "2025-07-01"), 0, None),)


def test_a_row_without_a_unit_means_the_persons_own_and_an_unknown_unit_gives_nothing() -> None:
    own = RoleRule("g", "xu-ly")
    assert [one.key for one in wanted((own,), {"g"}, UNITS, "H47.05", 0)] == [RoleKey("xu-ly", "H47.05", "")]
    assert wanted((own,), {"g"}, UNITS, "", 0) == wanted((own,), {"g"}, UNITS, "99999", 0) == ()


def test_of_two_rows_for_one_assignment_the_widest_dates_count() -> None:
    rules = (RoleRule("a", "r", "20194", 5, 50), RoleRule("b", "r", "20194", 2, 90))
    assert wanted(rules, {"a", "b"}, UNITS, "", 10) == (Wanted(RoleKey("r", "20194", "2025-07-01"), 2, 90),)
    open_end = (*rules, RoleRule("b", "r", "20194", 3))
    assert wanted(open_end, {"a", "b"}, UNITS, "", 10)[0].valid_to is None


def test_a_mover_loses_the_old_unit_and_gets_the_new_one() -> None:
    old, new = RoleKey("mot-cua", "20194", "2025-07-01"), RoleKey("mot-cua", "20341", "2025-07-01")
    change = difference([Held("1", old, 0, None)], [Wanted(new, 0, None)], now=10)
    assert ([one.id for one in change.end], [one.key for one in change.begin]) == (["1"], [new])


def test_what_is_held_and_called_for_stays_and_what_ran_out_or_got_another_end_begins_anew() -> None:
    key = RoleKey("mot-cua", "20194", "2025-07-01")
    assert difference([Held("1", key, 0, 90)], [Wanted(key, 0, 90)], 10).is_empty
    for held in (Held("1", key, 0, 5), Held("1", key, 0, 80)):
        change = difference([held], [Wanted(key, 0, 90)], 10)
        assert (len(change.begin), len(change.end)) == (1, 1)
    assert len(difference([Held("1", key, 0, None), Held("2", key, 0, None)], [Wanted(key, 0, None)], 10).end) == 1


def test_who_is_not_listed_or_disabled_or_expired_has_left_and_who_is_locked_or_must_change_has_not() -> None:
    found = {
        "on": Standing.ACTIVE,
        "off": Standing.DISABLED,
        "old": Standing.EXPIRED,
        "locked": Standing.LOCKED,
        "reset": Standing.MUST_CHANGE,
        "again": Standing.ACTIVE,
    }
    known = {
        "on": True,
        "off": True,
        "old": True,
        "locked": True,
        "reset": True,
        "away": True,
        "again": False,
        "never": False,
    }
    result = compare(known, found)
    assert result.gone == {"off": "disabled", "old": "expired", "away": "gone"}
    assert set(result.staying) == {"on", "locked", "reset"}
    assert result.back == ("again",)


def test_the_brake_holds_when_too_many_would_go_and_an_operators_word_releases_it() -> None:
    result = compare({str(n): True for n in range(100)}, {str(n): Standing.ACTIVE for n in range(80)})
    brake = Brake(percent=10, spare=3)
    assert verdict(result, is_whole=True, brake=brake) is Verdict.BRAKE
    assert verdict(result, is_whole=True, brake=brake, is_forced=True) is Verdict.GO
    small = compare({"a": True, "b": True}, {})
    assert verdict(small, is_whole=True, brake=brake) is Verdict.GO


def test_no_word_of_an_operator_carries_out_a_comparison_with_a_partial_answer() -> None:
    result = compare({"a": True}, {})
    assert verdict(result, is_whole=False, brake=Brake(), is_forced=True) is Verdict.PARTIAL
