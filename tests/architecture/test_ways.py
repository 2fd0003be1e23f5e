"""Every way of the package is offered by the wiring, has a name in each language, and shares no mark with another of its step."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections import defaultdict

import pytest

from idp.endpoints import steps
from idp.web.i18n import LANGUAGES, translator
from policies.delegation import Role
from policies.locks import Reason
from tests.support.token_world import TokenWorld


@pytest.fixture
def world(tmp_path, sqlite_database, clock):
    return TokenWorld(tmp_path, sqlite_database, clock)


def _written() -> set[type]:
    found = set()
    for module in pkgutil.iter_modules(steps.__path__, f"{steps.__name__}."):
        for _, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if (
                one.__module__ == module.name
                and one.__name__.endswith("Way")
                and not inspect.isabstract(one)
                and one.__name__ != "Way"
            ):
                found.add(one)
    return found


def test_each_way_that_is_written_can_be_gone(world):
    assert {type(way) for way in world.wiring.ways()} == _written()


def test_the_ways_of_a_step_can_be_told_apart_and_named(world):
    by_step = defaultdict(list)
    for way in world.wiring.ways():
        by_step[way.step].append(way)
    for ways in by_step.values():
        marks = [mark for way in ways for mark in way.marks]
        assert len(marks) == len(set(marks)), marks
        if len(ways) > 1:
            assert all(translator(language)(f"ways.{way.name}") for language in LANGUAGES for way in ways)


def test_every_ground_of_a_lock_and_every_role_of_administration_has_its_words():
    keys = [f"lock.{one.value}" for one in Reason] + [f"admin.role.{one.value}" for one in Role]
    assert all(translator(language)(key) for language in LANGUAGES for key in keys)
