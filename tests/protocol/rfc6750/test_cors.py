"""Scripts of other origins: at the endpoints that read no cookie, and nowhere else."""

from __future__ import annotations

import pytest

from idp.model.session import Session
from tests.support.token_world import Registered, TokenWorld

ORIGIN = {"HTTP_ORIGIN": "https://spa.example.vn"}


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/revoke"])
def test_preflight_is_answered_without_credentials(world: TokenWorld, path: str) -> None:
    answer = world.send("OPTIONS", path, b"", **ORIGIN)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


def test_script_reads_success_and_refusal(world: TokenWorld, session: Session) -> None:
    app = world.add_public()
    form = {"client_id": app.client.client_id, "grant_type": "refresh_token"}
    token = world.tokens(app, session)
    good = world.post("/token", {**form, "refresh_token": token["refresh_token"]}, **ORIGIN)
    bad = world.post("/token", form, **ORIGIN)
    unknown = world.get("/userinfo", "Bearer x", **ORIGIN)
    assert (good.status, bad.status, unknown.status) == (200, 400, 401)
    for answer in (good, bad, unknown):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-expose-headers"] == "WWW-Authenticate, DPoP-Nonce"


def test_other_endpoints_stay_closed_and_servers_see_no_such_header(world: TokenWorld, portal: Registered) -> None:
    assert (
        "access-control-allow-origin" not in world.post("/introspect", {"token": "x"}, portal.basic, **ORIGIN).headers
    )
    assert "access-control-allow-origin" not in world.send("OPTIONS", "/introspect", b"", **ORIGIN).headers
    assert "access-control-allow-origin" not in world.own_token(portal).headers
