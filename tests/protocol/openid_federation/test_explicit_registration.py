"""Explicit registration: the configuration or the chain that is brought, the signed answer, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.federated_party import LEAF, FederatedParty
from tests.support.federated_world import ANCHOR, COMMUNE, FederatedWorld
from tests.support.federation import RP, Entity
from tests.support.token_world import ISSUER

RESPONSE = "explicit-registration-response+jwt"


@pytest.fixture
def party(federated: FederatedWorld) -> FederatedParty:
    """Return a leaf of a commune."""
    party = FederatedParty(federated, federated.unit(COMMUNE))
    federated.vouch(party.entity, COMMUNE)
    return party


@pytest.mark.spec("OpenID Federation 1.0", "12.2")
@pytest.mark.spec("OpenID Federation 1.0", "12.2.3")
@pytest.mark.parametrize("by_chain", [False, True])
def test_an_entity_takes_away_a_signed_registration_that_ends_with_its_chain(
    party: FederatedParty, by_chain: bool
) -> None:
    party.entity.lifetime = 1800
    if by_chain:
        chain = party.chain()
        chain[0] = party.entity.configuration(aud=ISSUER)
        answer = party.register(orjson.dumps(chain).decode(), "trust-chain+json")
    else:
        answer = party.register()
    claims = party.federated.said(answer, RESPONSE)
    assert (claims["iss"], claims["sub"], claims["aud"]) == (ISSUER, LEAF, LEAF)
    assert claims["exp"] == party.federated.clock.now() + 1800 == party.known().expires_at
    assert claims["trust_anchor"] == ISSUER
    assert claims["authority_hints"] == [party.federated.unit(COMMUNE)]
    assert claims["jwks"] == party.entity.jwks
    told = claims["metadata"][RP]
    assert (told["client_id"], told["unit"]) == (LEAF, COMMUNE)
    assert set(told["scope"].split()) == {"openid", "profile"}
    assert "client_secret" not in told
    assert "registration_access_token" not in told
    assert party.push().status == 201
    assert party.federated.world.events("federation:register")[0]["outcome"] == "done"


@pytest.mark.spec("OpenID Federation 1.0", "12.2.2")
def test_a_second_registration_takes_the_place_of_the_first(party: FederatedParty) -> None:
    assert party.register().status == 200
    first = party.known()
    party.entity.metadata[RP]["redirect_uris"] = [f"{LEAF}/moi"]
    assert party.register().status == 200
    assert party.known().redirect_uris == (f"{LEAF}/moi",)
    assert party.known().sector_id == first.sector_id


@pytest.fixture
def both(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> FederatedParty:
    """Return a leaf below our own anchor and below the foreign one."""
    federated = FederatedWorld(tmp_path, sqlite_database, clock, anchor_units={ANCHOR: COMMUNE})
    party = FederatedParty(federated, ISSUER, ANCHOR, unit=COMMUNE)
    federated.vouch(party.entity)
    federated.anchor.vouches(party.entity, metadata={RP: {"unit": COMMUNE}})
    return party


def _to(party: FederatedParty, anchor: Entity) -> list[str]:
    return [party.entity.configuration(), anchor.statement(LEAF), anchor.configuration()]


def _with_header(party: FederatedParty, **header: Any) -> str:
    return party.entity.sign_by_header(party.entity.own(aud=ISSUER), **header)


@pytest.mark.spec("OpenID Federation 1.0", "12.2.3")
@pytest.mark.parametrize("by_header", [False, True])
def test_a_chain_that_is_brought_says_to_which_anchor_the_registration_leads(
    both: FederatedParty, *, by_header: bool
) -> None:
    anchor = both.federated.anchor
    assert both.federated.said(both.register(), RESPONSE)["trust_anchor"] == ISSUER
    chain = _to(both, anchor)
    if by_header:
        answer = both.register(_with_header(both, trust_chain=chain))
    else:
        chain[0] = both.entity.configuration(aud=ISSUER)
        answer = both.register(orjson.dumps(chain).decode(), "trust-chain+json")
    claims = both.federated.said(answer, RESPONSE)
    assert (claims["trust_anchor"], claims["authority_hints"]) == (ANCHOR, [ANCHOR])


@pytest.mark.spec("OpenID Federation 1.0", "12.2.2")
@pytest.mark.spec("OpenID Federation 1.0", "3.2")
def test_chains_in_the_header_begin_where_they_have_to_and_lead_to_one_anchor(both: FederatedParty) -> None:
    ours, anchor = both.federated.wiring.authority.configuration(ISSUER), both.federated.anchor
    theirs = _to(both, anchor)
    headers: tuple[dict[str, Any], ...] = (
        {"trust_chain": []},
        {"trust_chain": "x"},
        {"trust_chain": ["x"]},
        {"trust_chain": theirs[1:]},
        {"trust_chain": [theirs[0], theirs[2]]},
        {"peer_trust_chain": theirs},
        {"trust_chain": theirs, "peer_trust_chain": [ours]},
    )
    for header in headers:
        answer = both.register(_with_header(both, **header))
        assert (answer.status, answer.json["error"]) == (400, "invalid_trust_chain"), header
    assert both.known() is None
    assert both.register(_with_header(both, peer_trust_chain=[ours])).status == 200


def _another_key(party: FederatedParty) -> dict[str, Any]:
    other = Entity(LEAF, party.federated.clock, party.federated.unit(COMMUNE), **party.entity.metadata)
    return {"body": other.configuration(aud=ISSUER)}


@pytest.mark.spec("OpenID Federation 1.0", "12.2.2")
@pytest.mark.parametrize(
    ("request_of", "error"),
    [
        (lambda party: {"aud": None}, "invalid_trust_chain"),
        (lambda party: {"aud": "https://other.vn"}, "invalid_trust_chain"),
        (lambda party: {"aud": [ISSUER, "https://other.vn"]}, "invalid_trust_chain"),
        (lambda party: {"exp": party.federated.clock.now() - 100}, "invalid_trust_chain"),
        (lambda party: {"authority_hints": ["https://stranger.example.com"]}, "invalid_trust_anchor"),
        (lambda party: {"body": "rubbish"}, "invalid_trust_chain"),
        (lambda party: {"body": party.entity.sign(party.entity.own(aud=ISSUER), "JWT")}, "invalid_trust_chain"),
        (lambda party: {"kind": "json"}, "invalid_request"),
        (lambda party: {"body": "[]", "kind": "trust-chain+json"}, "invalid_request"),
        (lambda party: {"body": "{", "kind": "trust-chain+json"}, "invalid_request"),
        (_another_key, "invalid_trust_chain"),
        (lambda party: {"metadata": {}}, "invalid_metadata"),
    ],
)
def test_what_does_not_hold_registers_nobody(party: FederatedParty, request_of: Any, error: str) -> None:
    answer = party.register(**request_of(party))
    assert (answer.status, answer.json["error"]) == (400, error)
    assert party.known() is None
    assert party.reason("federation:register")


def test_an_entity_that_asks_for_what_we_do_not_offer_is_told_so(party: FederatedParty) -> None:
    party.entity.metadata[RP]["redirect_uris"] = ["javascript:alert(1)"]
    answer = party.register()
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")


@pytest.mark.spec("OpenID Federation 1.0", "12.2")
def test_the_endpoint_is_announced_and_served_only_where_it_is_on(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock
) -> None:
    federated = FederatedWorld(tmp_path, sqlite_database, clock, registration=("automatic",))
    document = federated.get("/.well-known/openid-configuration").json
    assert document["client_registration_types_supported"] == ["automatic"]
    assert "federation_registration_endpoint" not in document
    assert FederatedParty(federated, federated.unit(COMMUNE)).register().status == 404


def test_registrations_of_an_hour_are_bounded(party: FederatedParty) -> None:
    for _ in range(600):
        party.federated.wiring.explicit_registration._limit.count()
    answer = party.register()
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
