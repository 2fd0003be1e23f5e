"""Who may act for whom: the table of kinds, refusals with their reasons, and the ends of time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from policies import mandates
from policies.mandate_kinds import ADULT, CAPACITIES, KINDS, YEAR
from policies.mandates import Decision, Grantor, Held, Party, Proposal, Terms

NOW = 1_800_000_000
DAY = 86_400
BUSINESS = Party("business", "organisation")
AGENCY = Party("agency", "organisation", is_agency=True)
AN = Party("an", "person", born=date(1990, 1, 1))
BINH = Party("binh", "person", born=date(1992, 2, 2))
CHILD = Party("child", "person", born=date(2020, 3, 3))
OFFICE = Grantor("operator")


def terms(**changes: object) -> Terms:
    """Return terms of a month."""
    given = {"procedures": frozenset({"*"}), "unit": "", "valid_from": NOW, "valid_to": NOW + 30 * DAY}
    return Terms(**{**given, **changes})  # type: ignore[arg-type]


def representing(**changes: object) -> Proposal:
    """Return a proposal for a legal representative."""
    return replace(Proposal("representative", BUSINESS, AN, terms(), "business_registration"), **changes)  # type: ignore[arg-type]


def delegating(**changes: object) -> Proposal:
    """Return a proposal for delegated staff."""
    return replace(Proposal("delegate", BUSINESS, BINH, terms(), "authorisation_letter"), **changes)  # type: ignore[arg-type]


def held(**changes: object) -> Held:
    """Return what the representative holds."""
    given = Held("m1", "representative", "business", "an", terms(may_delegate=True), "accepted")
    return replace(given, **changes)  # type: ignore[arg-type]


def holder(**changes: object) -> Grantor:
    """Return the representative as grantor."""
    return Grantor("holder", "an", held(**changes))


def test_office_records_a_legal_representative() -> None:
    assert mandates.propose(representing(), OFFICE, NOW) == Decision()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "king"}, "kind_unknown"),
        ({"principal": CHILD}, "principal_of_wrong_sort"),
        ({"actor": BUSINESS}, "actor_no_person"),
        ({"actor": replace(AN, state="locked")}, "party_not_active"),
        ({"principal": replace(BUSINESS, state="closed")}, "party_not_active"),
        ({"actor": replace(AN, born=date(2015, 1, 1))}, "actor_under_age"),
        ({"evidence": "birth_certificate"}, "evidence_not_of_kind"),
        ({"evidence": ""}, "evidence_not_of_kind"),
        ({"terms": terms(procedures=frozenset())}, "procedures_malformed"),
        ({"terms": terms(procedures=frozenset({"*", "1.002835"}))}, "procedures_malformed"),
        ({"terms": terms(procedures=frozenset({"a b"}))}, "procedures_malformed"),
        ({"terms": terms(procedures=frozenset(str(one) for one in range(51)))}, "procedures_malformed"),
        ({"terms": terms(valid_to=NOW)}, "dates_wrong"),
        ({"terms": terms(valid_from=NOW - 9, valid_to=NOW)}, "dates_wrong"),
        ({"terms": terms(valid_from=0)}, "dates_wrong"),
        ({"terms": terms(valid_to=NOW + 6 * YEAR)}, "too_long"),
    ],
)
def test_what_is_wrong_with_a_proposal_is_said(changes: dict[str, object], reason: str) -> None:
    assert mandates.propose(representing(**changes), OFFICE, NOW).reason == reason


def test_nobody_acts_for_himself() -> None:
    same = replace(CHILD, id="an")
    proposal = Proposal("parent", same, AN, terms(), "birth_certificate")
    assert mandates.propose(proposal, OFFICE, NOW).reason == "for_oneself"


def test_only_an_agency_gives_a_duty_at_a_counter() -> None:
    duty = representing(kind="clerk", evidence="appointment_decision", terms=terms(unit="20335"))
    assert mandates.propose(duty, OFFICE, NOW).reason == "principal_no_agency"
    assert mandates.propose(replace(duty, principal=AGENCY), OFFICE, NOW) == Decision()
    assert [kind for kind in KINDS if not mandates.gives(kind, is_agency=False)] == ["clerk"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ["", "operator", "holder", "clerk", "anybody"])
def test_only_the_grantors_of_the_table_may_give(kind: str, role: str) -> None:
    row = KINDS[kind]
    principal = AGENCY if row.principal == "organisation" else CHILD
    end = NOW + min(row.longest, 10 * DAY)
    proposal = Proposal(kind, principal, AN, terms(valid_to=end, unit="20335"), row.evidence[0])
    reason = mandates.propose(proposal, Grantor(role, "stranger"), NOW).reason
    assert (reason == "") == (role in row.grantors and role == "operator")


def test_representative_appoints_staff_one_step_down() -> None:
    assert mandates.propose(delegating(), holder(), NOW) == Decision("", 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": "revoked"}, "held_is_revoked"),
        ({"state": "proposed"}, "held_is_proposed"),
        ({"principal": "another"}, "holds_another"),
        ({"actor": "somebody"}, "holds_nothing"),
        ({"kind": "parent"}, "holds_another"),
        ({"terms": terms()}, "may_not_delegate"),
        ({"terms": terms(may_delegate=True, valid_from=NOW + 9)}, "held_not_yet"),
        ({"terms": terms(may_delegate=True, valid_to=NOW + 29 * DAY)}, "longer_than_held"),
        ({"terms": terms(may_delegate=True, unit="20335")}, "other_unit"),
        ({"terms": terms(may_delegate=True, procedures=frozenset({"1.1"}))}, "more_procedures"),
        ({"depth": 2}, "chain_too_long"),
    ],
)
def test_nobody_gives_what_he_does_not_hold(changes: dict[str, object], reason: str) -> None:
    assert mandates.propose(delegating(), holder(**changes), NOW).reason == reason


def test_holder_appoints_neither_himself_nor_without_showing_what_he_holds() -> None:
    assert mandates.propose(delegating(actor=AN), holder(), NOW).reason == "to_oneself"
    assert mandates.propose(delegating(), Grantor("holder", "an"), NOW).reason == "holds_nothing"
    nameless = Grantor("holder", "", held(actor=""))
    assert mandates.propose(delegating(), nameless, NOW).reason == "holds_nothing"


def test_right_to_pass_on_ends_one_step_before_the_chain_does() -> None:
    wanting = delegating(terms=terms(may_delegate=True))
    assert mandates.propose(wanting, holder(), NOW).is_allowed
    assert mandates.propose(wanting, holder(depth=1), NOW).reason == "chain_too_long"
    assert mandates.propose(delegating(), holder(depth=1), NOW) == Decision("", 2)
    assert mandates.LONGEST_CHAIN == 3, "parent_id and root_id of the table name no more than this"


def test_parents_mandate_ends_when_the_child_comes_of_age() -> None:
    of_age = mandates.grown_up(date(2020, 3, 3))
    fits = Proposal("parent", CHILD, AN, terms(valid_to=of_age), "birth_certificate")
    assert mandates.propose(fits, OFFICE, NOW).is_allowed
    later = replace(fits, terms=terms(valid_to=of_age + 1))
    assert mandates.propose(later, OFFICE, NOW).reason == "beyond_coming_of_age"
    grown = replace(CHILD, born=date(2000, 1, 1))
    assert mandates.propose(replace(fits, principal=grown), OFFICE, NOW).reason == "child_of_age"
    for side in ("principal", "actor"):
        unknown = replace(fits, **{side: replace(getattr(fits, side), born=None)})  # type: ignore[arg-type]
        assert mandates.propose(unknown, OFFICE, NOW).reason == "birthdate_unknown"
    younger = replace(fits, actor=replace(AN, born=date(2199, 1, 1)))
    assert mandates.propose(younger, OFFICE, NOW).reason == "parent_younger"


def test_coming_of_age_is_a_day_in_vietnam() -> None:
    assert mandates.grown_up(date(2010, 1, 15)) == 1_831_482_000
    assert mandates.grown_up(date(2008, 2, 29)) == mandates.grown_up(date(2008, 3, 1))
    assert mandates.latest_end("parent", NOW, date(2010, 1, 15)) == 1_831_482_000
    assert mandates.latest_end("delegate", NOW) == NOW + YEAR


def test_sample_people_of_a_century_to_come_count_as_grown_up() -> None:
    sample = replace(AN, born=date(2199, 5, 1))
    assert mandates.propose(representing(actor=sample), OFFICE, NOW).is_allowed


def test_clerk_assists_in_his_own_name_for_a_quarter_of_an_hour() -> None:
    proposal = Proposal("assist", CHILD, AN, terms(valid_to=NOW + 900, unit="20335"), "cccd_card")
    clerk = Grantor("clerk", "an", unit="20335")
    assert mandates.propose(proposal, clerk, NOW).is_allowed
    for other in (replace(clerk, id="binh"), replace(clerk, unit="20410"), Grantor("clerk", "an")):
        assert mandates.propose(proposal, other, NOW).reason == "not_on_duty"
    longer = replace(proposal, terms=terms(valid_to=NOW + 901, unit="20335"))
    assert mandates.propose(longer, clerk, NOW).reason == "too_long"
    nowhere = replace(proposal, terms=terms(valid_to=NOW + 900))
    assert mandates.propose(nowhere, Grantor("clerk", "an"), NOW).reason == "unit_missing"


@pytest.mark.parametrize(
    ("by", "changes", "reason"),
    [
        (Grantor("holder", "an"), {"state": "proposed"}, ""),
        (OFFICE, {"state": "proposed"}, ""),
        (Grantor("holder", "binh"), {"state": "proposed"}, "not_the_actor"),
        (Grantor("holder", "business"), {"state": "proposed"}, "not_the_actor"),
        (Grantor("holder", "an"), {"state": "accepted"}, "is_accepted"),
        (Grantor("holder", "an"), {"state": "proposed", "terms": terms(valid_to=NOW)}, "is_expired"),
    ],
)
def test_only_who_will_act_answers(by: Grantor, changes: dict[str, object], reason: str) -> None:
    assert mandates.answer(held(**changes), by, NOW).reason == reason


def test_both_parties_the_office_and_who_stands_above_end_a_mandate() -> None:
    below = held(id="m2", kind="delegate", actor="binh", depth=1)
    for by in (OFFICE, Grantor("holder", "binh"), Grantor("holder", "business"), holder()):
        assert mandates.revoke(below, by, NOW).is_allowed
    assert mandates.revoke(below, Grantor("holder", "stranger"), NOW).reason == "not_a_party"
    assert mandates.revoke(below, holder(depth=1), NOW).reason == "not_above"
    assert mandates.revoke(below, holder(terms=terms()), NOW).reason == "not_above"
    assert mandates.revoke(below, holder(principal="another"), NOW).reason == "not_a_party"
    assert mandates.revoke(below, holder(state="revoked"), NOW).reason == "is_revoked"
    assert mandates.revoke(replace(below, state="expired"), OFFICE, NOW).reason == "is_expired"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"state": "proposed"}, "is_proposed"),
        ({"state": "declined"}, "is_declined"),
        ({"kind": "king"}, "kind_unknown"),
        ({"terms": terms(valid_from=NOW + 1)}, "not_yet"),
        ({"terms": terms(valid_to=NOW)}, "is_expired"),
        ({"terms": terms(valid_to=NOW + 1)}, ""),
    ],
)
def test_mandate_is_used_while_it_stands(changes: dict[str, object], reason: str) -> None:
    assert mandates.use(held(**changes), NOW) == reason


def test_every_kind_has_a_capacity_that_clients_know() -> None:
    assert {kind.capacity for kind in KINDS.values()} == {*CAPACITIES, "duty"} - {"person"}
    assert all(kind.evidence and kind.longest and kind.grantors for kind in KINDS.values())
    assert ADULT == 18
