"""As whom a person acts: only acting for oneself is taken without asking."""

from __future__ import annotations

import pytest

from policies.capacities import ONESELF, Decision, Option, Wish, decide, is_parameter

BUSINESS = Option("m0000000000000000business", "organisation")
SHOP = Option("m0000000000000000000shop", "organisation")
CHILD = Option("m00000000000000000child", "child")
ALL = ("person", "organisation", "child", "assisted")


@pytest.mark.parametrize(
    ("accepted", "held", "wish", "expected"),
    [
        (("person",), (BUSINESS,), Wish(), Decision("only_oneself", ONESELF)),
        (ALL, (), Wish(), Decision("only_oneself", ONESELF)),
        (ALL, (), Wish(must_choose=True), Decision("only_oneself", ONESELF)),
        (ALL, (BUSINESS,), Wish(), Decision("capacity_open", offered=(ONESELF, BUSINESS))),
        (("organisation",), (BUSINESS, CHILD), Wish(), Decision("capacity_open", offered=(BUSINESS,))),
        (("organisation",), (CHILD,), Wish(), Decision("capacity_not_held")),
        ((), (CHILD,), Wish(), Decision("capacity_not_held")),
        (ALL, (BUSINESS,), Wish(chosen=BUSINESS.id), Decision("chosen", BUSINESS)),
        (ALL, (BUSINESS,), Wish(chosen="person"), Decision("chosen", ONESELF)),
        (ALL, (BUSINESS,), Wish(chosen=SHOP.id), Decision("capacity_open", offered=(ONESELF, BUSINESS))),
        (ALL, (BUSINESS,), Wish(remembered=BUSINESS.id), Decision("remembered", BUSINESS)),
        (
            ALL,
            (BUSINESS,),
            Wish(remembered=BUSINESS.id, is_begun=True),
            Decision("capacity_open", offered=(ONESELF, BUSINESS)),
        ),
        (ALL, (BUSINESS,), Wish(chosen="person", remembered=BUSINESS.id, is_begun=True), Decision("chosen", ONESELF)),
        (ALL, (BUSINESS,), Wish(remembered="person"), Decision("remembered", ONESELF)),
        (ALL, (SHOP,), Wish(remembered=BUSINESS.id), Decision("capacity_ended", offered=(ONESELF, SHOP))),
        (("person", "organisation"), (CHILD,), Wish(remembered=CHILD.id), Decision("only_oneself", ONESELF)),
        (("person",), (CHILD,), Wish(remembered=SHOP.id), Decision("capacity_ended", offered=(ONESELF,))),
        (ALL, (), Wish(remembered=BUSINESS.id), Decision("capacity_ended", offered=(ONESELF,))),
        (
            ALL,
            (BUSINESS,),
            Wish(remembered=BUSINESS.id, must_choose=True),
            Decision("capacity_open", offered=(ONESELF, BUSINESS)),
        ),
        (
            ALL,
            (BUSINESS,),
            Wish("select", remembered=BUSINESS.id),
            Decision("capacity_open", offered=(ONESELF, BUSINESS)),
        ),
        (ALL, (BUSINESS,), Wish("select", chosen=BUSINESS.id), Decision("chosen", BUSINESS)),
        (ALL, (BUSINESS, CHILD), Wish("organisation"), Decision("capacity_open", offered=(BUSINESS,))),
        (ALL, (BUSINESS, CHILD), Wish(CHILD.id), Decision("capacity_open", offered=(CHILD,))),
        (ALL, (BUSINESS, CHILD), Wish(CHILD.id, remembered=CHILD.id), Decision("remembered", CHILD)),
        (ALL, (BUSINESS,), Wish("organisation", remembered="person"), Decision("capacity_open", offered=(BUSINESS,))),
        (ALL, (BUSINESS,), Wish("person", remembered=BUSINESS.id), Decision("asked_for_oneself", ONESELF)),
        (ALL, (BUSINESS,), Wish("child"), Decision("capacity_not_held")),
        (ALL, (BUSINESS,), Wish(SHOP.id), Decision("capacity_not_held")),
        (("person",), (BUSINESS,), Wish(BUSINESS.id), Decision("capacity_not_held")),
        (ALL, (Option("m1", "assisted"),), Wish(chosen="m1"), Decision("only_oneself", ONESELF)),
    ],
)
def test_choice(accepted: tuple[str, ...], held: tuple[Option, ...], wish: Wish, expected: Decision) -> None:
    assert decide(accepted, held, wish) == expected


@pytest.mark.parametrize("value", ["person", "organisation", "child", "select", "0" * 26])
def test_parameter_is_a_capacity_or_an_id(value: str) -> None:
    assert is_parameter(value)


@pytest.mark.parametrize("value", ["", "assisted", "king", "x" * 65, "' OR 1=1 --", "0" * 15, "é" * 26])
def test_anything_else_is_no_parameter(value: str) -> None:
    assert not is_parameter(value)
