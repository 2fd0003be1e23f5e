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
from tests.support.federated_world import ANCHOR, COMMUNE, ELSEWHERE, OTHER_COMMUNE, FederatedWorld
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


def test_without_a_unit_that_answers_for_its_anchor_it_is_refused_whatever_unit_its_superior_names(
    federated: FederatedWorld,
) -> None:
    party = bare(federated)
    answer = party.authorize(request=party.signed_request(**BARE))
    assert answer.status == 400
    assert party.reason("authorization:request") == "unit_missing"
    federated.anchor.vouches(party.entity, metadata={RP: {"unit": COMMUNE}})
    federated.clock.advance(3600)
    assert party.authorize(request=party.signed_request(**BARE)).status == 400
    assert party.known() is None


def test_without_pkce_it_is_sent_back_where_registered_clients_must_use_it(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock
) -> None:
    party = bare(FederatedWorld(tmp_path, sqlite_database, clock, anchor_units={ANCHOR: COMMUNE}))
    answer = party.authorize(request=party.signed_request(**BARE), redirect_uri=CALLBACK)
    assert "code_challenge" in answer.headers["location"]


@pytest.mark.parametrize(
    ("answering", "named", "owner"),
    [
        ("48", COMMUNE, COMMUNE),
        (COMMUNE, COMMUNE, COMMUNE),
        ("48", None, "48"),
        (COMMUNE, "48", None),
        (COMMUNE, OTHER_COMMUNE, None),
        ("48", ELSEWHERE, None),
    ],
)
def test_a_superior_outside_names_the_unit_that_answers_for_its_anchor_or_one_below_it(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, answering: str, named: str | None, owner: str
) -> None:
    federated = FederatedWorld(tmp_path, sqlite_database, clock, anchor_units={ANCHOR: answering})
    party = FederatedParty(federated, ANCHOR, unit="48")
    federated.anchor.vouches(party.entity, metadata={RP: {"unit": named}} if named else {})
    answer = party.push()
    if owner is None:
        assert (answer.status, answer.json["error"]) == (400, "invalid_metadata")
        assert party.reason("authorization:push") == "unit_outside"
        assert party.known() is None
    else:
        assert answer.status == 201, answer.body
        assert party.known().unit == owner
        assert party.known().scope == {"openid", "profile"}, "the cap of a commune"


def test_a_superior_outside_may_not_say_that_a_law_obliges_or_that_people_need_not_be_asked(
    party: FederatedParty,
) -> None:
    law = {"legal_basis": "public_duty", "consent": "notice"}
    fixed = {RP: {name: {"value": value} for name, value in law.items()}}
    party.federated.anchor.vouches(party.entity, metadata={RP: law}, metadata_policy=fixed)
    assert party.authorize(request=party.signed_request(**BARE)).status == 303
    client = party.known()
    assert (client.unit, client.legal_basis, client.consent) == (COMMUNE, "consent", "ask")


@pytest.mark.parametrize("named", [None, COMMUNE, OTHER_COMMUNE])
def test_what_an_outsider_vouches_for_below_a_commune_is_that_communes(
    federated: FederatedWorld, named: str | None
) -> None:
    hospital = federated.entity("https://benhvien.example.vn", federated.unit(COMMUNE))
    policy = {RP: {"legal_basis": {"value": "contract"}}}
    federated.vouch(hospital, COMMUNE, metadata_policy=policy)
    party = FederatedParty(federated, hospital.entity_id)
    said = {"legal_basis": "public_duty", "consent": "notice", **({"unit": named} if named else {})}
    hospital.vouches(party.entity, metadata={RP: said})
    answer = party.push()
    if named == OTHER_COMMUNE:
        assert answer.status == 400
        assert party.reason("authorization:push") == "unit_outside"
        return
    assert answer.status == 201, answer.body
    client = party.known()
    assert (client.unit, client.legal_basis, client.consent) == (COMMUNE, "contract", "ask"), "by the commune's policy"
