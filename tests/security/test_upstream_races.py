"""Many callbacks at the same moment: of one new person one account, of one callback one session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.storage.database import Database
from idp.storage.tables import accounts, identity_codes, sessions, upstream_links
from tests.support.clock import FrozenClock
from tests.support.stores import in_parallel, stored
from tests.support.upstream_world import UpstreamWorld, served, simulator, vneid_settings

WORKERS = 12


@pytest.fixture
def up(tmp_path: Path, database: Database, clock: FrozenClock) -> Iterator[UpstreamWorld]:
    with served(simulator("vneid", clock)) as vneid:
        yield UpstreamWorld(tmp_path, database, clock, {"vneid": vneid}, {"vneid": vneid_settings(vneid)})


def test_parallel_callbacks_of_one_new_person_make_one_account(up: UpstreamWorld) -> None:
    browsers = [up.browser() for _ in range(WORKERS)]
    addresses = [up.callback(browser, "vneid") for browser in browsers]
    pages = in_parallel(up.world.database, WORKERS, lambda number: browsers[number].open(addresses[number]))
    assert not up.refusals()
    assert [page.text[:3000] for page in pages if page.text_of("error-code") is not None] == []
    database = up.world.database
    assert len(stored(database, accounts)) == len(stored(database, identity_codes)) == 1
    assert len([row for row in stored(database, upstream_links) if row["ended_at"] is None]) == 1
    assert len({row["account_id"] for row in stored(database, sessions)}) == 1
    assert len(stored(database, sessions)) == WORKERS


def test_one_callback_opened_many_times_at_once_signs_in_once(up: UpstreamWorld) -> None:
    browser = up.browser()
    address = up.callback(browser, "vneid")
    pages = in_parallel(up.world.database, WORKERS, lambda _number: browser.open(address))
    assert len(stored(up.world.database, sessions)) == 1
    assert sum(page.text_of("error-code") is None for page in pages) == 1
