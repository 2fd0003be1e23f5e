"""Grounds of locks, and who may end them."""

from __future__ import annotations

import pytest

from policies import locks
from policies.locks import LOCAL_OPERATOR, TERMS, Reason, Scope, Unlock

CLERK, OTHER = "account:clerk", "account:other"


def test_every_ground_has_its_terms_and_only_two_leave_the_account_open() -> None:
    assert set(TERMS) == set(Reason)
    assert [reason for reason, terms in TERMS.items() if terms.scope is Scope.SIGN_IN] == [
        Reason.FAILED_TRIES,
        Reason.NOT_ME,
    ]


def test_grounds_of_the_decree_name_its_article() -> None:
    decree = {reason for reason, terms in TERMS.items() if "Điều 15" in terms.article}
    assert decree == {
        Reason.OWN_REQUEST, Reason.EID_LOCKED, Reason.CARD_EXPIRED, Reason.TERMS_BREACH, Reason.PASSPORT_EXPIRED,
        Reason.RESIDENCE_EXPIRED, Reason.DEATH, Reason.DISSOLVED, Reason.AUTHORITY_REQUEST,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "kind", "reference", "problem"),
    [
        (Reason.DEATH, "organisation", "GBT-1", "ground_of_other_kind"),
        (Reason.DISSOLVED, "person", "QĐ-1", "ground_of_other_kind"),
        (Reason.AUTHORITY_REQUEST, "person", "  ", "reference_missing"),
        (Reason.AUTHORITY_REQUEST, "organisation", "TK03-1", ""),
        (Reason.OWN_REQUEST, "person", "", ""),
    ],
)
def test_ground_must_fit_the_account_and_name_its_document(
    reason: Reason, kind: str, reference: str, problem: str
) -> None:
    assert locks.may_lock(reason, kind, reference) == problem


def test_authority_requested_lock_ends_by_two_different_persons_only() -> None:
    grounds = [Reason.OWN_REQUEST, Reason.AUTHORITY_REQUEST]
    assert locks.may_unlock(grounds, CLERK) == "two_persons_needed"
    assert locks.may_unlock(grounds, CLERK, CLERK) == "two_persons_needed"
    assert locks.may_unlock(grounds, CLERK, OTHER) == ""
    assert locks.may_unlock(grounds, LOCAL_OPERATOR) == ""


def test_other_locks_end_by_one_person() -> None:
    alone = [reason for reason in Reason if TERMS[reason].unlock is not Unlock.TWO_PERSONS]
    assert locks.may_unlock(alone, CLERK) == ""


def test_ground_that_nobody_knows_needs_two() -> None:
    assert locks.needs_two("of_a_later_release")
