"""Values as people here write them."""

from __future__ import annotations

import pytest

from idp.web.i18n import LANGUAGES, translator


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("+84905000001", "0905 000 001"),
        ("+842353812345", "+842353812345"),
        ("+4915112345678", "+4915112345678"),
        ("mau@example.vn", "mau@example.vn"),
        ("", ""),
    ],
)
def test_a_mobile_number_of_vietnam_is_read_as_it_is_dialled(language: str, stored: str, read: str) -> None:
    assert translator(language).phone(stored) == read
