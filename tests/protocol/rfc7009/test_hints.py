"""A hint about the kind of a token helps and hides nothing, at revocation and at introspection."""

from __future__ import annotations

import pytest

from idp.model.session import Session
from tests.support.token_world import Registered, TokenWorld

HINTS = ["access_token", "refresh_token", "id_token", "urn:x:unknown", ""]


@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_wrong_or_unknown_hint_hides_no_token_from_revocation(
    world: TokenWorld, portal: Registered, session: Session, kind: str, hint: str
) -> None:
    tokens = world.tokens(portal, session)
    form = {"token": tokens[kind], "token_type_hint": hint}
    assert world.post("/revoke", form, portal.basic).status == 200
    assert world.introspect(portal, tokens[kind]).json == {"active": False}
    assert world.userinfo(tokens["access_token"]).status == 401


@pytest.mark.spec("RFC 7009", "5")
@pytest.mark.parametrize("hint", HINTS)
def test_a_made_up_token_costs_no_look_up_whatever_the_hint(
    world: TokenWorld, portal: Registered, session: Session, monkeypatch: pytest.MonkeyPatch, hint: str
) -> None:
    tokens = world.tokens(portal, session)
    # Each has the shape of a token of ours, and another last character but one.
    made_up = [f"{one[:-2]}{'A' if one[-2] != 'A' else 'B'}{one[-1]}" for one in tokens.values() if len(str(one)) > 80]
    assert len(made_up) == 3

    def asked(*_arguments: object, **_named: object) -> None:
        pytest.fail("the database was asked about a token that nobody issued")

    for name in ("rows", "row", "transaction", "claim_and_record"):
        monkeypatch.setattr(world.database, name, asked)
    for token in (*made_up, "x", "a.b.c"):
        assert world.post("/revoke", {"token": token, "token_type_hint": hint}, portal.basic).status == 200


@pytest.mark.spec("RFC 7662", "2.1")
@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_wrong_or_unknown_hint_hides_no_token_from_introspection(
    world: TokenWorld, portal: Registered, session: Session, kind: str, hint: str
) -> None:
    token = world.tokens(portal, session)[kind]
    answer = world.post("/introspect", {"token": token, "token_type_hint": hint}, portal.basic)
    assert answer.json["active"] is True


@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.spec("RFC 7662", "2.1")
@pytest.mark.parametrize("path", ["/revoke", "/introspect"])
def test_a_request_that_is_no_post_of_a_form_with_a_token_is_refused(
    world: TokenWorld, portal: Registered, session: Session, path: str
) -> None:
    token = world.tokens(portal, session)["access_token"]
    for answer in (
        world.post(path, {}, portal.basic),
        world.post(path, {"token": ""}, portal.basic),
        world.post(path, f"token={token}&token={token}", portal.basic),
        world.post(path, "", portal.basic, QUERY_STRING=f"token={token}"),
        world.get(path, portal.basic, QUERY_STRING=f"token={token}"),
        world.send("POST", path, b'{"token": "x"}', portal.basic, CONTENT_TYPE="application/json"),
    ):
        assert answer.status in {400, 405, 415}
        assert answer.json["error"] == "invalid_request"
    assert world.userinfo(token).status == 200, "nothing was revoked"
