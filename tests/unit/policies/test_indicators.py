"""What may be shown of a count, so that no reader finds a single person in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.indicators import Cell, Figure, figures

K = 5


def cell(used: int, identified: int | None = None, *, code: str = "a", group: str = "g", scope: str = "system") -> Cell:
    part = used if identified is None else identified
    return Cell(scope, code, "all", used, part, part, part, group)


def one(used: int, identified: int) -> Figure:
    [found] = figures([cell(used, identified, group="")], K)
    return found


def test_share_is_rounded_down_so_that_the_target_is_not_reached_by_rounding() -> None:
    assert (one(1000, 899).share, one(1000, 899).reaches_target) == (89, False)
    assert (one(1000, 900).share, one(1000, 900).reaches_target) == (90, True)
    assert one(100, 100).share == 100
    assert one(100, 0).share == 0


@pytest.mark.parametrize("used", [1, 4])
def test_small_count_is_hidden_with_everything_about_it(used: int) -> None:
    found = one(used, used)
    assert (found.used, found.identified, found.share, found.at_least, found.reaches_target) == (None,) * 5


def test_nobody_is_no_secret() -> None:
    found = one(0, 0)
    assert (found.used, found.identified, found.share) == (0, 0, None)


def test_small_remainder_is_hidden_and_the_share_is_a_bound() -> None:
    found = one(100, 98)
    assert (found.used, found.identified, found.share, found.at_least) == (100, None, None, 96)
    assert found.reaches_target is True
    assert one(20, 18).reaches_target is None


def test_small_part_is_hidden() -> None:
    assert (one(100, 3).identified, one(100, 3).share) == (None, None)


def test_cell_that_is_hidden_alone_in_its_group_takes_the_smallest_other_with_it() -> None:
    cells = [cell(3, code="a"), cell(50, code="b"), cell(20, code="c"), cell(9, code="d", group="other")]
    assert [found.used for found in figures(cells, K)] == [None, 50, None, 9]


def test_two_hidden_cells_hide_each_other() -> None:
    cells = [cell(3, code="a"), cell(2, code="b"), cell(20, code="c")]
    assert [found.used for found in figures(cells, K)] == [None, None, 20]


counts = st.integers(0, 40).flatmap(lambda used: st.tuples(st.just(used), st.integers(0, used)))


@given(st.lists(counts, max_size=8))
def test_no_small_number_and_no_small_remainder_is_ever_shown(pairs: list[tuple[int, int]]) -> None:
    cells = [cell(used, part, code=str(number)) for number, (used, part) in enumerate(pairs)]
    found = figures(cells, K)
    assert len(found) == len(cells)
    for figure in found:
        for value in (figure.used, figure.authenticated, figure.identified, figure.strong):
            assert value is None or value == 0 or value >= K
        if figure.used is not None and figure.identified is not None:
            assert not 0 < figure.used - figure.identified < K
        assert figure.share is None or figure.identified is not None
    hidden = [figure for figure in found if figure.used is None]
    assert len(hidden) != 1 or not [figure for figure in found if figure.used]
