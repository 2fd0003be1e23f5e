"""Systems of another federation, which knows neither our units nor PKCE: as bare as the OpenID conformance suite's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.storage.sqlite import SqliteDatabase
from keys import algorithms
from keys.signer import Signer
from tests.support.clock import FrozenClock
from tests.support.federated_party import ASSERTION, CALLBACK, LEAF, FederatedParty
from tests.support.federated_world import ANCHOR, COMMUNE, FederatedWorld
from tests.support.federation import RP, published
from tests.support.token_world import ISSUER, REDIRECT, Registered

BARE: dict[str, Any] = {
    "code_challenge": None, "code_challenge_method": None, "nonce": None, "state": None, "scope": "openid", "iat": None,
}  # fmt: skip


def bare(federated: FederatedWorld) -> FederatedParty:
    """Return a leaf below the foreign anchor that says no more of itself than it must."""
    party = FederatedParty(federated, ANCHOR)
    private = algorithms.generate("ES256")
    party.signer = Signer("rp", "ES256", private)
    own = {"response_types": ["code"], "redirect_uris": [CALLBACK], "jwks_uri": f"{LEAF}/jwks"}
    party.entity.metadata[RP] = {**own, "client_registration_types": ["automatic"]}
    jwks = orjson.dumps({"keys": [published(private, "rp")]})
    federated.net.pages[f"{LEAF}/jwks"] = (200, "application/json", jwks)
    federated.anchor.vouches(party.entity)
    return party


@pytest.fixture
def party(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> FederatedParty:
    """Return one in a deployment that says who owns the anchor's systems and asks no PKCE of confidential clients."""
    return bare(FederatedWorld(tmp_path, sqlite_database, clock, require_pkce=False, anchor_units={ANCHOR: COMMUNE}))


@pytest.mark.spec("OpenID Federation 1.0", "12.1")
@pytest.mark.spec("OpenID Federation 1.0", "5.2.1")
@pytest.mark.parametrize("method", ["GET", "POST", "PAR"])
def test_a_bare_system_comes_in_and_belongs_to_the_unit_that_answers_for_its_anchor(
    party: FederatedParty, method: str
) -> None:
    token = party.signed_request(**BARE)
    if method == "PAR":
        proof = {"client_assertion_type": ASSERTION}
        pushed = party.post("/par", {"request": token, **proof, "client_assertion": party.assertion()})
        assert pushed.status == 201, pushed.body
        answer = party.authorize(request_uri=pushed.json["request_uri"])
    elif method == "POST":
        answer = party.post("/authorize", {"client_id": LEAF, "request": token})
    else:
        answer = party.authorize(request=token, scope="openid", response_type="code")
    assert answer.status == 303, answer.body
    assert answer.headers["location"].startswith("/signin/")
    client = party.known()
    assert (client.unit, client.legal_basis, client.consent, client.require_pkce) == (COMMUNE, "consent", "ask", False)
    assert client.client_name["vi"] == "motcua.example.gov.vn"
    assert client.purpose["vi"]
    assert client.token_endpoint_auth_method == "private_key_jwt"
    assert client.federation == {"trust_anchor": ANCHOR, "superior": ANCHOR}


@pytest.mark.spec("OpenID Federation 1.0", "12.1")
@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.parametrize(
    ("audience", "status"),
    [
        (ISSUER, 200),
        (f"{ISSUER}/token", 200),
        ([f"{ISSUER}/token"], 401),
        (f"{ISSUER}/par", 401),
        ("https://b.vn", 401),
    ],
)
def test_at_the_token_endpoint_it_proves_itself_to_the_issuer_or_to_that_endpoint(
    party: FederatedParty, audience: object, status: int
) -> None:
    assert party.authorize(request=party.signed_request(**BARE)).status == 303
    world = party.federated.world
    session = world.sign_in(world.add_person())
    code = world.code(Registered(party.known(), ""), session, "openid", challenge="")
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "client_id": LEAF,
        "client_assertion_type": ASSERTION, "client_assertion": party.assertion(aud=audience),
    }  # fmt: skip
    answer = party.post("/token", form)
    assert answer.status == status, answer.body
    if status == 200:
        claims = world.verified(answer.json["id_token"])
        assert (claims["iss"], claims["aud"]) == (ISSUER, LEAF), "one audience, as a text (section 12.1.1.1)"


def test_without_a_unit_for_its_anchor_and_without_pkce_it_is_refused(federated: FederatedWorld) -> None:
    party = bare(federated)
    answer = party.authorize(request=party.signed_request(**BARE))
    assert answer.status == 400
    assert party.reason("authorization:request") == "unit_missing"
    party.entity.metadata[RP]["unit"] = COMMUNE
    federated.clock.advance(3600)
    assert party.authorize(request=party.signed_request(**BARE)).status == 400, "nobody names his owner himself"
    said = {RP: {"unit": COMMUNE}}
    federated.anchor.vouches(party.entity, metadata=said)
    federated.clock.advance(3600)
    answer = party.authorize(request=party.signed_request(**BARE), redirect_uri=CALLBACK)
    assert "code_challenge" in answer.headers["location"]
