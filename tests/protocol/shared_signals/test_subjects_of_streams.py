"""Of whom a stream tells: everybody the department knows, but for those that it took out; and whom a merge gave another name."""

from __future__ import annotations

from typing import Any

import pytest

from policies.signals import ACCOUNT_DISABLED, IDENTIFIER_CHANGED
from tests.support.shared_signals import Department
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.whole_app import WholeApp


def known(world: TokenWorld, health: Department, number: int) -> tuple[str, dict[str, str]]:
    """Add somebody whom the department knows; returns the account, and how the department names him."""
    account = world.add_person(number)
    world.tokens(health.system, world.sign_in(account))
    sub = world.wiring.subjects.subject(account, health.system.client)
    return account, {"format": "iss_sub", "iss": ISSUER, "sub": sub}


def lock(world: TokenWorld, account: str) -> None:
    world.wiring.accounts.change_state(account, "locked", reason="own_request")


@pytest.mark.spec("OpenID Shared Signals", "8.1.3.3")
@pytest.mark.spec("OpenID Shared Signals", "8.1.3.2")
def test_who_was_taken_out_is_not_told_of_until_put_back(world: TokenWorld, health: Department) -> None:
    stream = health.listen(events_requested=[ACCOUNT_DISABLED])
    other = health.listen(events_requested=[ACCOUNT_DISABLED])
    (first, named), (second, _) = known(world, health, 1), known(world, health, 2)
    asked = {"stream_id": stream, "subject": named}
    for _ in range(2):
        assert health.ask("POST", "/ssf/subjects/remove", asked).status == 204
    lock(world, first)
    lock(world, second)
    assert [one["sub_id"]["sub"] != named["sub"] for one in health.heard(stream)] == [True]
    assert len(health.heard(other)) == 2, "another stream is another matter"
    assert health.ask("POST", "/ssf/subjects/add", asked).status == 200
    world.wiring.accounts.change_state(first, "active", reason="x")
    lock(world, first)
    assert named in [one["sub_id"] for one in health.heard(stream)]
    reasons = [row["reason"] for row in world.events("signal:stream", account_id=first)]
    assert reasons == ["subject_removed", "subject_removed", "subject_added"]


@pytest.mark.spec("OpenID Shared Signals", "8.1.3.2")
def test_complex_subject_counts_by_its_user(world: TokenWorld, health: Department) -> None:
    stream = health.listen(events_requested=[ACCOUNT_DISABLED])
    account, named = known(world, health, 1)
    subject = {"format": "complex", "user": named, "tenant": {"format": "opaque", "id": "x"}}
    assert health.ask("POST", "/ssf/subjects/remove", {"stream_id": stream, "subject": subject}).status == 204
    lock(world, account)
    assert health.heard(stream) == []


@pytest.mark.parametrize(
    "subject",
    [
        None,
        "x",
        {},
        {"format": "email", "email": "mau@example.vn"},
        {"format": "iss_sub", "iss": "https://other.example"},
        {"format": "iss_sub", "iss": ISSUER, "sub": 7},
        {"format": "iss_sub", "iss": ISSUER, "sub": "x" * 300},
        {"format": "complex", "user": "x"},
    ],
)
def test_subject_that_is_none_is_refused(health: Department, subject: Any) -> None:
    stream = health.listen()
    for path in ("add", "remove"):
        answer = health.ask("POST", f"/ssf/subjects/{path}", {"stream_id": stream, "subject": subject})
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.spec("OpenID Shared Signals", "8.1.3.2")
def test_name_of_another_department_or_of_nobody_and_foreign_streams_are_not_found(
    world: TokenWorld, app: WholeApp, health: Department
) -> None:
    stranger = Department(world, app)
    _, named = known(world, stranger, 1)
    stream = health.listen()
    for subject in (named, {**named, "sub": "nobody"}):
        answer = health.ask("POST", "/ssf/subjects/remove", {"stream_id": stream, "subject": subject})
        assert (answer.status, answer.json["error"]) == (404, "not_found")
    _, own = known(world, health, 2)
    for foreign in (stranger.listen(), "x", None):
        answer = health.ask("POST", "/ssf/subjects/remove", {"stream_id": foreign, "subject": own})
        assert answer.status == 404


@pytest.mark.spec("OpenID Shared Signals", "7.1")
def test_configuration_names_both_endpoints(health: Department) -> None:
    document = health.ask("GET", "/.well-known/ssf-configuration").json
    assert document["add_subject_endpoint"] == f"{ISSUER}/ssf/subjects/add"
    assert document["remove_subject_endpoint"] == f"{ISSUER}/ssf/subjects/remove"


def test_removed_stream_takes_its_list_along(world: TokenWorld, health: Department) -> None:
    stream = health.listen()
    _, named = known(world, health, 1)
    assert health.ask("POST", "/ssf/subjects/remove", {"stream_id": stream, "subject": named}).status == 204
    assert health.ask("DELETE", f"/ssf/streams?stream_id={stream}").status == 204


def test_merge_is_told_to_who_knew_the_person_by_two_names(
    world: TokenWorld, app: WholeApp, health: Department
) -> None:
    stream = health.listen(events_requested=[IDENTIFIER_CHANGED])
    one_name = Department(world, app)
    elsewhere = one_name.listen(events_requested=[IDENTIFIER_CHANGED])
    (loser, lost), (winner, kept) = known(world, health, 1), known(world, health, 2)
    known_by_one = world.sign_in(loser)
    world.tokens(one_name.system, known_by_one)
    world.wiring.accounts.merge(loser, winner, reason="two codes")
    [told] = [one for one in health.heard(stream) if "new-value" in one["events"][IDENTIFIER_CHANGED]]
    assert told["sub_id"] == lost
    assert told["events"][IDENTIFIER_CHANGED]["new-value"] == kept["sub"]
    assert not [one for one in one_name.heard(elsewhere) if "new-value" in one["events"][IDENTIFIER_CHANGED]]
