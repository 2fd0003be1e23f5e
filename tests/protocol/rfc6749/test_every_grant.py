"""Whatever the grant: who does not prove himself as he is registered gets nothing, and nothing is spent."""

from __future__ import annotations

import pytest

from idp.protocol.grants.registry import GRANTS
from tests.support.token_world import Registered, TokenWorld, basic

CREDENTIALS = ["code", "refresh_token", "device_code", "auth_req_id", "assertion", "subject_token"]


@pytest.mark.spec("OIDC Core", "12.1")
@pytest.mark.spec("RFC 6749", "2.2")
@pytest.mark.spec("RFC 7523", "3.1")
@pytest.mark.spec("RFC 6749", "3.2.1")
@pytest.mark.spec("RFC 6749", "10.2")
@pytest.mark.spec("RFC 8628", "3.4")
@pytest.mark.spec("RFC 8693", "2.1")
@pytest.mark.spec("CIBA Core", "10.1")
@pytest.mark.parametrize("grant", sorted(GRANTS))
def test_no_grant_serves_a_confidential_client_that_does_not_prove_itself(
    world: TokenWorld, portal: Registered, grant: str
) -> None:
    me = portal.client.client_id
    form = {"grant_type": grant, **dict.fromkeys(CREDENTIALS, "x.y.z")}
    for answer in (
        world.post("/token", {**form, "client_id": me}),
        world.post("/token", {**form, "client_id": me, "client_secret": portal.secret}),
        world.post("/token", form, basic(me, "wrong")),
        world.post("/token", form, basic("nobody", portal.secret)),
    ):
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        assert "access_token" not in answer.json
    assert [row["outcome"] for row in world.events("token:request")] == ["refused"] * 4


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("grant", ["password", "", "none", "implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer"])
def test_a_grant_that_nobody_offers_gives_nothing(world: TokenWorld, portal: Registered, grant: str) -> None:
    form = {"grant_type": grant, "username": "049499000001", "password": "x", "assertion": "x"}
    answer = world.post("/token", form, portal.basic)
    assert answer.status == 400
    assert answer.json["error"] in {"unsupported_grant_type", "invalid_request"}
    assert "access_token" not in answer.json
