"""Drafts: the columns of an account together."""

from __future__ import annotations

from datetime import date

import pytest

from idp.errors import InvalidInput
from idp.services import drafts

TODAY = date(2026, 11, 24)
SAMPLE = {"code_type": "cccd", "code": "049499000001", "name": "Công dân mẫu 01"}


def draft(**columns: object) -> drafts.Draft:
    return drafts.checked({**SAMPLE, **columns}, TODAY)


def test_a_sample_number_marks_the_account() -> None:
    assert draft().is_sample
    assert not draft(code="049099000001").is_sample


@pytest.mark.parametrize(
    ("columns", "field", "reason"),
    [
        ({"birthdate": "2198-05-01"}, "birthdate", "birth_year_mismatch"),
        ({"gender": "female"}, "gender", "sex_mismatch"),
        ({"code": "049226000001", "birthdate": "2026-12-01"}, "birthdate", "birth_in_future"),
        ({"code": "0494990000012"}, "code", "wrong_length"),
        ({"code": "04949900000l"}, "code", "not_digits"),
        ({"code": ""}, "code", "code_empty"),
        ({"code_type": "passport"}, "code_type", "unknown_scheme"),
        ({"code_type": ""}, "code_type", "unknown_scheme"),
        ({"identity_level": "3"}, "identity_level", "invalid_input"),
        ({"unit": "x" * 33}, "unit", "invalid_input"),
        ({"external_id": "a\u200bb"}, "external_id", "invalid_input"),
    ],
)
def test_contradictions_name_column_and_reason(columns: dict[str, str], field: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        draft(**columns)
    assert (caught.value.field, caught.value.code) == (field, reason)


def test_an_unknown_province_is_a_warning() -> None:
    assert draft(code="999099000001").warnings == ("unknown_province",)


def test_full_width_digits_are_the_same_code() -> None:
    full_width = {48 + digit: 0xFF10 + digit for digit in range(10)}
    assert draft(code="049 499 000 001".translate(full_width)).code == draft().code


def test_businesses_and_agencies_are_organisations() -> None:
    assert draft(code_type="mst").kind == "organisation"
    assert draft(code_type="agency", code="H56.14").kind == "organisation"
    assert draft(code_type="foreigner", code="AB12345").kind == "person"


def test_levels_come_as_text_and_as_numbers() -> None:
    assert [draft(identity_level=level).identity_level for level in ("2", 2, "", None)] == [2, 2, 1, 1]


def test_error_texts_never_hold_the_code() -> None:
    with pytest.raises(InvalidInput) as caught:
        draft(code="0494990000012")
    assert "049499" not in str(caught.value)
