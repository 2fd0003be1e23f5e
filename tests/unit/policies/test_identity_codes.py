"""Identity codes: normal form, structure checks, recognition."""

from __future__ import annotations

from datetime import date

import pytest

from policies.identity_codes import (
    SCHEMES,
    CodeError,
    EntityType,
    Findings,
    check_consistency,
    is_sample,
    may_sign_in,
    parse,
    recognise,
)
from policies.identity_codes.business import check_digit
from policies.identity_codes.provinces import PROVINCES

TODAY = date(2026, 11, 24)
SAMPLE = "049499000001"
CITIZEN = "049085001234"


def refusal(scheme: str, raw: str) -> tuple[str, str]:
    with pytest.raises(CodeError) as caught:
        parse(scheme, raw)
    assert CITIZEN not in str(caught.value)
    return caught.value.field, caught.value.reason


@pytest.mark.parametrize(
    "raw",
    [
        CITIZEN,
        " 049 085 001 234\n",
        "049-085-001-234",
        "049.085.001.234",
        "\uff10\uff14\uff19\uff10\uff18\uff15\uff10\uff10\uff11\uff12\uff13\uff14",
        "049085\u00a0001234",
        "\U0001d7ce49085001234",
    ],
)
def test_every_spelling_of_a_citizen_number_is_one_value(raw: str) -> None:
    assert parse("cccd", raw).value == CITIZEN


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "code_empty"),
        (" \t ", "code_empty"),
        ("0" * 65, "code_too_long"),
        ("\ufdfa" * 65, "code_too_long"),
        ("04908500123", "wrong_length"),
        ("0490850012345", "wrong_length"),
        ("04908500123a", "not_digits"),
        ("+49085001234", "not_digits"),
        ("\u0660\u0664\u0669\u0660\u0668\u0665\u0660\u0660\u0661\u0662\u0663\u0664", "not_ascii"),
        ("04908500\u200b1234", "hidden_character"),
        ("04908500\u202e1234", "hidden_character"),
        ("04908500\u00ad1234", "hidden_character"),
        ("04908500\x001234", "hidden_character"),
        ("04908500\ud8001234", "hidden_character"),
        ("049085001234\ufeff", "hidden_character"),
    ],
)
def test_what_is_not_twelve_ascii_digits_is_refused_with_its_reason(raw: str, reason: str) -> None:
    assert refusal("cccd", raw) == ("code", reason)


def test_unknown_scheme_names_the_code_type() -> None:
    assert refusal("passport", CITIZEN) == ("code_type", "unknown_scheme")


def test_error_and_repr_never_show_the_value() -> None:
    assert CITIZEN not in repr(parse("cccd", CITIZEN))
    assert CITIZEN not in str(parse("cccd", CITIZEN))


def test_old_card_of_nine_digits_is_history_only() -> None:
    code = parse("cmnd", "201 234 567")
    assert code.value == "201234567"
    assert not may_sign_in(code)
    assert code not in recognise("201234567")


def test_old_card_of_twelve_digits_has_to_be_given_as_citizen_number() -> None:
    assert refusal("cmnd", CITIZEN) == ("code_type", "cmnd_of_twelve_digits")


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("0100233488", "0100233488"),
        ("0314409058-002", "0314409058002"),
        ("0100112437", "0100112437"),
        ("0100.233 488", "0100233488"),
    ],
)
def test_valid_tax_codes_are_kept_as_digits(raw: str, value: str) -> None:
    code = parse("mst", raw)
    assert (code.entity_type, code.value) == (EntityType.BUSINESS, value)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("0100233480", "check_digit"),
        ("0100233488000", "no_such_number"),
        ("0100000009", "no_such_number"),
        ("01002334", "wrong_length"),
        ("01002334881", "wrong_length"),
    ],
)
def test_invalid_tax_codes_are_refused(raw: str, reason: str) -> None:
    assert refusal("mst", raw) == ("code", reason)


def test_number_without_possible_check_digit_is_never_valid() -> None:
    nine = next(f"01{serial:07d}" for serial in range(1, 1000) if check_digit(f"01{serial:07d}") == 10)
    assert all(refusal("mst", f"{nine}{digit}") == ("code", "check_digit") for digit in range(10))


def test_household_business_has_a_citizens_digits_and_is_another_code() -> None:
    person, business = parse("cccd", CITIZEN), parse("mst", CITIZEN)
    assert person.value == business.value
    assert person != business


@pytest.mark.parametrize("raw", ["ab 123-45", "AB12345", "ab.12/345", "\uff21\uff22\uff11\uff12\uff13\uff14\uff15"])
def test_spellings_of_a_foreigners_number_are_one_value(raw: str) -> None:
    assert parse("foreigner", raw).value == "AB12345"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("\u0410B12345", "not_ascii"),
        ("AB\u200d12345", "hidden_character"),
        ("ABCDE", "not_foreigner_code"),
        ("A1", "not_foreigner_code"),
        ("A_1234", "not_foreigner_code"),
    ],
)
def test_look_alikes_of_a_foreigners_number_are_refused(raw: str, reason: str) -> None:
    assert refusal("foreigner", raw) == ("code", reason)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("h56.14", "H56.14"),
        ("G22", "G22"),
        ("H56.14.02A", "H56.14.02A"),
        ("Z01ABC123", "Z01ABC123"),
        ("000.00.00.h49", "000.00.00.H49"),
    ],
)
def test_agency_codes_are_upper_case(raw: str, value: str) -> None:
    code = parse("agency", raw)
    assert (code.entity_type, code.value) == (EntityType.AGENCY, value)


@pytest.mark.parametrize("raw", ["H5", "H56.", "H56..1", "Z00ABC", "Z01", "H56-14", "H56." + "1" * 40, "Z0112.3"])
def test_what_decision_20_does_not_know_is_no_agency_code(raw: str) -> None:
    assert refusal("agency", raw) == ("code", "not_agency_code")


def test_agency_code_of_the_old_form_is_history_only() -> None:
    assert not may_sign_in(parse("agency", "000.00.00.H49"))
    assert recognise("000.00.00.H49") == (parse("foreigner", "000.00.00.H49"),)


def test_twelve_digits_are_a_citizen_first_and_then_whatever_else_they_may_be() -> None:
    assert [code.scheme.value for code in recognise(CITIZEN)] == ["cccd", "mst", "foreigner"]


@pytest.mark.parametrize(
    ("raw", "schemes"),
    [
        ("0100233488", ["mst", "foreigner"]),
        ("H56.14", ["foreigner", "agency"]),
        ("", []),
        ("\u0410123", []),
        ("x" * 100, []),
    ],
)
def test_recognition_offers_each_scheme_once(raw: str, schemes: list[str]) -> None:
    assert [code.scheme.value for code in recognise(raw)] == schemes


def test_schemes_are_the_contracts_code_types() -> None:
    assert set(SCHEMES) == {"cccd", "cmnd", "mst", "foreigner", "agency"}


def test_there_are_63_provinces() -> None:
    assert len(PROVINCES) == 63
    assert PROVINCES["049"] == "Quảng Nam"


def test_consistent_declaration_has_no_findings() -> None:
    assert check_consistency(parse("cccd", CITIZEN), "male", "1985-02-28", TODAY) == Findings()


def test_sample_citizen_born_after_2100_is_accepted_and_marked() -> None:
    code = parse("cccd", SAMPLE)
    assert is_sample(code)
    assert check_consistency(code, "male", "2199-05-01", TODAY) == Findings(sample=True)


def test_household_business_is_no_sample() -> None:
    assert not is_sample(parse("mst", SAMPLE))


@pytest.mark.parametrize(
    ("value", "sex", "birthdate", "errors"),
    [
        (CITIZEN, "female", "1985-02-28", ("sex_mismatch",)),
        (CITIZEN, "male", "1986-02-28", ("birth_year_mismatch",)),
        (CITIZEN, "male", "2085-02-28", ("birth_year_mismatch", "birth_in_future")),
        ("049226001234", "male", "2026-11-24", ()),
        ("049226001234", "male", "2026-11-25", ("birth_in_future",)),
        ("049327001234", None, None, ("birth_in_future",)),
        (CITIZEN, None, None, ()),
        (CITIZEN, "male", "1985", ()),
        (CITIZEN, "male", "0000-02-29", ()),
        (CITIZEN, "male", "1985-02-29", ("birthdate_malformed",)),
        (CITIZEN, "male", "28/02/1985", ("birthdate_malformed",)),
        ("049499000001", "male", "2099-05-01", ("birth_year_mismatch",)),
    ],
)
def test_declared_facts_are_compared_with_the_number(
    value: str, sex: str | None, birthdate: str | None, errors: tuple[str, ...]
) -> None:
    assert check_consistency(parse("cccd", value), sex, birthdate, TODAY).errors == errors


def test_unknown_place_of_birth_registration_is_a_warning_only() -> None:
    assert check_consistency(parse("cccd", "003085001234"), "male", "1985-01-01", TODAY) == Findings(
        warnings=("unknown_province",)
    )


def test_other_schemes_have_nothing_to_compare() -> None:
    assert check_consistency(parse("mst", CITIZEN), "female", "1999-01-01", TODAY) == Findings()
