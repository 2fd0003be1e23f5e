"""Merging two accounts over real databases: what departments know of either stays answerable."""

from __future__ import annotations

import pytest

from idp.errors import NotFound, Refused
from idp.storage.database import Database
from idp.storage.subjects import SqlSubjectStore
from idp.storage.tables import accounts, audit_events, consents, credentials, grants, sessions, subjects, upstream_links
from policies.identity_codes import parse
from tests.support.accounts import People, make_people, sample_code
from tests.support.clock import START, FrozenClock
from tests.support.stores import in_parallel, insert, stored

ONE, TWO, THREE = map(sample_code, (1, 2, 3))


@pytest.fixture
def people(database: Database, clock: FrozenClock) -> People:
    """Return the services over the test's database."""
    return make_people(database, clock)


def consent(people: People, account_id: str, client_id: str, ended_at: int | None = None, declined: int = 0) -> str:
    consent_id = f"consent-{account_id}-{client_id}-{ended_at}"
    insert(
        people.database,
        consents,
        id=consent_id,
        account_id=account_id,
        client_id=client_id,
        kind="consent",
        scope="openid",
        claims=1,
        declined=declined,
        text_version="1",
        given_at=START,
        **({} if ended_at is None else {"ended_at": ended_at}),
    )
    return consent_id


def session(people: People, account_id: str) -> str:
    session_id = f"session-{account_id}"
    insert(
        people.database,
        sessions,
        id=session_id,
        digest=session_id.encode(),
        account_id=account_id,
        created_at=START,
        last_seen_at=START,
        expires_at=START + 600,
        auth_time=START,
        acr="1",
        amr="pwd",
        origin=b"",
    )
    return session_id


def grant(people: People, account_id: str, claims: int = 0) -> str:
    grant_id = f"grant-{account_id}-{claims}"
    names = {
        "client_id": "c",
        "session_id": f"session-{account_id}",
        "sub": "s",
        "scope": "openid",
        "acr": "1",
        "amr": "pwd",
    }
    numbers = {"claims": claims, "auth_time": START, "created_at": START, "expires_at": START + 600, "offline": 1}
    rest = {"generation": 1, "rotated_at": START, "grace_used": 0}
    insert(people.database, grants, id=grant_id, account_id=account_id, **names, **numbers, **rest)
    return grant_id


def by_id(people: People, table: object, row_id: str) -> dict[str, object]:
    return stored(people.database, table, id=row_id)[0]  # type: ignore[arg-type]


def test_the_loser_answers_as_the_winner_by_id_and_codes_keep_one_of_a_scheme(people: People) -> None:
    loser, winner = people.add(ONE), people.add(TWO)
    people.codes.add(loser, parse("cmnd", "201234567"), reason="old card")
    people.accounts.merge(loser, winner, reason="same person")
    assert people.accounts.get(loser).id == people.accounts.resolve(loser) == winner
    current = {entry.value for entry in people.accounts.codes(winner) if entry.valid_to is None}
    ended = {(entry.value, entry.reason) for entry in people.accounts.codes(winner) if entry.valid_to is not None}
    assert current == {TWO, "201234567"}
    assert ended == {(ONE, "merged")}
    assert people.accounts.for_sign_in(ONE) is None
    assert people.accounts.named_by(ONE) == (winner,)
    with pytest.raises(NotFound):
        people.accounts.find(ONE, "cccd")
    with pytest.raises(Exception, match="belongs"):
        people.add(ONE)


def test_subjects_move_and_a_second_one_stays_as_an_alias(people: People) -> None:
    loser, winner, store = people.add(ONE), people.add(TWO), SqlSubjectStore(people.database)
    store.fix(loser, "both", "sub-loser", START)
    store.fix(winner, "both", "sub-winner", START)
    store.fix(loser, "only", "sub-only", START)
    people.accounts.merge(loser, winner, reason="same person")
    assert {store.account_of(sub) for sub in ("sub-loser", "sub-winner", "sub-only")} == {winner}
    assert store.fix(winner, "both", "sub-new", START) == "sub-winner"
    assert store.fix(winner, "only", "sub-new", START) == "sub-only"
    assert len(stored(people.database, subjects)) == 3


def test_consents_move_the_winners_stands_and_history_is_kept(people: People) -> None:
    loser, winner = people.add(ONE), people.add(TWO)
    lost, kept = consent(people, loser, "both"), consent(people, winner, "both")
    only, old = consent(people, loser, "only"), consent(people, loser, "both", START - 5)
    people.accounts.merge(loser, winner, reason="same person")
    rows = {row["id"]: row for row in stored(people.database, consents)}
    assert {row["account_id"] for row in rows.values()} == {winner}
    assert (rows[lost]["ended_at"], rows[lost]["end_reason"]) == (START, "merged")
    assert rows[kept]["ended_at"] is rows[only]["ended_at"] is None
    assert rows[old]["ended_at"] == START - 5


def test_what_the_consent_that_stands_declines_no_grant_of_the_loser_releases(people: People) -> None:
    loser, winner = people.add(ONE), people.add(TWO)
    consent(people, loser, "c")
    consent(people, winner, "c", declined=4)
    wide, narrow = grant(people, loser, claims=5), grant(people, loser, claims=1)
    people.accounts.merge(loser, winner, reason="same person")
    assert by_id(people, grants, wide)["revoke_reason"] == "consent_narrowed"
    assert by_id(people, grants, narrow)["revoked_at"] is None


def test_sessions_of_the_loser_end_and_grants_go_on_with_the_winner(people: People) -> None:
    loser, winner = people.add(ONE), people.add(TWO)
    ended, kept = session(people, loser), session(people, winner)
    moved = grant(people, loser)
    people.accounts.merge(loser, winner, reason="same person")
    assert by_id(people, sessions, ended)["end_reason"] == "merged"
    assert by_id(people, sessions, kept)["ended_at"] is None
    row = by_id(people, grants, moved)
    assert (row["account_id"], row["revoked_at"]) == (winner, None)


def test_the_losers_password_opens_nothing_any_more(people: People) -> None:
    loser, winner = people.add(ONE), people.add(TWO)
    people.credentials.set_password(loser, "một câu dài của người thua")
    people.credentials.set_password(winner, "một câu dài của người thắng")
    people.accounts.merge(loser, winner, reason="same person")
    assert [row["account_id"] for row in stored(people.database, credentials)] == [winner]


def test_merging_again_changes_nothing(people: People) -> None:
    loser, winner = people.add(ONE), people.add(TWO)
    for _ in range(3):
        people.accounts.merge(loser, winner, reason="same person")
    people.accounts.merge(winner, loser, reason="the other way round")
    assert people.accounts.resolve(loser) == winner
    assert len(stored(people.database, audit_events, event="account:merge")) == 1


def test_a_chain_of_merges_ends_at_one_account(people: People) -> None:
    first, second, third = people.add(ONE), people.add(TWO), people.add(THREE)
    people.accounts.merge(first, second, reason="one")
    people.accounts.merge(second, third, reason="two")
    assert {people.accounts.resolve(one) for one in (first, second, third)} == {third}
    assert [row["merged_into"] for row in stored(people.database, accounts, state="merged")] == [third, third]
    assert len(people.accounts.codes(third)) == 3


def test_what_may_not_be_merged_is_refused_and_left_alone(people: People) -> None:
    first, second, third = people.add(ONE), people.add(TWO), people.add(THREE)
    real, agency = people.add("049099000001"), people.add("H56.14", "agency")
    people.accounts.merge(first, second, reason="same person")
    people.accounts.change_state(third, "locked", reason="why")
    for loser, winner in ((second, second), (first, real), (second, third), (second, real), (agency, second)):
        with pytest.raises(Refused):
            people.accounts.merge(loser, winner, reason="no")
    with pytest.raises(NotFound):
        people.accounts.merge("nobody", second, reason="no")
    people.accounts.merge(third, second, reason="a locked one may go under")
    assert people.accounts.get(third).state == "active"
    with pytest.raises(Refused):
        people.accounts.change_state(agency, "active", reason="is active")


def test_opposite_merges_at_once_leave_one_account(people: People) -> None:
    for round_number in range(5):
        first, second = people.add(sample_code(10 + 2 * round_number)), people.add(sample_code(11 + 2 * round_number))
        pairs = ((first, second), (second, first)) * 2

        def attempt(number: int, pairs: tuple[tuple[str, str], ...] = pairs) -> None:
            people.accounts.merge(*pairs[number], reason="race")

        in_parallel(people.database, 4, attempt)
        left = {people.accounts.resolve(one) for one in (first, second)}
        assert len(left) == 1
        states = sorted(row["state"] for row in stored(people.database, accounts) if row["id"] in {first, second})
        assert states == ["active", "merged"]


def link(people: People, account_id: str, upstream: str, reason: str | None = None) -> None:
    name = f"{account_id}-{upstream}"
    texts = {"id": name, "upstream": upstream, "account_id": account_id, "how": "vouched", "ceiling": ""}
    rest = {"lookup": name.encode(), "sealed": b"", "created_at": START}
    insert(
        people.database,
        upstream_links,
        **texts,
        **rest,
        **({"end_reason": reason, "ended_at": START} if reason else {}),
    )


def test_links_to_upstreams_are_the_winners_one_for_each(people: People) -> None:
    gone, kept = people.add(ONE), people.add(TWO)
    for upstream in ("vneid", "vnconnect"):
        link(people, gone, upstream)
    link(people, gone, "mau", "closed")
    link(people, kept, "vneid")
    people.accounts.merge(gone, kept, reason="thử")
    rows = stored(people.database, upstream_links)
    assert {row["account_id"] for row in rows} == {kept}
    assert {row["id"]: row["end_reason"] for row in rows} == {
        f"{gone}-vneid": "merged",
        f"{gone}-vnconnect": None,
        f"{gone}-mau": "closed",
        f"{kept}-vneid": None,
    }
