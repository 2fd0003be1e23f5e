"""What an access token says about the sign-in stays what it was, whenever the token is issued."""

from __future__ import annotations

import pytest

from idp.model.session import Session
from tests.support.token_world import Registered, TokenWorld


@pytest.mark.spec("RFC 9068", "2.2.1")
@pytest.mark.spec("RFC 9470", "6")
def test_auth_time_and_level_of_a_refreshed_token_are_those_of_the_sign_in(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    issued = world.tokens(portal, session)
    first = world.verified(issued["access_token"], "at+jwt")
    world.clock.advance(500)
    second = world.verified(world.refresh(portal, issued["refresh_token"]).json["access_token"], "at+jwt")
    assert (second["auth_time"], second["acr"]) == (first["auth_time"], first["acr"])
    assert (second["auth_time"], second["acr"]) == (session.auth_time, session.acr)
    assert second["iat"] == first["iat"] + 500
    assert second["jti"] != first["jti"]
