"""A resource of ours that needs a better sign-in than the token stands for says which one."""

from __future__ import annotations

import pytest

from clients.documents import to_metadata
from idp.model.session import Session
from idp.protocol.challenges import Challenges
from idp.protocol.errors import InsufficientUserAuthentication
from idp.protocol.wire import WireRequest
from policies import assurance
from tests.support.token_world import Registered, TokenWorld


@pytest.mark.spec("RFC 9470", "3")
def test_level_raised_after_the_token_was_issued_asks_for_a_step_up(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    access = world.tokens(portal, session)["access_token"]
    assert world.userinfo(access).status == 200
    raised = {**to_metadata(world.wiring.clients.known(portal.client.client_id)), "minimum_acr": assurance.LOA_2}
    world.wiring.clients.update(portal.client.client_id, raised)
    answer = world.userinfo(access)
    assert (answer.status, answer.json["error"]) == (401, "insufficient_user_authentication")
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert 'error="insufficient_user_authentication"' in challenge
    assert f'acr_values="{assurance.LOA_2}"' in challenge
    assert "max_age" not in challenge
    assert world.events("userinfo:request")[-1]["reason"] == "insufficient_user_authentication"


@pytest.mark.spec("RFC 9470", "3")
def test_challenge_can_ask_for_a_younger_sign_in() -> None:
    request = WireRequest("GET", "/userinfo", "", b"", "", "", {"authorization": "Bearer x"}, "")
    error = InsufficientUserAuthentication("sign in again", max_age=300)
    headers = dict(Challenges("https://a.vn/m").refuse(request, error).headers)
    assert 'max_age="300"' in headers["WWW-Authenticate"]
    assert "acr_values" not in headers["WWW-Authenticate"]
