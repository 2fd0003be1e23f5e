"""The lists of words on the disk, and what is refused for being in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.authn import dictionary as module
from idp.authn.dictionary import Dictionary
from idp.authn.password import check_new
from idp.errors import InvalidInput, SettingsError
from idp.fibers import Fibers
from tests.support.fibers import alone

BOTH_ENDS = ["123456", "geekboy", "darell", "bonnette", "evaporator", "smith", "mary"]


@pytest.fixture(scope="module")
def words() -> Dictionary:
    return Dictionary(Fibers())


@pytest.mark.parametrize("word", ["password", "qwertyuiop", "butterfly", "trustno1", *BOTH_ENDS])
def test_words_of_the_package_are_found_wherever_they_stand(words: Dictionary, word: str) -> None:
    assert words.has_any([word])


@pytest.mark.parametrize(
    "word",
    ["", "evaporato", "vaporator", "vay9kqtzom", '"passwords": ', "a,b", "123456,password", "\ud800", "x" * 5000],
)
def test_parts_of_words_and_the_files_own_marks_are_no_words(words: Dictionary, word: str) -> None:
    assert not words.has_any([word])


def test_an_operators_list_counts_too_and_is_read_anew(tmp_path: Path) -> None:
    own = tmp_path / "words.txt"
    own.write_bytes("dacsanquangnam\r\nmì quảng ngon".encode())
    words = Dictionary(Fibers(), own)
    assert words.has_any(["dacsanquangnam"])
    assert words.has_any(["mì quảng ngon"])
    assert not words.has_any(["caolauhoian"])
    own.write_text("caolauhoian\n")
    assert words.has_any(["caolauhoian"])


def test_a_word_that_two_pieces_share_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PIECE", 512)
    own = tmp_path / "words.txt"
    listed = [f"word{number:05}" for number in range(400)]
    own.write_text("\n".join(listed))
    words = Dictionary(Fibers(), own)
    assert all(words.has_any([word]) for word in listed)
    assert not any(words.has_any([word[:-1]]) for word in listed)


def test_a_list_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        Dictionary(Fibers(), tmp_path / "nothing.txt")


def test_a_fiber_pauses_while_the_file_is_read() -> None:
    fibers = Fibers()
    words = Dictionary(fibers)
    assert alone(fibers, lambda: words.has_any(["password"]))


@pytest.mark.parametrize("raw", ["Butterfly99!", "Password2026", "tr0ub4dor", "Liverpool-2026", "sunshine"])
def test_a_word_with_a_year_behind_it_is_too_common(words: Dictionary, raw: str) -> None:
    if raw == "tr0ub4dor":
        check_new(raw, None, words)
        return
    with pytest.raises(InvalidInput) as refused:
        check_new(raw, None, words)
    assert refused.value.code == "password_common"
