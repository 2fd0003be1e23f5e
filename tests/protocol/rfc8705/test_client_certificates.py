"""Clients that prove themselves by a certificate, which only a trusted proxy may hand on (RFC 8705 section 2, RFC 9440)."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from idp.storage.sqlite import SqliteDatabase
from tests.support.assertions import OWN, PROXY, authority, by_proxy, certificate
from tests.support.client_keys import ClientKey, PublishedKeys, key_set, new_key
from tests.support.clock import FrozenClock
from tests.support.memory_clients import department, reasons
from tests.support.token_world import Answer, Registered, TokenWorld

DN = "CN=Cong dich vu cong,C=VN"
ISSUED = "tls_client_auth"
SELF_SIGNED = "self_signed_tls_client_auth"
TRUSTED = {"trusted": (PROXY,)}


@pytest.fixture
def behind(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> TokenWorld:
    """Return a deployment behind a proxy that hands certificates on."""
    return TokenWorld(tmp_path, sqlite_database, clock, proxy=TRUSTED)


@pytest.fixture
def key() -> ClientKey:
    return new_key()


def by_name(world: TokenWorld, **name: str) -> Registered:
    return world.add_client(
        token_endpoint_auth_method=ISSUED, **{f"tls_client_auth_{kind}": one for kind, one in name.items()}
    )


def ask(world: TokenWorld, of: Registered, **environ: str) -> Answer:
    return world.post("/token", {**OWN, "client_id": of.client.client_id}, **environ)


def refused(world: TokenWorld, of: Registered, **environ: str) -> str:
    answer = ask(world, of, **environ)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client"), answer.body
    found: str = world.events("token:request")[-1]["reason"]
    return found


@pytest.mark.spec("RFC 8705", "2.1")
@pytest.mark.spec("RFC 9440", "2")
@pytest.mark.parametrize("style", ["rfc9440", "nginx", "pem", "bare"])
def test_certificate_with_the_registered_subject_proves_its_client(
    behind: TokenWorld, key: ClientKey, style: str
) -> None:
    client = by_name(behind, subject_dn=DN)
    assert client.secret == ""
    assert ask(behind, client, **by_proxy(certificate(key), style=style)).status == 200


@pytest.mark.spec("RFC 8705", "2.1.2")
@pytest.mark.parametrize(
    ("kind", "value", "other"),
    [
        ("dns", "Portal.example.vn", "portal.example.vn.thief.vn"),
        ("uri", "spiffe://example.vn/portal", "spiffe://example.vn/Portal"),
        ("ip", "192.0.2.9", "192.0.2.99"),
        ("ip", "2001:db8::9", "2001:db8::99"),
        ("email", "portal@EXAMPLE.vn", "Portal@example.vn"),
    ],
)
def test_certificate_with_the_registered_alternative_name_proves_its_client(
    behind: TokenWorld, key: ClientKey, kind: str, value: str, other: str
) -> None:
    client = by_name(behind, **{f"san_{kind}": value})
    assert ask(behind, client, **by_proxy(certificate(key, sans={kind: value}))).status == 200
    assert refused(behind, client, **by_proxy(certificate(key, sans={kind: other}))) == "certificate_subject"
    assert refused(behind, client, **by_proxy(certificate(key))) == "certificate_subject"


@pytest.mark.spec("RFC 8705", "2.1")
def test_subjects_are_compared_as_directories_do(behind: TokenWorld, key: ClientKey) -> None:
    for dn, is_same in (
        ("CN=cong  dich vu CONG,C=vn", True),
        ("C=VN,CN=Cong dich vu cong", False),
        ("CN=Cong dich vu cong", False),
        ("CN=Cong dich vu cong,O=Thief,C=VN", False),
    ):
        answer = ask(behind, by_name(behind, subject_dn=dn), **by_proxy(certificate(key)))
        assert (answer.status == 200) is is_same, dn


@pytest.mark.spec("RFC 8705", "2.2")
def test_self_signed_certificate_over_a_registered_key_proves_its_client(behind: TokenWorld, key: ClientKey) -> None:
    client = behind.add_client(token_endpoint_auth_method=SELF_SIGNED, jwks=key_set(key))
    assert ask(behind, client, **by_proxy(certificate(key))).status == 200
    assert ask(behind, client, **by_proxy(certificate(key, name="renewed"))).status == 200
    assert refused(behind, client, **by_proxy(certificate(new_key()))) == "certificate_unknown"


def test_self_signed_certificate_is_refused_while_the_keys_of_its_client_are_out_of_reach(
    behind: TokenWorld, key: ClientKey
) -> None:
    published = PublishedKeys(key)
    behind.wiring.client_keys._fetcher = published
    client = behind.add_client(token_endpoint_auth_method=SELF_SIGNED, jwks_uri="https://portal.example.vn/jwks")
    published.is_down = True
    assert refused(behind, client, **by_proxy(certificate(key))) == "client_keys_unavailable"


@pytest.mark.spec("RFC 8705", "3")
@pytest.mark.spec("RFC 9700", "4.13")
@pytest.mark.spec("RFC 8705", "2")
@pytest.mark.spec("RFC 9440", "4")
def test_header_from_anybody_but_the_proxy_counts_for_nothing(
    behind: TokenWorld, world: TokenWorld, key: ClientKey
) -> None:
    shown = by_proxy(certificate(key))
    for one, environ in ((behind, {**shown, "REMOTE_ADDR": "192.0.2.1"}), (world, shown)):
        client = by_name(one, subject_dn=DN)
        assert refused(one, client, **environ) == "certificate_missing"
    assert refused(behind, by_name(behind, subject_dn=DN), REMOTE_ADDR=PROXY) == "certificate_missing"


def test_another_header_can_be_configured_and_the_first_one_then_counts_for_nothing(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, key: ClientKey
) -> None:
    proxy = {**TRUSTED, "client_certificate": "X-SSL-Client-Cert"}
    world = TokenWorld(tmp_path, sqlite_database, clock, proxy=proxy)
    client = by_name(world, subject_dn=DN)
    assert ask(world, client, **by_proxy(certificate(key), style="nginx", header="X_SSL_CLIENT_CERT")).status == 200
    assert refused(world, client, **by_proxy(certificate(key))) == "certificate_missing"


@pytest.mark.parametrize(
    "text", ["x", ":", "::", ":AAAA:", ":%%%:", "%zz", "%ff", "AAAA", "-----BEGIN CERTIFICATE-----", "A" * 17000]
)
def test_header_that_is_no_certificate_is_a_refusal(behind: TokenWorld, text: str) -> None:
    client = by_name(behind, subject_dn=DN)
    found = refused(behind, client, HTTP_CLIENT_CERT=text, REMOTE_ADDR=PROXY)
    assert found in {"certificate_malformed", "certificate_missing"}


def test_certificate_out_of_its_time_is_refused(behind: TokenWorld, key: ClientKey) -> None:
    client, shown = by_name(behind, subject_dn=DN), by_proxy(certificate(key))
    behind.clock.advance(2 * 86400)
    assert refused(behind, client, **shown) == "certificate_expired"


@pytest.mark.spec("RFC 8705", "2.1")
def test_only_named_authorities_may_issue_where_there_are_any(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, key: ClientKey
) -> None:
    ours = new_key()
    (tmp_path / "ca.pem").write_bytes(authority("Root", ours).public_bytes(Encoding.PEM))
    world = TokenWorld(tmp_path, sqlite_database, clock, proxy={**TRUSTED, "client_authorities": tmp_path / "ca.pem"})
    client = by_name(world, subject_dn=DN)
    assert ask(world, client, **by_proxy(certificate(key, issuer=("Root", ours)))).status == 200
    for shown in (certificate(key), certificate(key, issuer=("Root", new_key()))):
        assert refused(world, client, **by_proxy(shown)) == "certificate_issuer"


@pytest.mark.spec("RFC 6749", "2.3")
def test_certificate_beside_another_method_is_no_second_credential(behind: TokenWorld, key: ClientKey) -> None:
    portal = behind.add_client()
    shown = by_proxy(certificate(key))
    assert behind.post("/token", OWN, portal.basic, **shown).status == 200
    client = by_name(behind, subject_dn=DN)
    body = {**OWN, "client_id": client.client.client_id, "client_secret": "x" * 43}
    assert behind.post("/token", body, **shown).json["error"] == "invalid_client"


@pytest.mark.spec("RFC 8705", "2.1.1")
@pytest.mark.spec("RFC 8705", "2.2.1")
def test_discovery_names_the_methods_only_where_a_proxy_is_trusted(behind: TokenWorld, world: TokenWorld) -> None:
    name = "token_endpoint_auth_methods_supported"
    assert {ISSUED, SELF_SIGNED} <= set(behind.get("/.well-known/openid-configuration").json[name])
    assert {ISSUED, SELF_SIGNED}.isdisjoint(world.get("/.well-known/openid-configuration").json[name])


@pytest.mark.spec("RFC 8705", "2.2.2")
@pytest.mark.spec("RFC 8705", "2.1.2")
def test_registration_needs_exactly_one_name_and_keys_where_they_are_compared() -> None:
    two = {"tls_client_auth_subject_dn": DN, "tls_client_auth_san_dns": "a.example.vn"}
    for document, fault in (
        (department(token_endpoint_auth_method=ISSUED), ("tls_client_auth_subject_dn", "missing")),
        (department(token_endpoint_auth_method=ISSUED, **two), ("tls_client_auth_subject_dn", "missing")),
        (department(tls_client_auth_subject_dn=DN), ("token_endpoint_auth_method", "inconsistent")),
        (department(token_endpoint_auth_method=SELF_SIGNED), ("jwks", "missing")),
        (department(token_endpoint_auth_method="private_key_jwt"), ("jwks", "missing")),
        (department(token_endpoint_auth_signing_alg="ES256"), ("token_endpoint_auth_signing_alg", "inconsistent")),
        (
            department(token_endpoint_auth_method="client_secret_jwt", token_endpoint_auth_signing_alg="ES256"),
            ("token_endpoint_auth_signing_alg", "inconsistent"),
        ),
        (
            department(dpop_bound_access_tokens=True, tls_client_certificate_bound_access_tokens=True),
            ("dpop_bound_access_tokens", "inconsistent"),
        ),
    ):
        assert reasons(document) == {fault}


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("subject_dn", "not a name", "malformed"),
        ("subject_dn", 7, "not_text"),
        ("san_dns", "*.example.vn", "host"),
        ("san_dns", "a b", "host"),
        ("san_uri", "no uri", "characters"),
        ("san_ip", "300.1.1.1", "host"),
        ("san_ip", 7, "host"),
        ("san_email", "nobody", "malformed"),
    ],
)
def test_registration_names_the_field_at_fault(kind: str, value: object, reason: str) -> None:
    document = department(token_endpoint_auth_method=ISSUED, **{f"tls_client_auth_{kind}": value})
    assert reasons(document) == {(f"tls_client_auth_{kind}", reason)}


@pytest.mark.spec("RFC 8705", "2")
def test_without_a_certificate_or_with_anothers_a_client_is_not_proven(behind: TokenWorld, key: ClientKey) -> None:
    named = by_name(behind, subject_dn=DN)
    registered = behind.add_client(token_endpoint_auth_method=SELF_SIGNED, jwks=key_set(key))
    own = by_proxy(certificate(key))
    assert {ask(behind, client, **own).status for client in (named, registered)} == {200}
    for client, anothers in ((named, certificate(key, name="Another")), (registered, certificate(new_key()))):
        assert refused(behind, client)
        assert refused(behind, client, **by_proxy(anothers))


@pytest.mark.spec("RFC 8705", "2")
def test_a_certificate_without_a_client_id_names_nobody(behind: TokenWorld, key: ClientKey) -> None:
    client = by_name(behind, subject_dn=DN)
    shown = by_proxy(certificate(key))
    answer = behind.post("/token", OWN, **shown)
    assert answer.json["error"] in {"invalid_client", "invalid_request"}
    assert "access_token" not in answer.json
    assert ask(behind, client, **shown).status == 200
    other = by_name(behind, subject_dn="CN=Another,C=VN")
    assert refused(behind, other, **shown)
