"""Many requests at the same moment, each answered for itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import TypeVar

import requests

from idp import handles
from idp.model.grant import CodePayload
from idp.model.session import Origin, Session
from policies import assurance
from tests.support.rp import s256
from tests.support.world import CALLBACK, World

T = TypeVar("T")
R = TypeVar("R")
VERIFIER = "v" * 43


class Connections:
    """One keep-alive connection for each thread."""

    def __init__(self) -> None:
        self._local = local()

    @property
    def session(self) -> requests.Session:
        """Return this thread's session."""
        found: requests.Session | None = getattr(self._local, "session", None)
        if found is None:
            found = self._local.session = requests.Session()
            found.trust_env = False
        return found


def at_once(threads: int, things: Sequence[T], act: Callable[[T], R]) -> list[R]:
    """Return what `act` gives for each thing, in order, run by so many threads."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(act, things))


def session_of(world: World, code: str) -> Session:
    """Start a session of the citizen with this code, as a sign-in does."""
    account = world.wiring.accounts.find(code)
    return world.wiring.sessions.start(account.id, assurance.LOA_1, ("pwd",), Origin("127.0.0.1", "flood"))[0]


def sealed_code(world: World, client_id: str, session: Session) -> tuple[str, str]:
    """Return an authorization code as the endpoint seals it, and the id of its grant."""
    client = world.wiring.clients.known(client_id)
    payload = CodePayload(
        grant_id=handles.new_id(),
        client_id=client_id,
        account_id=session.account_id,
        session_id=session.id,
        sub=world.wiring.subjects.subject(session.account_id, client),
        scope="openid",
        claims=0,
        id_claims=0,
        nonce=None,
        challenge=s256(VERIFIER),
        redirect_digest=hashlib.sha256(CALLBACK.encode()).digest(),
        auth_time=session.auth_time,
        acr=session.acr,
        amr=session.amr,
        expires_at=world.wiring.clock.now() + 60,
        issued_at=world.wiring.clock.now(),
    )
    return world.wiring.codes.seal(payload), payload.grant_id


def redemption(code: str) -> dict[str, str]:
    """Return the form that redeems a sealed code."""
    return {
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
    }  # fmt: skip
