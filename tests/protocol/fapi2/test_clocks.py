"""Clocks that differ: ten seconds ahead pass, a minute is refused, in whatever a FAPI client signs."""

from __future__ import annotations

import pytest

from tests.support.dpop import proof
from tests.support.fapi import ASSERTION, FapiParty, fapi_party
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.visit import asked


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.spec("FAPI 2.0 Message Signing", "5.3.1")
def test_a_request_object_from_a_clock_ten_seconds_ahead_passes_and_a_minute_does_not(world: TokenWorld) -> None:
    notary, now = fapi_party(world, "fapi2-message-signing"), world.clock.now()
    for claim in ("nbf", "iat"):
        ahead = notary.request_object(response_mode="jwt", **{claim: now + 10})
        assert notary.push_object(ahead).status == 201
        answer = notary.push_object(notary.request_object(response_mode="jwt", **{claim: now + 61}))
        assert (answer.status, answer.json["error"]) == (400, "invalid_request_object")


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
def test_an_assertion_and_a_proof_from_a_clock_ten_seconds_ahead_pass_and_a_minute_does_not(world: TokenWorld) -> None:
    bank, now = fapi_party(world), world.clock.now()
    assert pushed(bank, iat=now + 10, nbf=now + 10) == 201
    assert pushed(bank, iat=now + 61) == 401
    assert pushed(bank, nbf=now + 61) == 401
    form = {
        "grant_type": "authorization_code",
        "code": "x",
        "redirect_uri": "https://a.example",
        "code_verifier": "v" * 43,
    }
    early = world.post("/token", bank.authenticated(form), HTTP_DPOP=proof(world, bank.possession, iat=now + 61))
    assert early.json["error"] == "invalid_dpop_proof"
    fair = world.post("/token", bank.authenticated(form), HTTP_DPOP=proof(world, bank.possession, iat=now + 10))
    assert fair.json["error"] == "invalid_grant"


def pushed(bank: FapiParty, **changes: int) -> int:
    """Push a request with an assertion of changed dates; return the status."""
    now, me = bank.world.clock.now(), bank.client_id
    claims = {"iss": me, "sub": me, "aud": ISSUER, "iat": now, "exp": now + 120, "jti": f"{changes}", **changes}
    form = {**asked(bank.registered), "client_assertion_type": ASSERTION, "client_assertion": bank.key.sign(claims)}
    return bank.world.post("/par", form).status
