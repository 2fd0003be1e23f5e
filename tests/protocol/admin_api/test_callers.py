"""Who may call the Admin API: by which token, how surely signed in, and for how long after a right was taken away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.model.session import Origin
from idp.ports.grants import TokenState
from policies import assurance
from policies.delegation import Role
from tests.support import dpop
from tests.support.api_world import API, ApiWorld, Caller
from tests.support.client_keys import new_key
from tests.support.token_world import ISSUER, Answer, TokenWorld
from tests.support.units import SHORT


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


@pytest.fixture
def boss(place: ApiWorld) -> Caller:
    return place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)


def refusal(answer: Answer) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status, answer.json["code"]


def with_token(place: ApiWorld, token: str, path: str = "/me") -> Answer:
    return Caller(place.app, token, "")("GET", path)


@pytest.mark.spec("RFC 9728", "5.1")
@pytest.mark.spec("RFC 9457", "3")
def test_nobody_is_told_how_to_come(place: ApiWorld) -> None:
    answer = place.app.call("GET", "/api/v1/me")
    assert refusal(answer) == (401, "invalid_token")
    assert f"{ISSUER}/.well-known/oauth-protected-resource/api/v1" in answer.headers["www-authenticate"]
    metadata = place.world.get("/.well-known/oauth-protected-resource/api/v1").json
    assert metadata["resource"] == API
    assert "admin:clients:write" in metadata["scopes_supported"]


@pytest.mark.spec("RFC 8707", "2")
def test_token_for_another_resource_does_not_administer(place: ApiWorld, boss: Caller) -> None:
    assert boss("GET", "/me").status == 200
    assert refusal(with_token(place, place.token("tỉnh", resource=ISSUER))) == (401, "invalid_token")
    assert place.world.userinfo(boss.token).status == 401


@pytest.mark.spec("RFC 9470", "3")
def test_level_and_age_of_the_sign_in_are_asked_for(place: ApiWorld, boss: Caller) -> None:
    low = with_token(place, place.token("tỉnh", acr=assurance.LOA_1))
    assert refusal(low) == (401, "insufficient_user_authentication")
    assert f'acr_values="{assurance.LOA_2}"' in low.headers["www-authenticate"]
    assert 'max_age="43200"' in low.headers["www-authenticate"]
    old = place.token("tỉnh", auth_time=place.world.clock.now() - 43201)
    assert refusal(with_token(place, old)) == (401, "insufficient_user_authentication")
    assert [row["reason"] for row in place.world.events("admin:request")] == ["insufficient_user_authentication"] * 2


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.4")
@pytest.mark.spec("RFC 6750", "3.1")
def test_scope_bounds_what_a_token_may_use(place: ApiWorld, boss: Caller) -> None:
    narrow = place.token("tỉnh", "admin:clients:read")
    assert with_token(place, narrow, "/clients").status == 200
    answer = with_token(place, narrow, "/keys")
    assert refusal(answer) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert refusal(with_token(place, place.token("tỉnh", "profile"))) == (401, "invalid_token")


def test_right_is_gone_with_its_grant_though_the_token_lives(place: ApiWorld, boss: Caller) -> None:
    assert boss("GET", "/keys").status == 200
    place.wiring.admins.revoke(place.wiring.admins.held(boss.principal), by="operator:local", reason="x")
    assert refusal(boss("GET", "/keys")) == (403, "refused")
    assert boss("GET", "/me").json["grants"] == []


@pytest.mark.parametrize("how", ["session", "lock", "client", "mark", "scope"])
def test_token_is_gone_with_what_it_rests_on(place: ApiWorld, boss: Caller, how: str) -> None:
    account, wiring = place.account("tỉnh"), place.wiring
    if how == "session":
        wiring.sessions.end_all(account, "x", "operator:local")
    elif how == "lock":
        wiring.accounts.change_state(account, "locked", reason="x")
    elif how == "client":
        wiring.clients.set_state(place.tool.client.client_id, "suspended")
    elif how == "mark":
        wiring.clients.set_not_before(place.tool.client.client_id, place.world.clock.now() + 1)
    else:
        wiring.clients.update(place.tool.client.client_id, place.document(SHORT))
    assert refusal(boss("GET", "/keys")) == (401, "invalid_token")


def test_client_acts_for_itself_by_its_own_grant_and_never_alone_with_a_dangerous_act(place: ApiWorld) -> None:
    machine = place.world.add_client(unit=SHORT, scope="openid admin:clients:read admin:keys:write admin:keys:read")
    name = f"client:{machine.client.client_id}"
    got = place.world.own_token(machine, scope="admin:clients:read admin:keys:write admin:keys:read", resource=API)
    assert got.status == 200, got.body
    caller = Caller(place.app, got.json["access_token"], name)
    assert refusal(caller("GET", "/clients")) == (403, "refused")
    place.grant(name, Role.PROVINCIAL_ADMINISTRATOR)
    assert caller("GET", "/clients").status == 200
    kid = caller("GET", "/keys").json["items"][0]["kid"]
    assert refusal(caller("POST", f"/keys/{kid}/revoke", {"reason": "x"})) == (403, "refused")
    assert place.refusals()[-1] == (name, "machine")


@pytest.mark.spec("RFC 9449", "7.2")
def test_bound_token_is_nothing_without_its_key(place: ApiWorld, boss: Caller) -> None:
    key, wiring = new_key(), place.wiring
    session = wiring.sessions.start(place.account("tỉnh"), assurance.LOA_2, ("pwd", "otp"), Origin("192.0.2.7", "thử"))[
        0
    ]
    code = place.world.code(place.tool, session, "openid admin:keys:read", resources=(API,))
    bound = dpop.redeem(place.world, place.tool, code, dpop.proof(place.world, key)).json
    assert bound["token_type"] == "DPoP"
    assert refusal(with_token(place, bound["access_token"], "/keys")) == (401, "invalid_token")
    proof = dpop.proof(place.world, key, "/api/v1/keys", method="GET", ath=dpop.ath(bound["access_token"]))
    headers = {"Authorization": f"DPoP {bound['access_token']}", "DPoP": proof}
    assert place.app.call("GET", "/api/v1/keys", headers=headers).status == 200


def test_who_acts_for_somebody_else_does_not_administer(
    place: ApiWorld, boss: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = place.wiring.tokens
    state = tokens.state

    def acting(*arguments: Any, **named: Any) -> TokenState | None:
        found = state(*arguments, **named)
        return replace(found, mandate_id="m") if found is not None else None

    monkeypatch.setattr(tokens, "state", acting)
    assert refusal(boss("GET", "/me")) == (401, "invalid_token")


def test_approval_is_seen_by_a_token_for_its_act_alone(place: ApiWorld, boss: Caller) -> None:
    kid = boss("GET", "/keys").json["items"][0]["kid"]
    asked = boss("POST", f"/keys/{kid}/revoke", {"reason": "x"}).headers["location"].removeprefix("/api/v1")
    other = Caller(place.app, place.token("tỉnh", "admin:audit:read"), boss.principal)
    assert other("GET", "/approvals").json["items"] == []
    assert refusal(other("GET", asked)) == (404, "not_found")
    assert len(boss("GET", "/approvals").json["items"]) == 1


def test_token_with_scopes_of_administration_comes_by_the_code_flow_alone(place: ApiWorld) -> None:
    form = {"scope": "openid admin:keys:write"}
    answer = place.world.post("/device_authorization", form, place.tool.basic)
    assert answer.status == 400
    assert answer.json["error"] in {"invalid_scope", "unauthorized_client"}


def test_caller_waits_after_many_requests(place: ApiWorld, boss: Caller) -> None:
    limit = place.wiring.settings.administration.requests_per_minute
    key = f"api:{place.world.clock.now() // 60}:{boss.principal}"
    for _ in range(3):
        place.wiring.ephemeral.counters.add(key, place.world.clock.now(), 60)
    assert boss("GET", "/me").status == 200
    for _ in range(limit):
        place.wiring.ephemeral.counters.add(key, place.world.clock.now(), 60)
    answer = boss("GET", "/me")
    assert refusal(answer) == (429, "too_many_requests")
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_what_is_not_in_the_table_is_not_there(boss: Caller) -> None:
    assert refusal(boss("GET", "/nothing")) == (404, "not_found")
    answer = boss("PATCH", "/clients")
    assert refusal(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"
    assert refusal(boss("POST", "/accounts/search", b"q=1", Content_Type="text/plain")) == (415, "content_type")
