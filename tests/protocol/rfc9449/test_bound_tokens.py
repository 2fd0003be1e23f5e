"""Tokens that are bound to a DPoP key: at userinfo, at refresh, at introspection, and the code itself."""

from __future__ import annotations

from typing import Any

import pytest

from idp.model.session import Session
from tests.support.client_keys import ClientKey, new_key
from tests.support.dpop import LEFT_OUT, ath, jkt, proof, redeem, resource_proof, token, userinfo
from tests.support.token_world import CHALLENGE, REDIRECT, Answer, Registered, TokenWorld


@pytest.fixture
def key() -> ClientKey:
    return new_key(None)


@pytest.fixture
def bound(world: TokenWorld, portal: Registered, session: Session, key: ClientKey) -> dict[str, Any]:
    """Return the token response of a redemption with a proof."""
    answer = redeem(world, portal, world.code(portal, session), proof(world, key))
    assert answer.status == 200, answer.body
    return answer.json


def refresh(world: TokenWorld, of: Registered, tokens: dict[str, Any], dpop: str) -> Answer:
    return token(world, of, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}, dpop)


def refused(world: TokenWorld, answer: Answer, error: str = "invalid_token") -> str:
    """Check a refusal of userinfo with its challenge; return the reason in the audit log."""
    assert (answer.status, answer.json["error"]) == (401, error), answer.body
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("DPoP ")
    assert f'error="{error}"' in challenge
    assert 'algs="ES256 PS256 EdDSA"' in challenge
    found: str = world.events("userinfo:request")[-1]["reason"]
    return found


@pytest.mark.spec("RFC 9449", "7.1")
def test_bound_token_works_with_a_proof_of_its_key(world: TokenWorld, bound: dict[str, Any], key: ClientKey) -> None:
    access = bound["access_token"]
    for scheme in ("DPoP", "dpop"):
        assert userinfo(world, access, resource_proof(world, key, access), scheme).status == 200
    post = proof(world, key, "/userinfo", ath=ath(access))
    assert world.post("/userinfo", {}, f"DPoP {access}", HTTP_DPOP=post).status == 200


@pytest.mark.spec("RFC 9701", "8.1")
@pytest.mark.spec("RFC 9449", "7.2")
def test_bound_token_as_a_bearer_token_is_refused(world: TokenWorld, bound: dict[str, Any], key: ClientKey) -> None:
    access = bound["access_token"]
    assert refused(world, world.userinfo(access)) == "dpop_downgrade"
    assert refused(world, userinfo(world, access, resource_proof(world, key, access), "Bearer")) == "dpop_downgrade"
    assert refused(world, world.post("/userinfo", {"access_token": access})) == "dpop_downgrade"


@pytest.mark.spec("RFC 9700", "4.10")
@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.4")
@pytest.mark.spec("RFC 9449", "7.1")
def test_bound_token_without_its_key_is_refused(world: TokenWorld, bound: dict[str, Any], key: ClientKey) -> None:
    access = bound["access_token"]
    assert refused(world, userinfo(world, access, ""), "invalid_dpop_proof") == "token_malformed"
    assert refused(world, userinfo(world, access, resource_proof(world, new_key(None), access))) == "dpop_other_key"


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ath": LEFT_OUT}, "dpop_ath"),
        ({"ath": ath("another")}, "dpop_ath"),
        ({"ath": 7}, "dpop_ath"),
        ({"ath": "\xfc"}, "dpop_ath"),
        ({"method": "POST"}, "dpop_htm"),
        ({"htu": "https://id.example.vn/token"}, "dpop_htu"),
    ],
)
def test_proof_for_something_else_is_refused(
    world: TokenWorld, bound: dict[str, Any], key: ClientKey, changes: dict[str, Any], reason: str
) -> None:
    access = bound["access_token"]
    answer = userinfo(world, access, resource_proof(world, key, access, **changes))
    assert refused(world, answer, "invalid_dpop_proof") == reason


@pytest.mark.spec("RFC 9449", "11.1")
def test_proof_at_a_resource_serves_once(world: TokenWorld, bound: dict[str, Any], key: ClientKey) -> None:
    access = bound["access_token"]
    one = resource_proof(world, key, access)
    assert userinfo(world, access, one).status == 200
    assert refused(world, userinfo(world, access, one), "invalid_dpop_proof") == "jti_used"


@pytest.mark.spec("RFC 9449", "7.1")
def test_bearer_token_with_the_scheme_dpop_is_refused(
    world: TokenWorld, portal: Registered, session: Session, key: ClientKey
) -> None:
    access = world.tokens(portal, session)["access_token"]
    assert refused(world, userinfo(world, access, resource_proof(world, key, access))) == "token_not_bound"


@pytest.mark.spec("RFC 9449", "6.2")
def test_introspection_says_what_a_token_is_bound_to(
    world: TokenWorld, portal: Registered, bound: dict[str, Any], key: ClientKey
) -> None:
    access = world.introspect(portal, bound["access_token"]).json
    assert (access["active"], access["token_type"], access["cnf"]) == (True, "DPoP", {"jkt": jkt(key)})
    assert world.introspect(portal, bound["refresh_token"]).json["cnf"] == {"jkt": jkt(key)}


@pytest.mark.spec("RFC 9700", "2.2.2")
@pytest.mark.spec("RFC 9449", "5")
def test_refresh_token_of_a_public_client_needs_the_very_key(
    world: TokenWorld, session: Session, key: ClientKey
) -> None:
    app = world.add_public()
    first = redeem(world, app, world.code(app, session), proof(world, key)).json
    for dpop in ("", proof(world, new_key(None))):
        assert refresh(world, app, first, dpop).json["error"] == "invalid_grant"
    second = refresh(world, app, first, proof(world, key))
    assert (second.status, second.json["token_type"]) == (200, "DPoP")
    assert world.verified(second.json["access_token"], "at+jwt")["cnf"] == {"jkt": jkt(key)}
    assert refresh(world, app, second.json, proof(world, key)).status == 200


@pytest.mark.spec("RFC 9449", "5")
def test_thief_of_a_rotated_token_gains_nothing_within_the_grace(
    world: TokenWorld, session: Session, key: ClientKey
) -> None:
    app = world.add_public()
    first = redeem(world, app, world.code(app, session), proof(world, key)).json
    second = refresh(world, app, first, proof(world, key)).json
    assert refresh(world, app, first, proof(world, new_key(None))).json["error"] == "invalid_grant"
    # What comes back with another key is a replay: the family is over.
    assert refresh(world, app, second, proof(world, key)).json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 9449", "5")
def test_confidential_client_may_change_its_key_and_not_go_without(
    world: TokenWorld, portal: Registered, bound: dict[str, Any]
) -> None:
    assert refresh(world, portal, bound, "").json["error"] == "invalid_grant"
    fresh = new_key(None)
    answer = refresh(world, portal, bound, proof(world, fresh))
    assert answer.status == 200
    assert world.verified(answer.json["access_token"], "at+jwt")["cnf"] == {"jkt": jkt(fresh)}


def test_unbound_refresh_token_may_get_a_bound_access_token(
    world: TokenWorld, portal: Registered, session: Session, key: ClientKey
) -> None:
    tokens = world.tokens(portal, session)
    answer = refresh(world, portal, tokens, proof(world, key))
    assert answer.json["token_type"] == "DPoP"
    assert world.refresh(portal, answer.json["refresh_token"]).json["token_type"] == "Bearer"


@pytest.mark.spec("RFC 9449", "10")
def test_code_with_a_key_is_redeemed_by_that_key_alone(
    world: TokenWorld, portal: Registered, session: Session, key: ClientKey
) -> None:
    code = world.code(portal, session, jkt=jkt(key))
    for dpop in ("", proof(world, new_key(None))):
        answer = redeem(world, portal, code, dpop)
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
        assert world.events("token:request")[-1]["reason"] == "dpop_jkt_mismatch"
    assert redeem(world, portal, code, proof(world, key)).status == 200


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.spec("RFC 9449", "10.1")
def test_pushed_request_with_a_proof_binds_the_code(world: TokenWorld, portal: Registered, key: ClientKey) -> None:
    form = {
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": REDIRECT,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    answer = world.post("/par", form, portal.basic, HTTP_DPOP=proof(world, key, "/par"))
    assert answer.status == 201
    pushed = world.wiring.pushed.open(answer.json["request_uri"], portal.client.client_id)
    assert pushed is not None
    assert pushed.parameters["dpop_jkt"] == jkt(key)
    same = world.post("/par", {**form, "dpop_jkt": jkt(key)}, portal.basic, HTTP_DPOP=proof(world, key, "/par"))
    assert same.status == 201
    for changes, error in (
        ({"dpop_jkt": jkt(new_key(None))}, "invalid_dpop_proof"),
        ({"dpop_jkt": "x"}, "invalid_dpop_proof"),
    ):
        wrong = world.post("/par", {**form, **changes}, portal.basic, HTTP_DPOP=proof(world, key, "/par"))
        assert (wrong.status, wrong.json["error"]) == (400, error)
    alone = world.post("/par", {**form, "dpop_jkt": "x"}, portal.basic)
    assert (alone.status, alone.json["error"]) == (400, "invalid_request")
