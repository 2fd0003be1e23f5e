"""Where each attribute of an account came from: what is written down, and what follows from how the account began."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from idp.model.account import BEGINNING, DIRECTORY, IMPORT, OPERATOR, SELF, Account, CodeEntry, Source
from idp.services.drafts import Draft, checked
from idp.services.provenance import Told, provenance, sources_after

BEGAN = 1_800_000_000
PROFILE: dict[str, Any] = {"name": "Công dân mẫu 01", "birthdate": "2199-05-01", "gender": "male"}


def account(**changes: Any) -> Account:
    made = Account("an", "person", "active", 2, None, True, PROFILE, BEGAN, BEGAN)
    return replace(made, **changes)


def code(reason: str, at: int = BEGAN, until: int | None = None, scheme: str = "cccd") -> CodeEntry:
    return CodeEntry(f"c{at}", "an", "person", scheme, "049499000001", at, until, reason)


def sources(told: list[Told]) -> dict[str, Source]:
    return {one.attribute: one.source for one in told}


@pytest.mark.parametrize(
    ("reason", "name"),
    [("registered", OPERATOR), ("imported", IMPORT), ("upstream:vneid", "vneid"), ("lý do", OPERATOR)],
)
def test_what_nobody_wrote_down_came_with_the_account(reason: str, name: str) -> None:
    found = provenance(account(), [code(reason)])
    assert [one.attribute for one in found] == ["name", "cccd", "birthdate", "gender", "identity_level"]
    assert set(sources(found).values()) == {Source(name, BEGAN)}


def test_an_official_came_from_a_directory() -> None:
    assert set(sources(provenance(account(kind="official"), [])).values()) == {Source(DIRECTORY, BEGAN)}


def test_each_attribute_says_who_told_it_last() -> None:
    told = {"identity_level": Source("vneid", BEGAN + 5), "email": Source(SELF, BEGAN + 9)}
    found = provenance(account(profile={**PROFILE, "email": "mau@example.vn"}, sources=told), [code("imported")])
    assert sources(found)["identity_level"] == Source("vneid", BEGAN + 5)
    assert sources(found)["email"] == Source(SELF, BEGAN + 9)
    assert sources(found)["name"] == Source(IMPORT, BEGAN)


def test_of_codes_the_present_ones_are_shown_and_each_has_its_own_day() -> None:
    found = provenance(account(), [code("số mới", BEGAN + 9), code("replaced", until=BEGAN + 9)])
    assert [(one.attribute, one.source) for one in found if one.is_code] == [("cccd", Source(OPERATOR, BEGAN + 9))]
    # Why the first code ended is known, how the account began is not any more.
    assert sources(found)["name"] == Source(BEGINNING, BEGAN)


def draft(**columns: str) -> Draft:
    given = {"code_type": "cccd", "code": "049499000001", "identity_level": "2", **PROFILE, **columns}
    return checked(given, date(2026, 11, 27))


def test_an_operator_becomes_the_source_of_what_he_changed_and_of_nothing_else() -> None:
    told = {name: Source("vneid", BEGAN) for name in (*PROFILE, "identity_code", "identity_level", "email")}
    after = sources_after(account(sources=told), draft(name="Công dân mẫu một", nickname="Mẫu"), BEGAN + 7)
    assert after == {
        "name": Source(OPERATOR, BEGAN + 7),
        "nickname": Source(OPERATOR, BEGAN + 7),
        "birthdate": Source("vneid", BEGAN),
        "gender": Source("vneid", BEGAN),
        "identity_code": Source("vneid", BEGAN),
        "identity_level": Source("vneid", BEGAN),
    }
