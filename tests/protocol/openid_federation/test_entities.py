"""The province and its units as entities: configurations, statements, lists, historical keys."""

from __future__ import annotations

import re

import orjson
import pytest

from idp.errors import InvalidInput, NotFound
from idp.federation.members import Members
from idp.storage.sqlite import SqliteDatabase
from keys import base64url
from policies.federation.caps import CAPS, RELYING_PARTY
from tests.support.federated_world import ANCHOR, COMMUNE, ELSEWHERE, MARK, OTHER_COMMUNE, FederatedWorld
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.whole_app import WholeApp

WELL_KNOWN = "/.well-known/openid-federation"
LEAF = "https://motcua.example.vn"


@pytest.mark.spec("OpenID Federation 1.0", "3.1.2")
@pytest.mark.spec("OpenID Federation 1.0", "9")
@pytest.mark.spec("OpenID Federation 1.0", "3.1.1")
@pytest.mark.spec("OpenID Federation 1.0", "4.3")
@pytest.mark.spec("OpenID Federation 1.0", "5.1.1")
@pytest.mark.spec("OpenID Federation 1.0", "5.1.3")
@pytest.mark.spec("OpenID Federation 1.0", "9.2")
@pytest.mark.spec("OpenID Federation 1.0", "12.1")
@pytest.mark.spec("OpenID Federation 1.0", "12.2")
def test_the_provider_publishes_its_configuration(federated: FederatedWorld) -> None:
    answer = federated.get(WELL_KNOWN)
    assert orjson.loads(base64url.decode(answer.body.partition(b".")[0])).keys() == {"alg", "kid", "typ"}
    claims = federated.said(answer)
    assert (claims["iss"], claims["sub"]) == (ISSUER, ISSUER)
    assert claims["exp"] > claims["iat"] == federated.clock.now()
    # A trust anchor without superiors names none (section 3.1.2).
    assert "authority_hints" not in claims
    assert claims["trust_mark_issuers"] == {MARK: [ISSUER]}
    provider = claims["metadata"]["openid_provider"]
    published = federated.app.call("GET", "/.well-known/openid-configuration").json
    # The entity statement is signed itself; metadata signed in it (RFC 8414 section 2.1) would say nothing more.
    del published["signed_metadata"]
    assert provider.items() >= published.items()
    assert provider["issuer"] == ISSUER
    assert provider["client_registration_types_supported"] == ["automatic", "explicit"]
    assert provider["federation_registration_endpoint"] == f"{ISSUER}/federation/register"
    entity = claims["metadata"]["federation_entity"]
    assert entity["organization_name"] == "Thành phố Mẫu"
    for name, address in entity.items():
        if name.startswith("federation_"):
            assert re.fullmatch(r"https://[^#]+", address)
            method = "POST" if "status" in name else "GET"
            assert federated.app.call(method, address.removeprefix(ISSUER)).status in {200, 400}, name


def test_federation_keys_are_no_token_keys_and_live_as_they_do(federated: FederatedWorld) -> None:
    claims = federated.said(federated.get(WELL_KNOWN))
    tokens = {key["kid"] for key in federated.app.call("GET", "/jwks").json["keys"]}
    kids = [key["kid"] for key in claims["jwks"]["keys"]]
    assert tokens.isdisjoint(kids)
    assert len(kids) == 2, "one signs, the next is published already"


@pytest.mark.spec("OpenID Federation 1.0", "5.2.1")
def test_the_providers_keys_are_served_signed_by_its_federation_keys_and_are_those_of_the_jwk_set(
    federated: FederatedWorld,
) -> None:
    provider = federated.said(federated.get(WELL_KNOWN))["metadata"]["openid_provider"]
    assert provider["signed_jwks_uri"] == f"{ISSUER}/federation/jwks"
    for _ in range(2):
        claims = federated.said(federated.get("/federation/jwks"), "jwk-set+jwt")
        assert (claims["iss"], claims["sub"], claims["iat"]) == (ISSUER, ISSUER, federated.clock.now())
        assert claims["exp"] == federated.clock.now() + federated.wiring.settings.jwks_max_age
        assert claims["keys"] == federated.app.call("GET", "/jwks").json["keys"]
        # A set that changed is shown at both addresses at once.
        federated.wiring.key_service.rotate("ES256", federated.clock.now(), force=True)
        federated.clock.advance(2)


@pytest.mark.spec("OpenID Federation 1.0", "8.7")
def test_a_revoked_key_leaves_the_configuration_and_stays_in_the_history(federated: FederatedWorld) -> None:
    first = federated.wiring.entity_keys.ring.signer("ES256").kid if federated.get(WELL_KNOWN) else ""
    assert federated.said(federated.get("/federation/historical-keys"), "jwk-set+jwt")["keys"] == []
    federated.wiring.federation_key_service.revoke(first, federated.clock.now(), note="thử")
    federated.clock.advance(1)
    claims = federated.said(federated.get(WELL_KNOWN))
    assert first not in {key["kid"] for key in claims["jwks"]["keys"]}
    history = federated.said(federated.get("/federation/historical-keys"), "jwk-set+jwt")
    assert history["iss"] == ISSUER
    (key,) = history["keys"]
    assert (key["kid"], key["revoked"]["reason"]) == (first, "compromised")
    assert key["exp"] == key["revoked"]["revoked_at"] == federated.clock.now() - 1
    assert "d" not in key


@pytest.mark.spec("OpenID Federation 1.0", "8.1")
def test_the_province_vouches_for_its_units_under_the_cap_of_their_level(federated: FederatedWorld) -> None:
    unit = federated.unit(COMMUNE)
    own = federated.said(federated.get(f"/federation/units/{COMMUNE}{WELL_KNOWN}"))
    assert (own["iss"], own["sub"], own["authority_hints"]) == (unit, unit, [ISSUER])
    assert own["metadata"]["federation_entity"]["organization_name"] == "Phường Một"
    said = federated.said(federated.get("/federation/fetch", sub=unit))
    assert (said["iss"], said["sub"], said["jwks"]) == (ISSUER, unit, own["jwks"])
    assert said["metadata_policy"] == CAPS["commune"].policy()
    assert said["constraints"]["allowed_entity_types"] == [RELYING_PARTY]
    assert said["source_endpoint"] == f"{ISSUER}/federation/fetch"
    assert "authority_hints" not in said


@pytest.mark.spec("OpenID Federation 1.0", "8.2")
def test_lists_name_immediate_subordinates_and_filter(federated: FederatedWorld) -> None:
    leaf = federated.entity(LEAF)
    federated.vouch(leaf, COMMUNE)
    federated.wiring.members.issue_mark(MARK, LEAF, 60)
    units = sorted([federated.unit(COMMUNE), federated.unit(OTHER_COMMUNE)])
    below = f"/federation/units/{COMMUNE}/list"
    assert orjson.loads(federated.get("/federation/list").body) == units
    assert orjson.loads(federated.get("/federation/list", intermediate="true").body) == units
    assert orjson.loads(federated.get(below).body) == [LEAF]
    assert orjson.loads(federated.get(below, entity_type=RELYING_PARTY).body) == [LEAF]
    assert orjson.loads(federated.get(below, entity_type=[RELYING_PARTY, "openid_provider"]).body) == []
    assert orjson.loads(federated.get(below, trust_marked="true").body) == [LEAF]
    assert orjson.loads(federated.get(below, trust_mark_type="https://x.vn/other").body) == []
    assert orjson.loads(federated.get(below, intermediate="true").body) == []


@pytest.mark.spec("OpenID Federation 1.0", "8")
def test_a_parameter_that_nobody_defined_is_passed_over(federated: FederatedWorld) -> None:
    assert federated.get("/federation/list", colour="red").body == federated.get("/federation/list").body
    assert federated.get("/federation/fetch", sub=federated.unit(COMMUNE), colour="red").status == 200


@pytest.mark.spec("OpenID Federation 1.0", "8.2")
@pytest.mark.spec("OpenID Federation 1.0", "8.1")
@pytest.mark.spec("OpenID Federation 1.0", "8.9")
@pytest.mark.parametrize(
    ("path", "query", "status", "error"),
    [
        ("/federation/fetch", {}, 400, "invalid_request"),
        ("/federation/fetch", {"sub": ["https://a.vn", "https://b.vn"]}, 400, "invalid_request"),
        ("/federation/fetch", {"sub": ISSUER}, 404, "not_found"),
        ("/federation/fetch", {"sub": "javascript:alert(1)"}, 400, "invalid_subject"),
        ("/federation/fetch", {"sub": "https://stranger.example.vn"}, 404, "not_found"),
        (f"/federation/units/{ELSEWHERE}{WELL_KNOWN}", {}, 404, "not_found"),
        (f"/federation/units/99999{WELL_KNOWN}", {}, 404, "not_found"),
        (f"/federation/units/{ELSEWHERE}/list", {}, 404, "not_found"),
        (f"/federation/units/{COMMUNE}/fetch", {"sub": f"{ISSUER}/federation/units/{OTHER_COMMUNE}"}, 404, "not_found"),
        ("/federation/resolve", {"sub": "https://a.vn"}, 400, "invalid_request"),
        ("/federation/resolve", {"sub": "https://a.vn", "trust_anchor": "https://no.vn"}, 400, "invalid_trust_anchor"),
    ],
)
def test_what_is_not_here_is_refused_in_the_specifications_words_and_recorded(
    federated: FederatedWorld, path: str, query: dict[str, str], status: int, error: str
) -> None:
    answer = federated.get(path, **query)
    assert (answer.status, answer.json["error"]) == (status, error)
    assert answer.headers["content-type"] == "application/json"
    (event,) = federated.world.events("federation:request")
    assert (event["outcome"], event["case_code"]) == ("refused", answer.json["case_code"])


def test_a_commune_that_is_merged_away_vouches_for_nobody_any_more(federated: FederatedWorld) -> None:
    leaf = federated.entity(LEAF)
    federated.vouch(leaf, COMMUNE)
    assert federated.get(f"/federation/units/{COMMUNE}/fetch", sub=LEAF).status == 200
    merge = {
        "format": "dinhdanh-units/1", "source": "nghị quyết mẫu",
        "events": [{
            "kind": "merge", "effective": "2027-02-01", "from": [COMMUNE, OTHER_COMMUNE], "to": [OTHER_COMMUNE],
            "legal_basis": "Nghị quyết mẫu",
        }],
        "units": [{
            "code": OTHER_COMMUNE, "level": "commune", "type": "phường", "name": "Ba", "full_name": "Phường Ba",
            "parent": "48", "valid_from": "2027-02-01",
        }],
    }  # fmt: skip
    path = federated.world.home / "merge.json"
    path.write_bytes(orjson.dumps(merge))
    federated.wiring.units.load(str(path))
    federated.clock.advance(40 * 86400)
    assert federated.get(f"/federation/units/{COMMUNE}/fetch", sub=LEAF).status == 404
    assert federated.get(f"/federation/units/{COMMUNE}{WELL_KNOWN}").status == 404
    named = federated.said(federated.get(f"/federation/units/{OTHER_COMMUNE}{WELL_KNOWN}"))
    assert named["metadata"]["federation_entity"]["organization_name"] == "Phường Ba"


def test_without_the_setting_there_is_no_federation(sqlite_database: SqliteDatabase, tmp_path, clock) -> None:
    app = WholeApp(TokenWorld(tmp_path, sqlite_database, clock))
    for path in (WELL_KNOWN, "/federation/list", "/federation/resolve", f"/federation/units/{COMMUNE}/list"):
        assert app.call("GET", path).status == 404


@pytest.mark.parametrize(
    ("superior", "entity_id", "document", "field"),
    [
        ("", "http://motcua.example.vn", {}, "entity_id"),
        ("", "https://motcua.example.vn/?x=1", {}, "entity_id"),
        ("", ISSUER, {}, "entity_id"),
        ("", f"{ISSUER}/federation/units/{COMMUNE}", {}, "entity_id"),
        ("", LEAF, {"jwks": {"keys": []}}, "jwks"),
        ("", LEAF, {"surprise": 1}, "surprise"),
        ("", LEAF, {"metadata": {RELYING_PARTY: {"unit": None}}}, "metadata"),
        (COMMUNE, LEAF, {"metadata_policy": {RELYING_PARTY: {"scope": {"add": ["identity"]}}}}, "metadata_policy"),
        (COMMUNE, LEAF, {"metadata_policy": {RELYING_PARTY: {"subject_type": {"value": "public"}}}}, "metadata_policy"),
        ("", LEAF, {"constraints": {"max_path_length": -1}}, "metadata_policy"),
    ],
)
def test_an_operator_cannot_vouch_for_nonsense_nor_for_more_than_the_level_allows(
    federated: FederatedWorld, superior: str, entity_id: str, document: dict[str, object], field: str
) -> None:
    members: Members = federated.wiring.members
    with pytest.raises(InvalidInput) as refused:
        members.put(superior, entity_id, {"jwks": federated.anchor.jwks, **document})
    assert refused.value.field == field
    with pytest.raises(NotFound):
        members.put(ELSEWHERE, LEAF, {"jwks": federated.anchor.jwks})
    with pytest.raises(NotFound):
        members.remove("", LEAF)
    assert ANCHOR in federated.wiring.trust_anchors()
