"""``purposes`` of a registration: what registers, what is at fault and where, and what a client makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from clients.documents import from_document, to_document, to_metadata
from clients.errors import RegistrationRefused
from clients.metadata import parse
from clients.model import Client
from clients.terms import Terms, apply
from policies.claims import pack
from tests.support.memory_clients import department

TEXT = {"vi": "Giải quyết hồ sơ", "en": "To settle a dossier"}
DUTY: dict[str, Any] = {"id": "settle", "text": TEXT, "legal_basis": "public_duty", "claims": ["name"]}
NEWS: dict[str, Any] = {
    "id": "news",
    "text": {"vi": "Báo tin", "en": "To send news"},
    "legal_basis": "consent",
    "claims": [],
    "optional_claims": ["email", "phone_number"],
}
SCOPE = "openid profile email phone"


def registered(*purposes: dict[str, Any], **changes: Any) -> Client:
    values = parse(department(scope=SCOPE, purposes=list(purposes), **changes)).values
    return Client(client_id="c", sector_id="s", **values)


def faults(*purposes: object, scope: str = SCOPE) -> list[tuple[str, str]]:
    with pytest.raises(RegistrationRefused) as caught:
        parse(department(scope=scope, purposes=list(purposes)))
    return [(fault.field, fault.reason) for fault in caught.value.errors]


def test_registration_without_purposes_means_one_for_everything() -> None:
    plain = registered()
    assert plain.purposes == ()
    assert plain.covered_claims & pack(["gender"])
    assert (plain.consent_mode(pack(["name"])), plain.optional_claims) == ("ask", 0)
    told = registered(legal_basis="public_duty", consent="notice")
    assert told.consent_mode(pack(["name"])) == "notice"


def test_each_purpose_decides_by_its_own_ground_whether_people_are_asked() -> None:
    client = registered(DUTY, NEWS)
    assert client.consent_mode(pack(["name"])) == "notice"
    assert client.consent_mode(pack(["name", "email"])) == "ask"
    assert client.consent_mode(0) == "ask"
    assert registered(DUTY).consent_mode(0) == "notice"


def test_what_no_purpose_names_is_covered_by_none_and_a_claim_brings_its_confirmation() -> None:
    client = registered(DUTY, NEWS)
    assert client.covered_claims & pack(["gender"]) == 0
    assert client.covered_claims & pack(["email_verified", "phone_number_verified"])
    assert client.optional_claims & pack(["email", "email_verified"])


def test_document_and_metadata_register_the_same_again() -> None:
    client = registered(DUTY, NEWS)
    assert from_document(to_document(client)) == client
    again = Client(client_id="c", sector_id="s", **parse(to_metadata(client)).values)
    assert again.purposes == client.purposes
    assert again.consent_version == client.consent_version
    assert from_document({**to_document(client), "purposes": []}).consent_version != client.consent_version


@pytest.mark.parametrize(
    ("purpose", "place", "reason"),
    [
        ("x", "", "not_purpose"),
        ({**DUTY, "more": 1}, "", "not_purpose"),
        ({**DUTY, "id": "Settle it"}, ".id", "not_id"),
        ({**DUTY, "id": 5}, ".id", "not_id"),
        ({**DUTY, "text": {"vi": "Chỉ tiếng Việt"}}, ".text.en", "en_missing"),
        ({**DUTY, "text": {"en": "English only"}}, ".text.vi", "vi_missing"),
        ({**DUTY, "legal_basis": "because"}, ".legal_basis", "not_supported"),
        ({**DUTY, "claims": ["shoe_size"]}, ".claims[0]", "not_supported"),
        ({**DUTY, "claims": []}, ".claims", "empty"),
        ({**DUTY, "claims": "name"}, ".claims", "not_list"),
        ({**DUTY, "optional_claims": ["gender"]}, ".optional_claims", "no_choice"),
        ({**NEWS, "claims": ["email"]}, ".optional_claims", "duplicate"),
    ],
)
def test_each_fault_names_its_place(purpose: object, place: str, reason: str) -> None:
    assert faults(purpose) == [(f"purposes[0]{place}", reason)]


def test_ids_and_claims_are_in_one_purpose_only() -> None:
    assert faults(DUTY, {**NEWS, "id": "settle"}) == [("purposes[1]", "duplicate")]
    assert faults(NEWS, {**DUTY, "claims": ["email"]}) == [("purposes[1]", "duplicate")]


def test_claims_are_within_the_scope() -> None:
    assert faults(DUTY, NEWS, scope="openid profile") == [("purposes", "beyond_scope")]


def test_who_registers_himself_does_not_say_that_a_law_is_the_ground() -> None:
    terms = Terms("sandbox", "79", "consent", TEXT)
    assert "purposes" not in apply(department(purposes=[DUTY]), terms)
