"""Rules of token exchange as an operator writes them: complete, bounded, nothing unknown."""

from __future__ import annotations

from typing import Any

import pytest

from clients import exchange
from clients.documents import to_metadata
from clients.metadata import parse
from policies.exchange import Rule
from tests.support.memory_clients import MemoryClients, department, make_registry, reasons

LAND = "https://land.example.vn/api"
RULE = {"subjects": ["portal"], "scope": "openid profile"}


def test_a_rule_is_read_with_the_safe_mode_by_default() -> None:
    rules = exchange.rules(exchange.parse({LAND: RULE}))
    assert rules == {LAND: Rule(LAND, frozenset({"portal"}), frozenset({"openid", "profile"}), "delegation", "")}
    assert exchange.rules(None) == {}


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {LAND: []},
        {LAND: {"subjects": ["portal"]}},
        {LAND: {"scope": "openid"}},
        {LAND: {**RULE, "subjects": []}},
        {LAND: {**RULE, "subjects": "portal"}},
        {LAND: {**RULE, "subjects": ["a b"]}},
        {LAND: {**RULE, "scope": "everything"}},
        {LAND: {**RULE, "mode": "both"}},
        {LAND: {**RULE, "next": 7}},
        {LAND: {**RULE, "anything": True}},
        {"not a uri": RULE},
        {f"{LAND}/{number}": RULE for number in range(exchange.MOST + 1)},
    ],
)
def test_a_rule_that_does_not_fit_is_refused(value: Any) -> None:
    assert any(field.startswith("token_exchange") for field, _ in reasons(department(token_exchange=value)))


def test_rules_come_back_whole_from_what_is_shown() -> None:
    rule = {**RULE, "mode": "delegation", "next": "land"}
    client, _, _ = make_registry(MemoryClients()).register(department(token_exchange={LAND: rule}), is_operator=True)
    assert parse(to_metadata(client)).values["token_exchange"] == client.token_exchange
