"""Trust chains, asked at the resolve endpoint: the tree that holds, and everything that somebody may try with it."""

from __future__ import annotations

from typing import Any

import pytest

from idp.federation.collecting import MAX_VISITS
from keys import algorithms
from keys.signer import Signer
from tests.support.federated_world import ANCHOR, COMMUNE, FederatedWorld
from tests.support.federation import RP, Entity, published
from tests.support.token_world import ISSUER

MIDDLE, LEAF = "https://so.example.gov.vn", "https://motcua.example.gov.vn"
METADATA: dict[str, Any] = {
    RP: {
        "client_name": "Một cửa",
        "scope": "openid profile identity",
        "redirect_uris": ["https://motcua.example.gov.vn/cb"],
    }
}


class Tree:
    """Anchor, intermediate, leaf: three levels."""

    def __init__(self, federated: FederatedWorld) -> None:
        self.federated = federated
        self.anchor = federated.anchor
        self.middle = federated.entity(MIDDLE, ANCHOR)
        self.leaf = federated.entity(LEAF, MIDDLE, **METADATA)
        self.anchor.vouches(self.middle)
        self.middle.vouches(self.leaf)

    def resolved(self, anchor: str = ANCHOR, **query: Any) -> dict[str, Any]:
        return self.federated.said(
            self.federated.get("/federation/resolve", sub=LEAF, trust_anchor=anchor, **query), "resolve-response+jwt"
        )

    def refused(self) -> tuple[str, str]:
        """Return the error on the wire, and the reason that the audit log has."""
        answer = self.federated.get("/federation/resolve", sub=LEAF, trust_anchor=ANCHOR)
        assert answer.status == 400, answer.body
        (event,) = self.federated.world.events("federation:request")
        return answer.json["error"], event["reason"]


@pytest.fixture
def tree(federated: FederatedWorld) -> Tree:
    return Tree(federated)


@pytest.mark.spec("OpenID Federation 1.0", "8.3")
@pytest.mark.spec("OpenID Federation 1.0", "10.1")
@pytest.mark.spec("OpenID Federation 1.0", "10.4")
def test_a_leaf_is_resolved_up_to_the_anchor_with_every_policy_applied(tree: Tree) -> None:
    tree.anchor.vouches(tree.middle, metadata_policy={RP: {"scope": {"subset_of": ["openid", "profile"]}}})
    tree.middle.vouches(tree.leaf, metadata={RP: {"client_name": "Một cửa phường"}})
    tree.anchor.lifetime = 600
    claims = tree.resolved()
    assert (claims["iss"], claims["sub"]) == (ISSUER, LEAF)
    assert claims["metadata"][RP]["scope"] == "openid profile"
    assert claims["metadata"][RP]["client_name"] == "Một cửa phường"
    assert claims["exp"] == tree.federated.clock.now() + 600, "the chain ends with its first statement"
    assert len(claims["trust_chain"]) == 4
    assert tree.resolved(entity_type="federation_entity")["metadata"].keys() == {"federation_entity"}
    assert tree.resolved(entity_type=[RP, "openid_provider"])["metadata"].keys() == {RP}


@pytest.mark.spec("OpenID Federation 1.0", "11")
def test_a_chain_is_remembered_until_its_end_and_then_asked_anew(tree: Tree) -> None:
    tree.anchor.lifetime = 600
    tree.resolved()
    asked = len(tree.federated.net.asked)
    tree.resolved()
    assert len(tree.federated.net.asked) == asked
    tree.federated.clock.advance(600)
    tree.resolved()
    assert len(tree.federated.net.asked) > asked


def test_a_leaf_of_a_commune_of_ours_is_resolved_without_asking_ourselves_over_the_network(tree: Tree) -> None:
    tree.leaf.claims["authority_hints"] = [tree.federated.unit(COMMUNE)]
    tree.federated.vouch(tree.leaf, COMMUNE)
    claims = tree.resolved(ISSUER)
    assert claims["metadata"][RP]["scope"] == "openid profile", "identity is beyond the cap of a commune"
    assert claims["metadata"][RP]["unit"] == COMMUNE
    assert not [url for url in tree.federated.net.asked if url.startswith(ISSUER)]
    tree.federated.wiring.members.remove(COMMUNE, LEAF, reason="thôi")
    tree.federated.clock.advance(3600)
    assert tree.federated.get("/federation/resolve", sub=LEAF, trust_anchor=ISSUER).status == 400


def _forged(tree: Tree) -> None:
    """Somebody else's key under the kid of the superior."""
    tree.middle.signer = Signer(tree.middle.kid, "ES256", algorithms.generate("ES256"))


def _swapped(tree: Tree) -> None:
    """The leaf turns up with other keys than its superior vouched for."""
    other = Entity(LEAF, tree.federated.clock, MIDDLE, **METADATA)
    tree.federated.net.entities[-1] = other


def _substituted_superior(tree: Tree) -> None:
    """Somebody took over the superior's site, not its superior's word about its keys."""
    taken = Entity(MIDDLE, tree.federated.clock, ANCHOR)
    taken.vouches(tree.leaf)
    tree.federated.net.entities.remove(tree.middle)
    tree.federated.net.entities.append(taken)


def _false_anchor(tree: Tree) -> None:
    """Somebody took over the anchor's site, not the keys that the operator gave us."""
    false = Entity(ANCHOR, tree.federated.clock)
    false.vouches(tree.middle)
    tree.federated.net.entities[0] = false


def _wrong_subject(tree: Tree) -> None:
    tree.middle.about[LEAF]["sub"] = "https://other.example.gov.vn"


def _wrong_issuer(tree: Tree) -> None:
    tree.middle.about[LEAF]["iss"] = ANCHOR


def _somebody_elses_configuration(tree: Tree) -> None:
    tree.leaf.claims.update(iss=MIDDLE, sub=MIDDLE)


def _expired(tree: Tree) -> None:
    tree.middle.about[LEAF].update(iat=tree.federated.clock.now() - 200, exp=tree.federated.clock.now() - 100)


def _from_the_future(tree: Tree) -> None:
    tree.leaf.claims["iat"] = tree.federated.clock.now() + 3600


def _without_end(tree: Tree) -> None:
    tree.leaf.claims["exp"] = None


def _unsigned(tree: Tree) -> None:
    head = "eyJhbGciOiJub25lIiwidHlwIjoiZW50aXR5LXN0YXRlbWVudCtqd3QiLCJraWQiOiJ4In0"
    token = head + "." + tree.leaf.configuration().split(".")[1] + "."
    kind = "application/entity-statement+jwt"
    tree.federated.net.pages[f"{LEAF}/.well-known/openid-federation"] = (200, kind, token.encode())


def _other_type(tree: Tree) -> None:
    token = tree.leaf.sign(tree.leaf.own(), "JWT")
    kind = "application/entity-statement+jwt"
    tree.federated.net.pages[f"{LEAF}/.well-known/openid-federation"] = (200, kind, token.encode())


def _html(tree: Tree) -> None:
    page = (200, "text/html", tree.leaf.configuration().encode())
    tree.federated.net.pages[f"{LEAF}/.well-known/openid-federation"] = page


def _oversized(tree: Tree) -> None:
    tree.leaf.claims["padding"] = "x" * 70_000


def _critical(tree: Tree) -> None:
    tree.middle.about[LEAF].update(crit=["quantum"], quantum=1)


def _critical_policy(tree: Tree) -> None:
    tree.middle.about[LEAF].update(metadata_policy_crit=["regexp"], metadata_policy={RP: {"scope": {"regexp": "x"}}})


def _null_metadata(tree: Tree) -> None:
    tree.leaf.metadata = {RP: {"scope": None}}


def _hints_of_wrong_form(tree: Tree) -> None:
    tree.leaf.claims["authority_hints"] = []


def _policy_about_itself(tree: Tree) -> None:
    tree.leaf.claims["metadata_policy"] = {RP: {"scope": {"add": ["identity"]}}}


def _hints_of_a_subordinate(tree: Tree) -> None:
    tree.middle.about[LEAF]["authority_hints"] = [ANCHOR]


def _same_kid_twice(tree: Tree) -> None:
    other = published(algorithms.generate("ES256"), tree.leaf.kid)
    tree.leaf.claims["jwks"] = {"keys": [*tree.leaf.jwks["keys"], other]}


def _key_without_kid(tree: Tree) -> None:
    nameless = {name: value for name, value in tree.leaf.jwks["keys"][0].items() if name != "kid"}
    tree.leaf.claims["jwks"] = {"keys": [*tree.leaf.jwks["keys"], nameless]}


def _addressed(tree: Tree) -> None:
    """Only a request of explicit registration is for somebody."""
    tree.leaf.claims["aud"] = ISSUER


def _mark_of_another_type(tree: Tree) -> None:
    mark = tree.anchor.sign(
        {"iss": ANCHOR, "sub": LEAF, "iat": 1, "trust_mark_type": "https://x.vn/a"}, "trust-mark+jwt"
    )
    tree.leaf.claims["trust_marks"] = [{"trust_mark_type": "https://x.vn/b", "trust_mark": mark}]


def _mark_that_is_none(tree: Tree) -> None:
    tree.leaf.claims["trust_marks"] = [{"trust_mark_type": "https://x.vn/b", "trust_mark": "rubbish"}]


def _mark_without_a_token(tree: Tree) -> None:
    tree.leaf.claims["trust_marks"] = [{"trust_mark_type": "https://x.vn/b"}]


def _issuers_of_wrong_form(tree: Tree) -> None:
    tree.leaf.claims["trust_mark_issuers"] = {"https://x.vn/a": "https://x.vn"}


def _owners_of_wrong_form(tree: Tree) -> None:
    tree.leaf.claims["trust_mark_owners"] = {"https://x.vn/a": {"sub": ANCHOR}}


def _source_of_wrong_form(tree: Tree) -> None:
    tree.middle.about[LEAF]["source_endpoint"] = "fetch"


def _registered_by_an_anchor(tree: Tree) -> None:
    tree.leaf.claims["trust_anchor"] = ANCHOR


def _private_key(tree: Tree) -> None:
    tree.middle.about[LEAF]["jwks"] = {"keys": [{**tree.leaf.jwks["keys"][0], "d": "AAAA"}]}


ATTACKS = [
    (_forged, "anchor_unknown"),
    (_swapped, "token_key_unknown"),
    (_substituted_superior, "token_key_unknown"),
    (_false_anchor, "token_key_unknown"),
    (_wrong_subject, "anchor_unknown"),
    (_wrong_issuer, "anchor_unknown"),
    (_somebody_elses_configuration, "statement_subject"),
    (_expired, "anchor_unknown"),
    (_from_the_future, "token_not_yet_valid"),
    (_without_end, "statement_time"),
    (_unsigned, "token_algorithm_refused"),
    (_other_type, "statement_type"),
    (_html, "not_a_statement"),
    (_oversized, "statement_malformed"),
    (_critical, "anchor_unknown"),
    (_critical_policy, "critical_operator"),
    (_null_metadata, "statement_metadata"),
    (_hints_of_wrong_form, "statement_hints"),
    (_policy_about_itself, "statement_misplaced"),
    (_hints_of_a_subordinate, "anchor_unknown"),
    (_private_key, "anchor_unknown"),
    (_same_kid_twice, "statement_jwks"),
    (_key_without_kid, "statement_jwks"),
    (_addressed, "statement_misplaced"),
    (_registered_by_an_anchor, "statement_misplaced"),
    (_mark_of_another_type, "statement_marks"),
    (_mark_that_is_none, "statement_marks"),
    (_mark_without_a_token, "statement_marks"),
    (_issuers_of_wrong_form, "statement_mark_issuers"),
    (_owners_of_wrong_form, "statement_mark_owners"),
    (_source_of_wrong_form, "anchor_unknown"),
]


@pytest.mark.spec("OpenID Federation 1.0", "3.1.2")
@pytest.mark.spec("OpenID Federation 1.0", "3.1.1")
@pytest.mark.spec("OpenID Federation 1.0", "3.2")
@pytest.mark.spec("OpenID Federation 1.0", "10.2")
@pytest.mark.parametrize(("attack", "reason"), ATTACKS, ids=[attack.__name__ for attack, _ in ATTACKS])
def test_a_chain_with_one_false_statement_is_no_chain(tree: Tree, attack: Any, reason: str) -> None:
    attack(tree)
    error, recorded = tree.refused()
    assert error in {"invalid_trust_chain", "invalid_trust_anchor"}
    assert recorded == reason


@pytest.mark.spec("OpenID Federation 1.0", "10.1")
def test_a_loop_of_authority_hints_ends(tree: Tree) -> None:
    ring = tree.federated.entity("https://vong.example.gov.vn", MIDDLE)
    tree.middle.claims["authority_hints"] = ["https://vong.example.gov.vn", LEAF, MIDDLE]
    ring.vouches(tree.middle)
    tree.middle.vouches(ring)
    assert tree.refused() == ("invalid_trust_anchor", "anchor_unknown")
    assert len(tree.federated.net.asked) < MAX_VISITS


@pytest.mark.spec("OpenID Federation 1.0", "10.1")
def test_an_endless_tree_of_superiors_is_given_up_after_a_bounded_number_of_visits(tree: Tree) -> None:
    parents = [tree.federated.entity(f"https://s{number}.example.gov.vn") for number in range(40)]
    tree.leaf.claims["authority_hints"] = [one.entity_id for one in parents[:30]]
    for position, one in enumerate(parents):
        one.claims["authority_hints"] = [parents[(position + 1) % 40].entity_id]
        one.vouches(tree.leaf)
        one.vouches(parents[position - 1])
    assert tree.refused() == ("invalid_trust_chain", "search_too_long")
    assert len(tree.federated.net.asked) <= MAX_VISITS + 1
    # Strangers cannot make us search again and again.
    asked = len(tree.federated.net.asked)
    assert tree.federated.get("/federation/resolve", sub=LEAF, trust_anchor=ANCHOR).status == 400
    assert len(tree.federated.net.asked) == asked


def test_superiors_that_nobody_knows_are_no_anchor(tree: Tree) -> None:
    stranger = tree.federated.entity("https://stranger.example.com")
    stranger.vouches(tree.leaf)
    tree.leaf.claims["authority_hints"] = ["https://stranger.example.com"]
    assert tree.refused() == ("invalid_trust_anchor", "anchor_unknown")


@pytest.mark.spec("OpenID Federation 1.0", "6.1.4.1")
@pytest.mark.spec("OpenID Federation 1.0", "6.1.4")
def test_policies_that_contradict_each_other_void_the_chain(tree: Tree) -> None:
    tree.anchor.vouches(tree.middle, metadata_policy={RP: {"scope": {"subset_of": ["openid"]}}})
    tree.middle.vouches(tree.leaf, metadata_policy={RP: {"scope": {"superset_of": ["openid", "identity"]}}})
    assert tree.refused() == ("invalid_trust_chain", "operator_combination")


@pytest.mark.spec("OpenID Federation 1.0", "6.1.4.2")
def test_a_leaf_outside_of_what_a_superior_demands_is_refused(tree: Tree) -> None:
    tree.anchor.vouches(tree.middle, metadata_policy={RP: {"client_name": {"one_of": ["Hai"]}}})
    assert tree.refused() == ("invalid_metadata", "not_one_of")


@pytest.mark.spec("OpenID Federation 1.0", "6.2.2")
@pytest.mark.spec("OpenID Federation 1.0", "6.2.1")
@pytest.mark.spec("OpenID Federation 1.0", "6.2")
@pytest.mark.parametrize(
    ("constraints", "reason"),
    [
        ({"max_path_length": 0}, "path_too_long"),
        ({"naming_constraints": {"permitted": ["so.example.gov.vn"]}}, "name_not_permitted"),
        ({"naming_constraints": {"excluded": [".example.gov.vn"]}}, "name_excluded"),
        ({"max_path_length": "none"}, "constraints_malformed"),
    ],
)
def test_a_chain_beyond_its_constraints_is_no_chain(tree: Tree, constraints: dict[str, Any], reason: str) -> None:
    tree.anchor.vouches(tree.middle, constraints=constraints)
    assert tree.refused() == ("invalid_trust_chain", reason)


@pytest.mark.spec("OpenID Federation 1.0", "6.2.3")
def test_an_entity_type_that_a_superior_does_not_allow_vanishes(tree: Tree) -> None:
    tree.anchor.vouches(tree.middle, constraints={"allowed_entity_types": ["openid_provider"]})
    assert tree.resolved()["metadata"].keys() == {"federation_entity"}


@pytest.mark.spec("OpenID Federation 1.0", "10.2")
def test_an_anchor_that_we_do_not_trust_is_not_even_looked_for(tree: Tree) -> None:
    answer = tree.federated.get("/federation/resolve", sub=LEAF, trust_anchor="https://other.vn")
    assert (answer.status, answer.json["error"]) == (400, "invalid_trust_anchor")
    assert tree.federated.net.asked == []


def test_a_second_way_is_tried_where_the_first_leads_nowhere(tree: Tree) -> None:
    dead = tree.federated.entity("https://cu.example.gov.vn", "https://gone.example.gov.vn")
    dead.vouches(tree.leaf)
    tree.leaf.claims["authority_hints"] = ["https://nobody.example.gov.vn", dead.entity_id, MIDDLE]
    assert tree.resolved()["sub"] == LEAF
