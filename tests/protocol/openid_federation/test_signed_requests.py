"""Automatic registration by a request object at the authorization endpoint, with and without the chain."""

from __future__ import annotations

from typing import Any

import pytest

from keys import algorithms
from keys.signer import Signer
from tests.support.federated_party import CALLBACK, LEAF, FederatedParty
from tests.support.federated_world import COMMUNE, FederatedWorld
from tests.support.token_world import ISSUER


@pytest.fixture
def party(federated: FederatedWorld) -> FederatedParty:
    """Return a leaf of a commune."""
    party = FederatedParty(federated, federated.unit(COMMUNE))
    federated.vouch(party.entity, COMMUNE)
    return party


@pytest.mark.spec("OpenID Federation 1.0", "12.1.1.1")
@pytest.mark.parametrize("with_chain", [False, True])
def test_a_signed_request_brings_an_unknown_leaf_in(party: FederatedParty, with_chain: bool) -> None:
    changes: dict[str, Any] = {"trust_chain": party.chain()} if with_chain else {}
    # A chain is too long for an address (section 12.1.1.1.1): the browser posts it.
    answer = party.post("/authorize", {"client_id": LEAF, "request": party.signed_request(**changes)})
    assert answer.status == 303, answer.body
    assert answer.headers["location"].startswith("/signin/")
    assert party.known().unit == COMMUNE
    assert (party.federated.net.asked == []) == with_chain


@pytest.mark.spec("OpenID Federation 1.0", "12.1.1.1")
@pytest.mark.parametrize(
    "attack",
    [
        "other_key",
        "federation_key",
        "other_audience",
        "several_audiences",
        "with_sub",
        "without_jti",
        "without_exp",
        "far_exp",
        "other_client",
        "without_client",
        "expired",
        "replayed",
    ],
)
def test_a_request_that_proves_too_little_starts_nothing(party: FederatedParty, attack: str) -> None:
    now, used = party.federated.clock.now(), party.signed_request()
    if attack == "replayed":
        assert party.authorize(request=used).headers["location"].startswith("/signin/")
    made = {
        "other_key": lambda: party.signed_request(Signer("rp-1", "ES256", algorithms.generate("ES256"))),
        "federation_key": lambda: party.signed_request(party.entity.signer),
        "other_audience": lambda: party.signed_request(aud="https://other.vn"),
        "several_audiences": lambda: party.signed_request(aud=[ISSUER, "https://other.vn"]),
        "with_sub": lambda: party.signed_request(sub="https://khac.example.gov.vn"),
        "without_jti": lambda: party.signed_request(jti=None),
        "without_exp": lambda: party.signed_request(exp=None),
        "far_exp": lambda: party.signed_request(exp=now + 90_000),
        "other_client": lambda: party.signed_request(client_id="https://khac.example.gov.vn"),
        "without_client": lambda: party.signed_request(client_id=None),
        "expired": lambda: party.signed_request(iat=now - 900, exp=now - 600),
        "replayed": lambda: used,
    }[attack]()
    answer = party.authorize(request=made)
    assert answer.status == 400
    assert "location" not in answer.headers
    refusals = [row for row in party.federated.world.events("authorization:request") if row["outcome"] == "refused"]
    assert len(refusals) == 1


@pytest.mark.spec("OpenID Federation 1.0", "12.1.3")
def test_a_leaf_that_nobody_vouches_for_is_told_on_a_page_and_nobody_is_redirected(party: FederatedParty) -> None:
    party.federated.wiring.members.remove(COMMUNE, LEAF, reason="thôi")
    answer = party.authorize(request=party.signed_request(), redirect_uri=CALLBACK)
    assert answer.status == 400
    assert "location" not in answer.headers
    assert party.known() is None


def test_a_signed_request_for_more_than_the_superiors_allow_is_refused(party: FederatedParty) -> None:
    answer = party.authorize(request=party.signed_request(scope="openid identity"))
    assert answer.status == 303
    assert "error=invalid_scope" in answer.headers["location"]
