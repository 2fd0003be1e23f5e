"""Token exchange: a portal's token becomes one for the next system, narrower, traceable, and dead with its family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from idp.model.session import Session
from tests.support.token_world import ISSUER, Answer, Registered, TokenWorld

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
DESK, LAND, TAX = "https://desk.example.vn/api", "https://land.example.vn/api", "https://tax.example.vn/api"


@dataclass(frozen=True)
class Chain:
    """A portal, a one-stop desk behind it, and the land register behind that."""

    world: TokenWorld
    portal: Registered
    desk: Registered
    land: Registered

    def token(self, session: Session, scope: str = "openid profile email") -> str:
        """Return the portal's token for the desk."""
        answer = self.world.redeem(
            self.portal, self.world.code(self.portal, session, scope, resources=(DESK,)), resource=DESK
        )
        return str(answer.json["access_token"])

    def exchange(self, token: str, of: Registered | None = None, /, **changes: str) -> Answer:
        """Exchange at the land register, but for ``changes``; an empty value takes a parameter out."""
        form = {
            "grant_type": GRANT, "subject_token": token, "subject_token_type": ACCESS, "audience": LAND, **changes,
        }  # fmt: skip
        kept = {name: value for name, value in form.items() if value}
        return self.world.post("/token", kept, (of or self.desk).basic)

    def refused(self, token: str, of: Registered | None = None, /, **changes: str) -> tuple[str, str]:
        """Return error and recorded reason of an exchange that must be refused."""
        answer = self.exchange(token, of, **changes)
        assert answer.status == 400, answer.body
        return answer.json["error"], self.world.events("token:request")[-1]["reason"]


def rule(*subjects: Registered, **changes: str) -> dict[str, Any]:
    """Return one rule."""
    return {"subjects": [one.client.client_id for one in subjects], "scope": "openid profile", **changes}


@pytest.fixture
def chain(world: TokenWorld) -> Chain:
    """Return the three systems, of which the desk may act at the land register for people of the portal."""
    land = world.add_client(resource_identifiers=[LAND], grant_types=["authorization_code", GRANT])
    portal = world.add_client(allowed_resources=[DESK])
    desk = world.add_client(
        resource_identifiers=[DESK],
        allowed_resources=[LAND],
        grant_types=[GRANT, "client_credentials"],
        redirect_uris=[],
        token_exchange={LAND: rule(portal)},
    )
    return Chain(world, portal, desk, land)


@pytest.mark.spec("RFC 8693", "2.2.1")
@pytest.mark.spec("RFC 8693", "4.1")
def test_the_desk_acts_for_the_person_at_the_land_register(world: TokenWorld, chain: Chain, session: Session) -> None:
    token = chain.token(session)
    answer = chain.exchange(token)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json["issued_token_type"] == ACCESS
    assert (answer.json["token_type"], answer.json["scope"]) == ("Bearer", "openid profile")
    claims = world.verified(answer.json["access_token"], "at+jwt")
    assert (claims["aud"], claims["client_id"]) == (LAND, chain.desk.client.client_id)
    assert claims["act"] == {"sub": chain.desk.client.client_id}
    assert claims["sub"] == world.wiring.subjects.subject(session.account_id, chain.land.client)
    assert claims["sub"] != world.verified(token, "at+jwt")["sub"], "two departments get no common name for a person"
    assert claims["auth_time"] == session.auth_time
    assert "refresh_token" not in answer.json
    event = world.events("token:exchange")[0]
    assert event["account_id"] == session.account_id
    assert chain.portal.client.client_id in event["detail"]
    assert LAND in event["detail"]


def test_the_land_register_can_ask_about_it_and_nobody_else(world: TokenWorld, chain: Chain, session: Session) -> None:
    token = chain.exchange(chain.token(session)).json["access_token"]
    seen = world.introspect(chain.land, token).json
    assert (seen["active"], seen["act"]) == (True, {"sub": chain.desk.client.client_id})
    assert world.introspect(chain.portal, token).json == {"active": False}
    assert world.userinfo(token).status == 401


def test_what_ends_the_family_ends_what_came_of_it(world: TokenWorld, chain: Chain, session: Session) -> None:
    token = chain.token(session)
    exchanged = chain.exchange(token).json["access_token"]
    world.wiring.sessions.end(session, "sign_out", "operator:local")
    assert world.introspect(chain.land, exchanged).json == {"active": False}
    assert chain.refused(token) == ("invalid_request", "subject_revoked")


def test_a_client_that_was_suspended_is_not_acted_for(world: TokenWorld, chain: Chain, session: Session) -> None:
    token = chain.token(session)
    world.wiring.clients.set_state(chain.portal.client.client_id, "suspended")
    assert chain.refused(token) == ("invalid_request", "subject_client_revoked")


@pytest.mark.spec("RFC 8693", "2.1")
def test_tokens_from_before_a_mark_are_not_exchanged(world: TokenWorld, chain: Chain, session: Session) -> None:
    token = chain.token(session)
    world.clock.advance(5)
    world.wiring.clients.set_not_before(chain.portal.client.client_id, world.clock.now())
    assert chain.refused(token) == ("invalid_request", "subject_client_revoked")


def test_it_never_outlives_the_subject_token(world: TokenWorld, chain: Chain, session: Session) -> None:
    token = chain.token(session)
    world.clock.advance(590)
    answer = chain.exchange(token)
    assert answer.json["expires_in"] == 10
    exchanged = world.verified(answer.json["access_token"], "at+jwt")
    assert exchanged["exp"] == world.verified(token, "at+jwt")["exp"]
    world.clock.advance(10)
    assert chain.refused(token)[0] == "invalid_request"


@pytest.mark.spec("RFC 8693", "2.1")
def test_scopes_become_only_narrower(chain: Chain, session: Session) -> None:
    token = chain.token(session)
    assert chain.exchange(token, scope="openid").json["scope"] == "openid"
    for wider in ("openid email", "openid identity", "openid phone"):
        assert chain.refused(token, scope=wider) == ("invalid_scope", "scope_widened")


@pytest.mark.spec("RFC 8693", "2.1")
@pytest.mark.spec("RFC 8693", "2.2.2")
@pytest.mark.parametrize("audience", [TAX, ISSUER, DESK, "", f"{LAND}/", "land"])
def test_an_audience_without_a_rule_is_an_invalid_target(
    world: TokenWorld, chain: Chain, session: Session, audience: str
) -> None:
    world.add_client(resource_identifiers=[TAX])
    assert chain.refused(chain.token(session), audience=audience)[0] == "invalid_target"


@pytest.mark.spec("RFC 8693", "2.1")
@pytest.mark.parametrize("resource", [f"{LAND}#part", f"{LAND}#", "/api", "land.example.vn/api", "land"])
def test_a_resource_that_is_no_absolute_uri_without_a_fragment_is_an_invalid_target(
    chain: Chain, session: Session, resource: str
) -> None:
    assert chain.refused(chain.token(session), audience="", resource=resource)[0] == "invalid_target"


def test_one_audience_a_token(world: TokenWorld, chain: Chain, session: Session) -> None:
    assert chain.refused(chain.token(session), resource=DESK) == ("invalid_target", "target_count")
    assert chain.exchange(chain.token(session), resource=LAND).status == 200


@pytest.mark.spec("RFC 8693", "2.2.2")
def test_a_token_that_the_desk_merely_saw_is_worth_nothing_to_it(
    world: TokenWorld, chain: Chain, session: Session
) -> None:
    for_userinfo = world.tokens(chain.portal, session)["access_token"]
    assert chain.refused(for_userinfo) == ("invalid_request", "subject_not_for_holder")


def test_a_client_that_the_rule_does_not_name_cannot_be_acted_for(
    world: TokenWorld, chain: Chain, session: Session
) -> None:
    other = world.add_client(allowed_resources=[DESK])
    token = world.redeem(other, world.code(other, session, resources=(DESK,))).json["access_token"]
    assert chain.refused(token) == ("invalid_request", "subject_not_allowed")


def test_a_client_without_rules_exchanges_nothing(world: TokenWorld, chain: Chain, session: Session) -> None:
    assert chain.refused(chain.token(session), chain.land)[0] == "invalid_target"
    assert world.post("/token", {"grant_type": GRANT}, chain.portal.basic).json["error"] == "unauthorized_client"


@pytest.mark.spec("RFC 8693", "2.1")
@pytest.mark.parametrize(
    "changes",
    [
        {"subject_token_type": ""},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"actor_token_type": ACCESS},
        {"actor_token": "x.y.z"},
        {"actor_token": "x.y.z", "actor_token_type": ACCESS},
        {"subject_token": "x.y.z"},
    ],
)
def test_tokens_come_with_their_types_and_only_access_tokens_do(
    chain: Chain, session: Session, changes: dict[str, str]
) -> None:
    assert chain.refused(chain.token(session), **changes)[0] == "invalid_request"


@pytest.mark.spec("RFC 8693", "2.2.2")
@pytest.mark.spec("RFC 8693", "2.1")
def test_tokens_of_other_kinds_are_no_subject_tokens(world: TokenWorld, chain: Chain, session: Session) -> None:
    issued = world.tokens(chain.portal, session)
    for other in (issued["id_token"], issued["refresh_token"], world.code(chain.portal, session)):
        assert chain.refused(other)[0] == "invalid_request"
    own = world.own_token(chain.desk).json["access_token"]
    assert chain.refused(own) == ("invalid_request", "subject_not_a_person")


@pytest.mark.spec("RFC 8693", "2.1")
@pytest.mark.spec("RFC 8693", "4.1")
def test_an_official_whose_token_comes_along_is_the_actor(world: TokenWorld, session: Session) -> None:
    land = world.add_client(resource_identifiers=[LAND])
    desk = world.add_client(
        allowed_resources=[LAND], grant_types=["authorization_code", GRANT], resource_identifiers=[DESK]
    )
    portal = world.add_client(allowed_resources=[DESK])
    world.wiring.clients.update(
        desk.client.client_id,
        {**_metadata(desk), "token_exchange": {LAND: rule(portal)}},
    )
    chain = Chain(world, portal, desk, land)
    official = world.sign_in(world.add_person(9))
    his = world.tokens(desk, official)["access_token"]
    answer = chain.exchange(chain.token(session), actor_token=his, actor_token_type=ACCESS)
    claims = world.verified(answer.json["access_token"], "at+jwt")
    assert claims["act"] == {"sub": world.wiring.subjects.subject(official.account_id, land.client)}
    another = world.tokens(portal, official)["access_token"]
    refused = chain.refused(chain.token(session), actor_token=another, actor_token_type=ACCESS)
    assert refused == ("invalid_request", "actor_of_another_client")
    world.wiring.sessions.end(official, "sign_out", "operator:local")
    assert chain.refused(chain.token(session), actor_token=his, actor_token_type=ACCESS)[1] == "actor_revoked"


@pytest.mark.spec("RFC 8693", "4.1")
@pytest.mark.spec("RFC 8693", "4.4")
def test_the_next_system_names_both_and_only_the_one_foreseen_may_be_next(world: TokenWorld, session: Session) -> None:
    tax = world.add_client(resource_identifiers=[TAX])
    kinds = {"grant_types": ["authorization_code", GRANT]}
    land = world.add_client(resource_identifiers=[LAND], allowed_resources=[TAX], **kinds)
    thief = world.add_client(resource_identifiers=[f"{LAND}/2"], allowed_resources=[TAX], **kinds)
    portal = world.add_client(allowed_resources=[DESK])
    rules = {one: rule(portal, next=land.client.client_id) for one in (LAND, f"{LAND}/2")}
    desk = world.add_client(
        resource_identifiers=[DESK], allowed_resources=[LAND, f"{LAND}/2"], token_exchange=rules, **kinds
    )
    for one in (land, thief):
        document = {**_metadata(one), "token_exchange": {TAX: rule(desk)}}
        world.wiring.clients.update(one.client.client_id, document)
    chain = Chain(world, portal, desk, land)
    first = chain.exchange(chain.token(session)).json["access_token"]
    assert world.verified(first, "at+jwt")["may_act"] == {"sub": land.client.client_id}
    second = chain.exchange(first, land, audience=TAX).json["access_token"]
    claims = world.verified(second, "at+jwt")
    assert claims["act"] == {"sub": land.client.client_id, "act": {"sub": desk.client.client_id}}
    assert claims["sub"] == world.wiring.subjects.subject(session.account_id, tax.client)
    stolen = chain.exchange(chain.token(session), audience=f"{LAND}/2").json["access_token"]
    assert chain.refused(stolen, thief, audience=TAX) == ("invalid_request", "may_act")


def test_impersonation_names_nobody_and_takes_no_actor(world: TokenWorld, chain: Chain, session: Session) -> None:
    document = {**_metadata(chain.desk), "token_exchange": {LAND: rule(chain.portal, mode="impersonation")}}
    world.wiring.clients.update(chain.desk.client.client_id, document)
    assert "act" not in world.verified(chain.exchange(chain.token(session)).json["access_token"], "at+jwt")
    own = world.own_token(chain.desk).json["access_token"]
    refused = chain.refused(chain.token(session), actor_token=own, actor_token_type=ACCESS)
    assert refused == ("invalid_request", "actor_not_shown")


def test_a_registration_from_outside_writes_no_rules(world: TokenWorld) -> None:
    from clients import metadata  # noqa: PLC0415 - this test alone reads a registration
    from tests.support.memory_clients import department  # noqa: PLC0415

    document = department(token_exchange={LAND: {"subjects": ["portal"], "scope": "openid"}})
    registration = metadata.parse(document, is_operator=False)
    assert registration.values["token_exchange"] is None
    assert registration.ignored == ("token_exchange",)


def _metadata(of: Registered) -> dict[str, Any]:
    from clients.documents import to_metadata  # noqa: PLC0415

    return to_metadata(of.client)


def test_mark_of_any_client_on_the_way_voids_what_came_of_its_tokens(chain: Chain, session: Session) -> None:
    world = chain.world
    token = chain.token(session)
    exchanged = chain.exchange(token).json["access_token"]
    assert world.introspect(chain.land, exchanged).json["active"] is True
    world.clock.advance(1)
    world.another().wiring.clients.set_not_before(chain.portal.client.client_id, world.clock.now())
    assert world.introspect(chain.land, exchanged).json == {"active": False}
    assert chain.refused(token) == ("invalid_request", "subject_client_revoked")


@pytest.mark.spec("RFC 8693", "2.2.2")
@pytest.mark.spec("RFC 8693", "2.1")
def test_actor_token_from_before_the_clients_mark_is_refused(chain: Chain, session: Session) -> None:
    world = chain.world
    actor = world.own_token(chain.desk).json["access_token"]
    world.clock.advance(1)
    world.another().wiring.clients.set_not_before(chain.desk.client.client_id, world.clock.now())
    by = {"actor_token": actor, "actor_token_type": ACCESS}
    assert chain.refused(chain.token(session), **by) == ("invalid_request", "actor_revoked")
