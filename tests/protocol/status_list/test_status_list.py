"""Token status lists: a place for tokens that want one, a signed list that cannot disagree with revocation."""

from __future__ import annotations

import base64
import re
import zlib
from itertools import pairwise
from typing import Any

import pytest

from idp.model.session import Session
from idp.storage.purge import Purger
from idp.storage.tables import status_entries
from keys.errors import TokenError
from policies import scatter
from tests.support.stores import in_parallel, stored
from tests.support.token_world import ISSUER, Registered, TokenWorld
from tests.support.whole_app import WholeApp

TYP = "statuslist+jwt"


@pytest.fixture
def listed(world: TokenWorld) -> Registered:
    return world.add_client(token_status_list=True)


@pytest.fixture
def app(world: TokenWorld) -> WholeApp:
    return WholeApp(world)


def place_of(world: TokenWorld, token: str) -> dict[str, Any]:
    place: dict[str, Any] = world.verified(token, "at+jwt")["status"]["status_list"]
    return place


def bit(claims: dict[str, Any], index: int) -> int:
    """Return a status as the specification reads it (section 4.1)."""
    lst = claims["status_list"]["lst"]
    octets = zlib.decompress(base64.urlsafe_b64decode(lst + "=" * (-len(lst) % 4)))
    return octets[index // 8] >> (index % 8) & 1


def status(app: WholeApp, token: str) -> int:
    """Look a token up as a verifier does that has the published keys alone."""
    place = place_of(app.world, token)
    answer = app.call("GET", place["uri"].removeprefix(ISSUER))
    return bit(app.world.verified(answer.body.decode(), TYP), place["idx"])


def later(app: WholeApp) -> None:
    """Let the list's time to live pass."""
    app.world.clock.advance(60)


@pytest.mark.spec("OAuth Token Status List", "6.2")
def test_token_names_list_and_place(world: TokenWorld, listed: Registered, session: Session) -> None:
    place = place_of(world, world.tokens(listed, session)["access_token"])
    assert place.keys() == {"idx", "uri"}
    assert 0 <= place["idx"] < scatter.SIZE
    assert place["uri"].startswith(f"{ISSUER}/status/")


def test_client_that_did_not_ask_gets_no_place_and_costs_no_row(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    token = world.tokens(portal, session)["access_token"]
    assert "status" not in world.verified(token, "at+jwt")
    assert stored(world.database, status_entries) == []


@pytest.mark.spec("OAuth Token Status List", "4.1")
@pytest.mark.spec("OAuth Token Status List", "4.2")
@pytest.mark.spec("OAuth Token Status List", "5.1")
def test_list_is_signed_dated_and_about_its_own_address(app: WholeApp, listed: Registered, session: Session) -> None:
    uri = place_of(app.world, app.world.tokens(listed, session)["access_token"])["uri"]
    claims = app.world.verified(app.call("GET", uri.removeprefix(ISSUER)).body.decode(), TYP)
    now = app.world.clock.now()
    assert (claims["sub"], claims["iss"], claims["iat"], claims["ttl"]) == (uri, ISSUER, now, 60)
    assert now < claims["exp"] <= now + 3600
    assert claims["status_list"]["bits"] == 1
    assert re.fullmatch(r"[A-Za-z0-9_-]+", claims["status_list"]["lst"])


@pytest.mark.spec("OAuth Token Status List", "8.2")
def test_answer_says_its_type_and_how_long_it_may_be_kept(app: WholeApp, listed: Registered, session: Session) -> None:
    uri = place_of(app.world, app.world.tokens(listed, session)["access_token"])["uri"]
    answer = app.call("GET", uri.removeprefix(ISSUER), headers={"Accept": "application/statuslist+jwt"})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/statuslist+jwt")
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert app.call("GET", "/status/nothing").status == 404


@pytest.mark.spec("OAuth Token Status List", "4.1")
@pytest.mark.spec("OAuth Token Status List", "7.1")
def test_revoked_token_is_marked_and_no_other(app: WholeApp, listed: Registered, session: Session) -> None:
    tokens = [app.world.tokens(listed, session)["access_token"] for _ in range(5)]
    assert [status(app, token) for token in tokens] == [0] * 5
    app.world.revoke(listed, tokens[2])
    later(app)
    assert [status(app, token) for token in tokens] == [0, 0, 1, 0, 0]


@pytest.mark.spec("OAuth Token Status List", "7.1")
def test_every_way_to_revoke_shows(app: WholeApp, listed: Registered) -> None:
    world = app.world
    session = world.sign_in(world.add_person())
    family = world.tokens(listed, session)
    ended = world.sign_in(world.add_person(2))
    of_session = world.tokens(listed, ended)["access_token"]
    locked = world.add_person(3)
    of_account = world.tokens(listed, world.sign_in(locked))["access_token"]
    own = world.own_token(listed).json["access_token"]
    alive = world.tokens(listed, session)["access_token"]
    world.revoke(listed, family["refresh_token"])
    world.wiring.sessions.end(ended, "sign_out", "system")
    world.wiring.accounts.change_state(locked, "locked", reason="test")
    world.revoke(listed, own)
    later(app)
    assert [status(app, one) for one in (family["access_token"], of_session, of_account, own, alive)] == [1, 1, 1, 1, 0]


def test_suspended_client_and_not_before_marks_show(app: WholeApp, listed: Registered, session: Session) -> None:
    other = app.world.add_client(token_status_list=True)
    before, of_other = (
        app.world.tokens(listed, session)["access_token"],
        app.world.tokens(other, session)["access_token"],
    )
    app.world.clock.advance(1)
    app.world.wiring.clients.set_not_before(listed.client.client_id, app.world.clock.now())
    app.world.wiring.clients.set_state(other.client.client_id, "suspended")
    after = app.world.tokens(listed, session)["access_token"]
    later(app)
    assert [status(app, one) for one in (before, of_other, after)] == [1, 1, 0]


@pytest.mark.spec("OAuth Token Status List", "13.2")
def test_places_of_one_persons_tokens_tell_nothing_of_each_other(
    world: TokenWorld, listed: Registered, session: Session
) -> None:
    places = [place_of(world, world.tokens(listed, session)["access_token"])["idx"] for _ in range(12)]
    assert len(set(places)) == 12
    assert all(abs(one - other) > 1 for one, other in pairwise(places))
    assert places != sorted(places)


def test_permutation_gives_every_place_once_and_another_one_by_another_key() -> None:
    found = {scatter.place(b"k" * 32, "list", ticket) for ticket in range(scatter.SIZE)}
    assert len(found) == scatter.SIZE
    assert scatter.place(b"k" * 32, "list", 0) != scatter.place(b"l" * 32, "list", 0)
    assert scatter.place(b"k" * 32, "list", 0) != scatter.place(b"k" * 32, "tsil", 0)


@pytest.mark.spec("OAuth Token Status List", "13.3")
def test_tokens_issued_at_once_never_share_a_place(world: TokenWorld, listed: Registered) -> None:
    answers = in_parallel(world.database, 8, lambda _number: world.own_token(listed).json["access_token"])
    places = {(place["uri"], place["idx"]) for place in (place_of(world, token) for token in answers)}
    assert len(places) == 8


@pytest.mark.spec("OAuth Token Status List", "5.1")
def test_list_in_which_a_bit_was_changed_is_no_list(app: WholeApp, listed: Registered, session: Session) -> None:
    uri = place_of(app.world, app.world.tokens(listed, session)["access_token"])["uri"]
    head, payload, signature = app.call("GET", uri.removeprefix(ISSUER)).body.decode().split(".")
    changed = payload[:-8] + ("A" if payload[-8] != "A" else "B") + payload[-7:]
    with pytest.raises(TokenError):
        app.world.verified(f"{head}.{changed}.{signature}", TYP)


def test_list_is_no_access_or_id_token(app: WholeApp, listed: Registered, session: Session) -> None:
    uri = place_of(app.world, app.world.tokens(listed, session)["access_token"])["uri"]
    lst = app.call("GET", uri.removeprefix(ISSUER)).body.decode()
    assert app.world.userinfo(lst).status == 401
    assert app.world.introspect(listed, lst).json == {"active": False}


@pytest.mark.spec("OAuth Token Status List", "8.1")
@pytest.mark.spec("OAuth Token Status List", "9.3")
def test_every_list_is_named_at_the_announced_address(app: WholeApp, listed: Registered, session: Session) -> None:
    uri = place_of(app.world, app.world.tokens(listed, session)["access_token"])["uri"]
    endpoint = app.call("GET", "/.well-known/oauth-authorization-server").json["status_list_aggregation_endpoint"]
    assert uri in app.call("GET", endpoint.removeprefix(ISSUER)).json["status_lists"]


def test_full_day_begins_a_new_list_and_old_rows_go(world: TokenWorld, listed: Registered, session: Session) -> None:
    first = place_of(world, world.own_token(listed).json["access_token"])["uri"]
    world.clock.advance(86_401)
    assert place_of(world, world.own_token(listed).json["access_token"])["uri"] != first
    world.clock.advance(2 * 86_400)
    Purger(world.database).run(world.clock.now())
    assert first not in world.wiring.status_lists.uris()
    assert session.id
