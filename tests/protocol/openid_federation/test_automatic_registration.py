"""Automatic registration by a pushed request: who comes in, with what, for how long, and who does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.storage.sqlite import SqliteDatabase
from keys import algorithms
from keys.signer import Signer
from policies.federation.caps import CAPS
from tests.support.clock import FrozenClock
from tests.support.federated_party import ASSERTION, CALLBACK, LEAF, FederatedParty, with_chain
from tests.support.federated_world import COMMUNE, MARK, FederatedWorld
from tests.support.federation import RP, Entity
from tests.support.token_world import CHALLENGE, ISSUER


@pytest.fixture
def party(federated: FederatedWorld) -> FederatedParty:
    """Return a leaf of a commune."""
    party = FederatedParty(federated, federated.unit(COMMUNE))
    federated.vouch(party.entity, COMMUNE)
    return party


@pytest.mark.spec("OpenID Federation 1.0", "12.1")
def test_a_leaf_comes_in_by_its_first_pushed_request_as_an_ordinary_client_with_an_end(party: FederatedParty) -> None:
    answer = party.push()
    assert answer.status == 201, answer.body
    client = party.known()
    assert (client.state, client.unit, client.legal_basis, client.consent) == ("active", COMMUNE, "consent", "ask")
    assert client.scope == {"openid", "profile"}, "identity is beyond the cap of a commune"
    assert client.grant_types == {"authorization_code"}
    assert client.permitted_acr_values == CAPS["commune"].acr_values
    assert client.sector_id.startswith("sec_")
    assert client.secrets == ()
    assert client.federation == {"trust_anchor": ISSUER, "superior": party.federated.unit(COMMUNE)}
    assert client.expires_at == party.federated.clock.now() + 3600
    (event,) = party.federated.world.events("federation:register")
    assert (event["outcome"], event["client_id"]) == ("done", LEAF)
    page = party.authorize(request_uri=answer.json["request_uri"])
    assert page.status == 303
    assert page.headers["location"].startswith("/signin/")


def test_a_second_request_asks_nobody(party: FederatedParty) -> None:
    assert party.push().status == 201
    asked = len(party.federated.net.asked)
    assert party.push().status == 201
    assert len(party.federated.net.asked) == asked


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"scope": "openid identity"}, "invalid_scope"),
        ({"acr_values": "urn:dinhdanh:loa:4"}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"essential":true,"value":"urn:dinhdanh:loa:3"}}}'}, "invalid_request"),
        ({"redirect_uri": "https://other.example.vn/cb"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
def test_a_leaf_that_asks_more_than_its_superiors_allow_is_refused(
    party: FederatedParty, asked: dict[str, str], error: str
) -> None:
    answer = party.push(**asked)
    assert (answer.status, answer.json["error"]) == (400, error)


def test_a_grant_beyond_the_cap_is_refused_at_the_token_endpoint(party: FederatedParty) -> None:
    assert party.push().status == 201
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION}
    answer = party.post("/token", {**form, "client_assertion": party.assertion()})
    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")


@pytest.mark.spec("OpenID Federation 1.0", "12.1.1")
@pytest.mark.spec("OpenID Federation 1.0", "12.1.1.2")
@pytest.mark.parametrize(
    ("attack", "status", "error"),
    [
        ("other_key", 401, "invalid_client"),
        ("federation_key", 401, "invalid_client"),
        ("several_audiences", 401, "invalid_client"),
        ("other_audience", 401, "invalid_client"),
        ("endpoint_audience", 401, "invalid_client"),
        ("replayed", 401, "invalid_client"),
    ],
)
def test_the_request_must_be_proven_by_the_relying_partys_own_key_for_us_alone(
    party: FederatedParty, attack: str, status: int, error: str
) -> None:
    used = party.assertion()
    if attack == "replayed":
        assert party.push(used).status == 201
    assertion = {
        "other_key": lambda: party.assertion(Signer("rp-1", "ES256", algorithms.generate("ES256"))),
        "federation_key": lambda: party.assertion(party.entity.signer),
        "several_audiences": lambda: party.assertion(aud=[ISSUER, "https://other.vn"]),
        "other_audience": lambda: party.assertion(aud="https://other.vn"),
        "endpoint_audience": lambda: party.assertion(aud=f"{ISSUER}/par"),
        "replayed": lambda: used,
    }[attack]()
    answer = party.push(assertion)
    assert (answer.status, answer.json["error"]) == (status, error)


@pytest.mark.spec("OpenID Federation 1.0", "12.1.1")
def test_without_a_proof_nobody_is_asked_anything(party: FederatedParty) -> None:
    shown = party.authorize(redirect_uri=CALLBACK, response_type="code", scope="openid")
    assert shown.status == 400
    assert "location" not in shown.headers
    assert party.push(client_assertion="", client_assertion_type="").status == 401
    assert party.federated.net.asked == []
    assert party.known() is None


def test_a_browser_alone_starts_no_sign_in_for_a_federated_client(party: FederatedParty) -> None:
    assert party.push().status == 201
    answer = party.authorize(
        redirect_uri=CALLBACK,
        response_type="code",
        scope="openid",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
    assert answer.status == 303
    assert "error=invalid_request" in answer.headers["location"]


@pytest.mark.spec("OpenID Federation 1.0", "12.1.3")
@pytest.mark.parametrize(
    ("fault", "error", "reason"),
    [
        ("no_anchor", "invalid_trust_anchor", "anchor_unknown"),
        ("dropped", "invalid_trust_anchor", "anchor_unknown"),
        ("outside_policy", "invalid_metadata", "not_one_of"),
        ("no_relying_party", "invalid_metadata", "no_relying_party"),
        ("other_type", "invalid_metadata", "registration_type"),
        ("no_list_of_types", "invalid_metadata", "registration_type"),
        ("secret", "invalid_metadata", "not_one_of"),
        ("bad_redirect", "invalid_client_metadata", "invalid_client_metadata"),
        ("no_keys", "invalid_client_metadata", "invalid_client_metadata"),
    ],
)
def test_who_cannot_be_trusted_is_told_so_at_the_pushing_endpoint_and_becomes_no_client(
    party: FederatedParty, fault: str, error: str, reason: str
) -> None:
    own = party.entity.metadata[RP]
    if fault == "no_anchor":
        party.entity.claims["authority_hints"] = ["https://stranger.example.com"]
    if fault == "dropped":
        party.federated.wiring.members.remove(COMMUNE, LEAF, reason="thôi")
    changes: dict[str, dict[str, Any]] = {
        "outside_policy": {"minimum_acr": "urn:dinhdanh:loa:4"},
        "other_type": {"client_registration_types": ["explicit"]},
        "no_list_of_types": {"client_registration_types": 7},
        "secret": {"token_endpoint_auth_method": "client_secret_basic"},
        "bad_redirect": {"redirect_uris": ["http://motcua.example.gov.vn/cb"]},
        "no_keys": {"jwks": {"keys": []}},
    }
    own.update(changes.get(fault, {}))
    if fault == "no_relying_party":
        party.entity.metadata = {}
    answer = party.push()
    assert (answer.status, answer.json["error"]) == (400, error)
    assert party.reason("authorization:push") == reason
    assert party.known() is None


def test_the_owner_and_the_legal_basis_are_the_superiors_word_alone(party: FederatedParty) -> None:
    claimed = {"unit": "48", "legal_basis": "public_duty", "consent": "notice", "profile": "fapi2"}
    party.entity.metadata[RP].update(claimed, sector_identifier_uri="https://else.vn/s.json")
    assert party.push().status == 201
    client = party.known()
    assert (client.unit, client.legal_basis, client.consent, client.profile) == (COMMUNE, "consent", "ask", "oidc")
    assert client.sector_identifier_uri is None
    said = {RP: {"legal_basis": "public_duty", "consent": "notice"}}
    party.federated.vouch(party.entity, COMMUNE, metadata=said)
    party.federated.clock.advance(3600)
    assert party.push().status == 201
    assert (party.known().legal_basis, party.known().consent) == ("public_duty", "notice")


@pytest.mark.spec("OpenID Federation 1.0", "12.3")
def test_a_client_ends_with_its_chain_is_looked_at_anew_and_is_out_when_the_superior_drops_it(
    party: FederatedParty,
) -> None:
    assert party.push().status == 201
    sector = party.known().sector_id
    party.federated.clock.advance(3600)
    assert party.known().state == "expired"
    assert party.push().status == 201
    assert (party.known().state, party.known().sector_id) == ("active", sector)
    party.federated.wiring.members.remove(COMMUNE, LEAF, reason="hết hợp đồng")
    assert party.known().state == "expired", "at once, where it is one of ours that drops it"
    answer = party.push()
    assert (answer.status, answer.json["error"]) == (400, "invalid_trust_anchor")
    assert party.known().state == "expired"


def test_whom_the_operator_suspended_no_superior_brings_back(party: FederatedParty) -> None:
    assert party.push().status == 201
    party.federated.wiring.clients.set_state(LEAF, "suspended")
    party.federated.clock.advance(3600)
    assert party.push().status == 401
    assert party.known().state == "suspended"


@pytest.mark.spec("OpenID Federation 1.0", "4.3")
def test_a_trust_chain_that_comes_along_saves_the_visits(party: FederatedParty) -> None:
    assertion = with_chain(party.assertion(), party.chain(), party.signer)
    assert party.push(assertion).status == 201
    assert party.federated.net.asked == []


@pytest.mark.spec("OpenID Federation 1.0", "12.1.1")
@pytest.mark.parametrize("bent", ["dropped", "forged", "another_subject", "rubbish"])
def test_a_trust_chain_is_verified_in_full_and_yesterdays_word_of_ours_counts_for_nothing(
    party: FederatedParty, bent: str
) -> None:
    chain = party.chain()
    if bent == "dropped":
        party.federated.wiring.members.remove(COMMUNE, LEAF, reason="thôi")
    if bent == "forged":
        chain[0] = Entity(
            LEAF, party.federated.clock, party.federated.unit(COMMUNE), **party.entity.metadata
        ).configuration()
    if bent == "another_subject":
        other = party.federated.entity("https://khac.example.gov.vn", party.federated.unit(COMMUNE))
        party.federated.vouch(other, COMMUNE)
        issued = party.federated.wiring.authority.statement(party.federated.unit(COMMUNE), other.entity_id)
        chain[:2] = [other.configuration(), str(issued)]
    if bent == "rubbish":
        chain = ["a.b.c"]
    answer = party.push(with_chain(party.assertion(), chain, party.signer))
    # What does not hold is no chain: the leaf's own site decides, and there the dropped one finds nobody who vouches.
    assert answer.status == (400 if bent == "dropped" else 201)
    assert f"{LEAF}/.well-known/openid-federation" in party.federated.net.asked


def test_the_provinces_own_system_may_ask_for_the_identity_code(federated: FederatedWorld) -> None:
    party = FederatedParty(federated, ISSUER)
    federated.vouch(party.entity)
    assert party.push(scope="openid identity").status == 201
    assert party.known().unit == "48"


def test_a_trust_mark_that_is_demanded_must_be_held_and_in_force(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock
) -> None:
    federated = FederatedWorld(tmp_path, sqlite_database, clock, required_trust_marks=(MARK,))
    party = FederatedParty(federated, federated.unit(COMMUNE))
    federated.vouch(party.entity, COMMUNE)
    assert party.push().json["error"] == "invalid_metadata"
    assert party.reason("authorization:push") == "trust_mark_missing"
    mark = federated.wiring.members.issue_mark(MARK, LEAF, 86400)
    token = federated.wiring.own_marks.token(mark)
    party.entity.claims["trust_marks"] = [{"trust_mark_type": MARK, "trust_mark": token}]
    assert party.push().status == 201
    federated.wiring.members.revoke_mark(mark.id, reason="mất chứng nhận")
    clock.advance(3600)
    assert party.push().json["error"] == "invalid_metadata"


def test_automatic_registration_that_is_off_lets_nobody_in(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock
) -> None:
    federated = FederatedWorld(tmp_path, sqlite_database, clock, registration=("explicit",))
    party = FederatedParty(federated, federated.unit(COMMUNE))
    federated.vouch(party.entity, COMMUNE)
    assert party.push().status == 401
    assert federated.net.asked == []
    document = federated.get("/.well-known/openid-configuration").json
    assert document["client_registration_types_supported"] == ["explicit"]
