"""The merger of 2025-07-01 as a drill, on the real units: the province of 2021 with a department system, a citizen, an agreement and a live
session in every one of its 241 communes goes over to the 78 units that the resolutions made of them, and nobody notices but by a name.

The check files are not part of the project; where they are absent the drill is skipped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from idp.model.session import Session
from idp.ports.sessions import ConsentState
from idp.services.units import owner_of
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import consents as consents_table
from policies import claims as claim_policy
from policies import units_file
from policies.units import Fate
from tests.support.clock import FrozenClock
from tests.support.stores import stored
from tests.support.token_world import Registered, TokenWorld

DATA = Path(__file__).parents[3] / "shared" / "data"
DAY = "2025-07-01"
EVENING = 1_751_302_200
"""2025-06-30 23:50 in Vietnam."""
UNIT = claim_policy.pack(("unit",))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the check files of ../shared/data are not on this machine")


def read(name: str) -> list[dict[str, Any]]:
    return list(json.loads((DATA / name).read_text(encoding="utf-8")))


def unit(row: dict[str, Any], **more: Any) -> dict[str, Any]:
    kind = "thành phố" if row["level"] == "province" and row["code"] == "48" else row["type"]
    parent = row.get("parent_code")
    return {
        **{name: row[name] for name in ("code", "level", "name", "full_name")},
        "type": kind,
        "parent": parent,
        **more,
    }


def snapshot() -> dict[str, Any]:
    rows = [unit(row) for row in read("quang_nam_units_2021.json")]
    city = next(row for row in read("da_nang_units_2025.json") if row["level"] == "province")
    return {"format": units_file.FORMAT, "source": "GSO 2021", "as_of": "2021-11-01", "units": [*rows, unit(city)]}


def merger() -> dict[str, Any]:
    """Return the events of the day: 241 communes to 78, districts gone, the province part of the city."""
    into: dict[str, list[str]] = {}
    for one in read("quang_nam_2021_to_da_nang_2025.json"):
        into.setdefault(one["code_2025"], []).append(one["code_2021"])
    fresh = {row["code"]: row for row in read("da_nang_units_2025.json")}
    law = "Nghị quyết 1659/NQ-UBTVQH15"
    events = [
        {
            "kind": "merge" if len(old) > 1 else "transfer",
            "effective": DAY,
            "from": old,
            "to": [new],
            "legal_basis": law,
        }
        for new, old in into.items()
    ]
    districts = [row["code"] for row in read("quang_nam_units_2021.json") if row["level"] == "district"]
    events += [{"kind": "dissolve", "effective": DAY, "from": [code], "legal_basis": law} for code in districts]
    events.append({"kind": "merge", "effective": DAY, "from": ["49"], "to": ["48"], "legal_basis": "202/2025/QH15"})
    begun = [unit(fresh[code], valid_from=DAY) for code in into]
    return {"format": units_file.FORMAT, "source": "NQ 1659", "units": begun, "events": events}


@dataclass
class Commune:
    """What a commune of 2021 has: a system of its own, a citizen with a session, and what the system got."""

    code: str
    system: Registered
    session: Session
    sub: str
    refresh_token: str


class Province:
    """The drill's deployment."""

    def __init__(self, world: TokenWorld, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.wiring = world.wiring
        self.wiring.units.load(self.file("before.json", snapshot()))
        codes = [one["code_2021"] for one in read("quang_nam_2021_to_da_nang_2025.json")]
        self.communes = [self.commune(number, code) for number, code in enumerate(codes, start=1)]
        districts = [one for one in snapshot()["units"] if one["level"] == "district"]
        self.districts = [
            world.add_client(unit=one["code"], redirect_uris=["https://h.example.vn/cb"]) for one in districts
        ]

    def file(self, name: str, content: dict[str, Any]) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def commune(self, number: int, code: str) -> Commune:
        system = self.world.add_client(unit=code)
        session = self.world.sign_in(self.world.add_person(number, unit=code, email=f"mau{number}@example.vn"))
        agreed = ConsentState("consent", "openid address", UNIT, 0, "1")
        self.wiring.consents.give(session.account_id, system.client.client_id, session.id, agreed, "")
        given = self.world.tokens(system, session, "openid address offline_access", claims=UNIT)
        sub = self.world.verified(given["id_token"])["sub"]
        return Commune(code, system, session, sub, given["refresh_token"])

    def unit_now(self, commune: Commune) -> dict[str, Any]:
        """Refresh, see that the subject is who it was, and return the unit that the system is told."""
        answer = self.world.refresh(commune.system, commune.refresh_token)
        assert answer.status == 200, answer.body
        commune.refresh_token = answer.json["refresh_token"]
        info = self.world.userinfo(answer.json["access_token"]).json
        assert info["sub"] == commune.sub
        return dict(info["unit"])


@pytest.fixture
def province(sqlite_database: SqliteDatabase, tmp_path: Path) -> Province:
    """Return the province ten minutes before the day."""
    return Province(TokenWorld(tmp_path, sqlite_database, FrozenClock(EVENING)), tmp_path)


def test_the_dry_run_names_everything_that_moves_and_what_needs_a_decision(province: Province) -> None:
    plan = province.wiring.reorganisations.plan(province.file("merger.json", merger()), dry_run=True)
    moved = [move for move in plan.moves if move.fate is Fate.MOVES]
    assert sum(move.holding.count for move in moved if move.holding.kind == "client") == 241
    assert sum(move.holding.count for move in moved if move.holding.kind == "residence") == 241
    assert len({move.targets for move in moved}) == 78
    assert sorted(move.holding.holder for move in plan.decisions) == sorted(
        one.client.client_id for one in province.districts
    )
    assert province.wiring.units.today() < DAY


def test_nobody_notices_the_merger_but_by_the_name_of_the_unit(province: Province) -> None:
    world, wiring = province.world, province.wiring
    wanted = {one["code_2021"]: one for one in read("quang_nam_2021_to_da_nang_2025.json")}
    wiring.reorganisations.plan(province.file("merger.json", merger()), dry_run=False, reason="NQ 1659")
    for commune in province.communes[::40]:
        assert province.unit_now(commune)["code"] == commune.code
    consents = stored(world.database, consents_table)
    assert len(consents) == 241
    world.clock.advance(900)
    assert wiring.reorganisations.settle() == 1
    for commune in province.communes:
        becomes = wanted[commune.code]
        assert province.unit_now(commune) == {
            "code": becomes["code_2025"],
            "name": becomes["full_name_2025"],
            "edition": DAY,
        }
        assert wiring.units.name(owner_of(commune.system.client)) == becomes["full_name_2025"]
        assert wiring.sessions.is_live(commune.session)
    assert stored(world.database, consents_table) == consents
    assert len(world.events("unit:move")) == 241 + len(province.districts) + 241
    waiting = wiring.reorganisations.decisions()
    assert {move.holding.holder for move in waiting} == {one.client.client_id for one in province.districts}
    assert {move.fate for move in waiting} == {Fate.ENDS}
