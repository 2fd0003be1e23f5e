"""Another grant is one module and one row: it answers, registers, and shows up in discovery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from idp.protocol.grants.frame import GrantServices, GrantType, TokenRequest
from idp.protocol.grants.registry import GRANTS
from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.token_world import TokenWorld

NAME = "urn:example:grant-type:echo"


def echo(request: TokenRequest, _services: GrantServices) -> dict[str, Any]:
    """Answer with what was sent: the module of the plug-in."""
    return {"access_token": request.parameters["word"], "token_type": "Bearer", "client": request.client.client_id}


ROW = GrantType(NAME, echo, is_for_public=False, metadata=lambda issuer: {"echo_endpoint": f"{issuer}/echo"})
"""The one line of the registry."""


def plugged(database: SqliteDatabase, home: Path, clock: FrozenClock) -> TokenWorld:
    """Return a deployment whose registry has one row more."""
    return TokenWorld(home, database, clock, grants={**GRANTS, NAME: ROW})


def test_a_grant_in_a_plug_in_answers_and_is_announced(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock
) -> None:
    world = plugged(sqlite_database, tmp_path, clock)
    document = world.get("/.well-known/openid-configuration").json
    assert NAME in document["grant_types_supported"]
    assert document["echo_endpoint"].endswith("/echo")
    client = world.add_client(grant_types=[NAME], redirect_uris=[])
    answer = world.post("/token", {"grant_type": NAME, "word": "xin-chao"}, client.basic)
    assert answer.json == {"access_token": "xin-chao", "token_type": "Bearer", "client": client.client.client_id}
    assert answer.headers["cache-control"] == "no-store"


def test_the_frame_keeps_out_who_may_not_use_it(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock
) -> None:
    world = plugged(sqlite_database, tmp_path, clock)
    other = world.add_client()
    assert world.post("/token", {"grant_type": NAME}, other.basic).json["error"] == "unauthorized_client"
    public = world.add_client(grant_types=[NAME], redirect_uris=[], token_endpoint_auth_method="none")
    form = {"grant_type": NAME, "client_id": public.client.client_id}
    assert world.post("/token", form).json["error"] == "unauthorized_client"


def test_without_the_row_there_is_no_such_grant(world: TokenWorld) -> None:
    portal = world.add_client()
    assert world.post("/token", {"grant_type": NAME}, portal.basic).json["error"] == "unsupported_grant_type"
    assert NAME not in world.get("/.well-known/openid-configuration").json["grant_types_supported"]
