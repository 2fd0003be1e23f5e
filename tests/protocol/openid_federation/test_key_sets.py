"""The keys of a federated client: by value, signed by its federation keys, or at an address."""

from __future__ import annotations

from typing import Any

import pytest

from keys import algorithms
from keys.compact import parse
from keys.signer import Signer
from tests.support.federated_party import LEAF, FederatedParty
from tests.support.federated_world import COMMUNE, FederatedWorld
from tests.support.federation import RP, published

SIGNED = f"{LEAF}/keys.jwt"
TYPE = "jwk-set+jwt"


@pytest.fixture
def party(federated: FederatedWorld) -> FederatedParty:
    """Return a leaf of a commune whose keys stand behind ``signed_jwks_uri`` alone."""
    party = FederatedParty(federated, federated.unit(COMMUNE))
    federated.vouch(party.entity, COMMUNE)
    own = party.entity.metadata[RP]
    own["signed_jwks_uri"] = SIGNED
    publish(party, own.pop("jwks")["keys"])
    return party


def publish(party: FederatedParty, keys: list[Any], typ: str = TYPE, signer: Signer | None = None, **said: Any) -> None:
    """Serve a set at the address, signed by the entity unless told otherwise; None takes a claim out."""
    claims = {"iss": LEAF, "sub": LEAF, "iat": party.federated.clock.now(), "keys": keys, **said}
    token = party.entity.sign({name: value for name, value in claims.items() if value is not None}, typ, signer)
    party.federated.net.pages[SIGNED] = (200, f"application/{TYPE}", token.encode())


@pytest.mark.spec("OpenID Federation 1.0", "5.2.1")
def test_keys_signed_by_the_entity_prove_its_requests_and_a_rotation_comes_with_the_next_look(
    party: FederatedParty,
) -> None:
    assert party.push().status == 201
    private = algorithms.generate("ES256")
    publish(party, [published(private, "rp-2")])
    party.signer = Signer("rp-2", "ES256", private)
    party.federated.clock.advance(3600)
    assert party.push().status == 201


@pytest.mark.spec("OpenID Federation 1.0", "5.2.1")
@pytest.mark.parametrize(
    ("served", "reason"),
    [
        ({"typ": "JWT"}, "signed_jwks_invalid"),
        ({"typ": ""}, "signed_jwks_invalid"),
        ({"iss": "https://other.example.gov.vn"}, "signed_jwks_invalid"),
        ({"sub": "https://other.example.gov.vn"}, "signed_jwks_invalid"),
        ({"sub": None}, "signed_jwks_invalid"),
        ({"exp": 1}, "signed_jwks_invalid"),
        ({"keys": None}, "signed_jwks_invalid"),
        ({"keys": []}, "signed_jwks_invalid"),
        ({"signer": Signer("rp-1", "ES256", algorithms.generate("ES256"))}, "signed_jwks_invalid"),
    ],
)
def test_a_set_that_the_entity_did_not_sign_for_itself_registers_nothing(
    party: FederatedParty, served: dict[str, Any], reason: str
) -> None:
    keys = [published(algorithms.generate("ES256"), "rp-1")]
    publish(party, **{"keys": keys, **served})
    answer = party.push()
    assert (answer.status, answer.json["error"]) == (400, "invalid_metadata")
    assert party.reason("authorization:push") == reason
    assert party.known() is None


@pytest.mark.spec("OpenID Federation 1.0", "5.2.1")
@pytest.mark.parametrize(("header", "is_good"), [({}, True), ({"kid": None}, False), ({"kid": "other"}, False)])
def test_a_set_that_does_not_name_its_key_is_none(
    party: FederatedParty, header: dict[str, Any], *, is_good: bool
) -> None:
    status, kind, page = party.federated.net.pages[SIGNED]
    token = party.entity.sign_by_header(parse(page.decode()).unverified_claims, **{"typ": TYPE, **header})
    party.federated.net.pages[SIGNED] = (status, kind, token.encode())
    assert (party.push().status == 201) == is_good


@pytest.mark.parametrize(
    ("uri", "page", "reason"),
    [
        (SIGNED, (500, "text/plain", b""), "signed_jwks_unreachable"),
        (SIGNED, (200, f"application/{TYPE}", "không".encode()), "signed_jwks_invalid"),
        ("http://motcua.example.gov.vn/keys.jwt", None, "signed_jwks_uri"),
        ("https://nowhere.example.gov.vn/keys.jwt", None, "signed_jwks_unreachable"),
        (7, None, "signed_jwks_uri"),
    ],
)
def test_an_address_that_gives_no_set_registers_nothing(
    party: FederatedParty, uri: object, page: tuple[int, str, bytes] | None, reason: str
) -> None:
    party.entity.metadata[RP]["signed_jwks_uri"] = uri
    if page is not None:
        party.federated.net.pages[SIGNED] = page
    assert party.push().status == 400
    assert party.reason("authorization:push") == reason


@pytest.mark.spec("OpenID Federation 1.0", "5.2.1")
def test_of_several_sets_the_one_that_the_chain_vouches_for_counts(party: FederatedParty) -> None:
    private = algorithms.generate("ES256")
    party.signer = Signer("rp-3", "ES256", private)
    party.entity.metadata[RP] |= {"jwks": {"keys": [published(private, "rp-3")]}, "jwks_uri": f"{LEAF}/jwks"}
    assert party.push().status == 201
    assert not {SIGNED, f"{LEAF}/jwks"} & set(party.federated.net.asked)
    assert party.known().jwks_uri is None
