"""Whatever is tried: nobody holds more than whoever gave it to him, and nothing outlives what it came from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from policies import mandates
from policies.capacities import ONESELF, Option, Wish, decide
from policies.mandate_kinds import CAPACITIES, KINDS
from policies.mandates import Grantor, Held, Party, Proposal, Terms

NOW = 1_800_000_000
PEOPLE = ("an", "binh", "chi", "dung")
PRINCIPALS = ("business", "shop")

names = st.sampled_from(("*", "1.1", "1.2", "2.000"))
moments = st.integers(NOW - 400 * 86400, NOW + 400 * 86400)
kinds = st.sampled_from(tuple(KINDS))
states = st.sampled_from(("proposed", "accepted", "declined", "revoked", "expired"))
days = st.dates(date(1930, 1, 1), date(2230, 1, 1))
terms = st.builds(
    Terms, st.frozensets(names, max_size=3), st.sampled_from(("", "20335", "20410")), moments, moments, st.booleans()
)
helds = st.builds(
    Held,
    st.just("m"),
    kinds,
    st.sampled_from(PRINCIPALS),
    st.sampled_from(PEOPLE),
    terms,
    states,
    st.integers(0, 3),
)
parties = st.builds(
    Party,
    st.sampled_from((*PEOPLE, *PRINCIPALS)),
    st.sampled_from(("person", "organisation")),
    st.sampled_from(("active", "locked")),
    st.none() | days,
    st.booleans(),
)
evidence = st.sampled_from(tuple(one for kind in KINDS.values() for one in kind.evidence))
proposals = st.builds(Proposal, kinds, parties, parties, terms, evidence)
grantors = st.builds(
    Grantor, st.sampled_from(("operator", "holder", "clerk", "")), st.sampled_from(("", *PEOPLE)), st.none() | helds
)


@given(proposals, grantors)
def test_what_is_allowed_is_within_the_table(proposal: Proposal, grantor: Grantor) -> None:
    decision = mandates.propose(proposal, grantor, NOW)
    if not decision.is_allowed:
        return
    kind = KINDS[proposal.kind]
    assert proposal.principal.is_agency or not kind.of_agency
    assert grantor.role in kind.grantors
    assert proposal.evidence in kind.evidence
    assert proposal.terms.procedures
    assert NOW < proposal.terms.valid_to <= proposal.terms.valid_from + kind.longest
    assert proposal.principal.id != proposal.actor.id
    assert (proposal.principal.state, proposal.actor.state, proposal.actor.sort) == ("active", "active", "person")
    assert decision.depth < mandates.LONGEST_CHAIN
    if kind.capacity == "child":
        assert proposal.principal.born is not None
        assert proposal.terms.valid_to <= mandates.grown_up(proposal.principal.born)


@given(st.lists(st.tuples(st.sampled_from(PEOPLE), terms), min_size=1, max_size=5), terms)
def test_chain_of_appointments_never_widens(steps: list[tuple[str, Terms]], first: Terms) -> None:
    chain = [Held("m0", "representative", "business", "an", replace(first, may_delegate=True), "accepted")]
    business = Party("business", "organisation")
    for actor, wanted in steps:
        top = chain[-1]
        proposal = Proposal("delegate", business, Party(actor, "person"), wanted, "authorisation_letter")
        decision = mandates.propose(proposal, Grantor("holder", top.actor, top), NOW)
        if decision.is_allowed:
            chain.append(Held(f"m{len(chain)}", "delegate", "business", actor, wanted, "accepted", decision.depth))
    assert len(chain) <= mandates.LONGEST_CHAIN
    for above, below in pairwise(chain):
        assert below.depth == above.depth + 1
        assert "*" in above.terms.procedures or below.terms.procedures <= above.terms.procedures
        assert above.terms.unit in {"", below.terms.unit}
        assert above.terms.valid_from <= below.terms.valid_from < below.terms.valid_to <= above.terms.valid_to
        assert above.terms.may_delegate


@given(terms, terms, terms)
def test_reach_is_an_order(one: Terms, two: Terms, three: Terms) -> None:
    assert mandates.covers(one, one) == ""
    if mandates.covers(one, two) == "" and mandates.covers(two, three) == "":
        assert mandates.covers(one, three) == ""


@given(helds, grantors)
def test_strangers_end_nothing(held: Held, by: Grantor) -> None:
    decision = mandates.revoke(held, by, NOW)
    if decision.is_allowed and by.role != "operator" and by.id not in {held.actor, held.principal}:
        assert by.held is not None
        assert by.held.actor == by.id
        assert by.held.principal == held.principal
        assert mandates.use(by.held, NOW) == ""
        assert by.held.depth < held.depth


options = st.builds(Option, st.sampled_from(("m1", "m2", "m3")), st.sampled_from(CAPACITIES[1:]))
wishes = st.builds(
    Wish,
    st.sampled_from(("", "select", "m1", "m2", *CAPACITIES)),
    st.sampled_from(("", "person", "m1", "m9")),
    st.sampled_from(("", "person", "m1", "m9")),
    st.booleans(),
)


@given(st.sets(st.sampled_from(CAPACITIES)), st.lists(options, max_size=4), wishes)
def test_nobody_acts_by_what_he_does_not_hold_or_never_chose(
    accepted: set[str], held: list[Option], wish: Wish
) -> None:
    decision = decide(accepted, held, wish)
    for one in (*decision.offered, *((decision.option,) if decision.option else ())):
        assert one.capacity in accepted
        assert one == ONESELF or one in held
    if decision.option is not None and decision.option != ONESELF:
        assert decision.option.id in {wish.chosen, wish.remembered}
        assert decision.option.capacity != "assisted"
