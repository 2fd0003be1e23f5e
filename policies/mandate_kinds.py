"""The kinds of mandate as a table: for whom, by whom, on what evidence, for how long; and the capacities in which somebody may act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

REPRESENTATIVE: Final = "representative"
DELEGATE: Final = "delegate"
PARENT: Final = "parent"
ASSIST: Final = "assist"
CLERK: Final = "clerk"

PERSON: Final = "person"
ORGANISATION: Final = "organisation"
CHILD: Final = "child"
ASSISTED: Final = "assisted"
DUTY: Final = "duty"
"""What an agency's clerk holds: nothing that a department's system could be asked with, but the right to assist at his unit."""
CAPACITIES: Final = (PERSON, ORGANISATION, CHILD, ASSISTED)
"""What a department's system may accept: people for themselves, for a business, for a child, and people whom a clerk assists."""

ADULT: Final = 18
"""Civil Code 2015 article 20; the father and mother represent until then (article 136)."""

_DAY: Final = 86400
YEAR: Final = 366 * _DAY


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mandate.

    ``capacity`` is what a client must accept for it. ``principal`` and ``grantors`` say for whom and by whom: ``operator`` is the office that keeps
    the register, ``holder`` somebody with a mandate that may be passed on, ``clerk`` an official with the duty. ``evidence`` are the documents that
    it can rest on. ``longest`` is in seconds. ``is_passed_on`` tells that a holder may appoint others,
    ``needs_unit`` that it holds at one unit only, ``of_agency`` that it is an agency's: a duty at a counter is the State's to give.
    """

    name: str
    capacity: str
    principal: str
    grantors: frozenset[str]
    evidence: tuple[str, ...]
    longest: int
    is_passed_on: bool = False
    needs_unit: bool = False
    of_agency: bool = False


_TABLE: Final = (
    Kind(
        REPRESENTATIVE,
        ORGANISATION,
        ORGANISATION,
        frozenset({"operator"}),
        ("business_registration", "establishment_decision", "court_decision"),
        5 * YEAR,
        is_passed_on=True,
    ),
    Kind(
        DELEGATE,
        ORGANISATION,
        ORGANISATION,
        frozenset({"holder"}),
        ("authorisation_letter", "internal_decision"),
        YEAR,
        is_passed_on=True,
    ),
    Kind(
        PARENT,
        CHILD,
        PERSON,
        frozenset({"operator"}),
        ("birth_certificate", "adoption_decision", "guardianship_decision"),
        ADULT * YEAR,
    ),
    Kind(
        ASSIST,
        ASSISTED,
        PERSON,
        frozenset({"clerk"}),
        ("cccd_card", "cccd_chip", "passport", "residence_card"),
        15 * 60,
        needs_unit=True,
    ),
    Kind(
        CLERK,
        DUTY,
        ORGANISATION,
        frozenset({"operator"}),
        ("appointment_decision", "assignment_decision"),
        YEAR,
        needs_unit=True,
        of_agency=True,
    ),
)
KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _TABLE})
"""Every kind; another one is a row."""
