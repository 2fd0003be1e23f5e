"""What stands in the path of a request to the Admin API."""

from __future__ import annotations

import pytest

from idp.endpoints.api.openapi import pattern
from idp.endpoints.api.problems import Problem
from idp.endpoints.api.reading import variables_of
from keys import base64url


def variable(value: str) -> str:
    match = pattern("/accounts/{account_id}").fullmatch(f"/accounts/{value}")
    assert match is not None
    return variables_of(match)["account_id"]


def wrapped(value: str) -> str:
    return "~" + base64url.encode(value.encode()).decode()


def test_wrapped_variable_is_what_it_stands_for() -> None:
    assert variable(wrapped("https://a.example.vn/b")) == "https://a.example.vn/b"


@pytest.mark.parametrize("value", ["a\0b", wrapped("a\0b"), wrapped("a\nb"), "~!", "a" * 513])
def test_what_no_database_could_be_asked_is_not_found(value: str) -> None:
    """PostgreSQL takes no NUL in a text: wrapped, one would be a fault of ours, and cost the worker its connection."""
    with pytest.raises(Problem) as caught:
        variable(value)
    assert caught.value.status == 404
