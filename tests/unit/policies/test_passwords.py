"""Passwords that nobody may choose."""

from __future__ import annotations

import pytest

from policies.passwords import Personal, is_common, is_personal, spellings

PERSON = Personal(("049499000001",), "2199-05-01", "Nguyễn Văn Mẫu")


@pytest.mark.parametrize(
    "raw",
    [
        "matkhau2026",
        "Mật Khẩu 2026",
        "M@tKh@u!!!",
        "m4tkh4u2026",
        "QuảngNam@92",
        "đà nẵng 43!",
        "anh yêu em",
        "dichvucong1",
        "abcabcabc",
        "1qaz2wsx",
        "P@ssw0rd",
        "68686868",
    ],
)
def test_what_guessers_try_first_here_is_common_in_every_spelling(raw: str) -> None:
    assert is_common(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "một câu dài mà tôi nhớ",
        "mật khẩu mẫu của công dân 01",
        "Trời hôm nay đẹp quá",
        "vay-9Kq.tzom",
        "Mật khẩu của tôi 01",
    ],
)
def test_a_sentence_is_not_common_for_the_words_in_it(raw: str) -> None:
    assert not is_common(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "xin 049499000001",
        "so 9900 0001 nhé",
        "sinh ngày 01/05/2199",
        "em01051999 01052199",
        "2199-05-01 là tôi",
        "tuoi 010599 day",
        "nguyễn văn mẫu",
        "NguyenVanMau1",
    ],
)
def test_what_everybody_knows_of_a_person_is_no_secret(raw: str) -> None:
    assert is_personal(raw, PERSON)


@pytest.mark.parametrize("raw", ["một câu dài mà tôi nhớ", "0494 và 0001", "nguyễn thì cũng được"])
def test_a_few_digits_or_a_family_name_are_not_held_against_anybody(raw: str) -> None:
    assert not is_personal(raw, PERSON)


def test_an_unknown_birth_date_or_name_forbids_nothing() -> None:
    assert not is_personal("một câu dài", Personal(("",), "2199", "An"))


def test_words_are_looked_up_whole_and_a_long_number_is_no_word() -> None:
    assert "butterfly" in spellings("Butterfly99!")
    assert "love" not in spellings("love8362910473625")
    assert "anhyeuem" in spellings("Anh Yêu Em 2026")
    assert spellings("") == frozenset()
