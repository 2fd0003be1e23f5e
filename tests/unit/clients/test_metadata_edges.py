"""Rules of the registration that no test missed when they were taken out (docs/decisions/0174): each of these fails without its rule."""

from __future__ import annotations

import pytest

from clients import metadata
from clients.fields import MAX_LIST, MAX_NAME, MAX_TEXT
from tests.support.memory_clients import department, reasons

# What a client could give itself a right with; written down here once more, so that no row loses its mark unseen.
OPERATORS = (
    "resource_identifiers", "allowed_resources", "token_exchange", "assertion_issuers", "own_authorization_details",
    "capacities",
)  # fmt: skip


def test_the_fields_that_are_the_operators_are_these() -> None:
    assert metadata.OPERATORS == OPERATORS


@pytest.mark.spec("RFC 7591", "5")
@pytest.mark.parametrize("name", OPERATORS)
def test_a_client_that_registers_itself_gives_itself_none_of_the_operators_fields(name: str) -> None:
    given = {"capacities": ["person", "organisation"]}.get(name, ["https://land.example.vn/"])
    registration, faults = metadata.check(department(**{name: given}), is_operator=False)
    assert faults == []
    assert registration.values[name] == metadata.FIELDS[name].default
    assert registration.ignored == (name,)


@pytest.mark.spec("RFC 7591", "5")
@pytest.mark.parametrize("scope", ["admin:keys:read", "admin:clients:write", "signals", "ssf.read"])
def test_a_scope_of_administration_or_of_signals_is_the_operators_to_give(scope: str) -> None:
    wanted = department(scope=f"openid {scope}", grant_types=["authorization_code", "client_credentials"])
    assert scope in metadata.parse(wanted, is_operator=True).values["scope"]
    refused = metadata.check(wanted, is_operator=False)[1]
    assert {fault.field.partition("[")[0] for fault in refused} == {"scope"}


@pytest.mark.spec("RFC 7592", "2.2")
@pytest.mark.parametrize(
    "name",
    [
        "client_id_issued_at", "client_secret_expires_at", "sector_id", "state", "created_at", "updated_at",
        "software_statement", "registration_access_token", "registration_client_uri", "expires_at", "introduced_by",
        "federation",
    ],
)  # fmt: skip
def test_what_we_show_beside_the_fields_may_come_back_and_is_not_named_as_unknown(name: str) -> None:
    assert metadata.parse(department(**{name: "x"})).ignored == ()


@pytest.mark.parametrize("character", ["\ue000", "\u2028", "\u2029", "\u00ad", "\ud800", "\x7f"])
def test_no_kind_of_invisible_character_is_in_a_name(character: str) -> None:
    assert reasons(department(client_name=f"Cổng{character}")) == {("client_name", "characters")}


def test_texts_and_lists_may_be_as_long_as_it_says_and_no_longer() -> None:
    assert reasons(department(client_name="a" * MAX_NAME, purpose={"vi": "a" * MAX_TEXT})) == set()
    many = [f"https://portal.example.vn/{number}" for number in range(MAX_LIST)]
    assert reasons(department(redirect_uris=many)) == set()
    assert reasons(department(redirect_uris=[*many, "https://portal.example.vn/more"])) == {
        ("redirect_uris", "not_list")
    }


@pytest.mark.parametrize("name", [["Cổng"], 5, True, []])
@pytest.mark.parametrize("tagged", [{}, {"client_name#en": "Portal"}])
def test_a_name_that_is_neither_a_text_nor_texts_by_language_is_refused(name: object, tagged: dict[str, str]) -> None:
    assert ("client_name", "not_translated") in reasons(department(client_name=name, **tagged))


@pytest.mark.parametrize("value", [["pairwise"], {"pairwise": 1}, 1, True])
def test_a_choice_is_made_by_a_text(value: object) -> None:
    assert {field for field, _ in reasons(department(subject_type=value))} == {"subject_type"}
