"""Rules of mandates that no test missed when they were taken out (docs/decisions/0174): each of these fails without its rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from policies import mandates
from policies.mandates import Grantor, Held, Party, Proposal, Terms

NOW = 1_800_000_000
DAY = 86_400
BUSINESS = Party("business", "organisation")
AN = Party("an", "person", born=date(1990, 1, 1))
BINH = Party("binh", "person", born=date(1992, 2, 2))
OFFICE = Grantor("operator")
TERMS = Terms(frozenset({"*"}), "", NOW, NOW + 30 * DAY)
SOME = replace(TERMS, procedures=frozenset({"1.1", "1.2"}), unit="20335")
HELD = Held("m1", "representative", "business", "an", replace(TERMS, may_delegate=True), "accepted")
REPRESENTING = Proposal("representative", BUSINESS, AN, TERMS, "business_registration")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"procedures": frozenset({"1.1"})}, ""),
        ({"procedures": frozenset({"1.3"})}, "more_procedures"),
        ({"procedures": frozenset({"1.1", "1.2", "1.3"})}, "more_procedures"),
        ({"procedures": frozenset({"*"})}, "more_procedures"),
        ({"unit": "20410"}, "other_unit"),
        ({"unit": ""}, "other_unit"),
        ({"valid_from": NOW - 1}, "longer_than_held"),
        ({"valid_to": NOW + 30 * DAY + 1}, "longer_than_held"),
    ],
)
def test_a_part_of_what_is_held_is_covered_and_nothing_beyond_it(changes: dict[str, object], reason: str) -> None:
    assert mandates.covers(SOME, replace(SOME, **changes)) == reason  # type: ignore[arg-type]


def test_whoever_holds_everything_everywhere_covers_any_procedure_and_any_unit() -> None:
    assert mandates.covers(TERMS, SOME) == ""


def test_what_a_grantor_shows_counts_for_a_holder_alone() -> None:
    """The office gives at the beginning of a chain, whatever else it holds."""
    by_office = replace(OFFICE, held=replace(HELD, depth=2))
    assert mandates.propose(REPRESENTING, by_office, NOW) == mandates.Decision("", 0)


def test_the_first_reason_is_said_and_not_the_length_of_the_chain() -> None:
    proposal = Proposal("delegate", BUSINESS, BINH, replace(TERMS, may_delegate=True), "authorisation_letter")
    for depth in (1, 2):
        stranger = Grantor("holder", "somebody", replace(HELD, depth=depth))
        assert mandates.propose(proposal, stranger, NOW).reason == "holds_nothing"


@pytest.mark.parametrize("state", ["proposed", "accepted"])
def test_a_mandate_ends_before_it_was_accepted_as_after_it(state: str) -> None:
    assert mandates.revoke(replace(HELD, state=state), Grantor("holder", "an"), NOW).is_allowed
    assert mandates.revoke(replace(HELD, state="declined"), OFFICE, NOW).reason == "is_declined"


def test_nobody_ends_a_mandate_by_what_somebody_else_holds() -> None:
    below = replace(HELD, id="m2", kind="delegate", actor="binh", depth=1)
    assert mandates.revoke(below, Grantor("holder", "stranger", HELD), NOW).reason == "not_a_party"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"procedures": frozenset(f"1.{number}" for number in range(50))}, ""),
        ({"procedures": frozenset(f"1.{number}" for number in range(51))}, "procedures_malformed"),
        ({"procedures": frozenset({"1.1", "1.2"})}, ""),
        ({"procedures": frozenset({"*", "1.1"})}, "procedures_malformed"),
        ({"procedures": frozenset({"no procedure"})}, "procedures_malformed"),
        ({"valid_from": NOW + 5, "valid_to": NOW + 5}, "dates_wrong"),
        ({"valid_from": 1, "valid_to": NOW}, "dates_wrong"),
        ({"valid_from": 0}, "dates_wrong"),
    ],
)
def test_terms_at_their_bounds(changes: dict[str, object], reason: str) -> None:
    terms = replace(TERMS, **changes)  # type: ignore[arg-type]
    assert mandates.propose(replace(REPRESENTING, terms=terms), OFFICE, NOW).reason == reason


def test_a_procedure_is_named_by_its_code_or_is_any() -> None:
    assert mandates.is_procedure("1.002835.000.00.00.H56")
    assert mandates.is_procedure("*")
    assert not mandates.is_procedure("**")
    assert not mandates.is_procedure("")


def test_nobody_acts_before_the_day_of_coming_of_age_and_everybody_from_it_on() -> None:
    born = date(2008, 2, 20)
    of_age = mandates.grown_up(born)
    young = replace(REPRESENTING, actor=replace(AN, born=born))
    for now, reason in ((of_age - 1, "actor_under_age"), (of_age, "")):
        terms = replace(TERMS, valid_from=now, valid_to=now + DAY)
        assert mandates.propose(replace(young, terms=terms), OFFICE, now).reason == reason


def test_the_latest_end_is_the_coming_of_age_for_a_child_alone_and_only_where_it_is_sooner() -> None:
    born = date(2010, 1, 15)
    assert mandates.latest_end("parent", NOW, born) == mandates.grown_up(born)
    assert mandates.latest_end("delegate", NOW, born) == mandates.latest_end("delegate", NOW)
    assert mandates.latest_end("parent", NOW) >= mandates.latest_end("parent", NOW, born)
