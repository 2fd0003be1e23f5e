"""The guard over each kind of counters: one counter a person, known devices apart, staff locked, parallel guesses bounded."""

from __future__ import annotations

from collections import Counter

import pytest

from idp.errors import Throttled
from idp.model.audit import Event
from idp.ports.audit import AuditQuery
from policies.identity_codes import parse
from policies.throttle import Limits
from tests.contract.test_ephemeral import Site, site
from tests.support.accounts import make_people, sample_code
from tests.support.clock import FrozenClock
from tests.support.guarded import STAFF_LOCK, Guarded
from tests.support.stores import in_parallel

__all__ = ["site"]

CODE, UNKNOWN, CMND, FORMER = sample_code(1), sample_code(99), "201234567", sample_code(7)


@pytest.fixture
def guarded(site: Site, sqlite_database, clock: FrozenClock) -> Guarded:
    """Return a guard whose counters are of each kind; people are in SQL of the same kind where there is one."""
    return Guarded(make_people(site.database or sqlite_database, clock), site.stores.counters)


def tries(guarded: Guarded, *codes: str, address: str = "192.0.2.1", device: str = "") -> list[str]:
    return [guarded.guess(code, address, device) for code in codes]


def test_one_person_has_one_counter_whatever_alias_is_typed(guarded: Guarded) -> None:
    people = guarded.people
    account_id = people.add(FORMER)
    people.codes.add(account_id, parse("cmnd", CMND), reason="old card")
    people.codes.add(account_id, parse("foreigner", "NN-123456"), reason="was a foreigner")
    people.codes.replace(account_id, parse("cccd", FORMER), parse("cccd", CODE), reason="re-established")
    aliases = [CODE, FORMER, CMND, "nn123456", f" {CODE[:4]}.{CODE[4:]} "]
    assert tries(guarded, *aliases) == ["looked_at"] * 5
    assert tries(guarded, *aliases) == ["throttled"] * 5


def test_person_and_household_business_of_the_same_digits_are_counted_apart(guarded: Guarded) -> None:
    guarded.people.add(CODE)
    business = guarded.people.add("0100109106", "mst")
    assert guarded.people.accounts.typed("0100 109 106").key == f"account:{business}"
    assert tries(guarded, *([CODE] * 6))[-1] == "throttled"
    assert tries(guarded, "0100109106") == ["looked_at"]


@pytest.mark.parametrize(
    "spelling", ["０４９４９９００００９９", "0494 9900 0099", "049.499.000099", "\u2007049499000099"]
)
def test_unknown_code_counts_under_its_own_canonical_form(guarded: Guarded, spelling: str) -> None:
    assert tries(guarded, *([UNKNOWN] * 4), spelling, UNKNOWN) == ["looked_at"] * 5 + ["throttled"]


def test_what_is_no_code_at_all_counts_in_one_spelling_too(guarded: Guarded) -> None:
    assert tries(guarded, "Ａdmin", "admin", "AD MIN", "ad-min", "admin ", "admin") == ["looked_at"] * 5 + ["throttled"]


def test_known_device_keeps_working_while_somebody_guesses(guarded: Guarded) -> None:
    guarded.people.add(CODE)
    for number in range(30):
        guarded.guess(CODE, f"198.51.{number}.1")
    assert tries(guarded, CODE, address="203.0.113.9") == ["throttled"]
    assert tries(guarded, *([CODE] * 6), device="mine") == ["looked_at"] * 5 + ["throttled"]
    assert tries(guarded, CODE, device="my-other") == ["looked_at"]


def test_cookie_of_a_device_that_the_person_is_not_known_on_counts_for_nothing(guarded: Guarded) -> None:
    guarded.people.add(CODE)
    assert tries(guarded, *([CODE] * 6), device="somebody-elses") == ["looked_at"] * 5 + ["throttled"]
    assert tries(guarded, CODE, device="another-made-up") == ["throttled"]


def test_success_on_a_known_device_gives_a_guesser_no_fresh_tries(guarded: Guarded) -> None:
    guarded.people.add(CODE)
    tries(guarded, *([CODE] * 5))
    guarded.guard.succeeded(guarded.begin(CODE, "203.0.113.9", "mine"))
    assert tries(guarded, CODE) == ["throttled"]


def test_success_elsewhere_clears_the_person_and_costs_the_place_nothing(guarded: Guarded) -> None:
    people, office = guarded.people, "203.0.113.9"
    codes = [sample_code(number) for number in range(1, 13)]
    for code in codes:
        people.add(code)
    for code in codes * 10:
        guarded.guard.succeeded(guarded.begin(code, office))
    assert tries(guarded, *([CODE] * 5), address=office) == ["looked_at"] * 5


def test_network_is_closed_when_each_of_its_addresses_tries_a_little(site: Site, sqlite_database, clock) -> None:
    people = make_people(site.database or sqlite_database, clock)
    limits = Limits(network=Limits().address)
    guarded = Guarded(people, site.stores.counters, limits)
    outcomes = Counter(guarded.guess(sample_code(number), f"203.0.113.{number}") for number in range(1, 121))
    assert outcomes == {"looked_at": 100, "throttled": 20}
    assert guarded.guess(sample_code(200), "203.0.114.1") == "looked_at"


def test_addresses_of_one_ipv6_host_are_one(guarded: Guarded) -> None:
    outcomes = [guarded.guess(UNKNOWN, f"2001:db8:1:2::{number}") for number in range(6)]
    assert outcomes == ["looked_at"] * 5 + ["throttled"]


def test_try_that_was_not_looked_at_is_given_back(guarded: Guarded) -> None:
    for _ in range(20):
        guarded.guard.undone(guarded.begin(UNKNOWN))
    assert tries(guarded, *([UNKNOWN] * 5)) == ["looked_at"] * 5


def test_of_fifty_parallel_guesses_from_one_place_five_are_looked_at(guarded: Guarded) -> None:
    guarded.people.add(CODE)
    outcomes = in_parallel(guarded.people.database, 50, lambda _number: guarded.guess(CODE))
    # Fewer, even none, where threads overtake each other between the counters: a lost race is a refusal, never one more guess.
    assert guarded.evaluated <= 5
    assert Counter(outcomes)["throttled"] == 50 - guarded.evaluated


def test_of_fifty_parallel_guesses_at_staff_from_fifty_networks_five_are_looked_at(guarded: Guarded) -> None:
    account_id = guarded.people.add(CODE)
    guarded.staff.ids.add(account_id)
    outcomes = in_parallel(guarded.people.database, 50, lambda number: guarded.guess(CODE, f"198.51.{number}.1"))
    # Fewer, even none, where the fifth is judged before the others look whether the sign-in is locked.
    assert guarded.evaluated == Counter(outcomes)["looked_at"] <= 5
    assert guarded.locks.closes_sign_in(account_id)


def test_fifth_wrong_try_locks_the_sign_in_of_staff_for_its_time(guarded: Guarded, clock: FrozenClock) -> None:
    account_id = guarded.people.add(CODE)
    guarded.staff.ids.add(account_id)
    outcomes = [guarded.guess(CODE, f"198.51.{number}.1") for number in range(7)]
    assert outcomes == ["looked_at"] * 5 + ["closed"] * 2
    assert guarded.people.accounts.get(account_id).state == "active"
    (event,) = guarded.people.audit.search(AuditQuery(events=(Event.ACCOUNT_LOCK.value,)))
    assert event["detail"] == {"ground": "failed_tries", "scope": "sign_in", "ends_at": clock.now() + STAFF_LOCK}
    assert tries(guarded, CODE, device="mine") == ["looked_at"]
    clock.advance(STAFF_LOCK - 1)
    assert tries(guarded, CODE, address="198.51.100.1") == ["closed"]


def test_operator_unlocks_the_sign_in_and_its_counter_begins_anew(guarded: Guarded) -> None:
    account_id = guarded.people.add(CODE)
    guarded.staff.ids.add(account_id)
    for number in range(6):
        guarded.guess(CODE, f"198.51.{number}.1")
    guarded.locks.unlock(account_id, reason="gọi điện xác minh")
    assert [guarded.guess(CODE, f"198.51.{number}.1") for number in range(10, 16)] == ["looked_at"] * 5 + ["closed"]


def test_citizen_is_never_locked(guarded: Guarded) -> None:
    account_id = guarded.people.add(CODE)
    for number in range(60):
        guarded.guess(CODE, f"198.51.{number}.1")
    assert guarded.locks.history(account_id) == []
    with pytest.raises(Throttled) as caught:
        guarded.begin(CODE)
    assert 0 < caught.value.retry_after <= 900


def test_former_owner_of_a_code_entered_by_mistake_does_not_count_for_it(guarded: Guarded) -> None:
    account_id = guarded.people.add(CODE)
    guarded.people.codes.add(account_id, parse("cmnd", CMND), reason="typed wrongly")
    guarded.people.codes.end(account_id, parse("cmnd", CMND), ending="mistake", reason="typed wrongly")
    assert guarded.people.accounts.typed(CMND).key == f"code:{CMND}"
