"""Cursors of lists that stand in memory."""

from __future__ import annotations

import pytest

from idp.flows.administration.paging import Window, place_page, window


def test_pages_by_place_hold_each_row_once_and_end() -> None:
    rows, cursor = list(range(7)), ""
    found: list[int] = []
    for size in (3, 3, 1):
        part = place_page(rows, window(cursor, 3))
        assert len(part.rows) == size
        found, cursor = [*found, *part.rows], part.following
    assert (found, cursor) == (rows, "")


@pytest.mark.parametrize("after", ["x", "-1", "²", "123456789", "0x1"])
def test_key_that_is_no_place_begins_at_the_first_row(after: str) -> None:
    assert place_page([1, 2], Window(after)).rows == (1, 2)


def test_place_behind_the_end_holds_nothing() -> None:
    assert place_page([1, 2], Window("2")).rows == ()
