"""Keys that rotate as fast as the plan allows, asked for all the time, under load: every token verifies for everybody."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import jwt
import pytest
import requests

from keys.errors import NextTooYoung
from tests.support.flood import Connections, redemption, sealed_code, session_of
from tests.support.rp import RelyingParty, basic
from tests.support.world import World, deployed

SECONDS = float(os.environ.get("ROTATION_SECONDS", "60"))
MAX_AGE = 1.0
PAUSE = 0.25
"""Seconds between two rotations asked for: many more than the plan grants, which wants a key published for two."""
PATIENCE = 300.0
ALGS = ("ES256", "RS256")


@dataclass
class Notes:
    """Key sets as they were fetched, and tokens as they were issued, each with its moment."""

    sets: list[tuple[float, Mapping[str, Any]]] = field(default_factory=list)
    tokens: list[tuple[float, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def fetch_until(rp: RelyingParty, notes: Notes, stop: Event) -> None:
    """Fetch the key set all the time; the answer must say that it may be kept for one second."""
    session = requests.Session()
    while not stop.wait(0.1):
        asked = time.monotonic()  # A cache counts an answer's age from the request on (RFC 9111 section 4.2.3).
        answer = session.get(rp.discovery["jwks_uri"], timeout=60)
        assert "max-age=1" in answer.headers["Cache-Control"]
        notes.sets.append((asked, {key["kid"]: key for key in answer.json()["keys"]}))


def issue_until(world: World, rp: RelyingParty, notes: Notes, stop: Event, connections: Connections) -> None:
    """Redeem codes and check each token against every key set that a client could hold at that moment."""
    session = session_of(world, world.person().code)
    header = {"Authorization": basic(rp.client_id, str(rp.client["client_secret"]))}
    while not stop.wait(0.05):
        code, _ = sealed_code(world, rp.client_id, session)
        answer = connections.session.post(
            rp.discovery["token_endpoint"], data=redemption(code), headers=header, timeout=60
        ).json()
        now = time.monotonic()
        held = [keys for moment, keys in list(notes.sets) if now - MAX_AGE <= moment <= now]
        for token in (answer["access_token"], answer["id_token"]):
            notes.tokens.append((now, token))
            notes.faults += [fault for keys in held if (fault := verify(token, keys))]
        userinfo = rp.userinfo(answer["access_token"])
        if userinfo.status_code != requests.codes.ok:
            notes.faults.append(f"userinfo {userinfo.status_code}")
    world.wiring.database.close()


def verify(token: str, keys: Mapping[str, Any]) -> str:
    """Return what is wrong with a token for somebody who holds these keys, or nothing."""
    header = jwt.get_unverified_header(token)
    key = keys.get(header["kid"])
    if key is None:
        return f"{header['alg']} {header['kid']} is in no cached set"
    try:
        jwt.decode(token, jwt.PyJWK(key).key, [header["alg"]], options={"verify_aud": False})
    except jwt.PyJWTError as error:
        return repr(error)
    return ""


@pytest.mark.slow
@pytest.mark.spec("OIDC Core", "10.1.1")
def test_no_token_fails_for_a_client_that_caches_as_it_is_told() -> None:
    settings = {"JWKS_MAX_AGE": "1", "KEYS__ROTATION": "2"}
    sections = {"jwks_max_age": 1, "keys": {"rotation": 2}}
    with deployed("sqlite", workers=4, settings=settings, sections=sections) as world:
        rp, notes, stop, connections = world.rp(id_token_signed_response_alg="RS256"), Notes(), Event(), Connections()
        with ThreadPoolExecutor(5) as pool:
            jobs = [pool.submit(fetch_until, rp, notes, stop)]
            jobs += [pool.submit(issue_until, world, rp, notes, stop, connections) for _ in range(3)]
            try:
                rotate_for(world, notes)
            finally:
                stop.set()
            for job in jobs:
                job.result()
        assert is_enough(notes), "the keys hardly rotated, or hardly anybody came"
        assert not notes.faults, notes.faults[:5]
        final = {key["kid"]: key for key in rp.http.get(rp.discovery["jwks_uri"], timeout=60).json()["keys"]}
        late = [fault for _, token in notes.tokens if (fault := verify(token, final))]
        assert not late, late[:5]


def is_enough(notes: Notes) -> bool:
    """Tell whether many tokens were signed, and by several keys after one another."""
    tokens = list(notes.tokens)
    signers = {jwt.get_unverified_header(token)["kid"] for _, token in tokens}
    return len(tokens) > 100 and len(signers) >= SECONDS / 2


def rotate_for(world: World, notes: Notes) -> None:
    """Ask for a rotation all the time, as an impatient operator; what is too young is refused.

    On a busy machine it goes on until there is enough to be judged.
    """
    end = time.monotonic() + SECONDS
    latest = end + PATIENCE
    while (now := time.monotonic()) < end or (now < latest and not is_enough(notes)):
        for alg in ALGS:
            with suppress(NextTooYoung):
                world.wiring.key_service.rotate(alg, world.wiring.clock.now(), actor="operator:local")
        time.sleep(PAUSE)
