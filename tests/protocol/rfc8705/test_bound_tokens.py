"""Tokens that are bound to a client certificate (RFC 8705 section 3), and the addresses at which certificates are asked for (section 5)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from idp.model.session import Session
from idp.storage.sqlite import SqliteDatabase
from tests.support.assertions import OWN, PROXY, by_proxy, certificate
from tests.support.client_keys import ClientKey, new_key
from tests.support.clock import FrozenClock
from tests.support.dpop import proof
from tests.support.token_world import ISSUER, REDIRECT, VERIFIER, Answer, Registered, TokenWorld

MTLS = "https://mtls.example.vn"


@pytest.fixture
def world(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> TokenWorld:
    """Return a deployment behind a proxy that hands certificates on."""
    return TokenWorld(tmp_path, sqlite_database, clock, proxy={"trusted": (PROXY,)}, mtls_url=MTLS)


@pytest.fixture
def key() -> ClientKey:
    return new_key()


@pytest.fixture
def shown(key: ClientKey) -> dict[str, str]:
    """Return what the proxy says of the client's certificate."""
    return by_proxy(certificate(key))


@pytest.fixture
def client(world: TokenWorld) -> Registered:
    return world.add_client(tls_client_certificate_bound_access_tokens=True)


@pytest.fixture
def tokens(world: TokenWorld, client: Registered, session: Session, shown: dict[str, str]) -> dict[str, Any]:
    answer = ask(world, client, {"grant_type": "authorization_code", "code": world.code(client, session)}, shown)
    assert answer.status == 200, answer.body
    return answer.json


def ask(world: TokenWorld, of: Registered, form: dict[str, str], environ: dict[str, str]) -> Answer:
    whole = {"redirect_uri": REDIRECT, "code_verifier": VERIFIER, **form}
    if of.client.is_confidential:
        return world.post("/token", whole, of.basic, **environ)
    return world.post("/token", {"client_id": of.client.client_id, **whole}, **environ)


def refresh(world: TokenWorld, of: Registered, tokens: dict[str, Any], environ: dict[str, str]) -> Answer:
    return ask(world, of, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}, environ)


@pytest.mark.spec("RFC 8705", "3")
@pytest.mark.spec("RFC 8705", "3.1")
def test_token_works_beside_its_certificate_alone(
    world: TokenWorld, tokens: dict[str, Any], shown: dict[str, str]
) -> None:
    access = tokens["access_token"]
    assert tokens["token_type"] == "Bearer"
    ((method, digest),) = world.verified(access, "at+jwt")["cnf"].items()
    assert method == "x5t#S256"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", digest), "32 octets in base64url, and nothing else"
    assert world.get("/userinfo", f"Bearer {access}", **shown).status == 200
    other = by_proxy(certificate(new_key()))
    for environ in ({}, other, {**shown, "REMOTE_ADDR": "192.0.2.1"}, {**shown, "HTTP_CLIENT_CERT": "x"}):
        answer = world.get("/userinfo", f"Bearer {access}", **environ)
        assert (answer.status, answer.json["error"]) == (401, "invalid_token")
        assert world.events("userinfo:request")[-1]["reason"] == "certificate_other"


@pytest.mark.spec("RFC 8705", "3.2")
def test_introspection_shows_the_certificate(world: TokenWorld, client: Registered, tokens: dict[str, Any]) -> None:
    for name in ("access_token", "refresh_token"):
        answer = world.introspect(client, tokens[name]).json
        assert answer["active"]
        assert list(answer["cnf"]) == ["x5t#S256"]
    assert world.introspect(client, tokens["access_token"]).json["token_type"] == "Bearer"


@pytest.mark.spec("RFC 8705", "3.4")
def test_client_registered_for_it_gets_no_token_without_a_certificate(world: TokenWorld, client: Registered) -> None:
    answer = world.post("/token", OWN, client.basic)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert world.events("token:request")[-1]["reason"] == "certificate_missing"


def test_certificate_of_a_client_that_did_not_register_for_it_binds_nothing(
    world: TokenWorld, shown: dict[str, str]
) -> None:
    answer = world.post("/token", OWN, world.add_client().basic, **shown)
    assert "cnf" not in world.verified(answer.json["access_token"], "at+jwt")


def test_proof_of_another_kind_is_refused(world: TokenWorld, client: Registered, shown: dict[str, str]) -> None:
    answer = world.post("/token", OWN, client.basic, HTTP_DPOP=proof(world, new_key(None)), **shown)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.spec("RFC 8705", "6.3")
def test_confidential_client_may_renew_its_certificate(
    world: TokenWorld, client: Registered, tokens: dict[str, Any]
) -> None:
    renewed = by_proxy(certificate(new_key()))
    answer = refresh(world, client, tokens, renewed)
    assert answer.status == 200
    assert world.get("/userinfo", f"Bearer {answer.json['access_token']}", **renewed).status == 200


@pytest.mark.spec("RFC 8705", "4")
def test_refresh_token_of_a_public_client_is_bound_to_its_certificate(
    world: TokenWorld, session: Session, shown: dict[str, str]
) -> None:
    app = world.add_public(tls_client_certificate_bound_access_tokens=True)
    form = {"grant_type": "authorization_code", "code": world.code(app, session)}
    tokens = ask(world, app, form, shown).json
    assert refresh(world, app, tokens, by_proxy(certificate(new_key()))).json["error"] == "invalid_grant"
    assert refresh(world, app, tokens, shown).status == 200


@pytest.mark.spec("RFC 8705", "5")
@pytest.mark.spec("RFC 8705", "3.3")
def test_discovery_names_addresses_that_answer(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    assert document["tls_client_certificate_bound_access_tokens"] is True
    aliases = document["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == f"{MTLS}/token"
    assert aliases["device_authorization_endpoint"] == f"{MTLS}/device_authorization"
    assert aliases["backchannel_authentication_endpoint"] == f"{MTLS}/bc-authorize"
    for name, address in aliases.items():
        assert document[name].removeprefix(ISSUER) == address.removeprefix(MTLS)


def test_proof_for_the_address_with_certificates_is_good_too(world: TokenWorld) -> None:
    answer = world.post(
        "/token", OWN, world.add_client().basic, HTTP_DPOP=proof(world, new_key(None), htu=f"{MTLS}/token")
    )
    assert answer.json["token_type"] == "DPoP"


def test_nothing_is_announced_where_no_proxy_is_trusted(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock
) -> None:
    plain = TokenWorld(tmp_path, sqlite_database, clock, mtls_url=MTLS)
    document = plain.get("/.well-known/openid-configuration").json
    assert document["tls_client_certificate_bound_access_tokens"] is False
    assert "mtls_endpoint_aliases" not in document
