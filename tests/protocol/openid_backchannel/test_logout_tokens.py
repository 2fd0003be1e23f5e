"""What a department's server gets when a session ends: the logout token claim by claim, at the address that was registered, and encrypted as ID tokens are."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs

import pytest

from clients.errors import RegistrationRefused
from clients.model import Client
from idp.model.session import Session
from idp.ports.fetcher import Fetched
from idp.protocol.client_keys import KeysUnavailable
from keys.encryption_keys import EncryptionKey
from tests.support.encryption_party import EC, RSA, header_of, key_set, opened
from tests.support.token_world import ISSUER, TokenWorld

OUT = "https://portal.example.vn/out?tenant=1&of=a%20b"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Departments:
    """``ports.fetcher.Fetcher`` as the servers of departments see it."""

    got: list[tuple[str, str, bytes]] = field(default_factory=list)

    def post(self, url: str, body: bytes, content_type: str, *, authorization: str = "") -> Fetched:
        """Take a logout request."""
        assert authorization == ""
        self.got.append((url, content_type, body))
        return Fetched(204, "", b"")

    def get(self, url: str, _accept: str) -> Fetched:
        """Nobody gets anything here."""
        raise AssertionError(url)


@pytest.fixture
def departments(world: TokenWorld) -> Departments:
    """Return the departments' servers, put in the place of the guarded fetcher."""
    servers = Departments()
    world.wiring.guarded_fetcher = servers  # type: ignore[assignment]
    return servers


def told(world: TokenWorld, departments: Departments, session: Session) -> list[str]:
    """End the session; returns the logout tokens that arrived."""
    world.wiring.sessions.end(session, "test", "system")
    world.wiring.housekeeper.tick()
    forms = [parse_qs(body.decode(), strict_parsing=True) for _, _, body in departments.got]
    assert all(set(form) == {"logout_token"} for form in forms)
    return [token for form in forms for token in form["logout_token"]]


@pytest.mark.spec("OIDC Back-Channel Logout", "2.2")
@pytest.mark.spec("OIDC Back-Channel Logout", "2.5")
def test_the_request_is_a_form_at_the_registered_address_with_its_query(
    world: TokenWorld, departments: Departments, session: Session
) -> None:
    portal = world.add_client(backchannel_logout_uri=OUT)
    world.tokens(portal, session)
    assert len(told(world, departments, session)) == 1
    assert [(url, kind) for url, kind, _ in departments.got] == [(OUT, "application/x-www-form-urlencoded")]
    assert [one["outcome"] for one in world.events("logout:notify")] == ["done"], "204 is taken for success"


@pytest.mark.spec("OIDC Back-Channel Logout", "2.2")
@pytest.mark.parametrize("uri", ["/out", "//portal.example.vn/out", "portal.example.vn/out", f"{OUT}#x"])
def test_a_relative_address_and_one_with_a_fragment_do_not_register(world: TokenWorld, uri: str) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        world.add_client(backchannel_logout_uri=uri)
    assert [one.field for one in refused.value.errors] == ["backchannel_logout_uri"]


@pytest.mark.spec("RFC 8417", "2")
@pytest.mark.spec("OIDC Back-Channel Logout", "2.4")
@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_logout_token_says_who_when_and_what_and_is_no_id_token(
    world: TokenWorld, departments: Departments, session: Session, alg: str
) -> None:
    portal = world.add_client(backchannel_logout_uri=OUT, id_token_signed_response_alg=alg)
    signed_in = world.verified(world.tokens(portal, session)["id_token"])
    [token] = told(world, departments, session)
    assert (header_of(token)["alg"], header_of(token)["typ"]) == (alg, "logout+jwt")
    claims = world.verified(token, "logout+jwt")
    now = world.clock.now()
    assert (claims["iss"], claims["aud"], claims["iat"]) == (ISSUER, portal.client.client_id, now)
    assert now < claims["exp"] <= now + 120
    assert (claims["sub"], claims["sid"]) == (signed_in["sub"], signed_in["sid"])
    assert claims["events"] == {EVENT: {}}
    assert isinstance(claims["jti"], str)
    assert "nonce" not in claims


@pytest.mark.spec("OIDC Back-Channel Logout", "2.4")
def test_each_logout_token_has_an_id_of_its_own(world: TokenWorld, departments: Departments, session: Session) -> None:
    for _ in range(2):
        world.tokens(world.add_client(backchannel_logout_uri=OUT), session)
    first, second = (world.verified(token, "logout+jwt") for token in told(world, departments, session))
    assert first["jti"] != second["jti"]
    assert first["aud"] != second["aud"]


@pytest.mark.spec("OIDC Back-Channel Logout", "2.4")
def test_who_gets_encrypted_id_tokens_gets_encrypted_logout_tokens(
    world: TokenWorld, departments: Departments, session: Session
) -> None:
    keys = {"jwks": key_set(EC, RSA), "id_token_encrypted_response_alg": "ECDH-ES"}
    portal = world.add_client(backchannel_logout_uri=OUT, **keys)
    world.tokens(portal, session)
    [token] = told(world, departments, session)
    header, inner = opened(token)
    assert (header["alg"], header["cty"]) == ("ECDH-ES", "JWT")
    assert world.verified(inner.decode(), "logout+jwt")["aud"] == portal.client.client_id


def test_a_department_whose_key_cannot_be_had_is_told_later_and_never_in_clear(
    world: TokenWorld, departments: Departments, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = world.add_client(backchannel_logout_uri=OUT, jwks=key_set(EC), id_token_encrypted_response_alg="ECDH-ES")
    world.tokens(portal, session)
    with monkeypatch.context() as lost:
        lost.setattr(world.wiring.client_keys, "encryption_key", unavailable)
        assert told(world, departments, session) == []
    assert world.events("logout:notify") == [], "nothing was given up"
    world.clock.advance(60)
    world.wiring.housekeeper.tick()
    assert [one["outcome"] for one in world.events("logout:notify")] == ["done"]


def unavailable(_client: Client, _alg: str) -> EncryptionKey:
    """Be a key set that is out of reach."""
    raise KeysUnavailable("down", code="outbound_failed")
