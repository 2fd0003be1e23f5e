"""Rules between the fields of a registration, each with the good neighbour of what it refuses (docs/decisions/0174).

Mutants that refused everything, or nothing, had passed the tests of these rules: what is refused was shown without what is taken.
"""

from __future__ import annotations

from typing import Any

import pytest

from clients import metadata
from clients.profiles import PROFILES
from keys.algorithms import ALGORITHMS
from keys.jwks import export_public
from policies import assurance
from tests.support.memory_clients import department, native, reasons

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CIBA = "urn:openid:params:grant-type:ciba"
GRANTS = ("authorization_code", "implicit", "refresh_token", "client_credentials", CIBA, EXCHANGE, JWT_BEARER)
AT = "https://portal.example.vn/jwks"
SIGNING = {**export_public(ALGORITHMS["ES256"].generate().public_key()), "kid": "one", "use": "sig"}
SEALING = {**SIGNING, "kid": "two", "use": "enc", "alg": "ECDH-ES"}
FAPI = {
    "profile": "fapi2", "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [SIGNING]},
    "id_token_signed_response_alg": "ES256",
}  # fmt: skip


def refused(**changes: Any) -> set[tuple[str, str]]:
    faults = metadata.check(department(**changes), grants=GRANTS)[1]
    return {(fault.field, fault.reason) for fault in faults}


@pytest.mark.parametrize("permitted", [[assurance.LOA_1, assurance.LOA_2], [assurance.LOA_1], None])
@pytest.mark.parametrize("wish", [{"default_acr_values": [assurance.LOA_2]}, {"minimum_acr": assurance.LOA_2}, {}])
def test_a_client_asks_for_no_level_beyond_those_that_it_may_have(
    permitted: list[str] | None, wish: dict[str, Any]
) -> None:
    is_beyond = bool(wish) and permitted == [assurance.LOA_1]
    assert bool(refused(permitted_acr_values=permitted, **wish)) is is_beyond


@pytest.mark.parametrize("answer", ["id_token", "userinfo", "introspection", "authorization"])
@pytest.mark.parametrize(
    ("keys", "has_key"),
    [
        ({}, False),
        ({"jwks": {"keys": [SIGNING]}}, False),
        ({"jwks": {"keys": [SIGNING, SEALING]}}, True),
        ({"jwks_uri": AT}, True),
    ],
)
def test_whoever_wants_encrypted_answers_has_a_key_for_them(
    answer: str, keys: dict[str, Any], *, has_key: bool
) -> None:
    field = f"{answer}_encrypted_response_alg"
    found = refused(**{field: "ECDH-ES", f"{answer}_signed_response_alg": "ES256"}, **keys)
    assert ((field, "no_key") in found) is not has_key
    assert (f"{answer}_encrypted_response_enc", "inconsistent") in refused(
        **{f"{answer}_encrypted_response_enc": "A128GCM"}, **keys
    )


@pytest.mark.parametrize(
    ("types", "grants", "ok"),
    [
        (["code"], ["authorization_code"], True),
        (["code"], ["authorization_code", "implicit"], False),
        (["code id_token"], ["authorization_code", "implicit"], True),
        (["code id_token"], ["authorization_code"], False),
        (["code token"], ["authorization_code", "implicit"], True),
        (["code token"], ["authorization_code"], False),
    ],
)
def test_the_implicit_grant_and_the_types_that_answer_at_once_come_together(
    types: list[str], grants: list[str], *, ok: bool
) -> None:
    assert (refused(response_types=types, grant_types=grants) == set()) is ok


@pytest.mark.parametrize("grant", [JWT_BEARER, EXCHANGE])
def test_only_who_proves_itself_exchanges_tokens_and_assertions(grant: str) -> None:
    grants = ["authorization_code", grant]
    assert ("grant_types", "public_client") not in refused(grant_types=grants)
    assert ("grant_types", "public_client") in refused(grant_types=grants, token_endpoint_auth_method="none")


def test_a_service_needs_no_openid() -> None:
    service = {"grant_types": ["client_credentials"], "redirect_uris": None, "scope": "email"}
    assert ("scope", "openid_missing") not in refused(**service)
    assert ("scope", "openid_missing") in refused(scope="email")


@pytest.mark.parametrize("keys", [{"jwks": {"keys": [SIGNING]}}, {"jwks_uri": AT}, {}])
def test_signed_requests_by_the_back_channel_need_keys_of_either_kind(keys: dict[str, Any]) -> None:
    asked = {
        "grant_types": ["authorization_code", CIBA], "backchannel_token_delivery_mode": "poll",
        "backchannel_authentication_request_signing_alg": "ES256",
    }  # fmt: skip
    missing = ("backchannel_authentication_request_signing_alg", "keys_missing")
    assert (missing in refused(**asked, **keys)) is (keys == {})


@pytest.mark.parametrize(
    ("uri", "ok"), [("https://portal.example.vn/out", True), ("https://other.example.vn/out", False)]
)
def test_a_front_channel_address_is_at_the_origin_of_a_redirect_uri(uri: str, *, ok: bool) -> None:
    assert (("frontchannel_logout_uri", "origin") in refused(frontchannel_logout_uri=uri)) is not ok


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method"),
        ({"require_pkce": False}, "require_pkce"),
        (
            {"response_types": ["code", "code id_token"], "grant_types": ["authorization_code", "implicit"]},
            "response_types",
        ),
        ({"redirect_uris": ["http://localhost:1234/back"]}, "redirect_uris"),
        ({"id_token_signed_response_alg": "RS256"}, "id_token_signed_response_alg"),
        ({"userinfo_signed_response_alg": "RS256"}, "userinfo_signed_response_alg"),
        ({"authorization_signed_response_alg": "RS256"}, "authorization_signed_response_alg"),
        ({"introspection_signed_response_alg": "RS256"}, "introspection_signed_response_alg"),
        ({"request_object_signing_alg": "RS256"}, "request_object_signing_alg"),
        ({"token_endpoint_auth_signing_alg": "RS256"}, "token_endpoint_auth_signing_alg"),
    ],
)
def test_a_client_of_the_profile_is_refused_for_the_one_thing_in_which_it_differs(
    changes: dict[str, Any], field: str | None
) -> None:
    assert {found for found, _ in refused(**{**FAPI, **changes})} == ({field} if field else set())
    ordinary = {**FAPI, **changes, "profile": "oidc"}
    assert {found for found, _ in refused(**ordinary)} <= {"redirect_uris"}


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
def test_a_native_client_of_the_profile_may_be_reached_at_its_own_machine() -> None:
    app = native(**{**FAPI, "redirect_uris": ["http://127.0.0.1/back"]})
    assert reasons(app) == set()


@pytest.mark.parametrize(
    ("keys", "ok"), [({}, False), ({"jwks_uri": AT, "jwks": None}, True), ({"jwks": FAPI["jwks"]}, True)]
)
def test_who_has_to_sign_requests_has_keys(keys: dict[str, Any], *, ok: bool) -> None:
    signing = {**FAPI, "profile": "fapi2-message-signing", "token_endpoint_auth_method": "tls_client_auth"}
    subject = {"tls_client_auth_san_dns": "portal.example.vn", "jwks": None}
    assert ("jwks" not in {found for found, _ in refused(**{**signing, **subject, **keys})}) is ok


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.spec("FAPI 2.0 Message Signing", "5.3.1")
def test_what_the_profiles_ask_is_written_down() -> None:
    fapi, signing = PROFILES["fapi2"], PROFILES["fapi2-message-signing"]
    for one in (fapi, signing):
        assert one.algs == {"PS256", "ES256", "EdDSA"}
        assert one.auth_methods == frozenset({"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"})
        assert one.asserts_to_issuer
        assert one.needs_pushed
        assert one.needs_bound_tokens
        assert one.bounds_request_objects
        assert one.code_lifetime == 60
        assert not one.rotates
    assert (fapi.needs_signed_request, fapi.needs_signed_response) == (False, False)
    assert (signing.needs_signed_request, signing.needs_signed_response) == (True, True)
