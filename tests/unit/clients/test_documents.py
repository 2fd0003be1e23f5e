"""Clients as JSON: whole for the store, without secrets for people."""

from __future__ import annotations

import orjson
import pytest

from clients import metadata
from clients.documents import from_document, to_document, to_metadata
from clients.model import Client
from tests.support.memory_clients import NOW, MemoryClients, department, make_registry, native

RICH = department(
    client_name={"vi": "Cổng", "en": "Portal"},
    scope="openid profile offline_access",
    grant_types=["refresh_token", "authorization_code", "client_credentials"],
    default_acr_values=["urn:dinhdanh:loa:2", "urn:dinhdanh:loa:1"],
    backchannel_logout_uri="https://portal.example.vn/logout",
    contacts=["Sở Mẫu"],
    default_max_age=0,
    id_token_signed_response_alg="ES256",
)


def registered(document: dict[str, object]) -> tuple[Client, str | None]:
    """Return a registered client and its secret."""
    client, secret, _ = make_registry(MemoryClients()).register(document, is_operator=True)
    return client, secret


@pytest.mark.parametrize("document", [department(), RICH, native()])
def test_a_client_comes_back_whole_from_the_store(document: dict[str, object]) -> None:
    client, _ = registered(document)
    assert from_document(orjson.loads(orjson.dumps(to_document(client)))) == client


def test_a_document_of_an_older_release_takes_defaults_for_what_it_lacks() -> None:
    client, _ = registered(department())
    document = to_document(client)
    for name in ("frontchannel_logout_uri", "contacts", "minimum_acr", "secrets", "profile"):
        del document[name]
    old = from_document(document)
    assert (old.contacts, old.minimum_acr, old.secrets, old.profile) == ((), None, (), "oidc")


def test_a_document_of_a_newer_release_is_read_without_what_is_unknown() -> None:
    client, _ = registered(department())
    assert from_document({**to_document(client), "field_of_tomorrow": True}) == client


@pytest.mark.spec("RFC 7591", "3.2.1")
def test_what_is_shown_holds_the_metadata_and_no_secret() -> None:
    client, secret = registered(RICH)
    shown = to_metadata(client)
    assert shown["client_id"] == client.client_id
    assert shown["client_id_issued_at"] == NOW
    assert shown["client_secret_expires_at"] == 0
    assert (shown["client_name"], shown["client_name#en"]) == ("Cổng", "Portal")
    assert shown["scope"] == "offline_access openid profile"
    assert shown["default_max_age"] == 0
    assert "client_secret" not in shown
    written = orjson.dumps(shown).decode()
    assert secret is not None
    assert secret not in written
    assert client.secrets[0].digest.hex() not in written


def test_a_public_client_has_no_secret_that_could_end() -> None:
    assert "client_secret_expires_at" not in to_metadata(registered(native())[0])


@pytest.mark.parametrize("document", [department(), RICH, native()])
def test_what_is_shown_registers_the_same_when_it_is_sent_back(document: dict[str, object]) -> None:
    client, _ = registered(document)
    again = metadata.parse(to_metadata(client))
    assert again.values == metadata.parse(document).values
    assert again.ignored == ()


def test_a_name_that_is_edited_in_what_is_shown_is_the_name_afterwards() -> None:
    edited = {**to_metadata(registered(RICH)[0]), "client_name": "Tên mới"}
    assert metadata.parse(edited).values["client_name"] == {"vi": "Tên mới", "en": "Portal"}


def test_texts_of_a_client_cannot_be_changed_in_place() -> None:
    client, _ = registered(department())
    with pytest.raises(TypeError):
        client.client_name["vi"] = "other"  # type: ignore[index]
    with pytest.raises(TypeError):
        client.purpose["vi"] = "other"  # type: ignore[index]


def test_names_and_purposes_fall_back_to_vietnamese() -> None:
    client, _ = registered(RICH)
    assert (client.name("en"), client.name("fr")) == ("Portal", "Cổng")
    assert client.purpose_in("en") == "To know who files a dossier"
    assert client.purpose_in("fr") == "Xác định người nộp hồ sơ"
