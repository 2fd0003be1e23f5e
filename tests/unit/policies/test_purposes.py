"""Purposes: what a request asks under each, what is carried over a change, and what an answer covers."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from policies.claims import CLAIMS, pack
from policies.purposes import Purpose, accepted, carried, divide, together

NAME, EMAIL, PHONE = pack(["name"]), pack(["email"]), pack(["phone_number"])
DUTY = Purpose("settle", {"vi": "Giải quyết hồ sơ", "en": "To settle a dossier"}, "public_duty", NAME)
NEWS = Purpose("news", {"vi": "Báo tin", "en": "To send news"}, "consent", EMAIL, PHONE)
BOTH = (DUTY, NEWS)


def test_law_is_told_and_everything_else_is_asked() -> None:
    assert [replace(NEWS, legal_basis=one).is_told for one in ("consent", "contract")] == [False, False]
    assert [replace(NEWS, legal_basis=one).is_told for one in ("public_duty", "legal_obligation")] == [True, True]


def test_a_request_falls_to_the_purposes_that_it_touches() -> None:
    shares = divide(BOTH, EMAIL | PHONE, {})
    assert [(one.purpose.id, one.required, one.optional, one.kept) for one in shares] == [("news", EMAIL, PHONE, 0)]
    assert divide(BOTH, pack(["gender"]), {}) == ()


def test_only_boxes_can_be_left_out() -> None:
    shares = divide(BOTH, NAME | EMAIL | PHONE, {})
    assert accepted(shares, 0, ["news"]) == NAME | EMAIL
    assert accepted(shares, PHONE, ["news"]) == NAME | EMAIL | PHONE
    assert accepted(shares, pack(["gender", "birthdate"]), ["news"]) == NAME | EMAIL


def test_beside_another_purpose_each_that_is_asked_has_a_box_of_its_own() -> None:
    shares = divide(BOTH, NAME | EMAIL | PHONE, {})
    assert [one.boxed for one in shares] == [0, EMAIL], "what a law provides for is no choice"
    assert accepted(shares, 0) == NAME
    assert accepted(shares, 0, ["settle", "other"]) == NAME
    assert accepted(shares, PHONE) == NAME, "nothing on top of what was not agreed to"
    more = replace(DUTY, legal_basis="contract")
    assert accepted(divide((more, NEWS), NAME | EMAIL, {}), 0, ["settle"]) == NAME


def test_single_purpose_is_agreed_to_by_the_button() -> None:
    (share,) = divide(BOTH, EMAIL | PHONE, {})
    assert (share.boxed, accepted([share], 0)) == (0, EMAIL)


def test_purpose_that_stands_has_no_box_but_what_is_new_in_it_has() -> None:
    more = replace(NEWS, required=EMAIL | PHONE, optional=0)
    assert [one.boxed for one in divide((DUTY, more), NAME | EMAIL | PHONE, {"news": EMAIL})] == [0, PHONE]


def test_what_was_agreed_to_before_stands_without_a_box() -> None:
    kept = carried(BOTH, BOTH, NAME | EMAIL | PHONE)
    assert accepted(divide(BOTH, NAME | EMAIL | PHONE, kept), 0) == NAME | EMAIL | PHONE


def test_another_wording_or_ground_is_agreed_to_anew_and_the_other_purpose_stands() -> None:
    for changed in (
        replace(NEWS, text={"vi": "Báo tin tức", "en": "To send news"}),
        replace(NEWS, text={"vi": "Báo tin", "en": "To send all news"}),
        replace(NEWS, legal_basis="contract"),
        replace(NEWS, id="tidings"),
    ):
        kept = carried(BOTH, (DUTY, changed), NAME | EMAIL | PHONE)
        assert kept == {"settle": NAME, changed.id: 0}
        assert together((DUTY, changed)) != together(BOTH)


def test_claim_that_moves_to_another_purpose_is_not_carried_along() -> None:
    moved = (replace(DUTY, required=NAME | PHONE), replace(NEWS, optional=0))
    assert carried(BOTH, moved, NAME | EMAIL | PHONE) == {"settle": NAME, "news": EMAIL}
    assert together(moved) != together(BOTH)


def test_what_the_system_says_of_itself_as_a_whole_is_part_of_the_version() -> None:
    assert together(BOTH, "one") != together(BOTH, "other")


def test_two_texts_with_one_version_cannot_be_searched_for() -> None:
    assert {len(together(BOTH)), len(DUTY.version)} == {32}


def test_order_of_purposes_changes_no_version() -> None:
    assert together(BOTH) == together((NEWS, DUTY))


BITS = st.integers(0, (1 << len(CLAIMS)) - 1)


@given(BITS, BITS, BITS, BITS, BITS)
def test_an_answer_never_covers_what_was_not_asked_or_has_no_purpose(first, second, requested, ticked, kept) -> None:
    one, other = replace(DUTY, required=first), replace(NEWS, required=0, optional=second & ~first)
    shares = divide((one, other), requested, {"news": kept})
    covered = accepted(shares, ticked)
    assert covered & ~requested == 0
    assert covered & ~(first | second) == 0
    assert covered & first == first & requested
    # A box that is neither ticked nor was agreed to before is never covered.
    assert covered & second & ~first & ~(ticked | kept) == 0
