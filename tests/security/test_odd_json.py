"""JSON that one part of us reads and another cannot write: half characters, numbers without end, control characters out of signed objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from idp.config.settings import Registration
from idp.model.session import Session
from idp.storage.sqlite import SqliteDatabase
from tests.support.ciba_world import Caller, caller
from tests.support.client_keys import key_set, new_key
from tests.support.clock import FrozenClock
from tests.support.dpop import proof, redeem, resource_proof, userinfo
from tests.support.in_process import citizen
from tests.support.token_world import ISSUER, Registered, TokenWorld, portal, session, world
from tests.support.whole_app import CALLBACK, WholeApp, editable

__all__ = ["portal", "session", "world"]

KEY = new_key()


@pytest.fixture
def app(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> WholeApp:
    return WholeApp(TokenWorld(tmp_path, sqlite_database, clock, registration=Registration(mode="token")))


@pytest.fixture
def desk(world: TokenWorld) -> Caller:
    """Return a department that signs its CIBA requests."""
    citizen(world)
    return caller(world, backchannel_authentication_request_signing_alg="ES256", jwks=key_set(KEY))


@pytest.mark.spec("CIBA Core", "7.1.1")
@pytest.mark.parametrize("text", ["\ud800", "a\nb", "a\x00b", "\x7f"])
@pytest.mark.parametrize("name", ["login_hint", "binding_message", "nonce", "acr_values", "ui_locales", "scope", "odd"])
def test_a_signed_request_holds_no_character_that_no_form_could(desk: Caller, name: str, text: str) -> None:
    now = desk.world.clock.now()
    claims: dict[str, Any] = {
        "iss": desk.of.client.client_id, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60, "jti": "one",
        "scope": "openid", "login_hint": "049499000001",
    }  # fmt: skip
    answer = desk.world.post("/bc-authorize", {"request": KEY.sign({**claims, name: text})}, desk.of.basic)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize("name", ["ath", "htm", "htu", "nonce"])
def test_half_a_character_in_a_proof_is_a_refusal(
    world: TokenWorld, portal: Registered, session: Session, name: str
) -> None:
    key = new_key(None)
    access = redeem(world, portal, world.code(portal, session), proof(world, key)).json["access_token"]
    changes = {"method" if name == "htm" else name: "\ud800"}
    answer = userinfo(world, access, resource_proof(world, key, access, **changes))
    assert answer.status == 401
    assert answer.json["error"] in {"invalid_dpop_proof", "use_dpop_nonce"}


@pytest.mark.spec("RFC 7591", "2")
@pytest.mark.parametrize("value", [7, [], {}, "", "\ud800", "x.y.z", [[]], float("inf"), 10**400])
@pytest.mark.parametrize("name", ["software_statement", "client_id", "client_secret", "jwks", "scope", "odd"])
def test_any_json_in_a_registration_and_an_update_is_taken_or_refused(app: WholeApp, name: str, value: object) -> None:
    odd = json.dumps({"redirect_uris": [CALLBACK], name: value}).encode()
    assert app.call("POST", "/register", odd, app.initial_token()).status in {201, 400}
    said = app.registered(app.initial_token())
    assert app.manage("PUT", said, json.dumps({**editable(said), name: value}).encode()).status in {200, 400}
