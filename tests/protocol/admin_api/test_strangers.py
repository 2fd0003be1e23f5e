"""The adversary: an administrator of one commune goes for another's things, by id, filter, nested route, prefix, and after the tree has changed.

Everything is refused as if it were not there, and recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from idp.endpoints.api.operation import Operation
from idp.endpoints.api.table import SHAPES, table
from idp.ports.sessions import ConsentState
from policies.delegation import Role
from policies.units import EdgeKind, Register
from tests.support import units
from tests.support.api_world import ApiWorld, Caller
from tests.support.token_world import Answer, TokenWorld
from tests.support.units import BELOW, LONG, OTHER, PROVINCE, SHORT

UNKNOWN = "0" * 26
IDS = ("client_id", "consent_id", "account_id", "grant_id", "approval_id")


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


@pytest.fixture
def stranger(place: ApiWorld) -> Caller:
    """An administrator of the commune whose code is the beginning of the other's."""
    return place.administrator("xã bên", Role.UNIT_ADMINISTRATOR, SHORT)


@pytest.fixture
def theirs(place: ApiWorld) -> dict[str, str]:
    """One thing of each kind that belongs to ``79.10``, by the name of its variable."""
    account = place.account("dân", LONG)
    client = place.client(LONG).client
    session = place.world.sign_in(account)
    consent = place.wiring.consents.give(
        account, client.client_id, session.id, ConsentState("consent", "openid", 1, 0, "v")
    )
    grant = place.grant("cán bộ", Role.UNIT_ADMINISTRATOR, LONG)
    waiting = place.acts.account_states.merge(
        place.who("cán bộ"), account, place.account("dân hai", LONG), "trùng người"
    )
    return {
        "account_id": account,
        "client_id": client.client_id,
        "consent_id": consent.id,
        "grant_id": grant.id,
        "approval_id": waiting.id,
        "session_id": session.id,
        "factor": "password",
    }


def sample(schema: Mapping[str, Any], place: ApiWorld) -> Any:
    """Return a value that a schema takes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return place.document(SHORT) if name == "ClientMetadata" else sample(SHAPES[name], place)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: sample(schema["properties"][name], place) for name in schema.get("required", ())}
    return "x" if schema.get("type") == "string" else schema.get("minimum", 0)


def send(caller: Caller, row: Operation, ids: Mapping[str, str], place: ApiWorld) -> Answer:
    path = row.path
    for name in row.variables:
        path = path.replace(f"{{{name}}}", ids.get(name, UNKNOWN))
    query = "&".join(f"{one.name}={sample(one.schema, place)}" for one in row.query if one.is_required)
    body = sample(row.body, place) if row.body is not None else None
    headers = {"If_Match": "*"} if row.is_versioned else {}
    return caller(row.method, f"{path}?{query}" if query else path, body, **headers)


def test_every_route_to_a_thing_of_others_answers_as_if_it_were_not_there(
    place: ApiWorld, stranger: Caller, theirs: dict[str, str]
) -> None:
    rows = [row for row in table(place.acts) if set(row.variables) & set(IDS)]
    assert len(rows) > 20
    for row in rows:
        before = len(place.refusals())
        nobodys: dict[str, str] = {"factor": "password"}
        found, unknown = (send(stranger, row, ids, place) for ids in (theirs, nobodys))
        assert (row.name, found.status) == (row.name, 404)
        assert strip(found) == strip(unknown), row.name
        assert len(place.refusals()) == before + 2, row.name
    assert {actor for actor, _ in place.refusals()} == {stranger.principal}
    assert place.wiring.clients.known(theirs["client_id"]).state == "active"
    assert place.wiring.accounts.get(theirs["account_id"]).state == "active"
    assert len(place.wiring.sessions.of_account(theirs["account_id"])) == 1
    assert place.wiring.consents.of_account(theirs["account_id"])
    assert place.wiring.approvals.get(theirs["approval_id"]).state == "pending"


def strip(answer: Answer) -> dict[str, Any]:
    return {name: value for name, value in answer.json.items() if name != "case_code"}


def test_no_filter_shows_what_is_others(place: ApiWorld, stranger: Caller, theirs: dict[str, str]) -> None:
    own = f"account:{theirs['account_id']}"
    empty = (
        f"/clients?unit={LONG}", "/clients?q=cong", f"/clients?unit={OTHER}",
        f"/consents?client_id={theirs['client_id']}", f"/consents?account_id={theirs['account_id']}", "/consents",
        f"/admins?principal=account:{place.account('cán bộ')}", f"/admins?principal={own}", "/approvals",
    )  # fmt: skip
    assert {path: stranger("GET", path).json["items"] for path in empty} == {path: [] for path in empty}
    assert stranger("GET", "/consent-counts").json["items"] == []
    assert len(stranger("GET", "/admins").json["items"]) == 1
    for text in ("049499000701", theirs["account_id"]):
        assert stranger("POST", "/accounts/search", {"q": text}).json["items"] == []
    for asked in ("", f"?client_id={theirs['client_id']}", f"?account_id={theirs['account_id']}", "?client_id=x"):
        assert stranger("GET", f"/audit{asked}").status == 403


def test_client_is_not_carried_off_to_or_from_another_unit(place: ApiWorld, stranger: Caller) -> None:
    own = place.client(SHORT).client
    moved = stranger("PUT", f"/clients/{own.client_id}", place.document(LONG), If_Match="*")
    assert moved.status == 403
    assert stranger("POST", "/clients", place.document(LONG)).status == 403
    assert stranger("POST", "/clients", place.document(PROVINCE)).status == 403
    assert stranger("POST", "/clients", place.document("H47.14")).status == 403
    assert stranger("POST", "/clients", {**place.document(SHORT), "sector": "sec_x"}).status == 422
    assert stranger("POST", "/clients", {**place.document(SHORT), "client_id": "cong"}).status == 422
    powers = ({"scope": "openid admin:keys:write"}, {"allowed_resources": ["https://a.vn"]})
    for power in powers:
        assert stranger("POST", "/clients", {**place.document(SHORT), **power}).status == 403


@pytest.mark.parametrize("how", ["moved", "renamed", "merged", "recycled"])
def test_right_follows_the_unit_and_never_its_code(place: ApiWorld, how: str) -> None:
    client = place.client(BELOW).client.client_id
    caller = place.administrator("trên", Role.CLIENT_MANAGER, SHORT)
    below = place.administrator("dưới", Role.CLIENT_MANAGER, BELOW)
    assert caller("GET", f"/clients/{client}").status == below("GET", f"/clients/{client}").status == 200
    place.world.clock.advance(86400)
    day = place.wiring.units.today()
    rows = [one for one in units.register().units if one.code != BELOW]
    ended, edges = units.unit(BELOW, SHORT, ends=day), []
    if how == "moved":
        rows += [ended, units.unit(BELOW, LONG, day)]
        edges = [units.edge(units.key(BELOW), units.key(BELOW, day), EdgeKind.TRANSFER, day)]
    elif how == "renamed":
        rows += [ended, units.unit("7999", SHORT, day)]
        edges = [units.edge(units.key(BELOW), units.key("7999", day), EdgeKind.RENAME, day)]
    elif how == "merged":
        rows.append(ended)
        edges = [units.edge(units.key(BELOW), units.key(LONG), EdgeKind.MERGE, day)]
    else:
        rows += [ended, units.unit(BELOW, SHORT, day)]
    place.register(Register(rows, edges))
    # The tokens are of that day, so both sign in again; their grants are what they were.
    fresh = {name: Caller(place.app, place.token(name), "") for name in ("trên", "dưới")}
    seen = {name: one("GET", f"/clients/{client}").status == 200 for name, one in fresh.items()}
    assert (
        seen
        == {
            "moved": {"trên": False, "dưới": True},
            "renamed": {"trên": True, "dưới": True},
            "merged": {"trên": False, "dưới": False},
            "recycled": {"trên": False, "dưới": False},
        }[how]
    )


def test_grant_that_has_not_begun_or_has_ended_is_none(place: ApiWorld) -> None:
    now = place.world.clock.now()
    grant = place.grant("tạm", Role.CLIENT_MANAGER, SHORT, ends=now + 300)
    caller = Caller(place.app, place.token("tạm"), grant.principal)
    assert caller("GET", "/clients").status == 200
    place.world.clock.advance(300)
    assert caller("GET", "/clients").status == 403


def test_administrator_below_does_not_rise(place: ApiWorld, stranger: Caller) -> None:
    friend = f"account:{place.account('bạn')}"
    wish = {"principal": friend, "role": "support", "unit": SHORT, "reason": "x"}
    assert stranger("POST", "/admins", wish).status == 201
    for change in (
        {"role": "provincial-administrator"}, {"role": "auditor"}, {"unit": LONG}, {"unit": "*"}, {"unit": PROVINCE},
        {"principal": stranger.principal},
    ):  # fmt: skip
        assert stranger("POST", "/admins", {**wish, **change}).status == 403
    strange: tuple[dict[str, object], ...] = ({"unit": "none"}, {"ends": 1}, {"role": "king"})
    for odd in strange:
        assert stranger("POST", "/admins", {**wish, **odd}).status in {403, 422}
    assert stranger("POST", "/admins", {**wish, "principal": "account:nobody", "unit": BELOW}).status == 422
