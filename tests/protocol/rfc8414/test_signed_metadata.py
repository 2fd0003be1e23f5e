"""``signed_metadata``: the document attested by our own key, and both addresses say the same."""

from __future__ import annotations

import pytest

from tests.support.token_world import ISSUER, Registered, TokenWorld

PATHS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


@pytest.mark.spec("RFC 8414", "2.1")
@pytest.mark.parametrize("path", PATHS)
def test_signed_metadata_says_what_the_document_says(world: TokenWorld, path: str) -> None:
    document = world.get(path).json
    signed = document.pop("signed_metadata")
    claims = world.verified(signed, "oauth-authorization-server+jwt", "iss")
    assert claims.pop("iss") == ISSUER
    assert claims == document


@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.spec("RFC 8414", "3")
def test_both_documents_are_the_same_bytes(world: TokenWorld) -> None:
    assert len({world.get(path).body for path in PATHS}) == 1


def test_every_process_says_the_same_bytes(world: TokenWorld) -> None:
    assert world.another().get(PATHS[0]).body == world.get(PATHS[0]).body


def test_signed_metadata_is_no_token(world: TokenWorld, portal: Registered) -> None:
    signed = world.get(PATHS[0]).json["signed_metadata"]
    assert world.userinfo(signed).status == 401
    assert world.introspect(portal, signed).json == {"active": False}
