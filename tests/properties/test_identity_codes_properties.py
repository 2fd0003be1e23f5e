"""Identity codes under arbitrary input: one canonical value, no look-alikes, no crash."""

from __future__ import annotations

import unicodedata
from datetime import date

from hypothesis import assume, given
from hypothesis import strategies as st

from policies.identity_codes import SCHEMES, CodeError, IdentityCode, check_consistency, parse, recognise
from policies.identity_codes.business import check_digit

DIGITS = st.text("0123456789", min_size=1, max_size=14)
RAW = st.one_of(st.text(max_size=80), DIGITS, st.text("0123456789 -./AHZabz\u200b\u0410\uff10", max_size=40))
GAPS = st.lists(st.sampled_from(["", " ", "-", ".", "\u00a0"]), min_size=12, max_size=12)
WIDE = str.maketrans(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "".join(chr(0xFEE0 + ord(c)) for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
)
CANONICAL = [
    ("cccd", "049085001234"),
    ("cmnd", "201234567"),
    ("mst", "0314409058002"),
    ("foreigner", "PA0123HX"),
    ("agency", "Z01ABCHX7"),
]
HOMOGLYPHS = {
    "A": "\u0410",
    "B": "\u0392",
    "H": "\u041d",
    "X": "\u0425",
    "P": "\u0420",
    "C": "\u0421",
    "0": "\u0660",
    "1": "\u06f1",
    "3": "\u0417",
}
DISGUISES = [
    "wide",
    "homoglyph",
    "lower",
    "\u200b",
    "\u200d",
    "\u00ad",
    "\u202e",
    "\u2066",
    "\ufe0f",
    "\u0301",
    " ",
    "\u00a0",
    "-",
    "\u2010",
    ".",
]


def outcome(scheme: str, raw: str) -> tuple[IdentityCode | None, str]:
    try:
        return parse(scheme, raw), ""
    except CodeError as refused:
        return None, refused.reason


@given(st.sampled_from(sorted(SCHEMES)), RAW)
def test_canonical_value_is_its_own_canonical_value(scheme: str, raw: str) -> None:
    code, reason = outcome(scheme, raw)
    if code is None:
        assert reason
        return
    assert parse(scheme, code.value) == code
    assert code.value.isascii()
    assert code.value.isprintable()
    assert " " not in code.value


@given(RAW)
def test_recogniser_never_raises_and_offers_only_what_parses_to_the_same(raw: str) -> None:
    candidates = recognise(raw)
    assert len(candidates) <= len(SCHEMES)
    for code in candidates:
        assert code.scheme.value != "cmnd"
        assert parse(code.scheme.value, raw) == code
        assert code in recognise(code.value)


@given(st.text("0123456789", min_size=12, max_size=12), GAPS)
def test_grouping_and_width_of_digits_make_no_difference(digits: str, gaps: list[str]) -> None:
    spelled = "".join(gap + digit for gap, digit in zip(gaps, digits.translate(WIDE), strict=True))
    assert parse("cccd", spelled).value == digits


@given(st.sampled_from(CANONICAL), st.lists(st.tuples(st.integers(0, 40), st.sampled_from(DISGUISES)), max_size=6))
def test_disguised_code_is_the_same_code_or_refused(known: tuple[str, str], disguises: list[tuple[int, str]]) -> None:
    scheme, raw = known
    for place, disguise in disguises:
        at = place % len(raw)
        raw = raw[:at] + _disguised(raw[at], disguise) + raw[at + 1 :]
    code, reason = outcome(scheme, raw)
    assert reason or (code is not None and (scheme, code.value) == known)


def _disguised(character: str, disguise: str) -> str:
    if disguise == "wide":
        return character.translate(WIDE)
    if disguise == "homoglyph":
        return HOMOGLYPHS.get(character, character)
    return character.lower() if disguise == "lower" else character + disguise


@given(st.sampled_from(sorted(SCHEMES)), DIGITS, st.characters(min_codepoint=0x80), st.integers(0, 14))
def test_character_that_stays_outside_ascii_is_never_part_of_a_code(
    scheme: str, digits: str, stranger: str, place: int
) -> None:
    folded = unicodedata.normalize("NFKC", stranger)
    assume(not folded.isascii() and not stranger.isspace())
    raw = digits[:place] + stranger + digits[place:]
    assert outcome(scheme, raw)[1] in {"not_ascii", "hidden_character"}


@given(st.integers(1, 99), st.integers(1, 9_999_999), st.integers(0, 9), st.integers(1, 9))
def test_check_digit_finds_every_wrong_digit(province: int, serial: int, place: int, change: int) -> None:
    nine = f"{province:02d}{serial:07d}"
    assume(check_digit(nine) < 10)
    right = f"{nine}{check_digit(nine)}"
    assert parse("mst", right).value == right
    wrong = right[:place] + str((int(right[place]) + change) % 10) + right[place + 1 :]
    assume(int(wrong[2:9]))
    assert outcome("mst", wrong) == (None, "check_digit")


@given(
    st.text("0123456789", min_size=12, max_size=12),
    st.sampled_from([None, "male", "female"]),
    st.one_of(st.none(), st.text(max_size=12), st.dates().map(str)),
)
def test_consistency_check_never_raises(digits: str, sex: str | None, birthdate: str | None) -> None:
    findings = check_consistency(parse("cccd", digits), sex, birthdate, date(2026, 11, 24))
    assert len(set(findings.errors)) == len(findings.errors)
