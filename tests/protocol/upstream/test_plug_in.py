"""Another dialect is one module and one registry line; the frame's checks hold for it all the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from idp.model.upstream import Departure
from idp.ports.upstreams import Once, Told
from idp.storage.sqlite import SqliteDatabase
from idp.upstream.code_flow import CodeFlow
from idp.upstream.exchange import read_json
from idp.upstream.registry import CONNECTORS, Kind
from policies.upstreams.mapping import ClaimRule
from tests.support import in_process
from tests.support.clock import FrozenClock
from tests.support.upstream_world import UpstreamWorld, served, simulator, vnconnect_settings


class Provincial(CodeFlow):
    """A dialect that believes userinfo and knows no ID token at all."""

    def redeem(self, parameters: Mapping[str, str], departure: Departure, once: Once) -> Told:
        """Redeem and ask."""
        token = self.tokens(parameters["code"], departure, read_json)["access_token"]
        fields = self.exchange.userinfo(self.published.needed("userinfo_endpoint"), token, read_json)
        return Told(str(fields["TechID"]), fields)


LINE = Kind("provincial", Provincial, (ClaimRule("SoDinhDanh", "cccd"), ClaimRule("HoVaTen", "name")))


def test_another_dialect_is_one_class_and_one_line(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(simulator("vnconnect", clock)) as simulated:
        monkeypatch.setattr("idp.wiring.upstream.CONNECTORS", MappingProxyType({**CONNECTORS, LINE.name: LINE}))
        settings = vnconnect_settings(simulated, connector="provincial")
        up = UpstreamWorld(tmp_path, sqlite_database, clock, {"tinh": simulated}, {"tinh": settings})
        browser = in_process.browser(up.world)
        claims = up.finish(browser, up.through(browser, "tinh"))
        assert claims["acr"] == "urn:dinhdanh:loa:1"
        account = up.world.wiring.accounts.find("049499000021")
        assert set(account.profile) == {"name"}
        again = up.browser()
        address = up.callback(again, "tinh")
        assert up.browser().open(address).status == 400
