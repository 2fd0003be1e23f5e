"""A three-level tree over HTTP: a real provider as anchor, a commune as intermediate, a leaf on another port; the operator uses the command line."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
import requests

from idp.federation.chains import from_tokens
from keys import algorithms
from keys.compact import parse
from keys.keyset import ClientKeySet, import_jwks
from keys.signer import Signer
from tests.support.clock import FrozenClock
from tests.support.federated_party import ASSERTION
from tests.support.federated_world import COMMUNE, REGISTER
from tests.support.federation import RP, STATEMENT, Entity, published
from tests.support.token_world import CHALLENGE
from tests.support.web_pages import WebPages
from tests.support.world import CALLBACK, World, deployed

WELL_KNOWN = "/.well-known/openid-federation"
SETTINGS = {"FEDERATION__ENABLED": "true", "FEDERATION__PROVINCE": "48"}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Yield the provider, with the register of units loaded."""

    def prepare(world: World) -> None:
        path = world.provider.home / "units.json"
        path.write_bytes(orjson.dumps(REGISTER))
        world.provider.idp_json("units", "import", str(path))

    with deployed("sqlite", settings=SETTINGS, prepare=prepare) as running:
        yield running


def asked(url: str, **query: str) -> dict[str, Any]:
    answer = requests.get(url, params=query, timeout=60)
    assert answer.status_code == 200, answer.text
    claims = parse(answer.text, 1 << 20).unverified_claims
    return {**claims, "token": answer.text}


def leaf_of(world: World, pages: WebPages, **metadata: Any) -> Entity:
    entity_id = f"http://{pages.host}/{world.issuer.rpartition(':')[2]}/motcua"
    scope = "openid profile identity"
    leaf = Entity(
        entity_id,
        FrozenClock(_now()),
        f"{world.issuer}/federation/units/{COMMUNE}",
        **{RP: {"scope": scope, **metadata}},
    )
    path = entity_id.removeprefix(f"http://{pages.host}") + WELL_KNOWN
    pages.put(path, leaf.configuration().encode(), content_type=f"application/{STATEMENT}")
    return leaf


def _now() -> int:
    return int(time.time())


@pytest.mark.spec("OpenID Federation 1.0", "4")
@pytest.mark.spec("OpenID Federation 1.0", "10")
def test_a_leaf_of_a_commune_is_walked_up_and_resolved_and_gets_no_more_than_its_superiors_allow(world: World) -> None:
    with WebPages() as pages:
        leaf = leaf_of(world, pages)
        document = orjson.dumps({"jwks": leaf.jwks}).decode()
        command = ("federation", "subordinates", "add", leaf.entity_id, "-", "--unit", COMMUNE, "--reason", "thử")
        added = world.provider.idp_json(*command, stdin=document)
        unit = f"{world.issuer}/federation/units/{COMMUNE}"
        assert added == {"entity_id": leaf.entity_id, "superior": unit}
        # As any relying party would, by what the entities publish alone.
        anchor, middle = asked(world.issuer + WELL_KNOWN), asked(unit + WELL_KNOWN)
        of_leaf = asked(middle["metadata"]["federation_entity"]["federation_fetch_endpoint"], sub=leaf.entity_id)
        of_unit = asked(anchor["metadata"]["federation_entity"]["federation_fetch_endpoint"], sub=unit)
        anchors: dict[str, ClientKeySet] = {world.issuer: import_jwks(anchor["jwks"])}
        tokens = [leaf.configuration(), of_leaf["token"], of_unit["token"], anchor["token"]]
        chain = from_tokens(tokens, anchors, _now(), loopback=True)
        assert chain.metadata[RP]["scope"] == "openid profile"
        # And as the provider itself does it, over the guarded fetcher.
        resolved = asked(
            anchor["metadata"]["federation_entity"]["federation_resolve_endpoint"],
            sub=leaf.entity_id,
            trust_anchor=world.issuer,
        )
        assert resolved["metadata"][RP]["scope"] == "openid profile"
        assert resolved["metadata"][RP]["unit"] == COMMUNE
        listed = requests.get(middle["metadata"]["federation_entity"]["federation_list_endpoint"], timeout=60)
        assert listed.json() == [leaf.entity_id]
        gone = ("federation", "subordinates", "remove", leaf.entity_id, "--unit", COMMUNE, "--reason", "thôi", "--yes")
        world.provider.idp_json(*gone)
        refused = requests.get(f"{unit}/fetch", params={"sub": leaf.entity_id}, timeout=60)
        assert (refused.status_code, refused.json()["error"]) == (404, "not_found")


def pushed(world: World, leaf: Entity, signer: Signer, **changes: str) -> requests.Response:
    now = _now()
    claims = {"iss": leaf.entity_id, "sub": leaf.entity_id, "aud": world.issuer, "iat": now, "exp": now + 60}
    form = {
        "client_id": leaf.entity_id, "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid profile",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256", "client_assertion_type": ASSERTION,
        "client_assertion": signer.sign({**claims, "jti": secrets.token_hex(8)}, "JWT"), **changes,
    }  # fmt: skip
    return requests.post(f"{world.issuer}/par", data=form, timeout=60)


@pytest.mark.spec("OpenID Federation 1.0", "12.1")
def test_a_leaf_signs_people_in_by_its_chain_and_one_that_asks_more_than_its_superior_allows_is_refused(
    world: World,
) -> None:
    private = algorithms.generate("ES256")
    metadata = {
        "client_name": "Một cửa", "purpose": "Xác định người nộp hồ sơ", "redirect_uris": [CALLBACK],
        "scope": "openid profile identity", "token_endpoint_auth_method": "private_key_jwt",
        "client_registration_types": ["automatic"], "jwks": {"keys": [published(private, "rp")]},
    }  # fmt: skip
    signer = Signer("rp", "ES256", private)
    with WebPages() as pages:
        leaf = leaf_of(world, pages, **metadata)
        command = ("federation", "subordinates", "add", leaf.entity_id, "-", "--unit", COMMUNE)
        world.provider.idp_json(*command, stdin=orjson.dumps({"jwks": leaf.jwks}).decode())
        answer = pushed(world, leaf, signer)
        assert answer.status_code == 201, answer.text
        query = urlencode({"client_id": leaf.entity_id, "request_uri": answer.json()["request_uri"]})
        landed = world.browser().walk(f"{world.issuer}/authorize?{query}", world.person())
        assert landed.callback is not None
        assert landed.callback["iss"] == world.issuer
        assert landed.callback["code"]
        refused = pushed(world, leaf, signer, scope="openid identity")
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
        higher = pushed(world, leaf, signer, acr_values="urn:dinhdanh:loa:4")
        assert (higher.status_code, higher.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "hint", ["http://169.254.169.254/latest", "https://10.0.0.1", "http://localhost:1/x", "https://[::1]"]
)
def test_authority_hints_are_no_way_into_the_house(world: World, hint: str) -> None:
    with WebPages() as pages:
        leaf = leaf_of(world, pages)
        leaf.claims["authority_hints"] = [hint]
        path = leaf.entity_id.removeprefix(f"http://{pages.host}") + WELL_KNOWN
        pages.put(path, leaf.configuration().encode(), content_type=f"application/{STATEMENT}")
        query = {"sub": leaf.entity_id, "trust_anchor": world.issuer}
        answer = requests.get(f"{world.issuer}/federation/resolve", params=query, timeout=60)
        assert answer.status_code == 400
        assert answer.json()["error"] in {"invalid_trust_anchor", "invalid_trust_chain"}
        assert "169.254" not in answer.text


def test_the_operators_commands_speak_json(world: World) -> None:
    provider = world.provider
    rows = [orjson.loads(line) for line in provider.here("federation", "caps", "--json").stdout.splitlines()]
    assert [row["level"] for row in rows] == ["province", "commune"]
    keys = provider.here("federation", "keys", "list", "--json").stdout.splitlines()
    assert {orjson.loads(line)["state"] for line in keys} == {"active", "next"}
    assert provider.here("federation", "keys", "rotate").returncode == 4, "the next key is too young"
    unknown = provider.here("federation", "trust-marks", "issue", "https://x.vn/m", "https://a.vn", "--json")
    assert unknown.returncode == 4
    missing = provider.here("federation", "trust-marks", "revoke", "nothing", "--reason", "thử")
    assert missing.returncode == 3
