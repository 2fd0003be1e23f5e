"""What a registration may say: defaults, single fields, rules between them, and that every fault is named at once."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from clients import metadata
from clients.errors import MetadataError, RegistrationRefused
from clients.fields import MAX_LIST, MAX_NAME, MAX_SECONDS, MAX_TEXT
from clients.model import Client
from keys.algorithms import ALGORITHMS
from tests.support.memory_clients import department, faults, native, reasons

SERVICE = {"redirect_uris": None, "grant_types": ["client_credentials"]}
BAD_NAMES = (
    ("", "empty"),
    ("   ", "empty"),
    ("\u202eCổng", "characters"),
    ("Cổng\u200b", "characters"),
    ("Cổng\u2066", "characters"),
    ("Cổng\x00", "characters"),
    ("Cổng\n", "characters"),
    ("\ud800", "characters"),
    ("Cổng\u2028", "characters"),
    ("a" * (MAX_NAME + 1), "too_long"),
)


def values(**changes: object) -> Any:
    """Return the checked values of the portal's metadata with changes."""
    return metadata.parse(department(**changes)).values


@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.spec("RFC 7591", "2")
def test_defaults_are_those_of_the_specifications_and_the_contract() -> None:
    got = values()
    assert got["grant_types"] == {"authorization_code"}
    assert got["response_types"] == {"code"}
    assert got["token_endpoint_auth_method"] == "client_secret_basic"
    assert got["application_type"] == "web"
    assert got["id_token_signed_response_alg"] == "RS256"
    assert got["userinfo_signed_response_alg"] is None
    assert got["subject_type"] == "pairwise"
    assert got["scope"] == {"openid"}
    assert got["consent"] == "ask"
    assert got["require_pkce"] is True


def test_every_field_of_the_table_is_an_attribute_of_a_client_and_the_other_way_round() -> None:
    own = {"client_id", "sector_id", "secrets", "state", "version", "created_at", "updated_at"}
    own |= {"expires_at", "introduced_by", "federation"}
    own |= {"terms", "not_before", "rewritten", "corrected", "unit_at", "management_digest", "software_statement"}
    assert set(metadata.FIELDS) | own == {each.name for each in fields(Client) if each.init}


def test_defaults_of_the_table_and_of_the_client_agree() -> None:
    # A stored document from before a field was there takes the client's default, a new registration the table's.
    by_name = {each.name: each.default for each in fields(Client)}
    optional = {name: row.default for name, row in metadata.FIELDS.items() if not row.is_required and not row.derive}
    for name in optional.keys() - {"redirect_uris", "scope", "grant_types"}:
        assert by_name[name] == optional[name], name


def test_signature_algorithms_are_those_that_the_keys_can_make() -> None:
    assert set(metadata.SIGNING_ALGS) == set(ALGORITHMS)


@pytest.mark.spec("RFC 6749", "10.1")
@pytest.mark.spec("RFC 8252", "8.5")
def test_a_native_client_is_public_unless_it_says_otherwise() -> None:
    assert metadata.parse(native()).values["token_endpoint_auth_method"] == "none"
    confidential = native(token_endpoint_auth_method="client_secret_basic")
    assert metadata.parse(confidential).values["token_endpoint_auth_method"] == "client_secret_basic"


@pytest.mark.spec("RFC 7591", "2.1")
def test_a_service_without_code_grant_needs_neither_redirect_uris_nor_response_types() -> None:
    got = values(**SERVICE)
    assert got["response_types"] == frozenset()
    assert got["redirect_uris"] == ()


@pytest.mark.spec("RFC 7591", "2.2")
@pytest.mark.parametrize(
    "names",
    [
        {"client_name": {"vi": "Cổng", "en": "Portal"}},
        {"client_name": "Cổng", "client_name#en": "Portal"},
        {"client_name": None, "client_name#vi": "Cổng", "client_name#en": "Portal"},
        {"client_name": "other", "client_name#vi": "Cổng", "client_name#en": "Portal"},
        {"client_name": {"vi": "Cổng"}, "client_name#en": "Portal"},
    ],
)
def test_names_come_by_language(names: dict[str, object]) -> None:
    assert values(**names)["client_name"] == {"vi": "Cổng", "en": "Portal"}


def test_texts_are_kept_in_nfc_without_outer_spaces() -> None:
    assert values(client_name="  Co\u0302\u0309ng  ")["client_name"] == {"vi": "Cổng"}


@pytest.mark.parametrize(("name", "reason"), BAD_NAMES)
def test_a_name_that_could_deceive_or_overflow_is_refused(name: str, reason: str) -> None:
    assert reasons(department(client_name=name)) == {("client_name", reason)}
    assert reasons(department(client_name={"vi": "Cổng", "en": name})) == {("client_name.en", reason)}


def test_vietnamese_is_required_and_english_is_not() -> None:
    assert reasons(department(purpose={"en": "To know"})) == {("purpose.vi", "vi_missing")}
    assert reasons(department(purpose={"vi": "Xác định", "en": None})) == set()
    assert reasons(department(purpose={"vi": "Xác định", "fr": "Savoir"})) == {("purpose", "not_translated")}
    assert reasons(department(**{"client_name": None, "client_name#en": "Portal"})) == {
        ("client_name.vi", "vi_missing")
    }


@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.parametrize(
    ("name", "value", "where", "reason"),
    [
        ("unit", "Đà Nẵng", "", "not_code"),
        ("unit", 48, "", "not_code"),
        ("legal_basis", "because", "", "not_supported"),
        ("legal_basis", ["consent"], "", "not_supported"),
        ("purpose", {"vi": "x" * (MAX_TEXT + 1)}, ".vi", "too_long"),
        ("application_type", "desktop", "", "not_supported"),
        ("redirect_uris", "https://portal.example.vn/", "", "not_list"),
        ("redirect_uris", [7], "[0]", "not_text"),
        ("redirect_uris", [f"https://a.example/{n}" for n in range(MAX_LIST + 1)], "", "not_list"),
        ("redirect_uris", ["https://a.example/", "https://a.example/"], "", "duplicate"),
        ("redirect_uris", ["https://a.example/", " https://b.example/"], "[1]", "characters"),
        ("redirect_uris", ["http://a.example/"], "[0]", "scheme"),
        ("post_logout_redirect_uris", ["http://a.example/"], "[0]", "scheme"),
        ("backchannel_logout_uri", "http://a.example/logout", "", "scheme"),
        ("backchannel_logout_uri", "https://a.example/logout#x", "", "fragment"),
        ("backchannel_logout_session_required", "true", "", "not_boolean"),
        ("frontchannel_logout_uri", "http://a.example/logout", "", "scheme"),
        ("grant_types", [], "", "not_list"),
        ("grant_types", ["authorization_code", "password"], "[1]", "not_supported"),
        ("response_types", ["token"], "[0]", "not_supported"),
        ("response_types", [7], "[0]", "not_supported"),
        ("token_endpoint_auth_method", "private_key", "", "not_supported"),
        ("scope", ["openid"], "", "not_text"),
        ("scope", "openid everything", "", "not_supported"),
        ("subject_type", "shared", "", "not_supported"),
        ("id_token_signed_response_alg", "none", "", "not_supported"),
        ("id_token_signed_response_alg", "HS256", "", "not_supported"),
        ("userinfo_signed_response_alg", "none", "", "not_supported"),
        ("default_max_age", -1, "", "not_seconds"),
        ("default_max_age", True, "", "not_seconds"),
        ("default_max_age", 1.5, "", "not_seconds"),
        ("default_max_age", MAX_SECONDS + 1, "", "not_seconds"),
        ("require_auth_time", 1, "", "not_boolean"),
        ("default_acr_values", ["urn:dinhdanh:loa:9"], "[0]", "not_supported"),
        ("minimum_acr", "urn:dinhdanh:loa:5", "", "not_supported"),
        ("require_pkce", "false", "", "not_boolean"),
        ("accept_trusted_devices", "no", "", "not_boolean"),
        ("consent", "never", "", "not_supported"),
        ("profile", "fapi9", "", "not_supported"),
        ("contacts", ["\u202e"], "[0]", "characters"),
        ("logo_uri", "data:image/png;base64,x", "", "scheme"),
        ("initiate_login_uri", "http://a.example/", "", "scheme"),
        ("jwks_uri", "http://a.example/jwks", "", "scheme"),
        ("software_version", {"v": 1}, "", "not_text"),
    ],
)
def test_a_wrong_field_is_named_with_its_reason(name: str, value: object, where: str, reason: str) -> None:
    assert reasons(department(**{name: value})) == {(name + where, reason)}


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (department(redirect_uris=None), ("redirect_uris", "missing")),
        (department(redirect_uris=[]), ("redirect_uris", "missing")),
        (department(response_types=[]), ("response_types", "inconsistent")),
        (department(**SERVICE, response_types=["code"]), ("response_types", "inconsistent")),
        (department(**{**SERVICE, "grant_types": ["refresh_token"]}), ("grant_types", "inconsistent")),
        (
            native(grant_types=["authorization_code", "client_credentials"]),
            ("grant_types", "public_client"),
        ),
        (department(token_endpoint_auth_method="none", require_pkce=False), ("require_pkce", "public_client")),
        (
            native(token_endpoint_auth_method="client_secret_basic", require_pkce=False),
            ("require_pkce", "native_client"),
        ),
        (department(scope="profile"), ("scope", "openid_missing")),
        (department(consent="notice"), ("consent", "no_duty")),
        (department(consent="notice", legal_basis="contract"), ("consent", "no_duty")),
    ],
)
def test_fields_must_agree_with_each_other(document: dict[str, object], fault: tuple[str, str]) -> None:
    assert reasons(document) == {fault}


@pytest.mark.spec("RFC 9700", "2.1.1")
def test_pkce_may_be_waived_for_a_confidential_web_client() -> None:
    assert values(require_pkce=False)["require_pkce"] is False


@pytest.mark.parametrize("legal_basis", ["public_duty", "legal_obligation"])
def test_a_notice_stands_in_for_the_question_where_a_law_obliges(legal_basis: str) -> None:
    assert values(consent="notice", legal_basis=legal_basis)["consent"] == "notice"


def test_redirect_uris_on_several_hosts_need_no_sector_document() -> None:
    hosts = ["https://a.example.vn/callback", "https://b.example.vn/callback"]
    assert values(redirect_uris=hosts)["redirect_uris"] == tuple(hosts)


def test_every_fault_is_told_at_once_those_between_fields_too() -> None:
    document = department(
        client_name=None,
        legal_basis="because",
        redirect_uris=["https://a.example/#x", "https://a.example/", "http://b.example/"],
        scope="profile",
        require_pkce=False,
        token_endpoint_auth_method="none",
    )
    assert reasons(document) == {
        ("client_name", "missing"),
        ("legal_basis", "not_supported"),
        ("redirect_uris[0]", "fragment"),
        ("redirect_uris[2]", "scheme"),
        ("scope", "openid_missing"),
        ("require_pkce", "public_client"),
    }


def test_a_rule_is_silent_while_a_field_that_it_reads_is_at_fault() -> None:
    assert reasons(native(application_type="phone")) == {("application_type", "not_supported")}


@pytest.mark.parametrize("document", [None, [], "x", 1, True])
def test_what_is_no_object_is_refused_as_a_whole(document: object) -> None:
    assert reasons(document) == {("document", "not_object")}


@pytest.mark.spec("RFC 6749", "10.2")
@pytest.mark.spec("RFC 7591", "2")
@pytest.mark.spec("RFC 6749", "3.1.2.2")
@pytest.mark.spec("OIDC Registration", "2")
def test_each_required_field_is_asked_for() -> None:
    asked = {field for field, reason in reasons({}) if reason == "missing"}
    assert asked == {"client_name", "unit", "legal_basis", "purpose", "redirect_uris"}


@pytest.mark.spec("OIDC Registration", "3.3")
@pytest.mark.spec("RFC 7591", "3.2.2")
def test_the_wire_code_tells_redirect_uris_from_the_rest() -> None:
    with pytest.raises(RegistrationRefused) as only_redirects:
        metadata.parse(department(redirect_uris=["http://a.example/", "https://a.example/#x"]))
    assert only_redirects.value.error == "invalid_redirect_uri"
    with pytest.raises(RegistrationRefused) as several:
        metadata.parse(department(redirect_uris=["http://a.example/"], unit=None))
    assert several.value.error == "invalid_client_metadata"
    with pytest.raises(RegistrationRefused) as after_logout:
        metadata.parse(department(post_logout_redirect_uris=["http://a.example/"]))
    assert after_logout.value.error == "invalid_client_metadata"


@pytest.mark.spec("RFC 7591", "2")
def test_unknown_fields_are_ignored_and_named() -> None:
    registration = metadata.parse(department(**{"tls_client_auth": "CN=x", "client_name#fr": "Portail"}))
    assert registration.ignored == ("client_name#fr", "tls_client_auth")


def test_names_of_unknown_fields_cannot_write_to_a_terminal() -> None:
    assert metadata.parse(department(**{"\x1b[2J": 1, "x" * 65: 1, "a b": 1})).ignored == ("?",)


def test_what_an_operator_decides_is_ignored_from_anybody_else() -> None:
    document = department(client_id="mine", client_secret="s", sector="sec_1")
    assert metadata.parse(document, is_operator=False).ignored == ("client_id", "client_secret", "sector")
    assert metadata.parse(document, is_operator=True).ignored == ()


def test_what_is_said_about_a_fault_repeats_no_more_than_plain_words() -> None:
    for fault in faults(department(scope="openid \x1b[2J <script>alert(1)</script>" + "x" * 500)):
        assert isinstance(fault, MetadataError)
        assert "\x1b" not in fault.detail
        assert "x" * 100 not in fault.detail


CIBA = "urn:openid:params:grant-type:ciba"


def ciba_reasons(**changes: object) -> set[tuple[str, str]]:
    """Return what a CIBA registration is refused for."""
    values = {"grant_types": [CIBA], "redirect_uris": [], "backchannel_token_delivery_mode": "poll", **changes}
    _, found = metadata.check(department(**values), grants=(*metadata.GRANT_TYPES, CIBA))
    return {(fault.field, fault.reason) for fault in found}


@pytest.mark.spec("CIBA Core", "4")
@pytest.mark.spec("CIBA Core", "5")
def test_ciba_metadata_must_fit_together() -> None:
    endpoint = {"backchannel_client_notification_endpoint": "https://portal.example.vn/ciba"}
    assert ciba_reasons() == set()
    assert ciba_reasons(backchannel_token_delivery_mode="ping", **endpoint) == set()
    assert ciba_reasons(backchannel_token_delivery_mode=None) == {("backchannel_token_delivery_mode", "inconsistent")}
    assert ciba_reasons(backchannel_token_delivery_mode="push") == {
        ("backchannel_token_delivery_mode", "not_supported")
    }
    for wrong in ({"backchannel_token_delivery_mode": "ping"}, endpoint):
        assert ciba_reasons(**wrong) == {("backchannel_client_notification_endpoint", "inconsistent")}
    assert ("grant_types", "public_client") in ciba_reasons(token_endpoint_auth_method="none")
    assert ("backchannel_authentication_request_signing_alg", "keys_missing") in ciba_reasons(
        backchannel_authentication_request_signing_alg="ES256"
    )


def test_a_grant_that_the_provider_does_not_offer_is_refused() -> None:
    assert ("grant_types[0]", "not_supported") in reasons(department(grant_types=[CIBA]))
