"""Simulated upstreams for this folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.upstream_world import (
    KEY,
    UpstreamWorld,
    key_file,
    oidc_settings,
    served,
    simulator,
    vnconnect_settings,
    vneid_settings,
)


@pytest.fixture
def up(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> Iterator[UpstreamWorld]:
    """Return a deployment with all three kinds of upstream, VNeID with envelopes."""
    with ExitStack() as stack:
        vneid = stack.enter_context(served(simulator("vneid", clock, receiver=KEY.public_key())))
        vnconnect = stack.enter_context(served(simulator("vnconnect", clock)))
        oidc = stack.enter_context(served(simulator("oidc", clock)))
        upstreams = {
            "vneid": vneid_settings(vneid, key_file(tmp_path)),
            "vnconnect": vnconnect_settings(vnconnect),
            "mau": oidc_settings(oidc),
        }
        simulators = {"vneid": vneid, "vnconnect": vnconnect, "mau": oidc}
        yield UpstreamWorld(tmp_path, sqlite_database, clock, simulators, upstreams)
