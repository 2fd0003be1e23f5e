"""What is taken from an upstream, how far it is believed, and whose account its person is."""

from __future__ import annotations

from itertools import product

import pytest

from idp.services.profiles import COLUMNS
from policies import assurance
from policies.upstreams.levels import Base, LevelRule, assessed, bounded, highest
from policies.upstreams.linking import Facts, Holder, Step, Terms, decide
from policies.upstreams.mapping import PROFILE, ClaimRule, mapped

RULES = (
    ClaimRule("kind", "account_type", "account_type"),
    ClaimRule("pid", "cccd"),
    ClaimRule("tax", "mst"),
    ClaimRule("ten", "name"),
    ClaimRule("born", "birthdate", "date_ddMMyyyy"),
    ClaimRule("born", "birthdate", "date_dd/MM/yyyy"),
    ClaimRule("sex", "gender", "gender"),
)
AN, BINH = Holder("an", "active"), Holder("binh", "active")
VOUCHING = Terms(vouches_for_code=True, creates=True)


def test_what_no_rule_names_is_dropped() -> None:
    found = mapped({"ten": "Công dân mẫu 01", "DanToc": "Kinh", "TonGiao": "Không", "Cha": "Người mẫu"}, RULES)
    assert dict(found.attributes) == {"name": "Công dân mẫu 01"}
    assert "Kinh" not in repr(found)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [("01051999", "1999-05-01"), ("01/05/1999", "1999-05-01"), ("31021999", ""), ("1999-05-01", ""), ("٠١٠٥١٩٩٩", "")],
)
def test_dates_are_read_as_the_rules_say(raw: str, wanted: str) -> None:
    found = mapped({"born": raw}, RULES)
    assert found.attributes.get("birthdate", "") == wanted
    assert ("birthdate" in found.unread) == (not wanted)


@pytest.mark.parametrize(("raw", "wanted"), [("Nam", "male"), ("Nữ", "female"), ("nữ", "female"), ("?", ""), (1, "")])
def test_gender_is_read_from_words(raw: object, wanted: str) -> None:
    assert mapped({"sex": raw}, RULES).attributes.get("gender", "") == wanted


@pytest.mark.parametrize("value", [None, "", [], {}, ["x"], 1.5, "x" * 301])
def test_values_that_are_no_short_text_are_left_out(value: object) -> None:
    assert dict(mapped({"ten": value}, RULES).attributes) == {}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "1", "pid": "p", "tax": "t"}, ("cccd", "p")),
        ({"kind": "2", "pid": "p", "tax": "t"}, ("mst", "t")),
        ({"kind": 2, "pid": "p"}, ("", "")),
        ({"pid": "p", "tax": "t"}, ("cccd", "p")),
        ({"tax": "t"}, ("mst", "t")),
    ],
)
def test_organisation_never_signs_in_by_the_number_of_who_represents_it(
    fields: dict[str, object], code: object
) -> None:
    found = mapped(fields, RULES)
    assert (found.code_type, found.code) == code


def test_every_attribute_of_the_rules_is_an_account_column() -> None:
    assert set(PROFILE) <= COLUMNS.keys()


@pytest.mark.parametrize("changes", [{"to": "nickname_of_the_dog"}, {"to": "name", "transform": "rot13"}])
def test_rule_with_an_unknown_attribute_or_transform_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is no"):
        ClaimRule("x", **changes)


LEVELS = (
    LevelRule("loAs", "2", assurance.LOA_2, amr=("pwd", "otp")),
    LevelRule("loAs", "3", assurance.LOA_3, amr=("face",)),
    LevelRule("IAL", "2", identity_level=2),
)


@pytest.mark.parametrize(
    ("fields", "acr", "level"),
    [
        ({}, assurance.LOA_1, 1),
        ({"loAs": "3"}, assurance.LOA_3, 1),
        ({"loAs": 3, "IAL": 2}, assurance.LOA_3, 2),
        ({"loAs": ["2", "3"]}, assurance.LOA_3, 1),
        ({"loAs": "4", "other": "3"}, assurance.LOA_1, 1),
        ({"loAs": "03"}, assurance.LOA_1, 1),
        ({"loAs": {"3": True}}, assurance.LOA_1, 1),
    ],
)
def test_level_is_what_is_asserted_and_in_the_table(fields: dict[str, object], acr: str, level: int) -> None:
    found = assessed(fields, LEVELS, Base())
    assert (found.acr, found.identity_level) == (acr, level)


def test_methods_go_with_the_level_that_counts() -> None:
    assert assessed({"loAs": "3"}, LEVELS, Base(amr=("pwd",))).amr == ("face",)
    assert assessed({}, LEVELS, Base(amr=("pwd",))).amr == ("pwd",)


def test_ceiling_lowers_and_never_raises() -> None:
    assert bounded(assurance.LOA_3, assurance.LOA_1) == assurance.LOA_1
    assert bounded(assurance.LOA_1, assurance.LOA_3) == assurance.LOA_1
    assert bounded(assurance.LOA_3, "") == assurance.LOA_3
    assert highest(LEVELS, Base()) == assurance.LOA_3


@pytest.mark.parametrize(
    ("facts", "terms", "step", "reason"),
    [
        (Facts(AN, None, has_code=False), Terms(False, False), Step.SIGN_IN, "linked"),
        (Facts(AN, AN, has_code=True), VOUCHING, Step.SIGN_IN, "linked"),
        (Facts(AN, BINH, has_code=True), VOUCHING, Step.REFUSE, "link_contradicts_code"),
        (Facts(AN, BINH, has_code=True), Terms(False, False), Step.SIGN_IN, "linked"),
        (Facts(Holder("an", "locked"), None, has_code=False), VOUCHING, Step.REFUSE, "account_locked"),
        (Facts(None, AN, has_code=True), VOUCHING, Step.LINK, "code_vouched_for"),
        (Facts(None, AN, has_code=True), Terms(True, True, True), Step.PROVE, "proof_wanted"),
        (Facts(None, AN, has_code=True, contradicts=True), VOUCHING, Step.PROVE, "attributes_contradict"),
        (Facts(None, AN, has_code=True, is_closed=True), VOUCHING, Step.PROVE, "closed_by_person"),
        (Facts(None, AN, has_code=True), Terms(False, False), Step.PROVE, "not_vouched_for"),
        (Facts(None, Holder("an", "closed"), has_code=True), VOUCHING, Step.REFUSE, "account_closed"),
        (Facts(None, None, has_code=True), VOUCHING, Step.CREATE, "new_person"),
        (Facts(None, None, has_code=True), Terms(True, False), Step.PROVE, "creation_off"),
        (Facts(None, None, has_code=True, was_somebodys=True), VOUCHING, Step.REFUSE, "code_was_somebodys"),
        (Facts(None, None, has_code=False), VOUCHING, Step.PROVE, "no_code"),
    ],
)
def test_whose_account_it_is(facts: Facts, terms: Terms, step: Step, reason: str) -> None:
    decision = decide(facts, terms)
    assert (decision.step, decision.reason) == (step, reason)


def test_without_vouching_a_code_opens_and_makes_nothing() -> None:
    for coded, has_code, was, contradicts in product((None, AN), (True, False), (True, False), (True, False)):
        facts = Facts(None, coded, has_code=has_code, was_somebodys=was, contradicts=contradicts)
        assert decide(facts, Terms(vouches_for_code=False, creates=True)).step is Step.PROVE
