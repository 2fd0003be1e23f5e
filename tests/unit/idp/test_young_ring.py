"""The keys for answers that touch no database: asked for once a second, and never where nobody may wait."""

from __future__ import annotations

from typing import Any, cast

import pytest

from idp.errors import StorageUnavailable
from idp.wiring.young_ring import YoungRing
from tests.support.clock import FrozenClock


class Ring:
    """Counts how often the database is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_out_of_reach = False

    @property
    def current(self) -> str:
        return f"ring {self.asked}"

    def refresh(self) -> str:
        if self.is_out_of_reach:
            message = "gone"
            raise StorageUnavailable(message)
        self.asked += 1
        return self.current


def test_the_database_is_asked_once_a_second_and_by_nobody_who_cannot_wait() -> None:
    ring, clock = Ring(), FrozenClock()
    young: Any = YoungRing(cast("Any", ring), clock)
    assert young.known() is None
    assert [young(), young(), young.known()] == ["ring 1"] * 3
    clock.advance(1)
    assert young.known() is None
    assert ring.asked == 1
    assert [young(), young.known()] == ["ring 2"] * 2


def test_keys_that_were_never_read_are_not_known() -> None:
    ring = Ring()
    ring.is_out_of_reach = True
    young = YoungRing(cast("Any", ring), FrozenClock())
    with pytest.raises(StorageUnavailable):
        young()
    assert young.known() is None
