"""The emergency as a drill: a signing key is revoked under load, several workers, a relying party that caches as it is told.

Nothing here depends on how fast the machine is: the moments are measured and printed (``pytest -s``; docs/keys.md has them), and what is
asserted is their order.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import jwt
import pytest
import requests

from tests.support.flood import Connections, redemption, sealed_code, session_of
from tests.support.rp import RelyingParty, basic
from tests.support.world import World, deployed

MAX_AGE = 3
ALG = "ES256"


@dataclass
class CachingParty:
    """Holds the key set for as long as its answer says, and asks for no other before."""

    url: str
    asked: float = float("-inf")
    keys: Mapping[str, Any] = field(default_factory=dict)

    def accepts(self, token: str) -> bool:
        """Tell whether the token verifies with what is held now."""
        if time.monotonic() - self.asked >= MAX_AGE:
            self.asked = time.monotonic()
            answer = requests.get(self.url, timeout=60)
            assert f"max-age={MAX_AGE}" in answer.headers["Cache-Control"]
            self.keys = {key["kid"]: key for key in answer.json()["keys"]}
        header = jwt.get_unverified_header(token)
        if header["kid"] not in self.keys:
            return False
        key = jwt.PyJWK(self.keys[header["kid"]]).key
        jwt.decode(token, key, [header["alg"]], options={"verify_aud": False, "verify_exp": False})
        return True


@dataclass
class Notes:
    """What was seen, by moment: sign-ins with the key that signed, whether the caching party took the new token."""

    sign_ins: list[tuple[float, float, str, bool]] = field(default_factory=list)
    refused: int = 0


def sign_in_until(world: World, rp: RelyingParty, notes: Notes, stop: Event, connections: Connections) -> None:
    """Redeem codes and have each token verified by a party of its own that caches."""
    session, party = session_of(world, world.person().code), CachingParty(rp.discovery["jwks_uri"])
    header = {"Authorization": basic(rp.client_id, str(rp.client["client_secret"]))}
    while not stop.wait(0.02):
        code, _ = sealed_code(world, rp.client_id, session)
        asked = time.monotonic()
        answer = connections.session.post(
            rp.discovery["token_endpoint"], data=redemption(code), headers=header, timeout=60
        )
        if answer.status_code != requests.codes.ok:
            notes.refused += 1
            continue
        token = answer.json()["access_token"]
        kid = jwt.get_unverified_header(token)["kid"]
        notes.sign_ins.append((asked, time.monotonic(), kid, party.accepts(token)))
    world.wiring.database.close()


def active(world: World) -> str:
    """Return the key that signs."""
    return next(row.kid for row in world.wiring.key_service.rows() if (row.alg, row.state) == (ALG, "active"))


@pytest.mark.slow
def test_a_revoked_key_is_refused_at_once_here_and_by_others_when_their_cache_ends() -> None:
    with deployed("sqlite", workers=3, settings={"JWKS_MAX_AGE": str(MAX_AGE)}) as world:
        rp, notes, stop, connections = world.rp(), Notes(), Event(), Connections()
        with ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(sign_in_until, world, rp, notes, stop, connections) for _ in range(3)]
            try:
                measured = emergency(world, rp)
            finally:
                stop.set()
            for job in jobs:
                job.result()
    report(notes, measured)
    ordered, done, kid = measured["ordered"], measured["done"], measured["kid"]
    after = [one for one in notes.sign_ins if one[0] >= done]
    assert notes.refused == 0, "the load met an error"
    assert {one[2] for one in notes.sign_ins if one[1] < ordered} == {kid}
    assert after, "nobody signed in after the order"
    assert kid not in {one[2] for one in after}, "a token was signed by the revoked key after the order was done"
    assert all(one[3] for one in after), (
        "a caching party refused a token of the new key, which had been published long enough"
    )


def emergency(world: World, rp: RelyingParty) -> dict[str, Any]:
    """Revoke the active key when the next one may sign, and see who still accepts what it signed."""
    keys = world.wiring.key_service.load()[1]
    published = max(key.published_at for key in keys if (key.alg, key.state) == (ALG, "next"))
    # Then every cache that is within its time holds the next key, as after a rotation of months ago.
    while world.wiring.clock.now() <= published + MAX_AGE + 1:
        time.sleep(0.1)
    kid = active(world)
    token = world.sign_in(rp, world.person()).access
    worst = CachingParty(rp.discovery["jwks_uri"])
    assert worst.accepts(token)
    ordered = time.monotonic()
    # What `idp keys revoke` calls; the start of an interpreter is not what is measured.
    world.wiring.key_service.revoke(kid, world.wiring.clock.now(), actor="operator:local", note="diễn tập")
    done = time.monotonic()
    assert [rp.userinfo(token).status_code for _ in range(12)] == [requests.codes.unauthorized] * 12
    here = time.monotonic()
    last, fetched = worst.asked, worst.asked
    while worst.accepts(token):
        last = time.monotonic()
        assert worst.asked == fetched, "a key set that was fetched a cache lifetime after the order still had the key"
        time.sleep(0.02)
    return {"kid": kid, "ordered": ordered, "done": done, "here": here, "last": last}


def report(notes: Notes, measured: Mapping[str, Any]) -> None:
    """Print seconds from the order."""
    ordered = measured["ordered"]
    new = [one for one in notes.sign_ins if one[2] != measured["kid"]]
    gap = max(later[1] - earlier[1] for earlier, later in zip(notes.sign_ins, notes.sign_ins[1:], strict=False))
    span = notes.sign_ins[-1][1] - notes.sign_ins[0][1]
    print(f"\nsign-ins {len(notes.sign_ins)} in {span:.1f} s, longest pause {gap:.2f} s")
    print(f"order done after {measured['done'] - ordered:.2f} s")
    print(f"first sign-in with the new key after {min(one[1] for one in new) - ordered:.2f} s")
    print(f"first that a caching party took after {min(one[1] for one in new if one[3]) - ordered:.2f} s")
    print(f"refused here by every request from {measured['here'] - ordered:.2f} s at the latest")
    print(f"last accepted by a caching party {measured['last'] - ordered:.2f} s after the order (max-age {MAX_AGE} s)")
