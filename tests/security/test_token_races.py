"""A thousand presentations of a hundred single-use things, ten of each at once: a hundred succeed, and each replay kills its family."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from idp.model.session import Session
from idp.storage.database import Database
from idp.storage.tables import grants
from tests.support.clock import FrozenClock
from tests.support.stores import in_parallel, stored
from tests.support.token_world import Answer, Registered, TokenWorld

THINGS = 100
EACH = 10
THREADS = 10


@pytest.fixture
def strict(database: Database, tmp_path: Path, clock: FrozenClock) -> TokenWorld:
    """Return a deployment on each database, without a grace for refresh tokens."""
    return TokenWorld(tmp_path, database, clock, refresh_grace=0)


def storm(world: TokenWorld, things: list[str], present: Callable[[str], Answer]) -> dict[str, list[Answer]]:
    """Present each thing ``EACH`` times, shuffled over threads; return the answers by thing."""
    turns = things * EACH
    random.Random(7).shuffle(turns)
    share = len(turns) // THREADS
    parts = in_parallel(
        world.database,
        THREADS,
        lambda number: [(one, present(one)) for one in turns[number * share : (number + 1) * share]],
    )
    answers: dict[str, list[Answer]] = {one: [] for one in things}
    for part in parts:
        for one, answer in part:
            answers[one].append(answer)
    return answers


def check(world: TokenWorld, answers: dict[str, list[Answer]]) -> None:
    """Check that each thing succeeded once, and that the replays killed what came of it."""
    assert Counter(answer.status for all_of in answers.values() for answer in all_of) == {
        200: THINGS,
        400: THINGS * (EACH - 1),
    }
    for all_of in answers.values():
        (winner,) = (answer for answer in all_of if answer.status == 200)
        assert {answer.json["error"] for answer in all_of if answer.status != 200} == {"invalid_grant"}
        assert world.userinfo(winner.json["access_token"]).status == 401
    reasons = Counter(row["revoke_reason"] for row in stored(world.database, grants))
    assert reasons == {"replay": THINGS}
    # A replay into a family that is over already is refused without being called one again.
    assert {row["target"] for row in world.events("token:replay")} == {
        f"grant:{row['id']}" for row in stored(world.database, grants)
    }


@pytest.mark.spec("RFC 6749", "4.1.2")
def test_of_a_thousand_redemptions_of_a_hundred_codes_a_hundred_succeed(strict: TokenWorld) -> None:
    client, session = strict.add_client(), strict.sign_in(strict.add_person())
    codes = [strict.code(client, session) for _ in range(THINGS)]
    answers = storm(strict, codes, lambda code: strict.redeem(client, code))
    check(strict, answers)
    assert len(strict.events("token:authorization_code")) == THINGS
    for all_of in answers.values():
        (winner,) = (answer for answer in all_of if answer.status == 200)
        assert strict.refresh(client, winner.json["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_of_a_thousand_uses_of_a_hundred_refresh_tokens_a_hundred_succeed(strict: TokenWorld) -> None:
    client, session = strict.add_client(), strict.sign_in(strict.add_person())
    tokens = [strict.tokens(client, session)["refresh_token"] for _ in range(THINGS)]
    answers = storm(strict, tokens, lambda token: strict.refresh(client, token))
    check(strict, answers)
    assert len(strict.events("token:refresh_token")) == THINGS
    for all_of in answers.values():
        (winner,) = (answer for answer in all_of if answer.status == 200)
        assert strict.refresh(client, winner.json["refresh_token"]).json["error"] == "invalid_grant"


def test_grace_gives_two_parallel_tabs_the_same_successor(each_world: TokenWorld) -> None:
    world = each_world
    client, session = world.add_client(), world.sign_in(world.add_person())
    for _ in range(20):
        token = world.tokens(client, session)["refresh_token"]
        one, other = in_parallel(world.database, 2, partial(_refresh, world, client, token))
        assert (one.status, other.status) == (200, 200)
        assert one.json["refresh_token"] == other.json["refresh_token"]
        assert world.refresh(client, one.json["refresh_token"]).status == 200


def test_redemption_and_sign_out_at_once_leave_no_live_token(each_world: TokenWorld) -> None:
    world = each_world
    client, account = world.add_client(), world.add_person()
    for _ in range(20):
        session = world.sign_in(account)
        code = world.code(client, session)
        answer, _ = in_parallel(world.database, 2, partial(_act, world, client, code, session))
        if answer is not None and answer.status == 200:
            assert world.userinfo(answer.json["access_token"]).status == 401
            assert world.refresh(client, answer.json["refresh_token"]).status == 400


def _refresh(world: TokenWorld, client: Registered, token: str, _number: int) -> Answer:
    return world.refresh(client, token)


def _act(world: TokenWorld, client: Registered, code: str, session: Session, number: int) -> Answer | None:
    if number == 0:
        return world.redeem(client, code)
    world.wiring.sessions.end(session, "sign_out", f"account:{session.account_id}")
    return None
