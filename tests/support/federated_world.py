"""A deployment that takes part in a federation, in process: its own entities, a foreign anchor that it trusts, and the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from idp.config.federation import Federation
from idp.config.registration import Registration
from idp.storage.database import Database
from keys.compact import parse
from keys.keyset import import_jwks
from keys.verifier import Expectation, verify
from tests.support.clock import FrozenClock
from tests.support.federation import STATEMENT, Entity, Net
from tests.support.token_world import ISSUER, Answer, TokenWorld
from tests.support.whole_app import WholeApp

ANCHOR: Final = "https://bo.example.gov.vn"
COMMUNE, OTHER_COMMUNE, ELSEWHERE = "20194", "20195", "00004"
MARK: Final = "https://id.example.vn/marks/audited"
_ROWS: Final = (
    ("48", "province", "thành phố", "Thành phố", "Mẫu", None),
    (COMMUNE, "commune", "phường", "Phường", "Một", "48"),
    (OTHER_COMMUNE, "commune", "xã", "Xã", "Hai", "48"),
    ("01", "province", "thành phố", "Thành phố", "Khác", None),
    (ELSEWHERE, "commune", "phường", "Phường", "Xa", "01"),
)
REGISTER: Final = {
    "format": "dinhdanh-units/1",
    "source": "danh mục mẫu",
    "as_of": "2026-01-01",
    "units": [
        {"code": code, "level": level, "type": kind, "name": name, "full_name": f"{title} {name}", "parent": parent}
        for code, level, kind, title, name, parent in _ROWS
    ],
}


class FederatedWorld:
    """The deployment, the foreign anchor and the network, where every entity that a test makes is reachable."""

    def __init__(
        self, home: Path, database: Database, clock: FrozenClock, *, require_pkce: bool = True, **settings: Any
    ) -> None:
        self.clock = clock
        self.anchor = Entity(ANCHOR, clock)
        self.net = Net(self.anchor)
        keys = home / "anchor.json"
        keys.write_bytes(orjson.dumps(self.anchor.jwks))
        federation = {
            "enabled": True, "province": "48", "organization_name": "Thành phố Mẫu", "trust_anchors": {ANCHOR: keys},
            "trust_mark_types": (MARK,), **settings,
        }  # fmt: skip
        registration = Registration(require_pkce=require_pkce)
        self.world = TokenWorld(home, database, clock, federation=Federation(**federation), registration=registration)
        self.wiring = self.world.wiring
        # Who holds the way out already goes on through it: only what is behind it is another network.
        self.wiring.fetcher._fetcher = self.net  # type: ignore[attr-defined]
        register = home / "units.json"
        register.write_bytes(orjson.dumps(REGISTER))
        self.wiring.units.load(str(register))
        self.app = WholeApp(self.world)

    def entity(self, entity_id: str, *superiors: str, **metadata: Any) -> Entity:
        """Return a new entity on the network."""
        made = Entity(entity_id, self.clock, *superiors, **metadata)
        self.net.entities.append(made)
        return made

    def unit(self, code: str) -> str:
        """Return the identifier of a unit of ours."""
        return f"{ISSUER}/federation/units/{code}"

    def vouch(self, entity: Entity, code: str = "", **document: Any) -> None:
        """Let the province, or a unit of it, vouch for an entity."""
        self.wiring.members.put(code, entity.entity_id, {"jwks": entity.jwks, **document})

    def get(self, path: str, **query: Any) -> Answer:
        """Ask one of our endpoints."""
        return self.app.call("GET", f"{path}?{urlencode(query, doseq=True)}" if query else path)

    def said(self, answer: Answer, typ: str = STATEMENT) -> dict[str, Any]:
        """Return the claims of a signed answer of ours, all checked."""
        assert answer.status == 200, answer.body
        assert answer.headers["content-type"] == f"application/{typ}"
        keys = import_jwks(self.wiring.entity_keys.jwks())
        token = answer.body.decode()
        assert parse(token, 1 << 20).kid in {key.kid for key in keys.keys}
        expected = Expectation(frozenset({typ}), required=frozenset({"iss", "iat"}))
        return dict(verify(token, keys, expected, self.clock.now(), max_chars=1 << 20).claims)
