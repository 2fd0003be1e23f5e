"""Factors as a registry: each row of the levels has its module, and another factor is one module and one line."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

from idp.authn import factors
from idp.authn.factors.factor import Enrolled
from idp.authn.factors.registry import Factors
from idp.errors import Refused
from policies import assurance
from policies import factors as policy
from policies.assurance import FACTORS, LOA_1, LOA_2, Kind
from tests.support.token_world import TokenWorld


class Plugin:
    """What somebody would add: a card that answers with a word."""

    rules = (assurance.Factor("card", frozenset({Kind.POSSESSION}), ("sc",)),)

    def enrolled(self, account_id: str) -> tuple[Enrolled, ...]:
        return (Enrolled("card", "card", 1),) if account_id == "an" else ()

    def prove(self, account_id: str, answer: str, bound_to: str) -> str:
        if answer != f"card of {account_id}":
            raise Refused("wrong card", code="wrong_card")
        return "card"


@pytest.fixture
def wired(tmp_path, sqlite_database, clock) -> Factors:
    return TokenWorld(tmp_path, sqlite_database, clock).wiring.factors


def test_the_table_of_levels_and_the_registry_speak_of_the_same_factors(wired: Factors) -> None:
    assert dict(wired.table) == dict(FACTORS)


def test_every_module_of_a_factor_is_in_the_registry(wired: Factors) -> None:
    written = set()
    for module in pkgutil.iter_modules(factors.__path__, f"{factors.__name__}."):
        for _, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if one.__module__ == module.name and one.__name__.endswith("Factor") and one.__name__ != "Factor":
                written.add(one)
    assert {type(member) for member in wired._by_name.values()} == written


def test_another_factor_is_one_module_and_one_line(wired: Factors) -> None:
    more = Factors((*wired._by_name.values(), Plugin()))
    assert more.of("an") == {"card"}
    assert more.prove("card", "an", "card of an", "t") == "card"
    assert policy.missing_factors(LOA_1, ("pwd",), LOA_2, more.of("an"), more.table) == ("card",)
    assert policy.raised(LOA_1, ("pwd",), "card", more.table) == (LOA_2, ("pwd", "sc", "mfa"))
    with pytest.raises(Refused) as refused:
        more.prove("card", "an", "card of binh", "t")
    assert refused.value.code == "wrong_card"


def test_an_unknown_factor_proves_nothing_and_no_name_is_there_twice(wired: Factors) -> None:
    with pytest.raises(Refused):
        wired.prove("card", "an", "card of an", "t")
    with pytest.raises(ValueError, match="same name"):
        Factors((Plugin(), Plugin()))
