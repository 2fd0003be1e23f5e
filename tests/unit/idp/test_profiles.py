"""The account columns: what is kept, and which column is named when something is wrong."""

from __future__ import annotations

import unicodedata

import pytest

from idp.errors import InvalidInput
from idp.services import profiles


def checked(**columns: object) -> dict[str, object]:
    return profiles.checked({"name": "Công dân mẫu", **columns})


def test_names_are_kept_in_nfc_with_single_spaces() -> None:
    typed = unicodedata.normalize("NFD", "  Nguyễn  Văn   Đức ")
    assert checked(name=typed)["name"] == "Nguyễn Văn Đức"


def test_empty_columns_are_left_out() -> None:
    assert checked(email="", birthdate=None) == {"name": "Công dân mẫu"}


def test_a_missing_name_is_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        profiles.checked({"name": "  "})
    assert caught.value.field == "name"


@pytest.mark.spec("OIDC Core", "5.1")
@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("0905 123 456", "+84905123456"),
        ("+84 905.123.456", "+84905123456"),
        ("0084905123456", "+84905123456"),
        ("(0235) 3852 739", "+842353852739"),
        ("+4930123456", "+4930123456"),
    ],
)
def test_telephone_numbers_become_e164(raw: str, kept: str) -> None:
    assert checked(phone_number=raw)["phone_number"] == kept


@pytest.mark.spec("OIDC Core", "5.1")
@pytest.mark.parametrize(
    ("column", "raw"),
    [
        ("name", "Mẫu\u202egnạg"),
        ("name", "Mẫu\u200b"),
        ("name", "Mẫu\nHai"),
        ("name", "Mẫu\x00"),
        ("name", "a" * 301),
        ("gender", "nam"),
        ("birthdate", "2199-02-30"),
        ("birthdate", "21990501"),
        ("birthdate", "2199-W01-1"),
        ("birthdate", "01/05/2199"),
        ("email", "nobody"),
        ("email", "a b@example.vn"),
        ("email", "a@b"),
        ("email", f"{'a' * 64}@{'b' * 190}.vn"),
        ("email_verified", "yes"),
        ("phone_number", "123"),
        ("phone_number", "+840905123456"),
        ("phone_number", "84905123456"),
        ("phone_number", "٠٩٠٥١٢٣٤٥٦"),
        ("picture", "http://example.vn/a.png"),
        ("picture", "https://user@example.vn/"),
        ("picture", "https://[::1"),
        ("picture", "https://example.vn/a b"),
        ("picture", "https://exam\tple.vn/"),
        ("website", "javascript:alert(1)"),
        ("zoneinfo", "Asia/Atlantis"),
        ("zoneinfo", "../../etc/passwd"),
        ("locale", "vi_VN"),
        ("nickname", 5),
        ("address_locality", "Tam Kỳ\nĐà Nẵng"),
    ],
)
def test_what_breaks_a_rule_is_refused_and_named(column: str, raw: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked(**{column: raw})
    assert caught.value.field == column


def test_a_formatted_address_may_have_lines() -> None:
    kept = checked(address_formatted="1 Trần Phú\r\n\r\n  Tam Kỳ ")
    assert kept["address_formatted"] == "1 Trần Phú\nTam Kỳ"


def test_flags_are_read_from_text_and_from_json() -> None:
    assert checked(email_verified="TRUE")["email_verified"] is True
    assert checked(email_verified=False)["email_verified"] is False


def test_zone_locale_and_urls_pass_as_they_are() -> None:
    given = {"zoneinfo": "Asia/Ho_Chi_Minh", "locale": "vi-VN", "picture": "https://example.vn/a.png?b=1"}
    assert given.items() <= checked(**given).items()
