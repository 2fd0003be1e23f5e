"""What of a purpose's text may be corrected with consents standing, and what may never be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.claims import pack
from policies.corrections import MOST_WORDS, differences, fault
from policies.purposes import Purpose

TEXT = {
    "vi": "Gửi kết qủa giải quyết hồ sơ cho bạn trong 30 ngày, chỉ qua thư điện tử",
    "en": "To send you the reslt of your dossier within 30 days, by email only",
}
TELL = Purpose("tell", TEXT, "consent", pack(["name"]), pack(["email"]))
DUTY = Purpose("settle", {"vi": "Giải quyết hồ sơ", "en": "To settle a dossier"}, "public_duty", pack(["birthdate"]))
BEFORE = (TELL, DUTY)


def told(**texts: str) -> tuple[Purpose, ...]:
    return (replace(TELL, text={**TEXT, **texts}), DUTY)


@pytest.mark.parametrize(
    "texts",
    [
        {"vi": TEXT["vi"].replace("qủa", "quả")},
        {"en": TEXT["en"].replace("reslt", "result")},
        {"vi": TEXT["vi"].replace("qủa", "quả"), "en": TEXT["en"].replace("reslt", "result")},
        {"vi": TEXT["vi"] + "."},
        {"vi": TEXT["vi"].replace(", chỉ", " chỉ").upper()},
        {"vi": TEXT["vi"].replace("hồ sơ", "bộ hồ sơ")},
    ],
)
def test_spelling_punctuation_and_a_word_of_grammar_are_corrections(texts: dict[str, str]) -> None:
    assert fault(BEFORE, told(**texts)) == ""


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (BEFORE, "nothing_corrected"),
        ((replace(TELL, legal_basis="contract"), DUTY), "beyond_text"),
        ((replace(TELL, required=pack(["name", "gender"])), DUTY), "beyond_text"),
        ((replace(TELL, required=pack(["name", "email"]), optional=0), DUTY), "beyond_text"),
        ((replace(TELL, id="other"), DUTY), "beyond_text"),
        ((TELL,), "beyond_text"),
        ((DUTY, TELL), "beyond_text"),
        ((*BEFORE, replace(DUTY, id="more")), "beyond_text"),
        (
            (
                replace(TELL, text={**TEXT, "vi": TEXT["vi"] + "."}),
                replace(DUTY, text={**DUTY.text, "vi": "Giải quyết hồ sơ."}),
            ),
            "beyond_text",
        ),
        ((replace(TELL, text={"vi": TEXT["vi"]}), DUTY), "languages"),
        (told(vi=TEXT["vi"].replace("30", "60")), "numbers"),
        (told(en=TEXT["en"].replace("30 days", "days")), "numbers"),
        (told(vi=TEXT["vi"].replace("chỉ ", "")), "weighty_words"),
        (told(en=TEXT["en"].replace(" only", " and phone")), "weighty_words"),
        (told(en=TEXT["en"].replace("To send", "To not send")), "weighty_words"),
        (told(vi="Gửi quảng cáo của các công ty khác cho bạn trong 30 ngày, chỉ qua thư điện tử"), "too_many_words"),
        (told(en="Within 30 days only, something else entirely is done with your data"), "too_many_words"),
    ],
)
def test_what_may_change_a_meaning_is_no_correction(after: tuple[Purpose, ...], why: str) -> None:
    assert fault(BEFORE, after) == why


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("giữ hồ sơ trong hai tháng rồi xóa", "giữ hồ sơ trong mười tháng rồi xóa", "weighty_words"),
        ("kept for two months, then erased by us", "kept for ten months, then erased by us", "weighty_words"),
        ("gửi cho ai từ chối nhận tin quảng cáo", "gửi cho ai đồng ý nhận tin quảng cáo", "weighty_words"),
        ("phí dưới mức của tỉnh, báo qua thư", "phí trên mức của tỉnh, báo qua thư", "weighty_words"),
        ("không gửi nếu bạn ghi vào đơn này", "gửi nếu bạn không ghi vào đơn này", "weighty_words"),
        ("we may send your dossier to the ward", "we must send your dossier to the ward", "weighty_words"),
        ("giữ hồ sơ 1.5 năm rồi xóa hết", "giữ hồ sơ 15 năm rồi xóa hết", "numbers"),
        ("giữ hồ sơ 1 5 năm rồi xóa hết", "giữ hồ sơ 1,5 năm rồi xóa hết", "numbers"),
        ("phí là 5 % mức của tỉnh này", "phí là 5 ‰ mức của tỉnh này", "numbers"),
    ],
)
def test_numbers_in_words_bounds_duties_and_a_moved_no_are_no_corrections(before: str, after: str, why: str) -> None:
    """The attack: what reads as one word of two hundred is another term, another bound, or somebody else's refusal."""
    one = replace(TELL, text={"vi": before})
    assert fault([one], [replace(one, text={"vi": after})]) == why


def test_of_a_short_text_one_word_may_be_corrected_and_of_a_long_one_a_few() -> None:
    short = replace(TELL, text={"vi": "Báo tn"})
    assert fault([short], [replace(short, text={"vi": "Báo tin"})]) == ""
    assert fault([short], [replace(short, text={"vi": "Bán hàng"})]) == "too_many_words"
    words = [f"từ{letter * 3}" for letter in "abcdefghijklmnopqrstuvwxyzđêôơư" * 3]
    long = replace(TELL, text={"vi": " ".join(words)})
    for count in (MOST_WORDS, MOST_WORDS + 1):
        other = replace(long, text={"vi": " ".join(["khác"] * count + words[count:])})
        assert (fault([long], [other]) == "") is (count <= MOST_WORDS)


def test_one_letter_is_one_however_it_is_encoded() -> None:
    vi = "Gửi kết quả cho bạn"
    decomposed = vi.replace("ả", "a\N{COMBINING HOOK ABOVE}")
    one = replace(TELL, text={"vi": vi})
    assert fault([one], [replace(one, text={"vi": decomposed})]) == ""


def test_the_second_person_is_shown_each_place_that_would_read_otherwise() -> None:
    assert differences("Gửi kết qủa cho bạn", "Gửi kết quả cho bạn.") == (("qủa", "quả"), ("bạn", "bạn."))
    assert differences("Gửi cho bạn", "Gửi đến cho bạn") == (("", "đến"),)
    assert differences("như cũ", "như cũ") == ()


@given(st.lists(st.sampled_from("abcd"), max_size=8), st.lists(st.sampled_from("abcd"), max_size=8))
def test_the_places_that_differ_make_the_new_text_of_the_old_one(old: list[str], new: list[str]) -> None:
    places = differences(" ".join(old), " ".join(new))
    assert (places == ()) is (old == new)
    gone, come = (" ".join(one[side] for one in places).split() for side in (0, 1))
    assert len(old) - len(gone) == len(new) - len(come), "what stays is the same on both sides"
    assert sorted(old + come) == sorted(new + gone)
