"""Fifty workers killed in mid-work: whatever was acknowledged is there, nothing was spent twice, the audit log holds."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from threading import Event

import pytest
import requests

from idp.model.session import Session
from idp.storage.tables import audit_events, consents, grants
from tests.support.browser import Person, UnexpectedPageError
from tests.support.flood import Connections, redemption, sealed_code, session_of
from tests.support.rp import RelyingParty, basic
from tests.support.stores import stored
from tests.support.world import World, deployed

KILLS = 50
PAUSE = 0.1
PATIENCE = 600.0
"""Seconds for all the kills, on a machine that is busy with other things; they take twenty on one that is not."""
REDEEMERS = 3


@dataclass
class Ledger:
    """What the provider said it had done."""

    redeemed: Counter[str] = field(default_factory=Counter)
    people: list[Person] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    broken: int = 0
    answers: Counter[int] = field(default_factory=Counter)


@pytest.fixture(params=["sqlite", pytest.param("production", marks=pytest.mark.servers)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Run four workers."""
    with deployed(request.param, workers=4) as running:
        yield running


def workers_of(pid: int) -> list[int]:
    """Return the worker processes of a server, by what the kernel says."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()
            name = (entry.parent / "comm").read_text().strip()
            if int(fields[1]) == pid and fields[0] != "Z" and name == "idp-web":
                found.append(int(entry.parent.name))
    return found


def kill_at_random(world: World, ledger: Ledger, stop: Event) -> int:
    """Kill workers; never the one that has just been started again, which the server would take for a crash loop."""
    killed, seen = 0, set(workers_of(world.provider.pid))
    end = time.monotonic() + PATIENCE
    while killed < KILLS:
        alive = workers_of(world.provider.pid)
        log = world.provider.log_path
        assert time.monotonic() < end, f"{killed} killed, {alive} left: {log.read_text(errors='replace')[-2000:]}"
        old = [pid for pid in alive if pid in seen]
        if len(alive) > 1 and old:
            victim = random.choice(old)
            os.kill(victim, SIGKILL)
            killed += 1
            before = set(alive)
            deadline = time.monotonic() + 60
            # The next victim is any of those that run now, so not the successor of this one.
            seen = before - {victim}
            while time.monotonic() < deadline:
                now = workers_of(world.provider.pid)
                if victim not in now and len(now) >= len(alive):
                    break
                time.sleep(0.02)
        # On a busy machine the next kill waits for some work to be hit by it.
        done, patience = ledger.redeemed.total(), time.monotonic() + 1.5
        time.sleep(PAUSE)
        while ledger.redeemed.total() < done + 3 and time.monotonic() < patience:
            time.sleep(0.02)
        # A sign-in is many requests; on a busy machine none would get through between the kills, and there would be nothing to lose.
        while killed >= KILLS // 2 and not ledger.people and time.monotonic() < end:
            time.sleep(0.02)
        seen = seen or set(workers_of(world.provider.pid))
    stop.set()
    return killed


def redeem_until(
    world: World, rp: RelyingParty, sessions: Session, ledger: Ledger, stop: Event, connections: Connections
) -> None:
    """Redeem codes; an answer that got lost is asked for once more, as a client would."""
    header = {"Authorization": basic(rp.client_id, str(rp.client["client_secret"]))}
    url = rp.discovery["token_endpoint"]
    while not stop.is_set():
        code, grant = sealed_code(world, rp.client_id, sessions)
        world.wiring.database.close()
        for _ in range(5):
            try:
                answer = connections.session.post(url, data=redemption(code), headers=header, timeout=60)
            except requests.RequestException:
                ledger.broken += 1
                time.sleep(0.02)
                continue
            ledger.answers[answer.status_code] += 1
            if answer.status_code == requests.codes.ok:
                ledger.redeemed[grant] += 1
            if answer.status_code != requests.codes.service_unavailable:
                break


def sign_in_until(world: World, rp: RelyingParty, ledger: Ledger, stop: Event) -> None:
    """Sign new people in, each once: a password of their own, a consent, a code."""
    while not stop.is_set():
        if not listens(world):
            time.sleep(0.02)
            continue
        person = world.person(must_change=True)
        world.wiring.database.close()
        with suppress(requests.RequestException, UnexpectedPageError):
            _attempt, page = world.walk(rp, person, world.browser(), scope="openid email")
            ledger.codes[(page.callback or {})["code"]] += 1
            ledger.people.append(person)


def listens(world: World) -> bool:
    """Tell whether anybody accepts connections: a worker that was killed takes seconds to come back on a busy machine."""
    with suppress(requests.RequestException):
        return requests.get(f"{world.provider.issuer}/healthz/live", timeout=60).ok
    return False


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_is_spent_twice(world: World) -> None:
    rp, ledger, stop, connections = world.rp(), Ledger(), Event(), Connections()
    session = session_of(world, world.person().code)
    with ThreadPoolExecutor(REDEEMERS + 2) as pool:
        jobs = [pool.submit(redeem_until, world, rp, session, ledger, stop, connections) for _ in range(REDEEMERS)]
        jobs += [pool.submit(sign_in_until, world, rp, ledger, stop) for _ in range(2)]
        try:
            assert kill_at_random(world, ledger, stop) == KILLS
        finally:
            stop.set()
        for job in jobs:
            job.result()
    assert ledger.broken, "no request was hit: the test proves nothing"
    assert len(ledger.redeemed) > 50
    assert ledger.people
    check(world, ledger)
    assert world.sign_in(rp, world.person()).sub


def check(world: World, ledger: Ledger) -> None:
    database, credentials = world.wiring.database, world.wiring.credentials
    assert max(ledger.redeemed.values()) == 1, "a code was spent twice"
    kept = {row["id"] for row in stored(database, grants)}
    audited = {row["target"] for row in stored(database, audit_events, event="token:authorization_code")}
    assert not set(ledger.redeemed) - kept
    assert not {f"grant:{one}" for one in ledger.redeemed} - audited
    # As many grants as audit records: neither was ever written without the other.
    assert {f"grant:{one}" for one in kept} == audited
    agreed = {row["account_id"] for row in stored(database, consents)}
    for person in ledger.people:
        account = world.wiring.accounts.find(person.code)
        assert account.id in agreed
        assert stored(database, audit_events, event="consent:give", account_id=account.id)
        assert stored(database, audit_events, event="credential:set", account_id=account.id)
    assert credentials.verify_password(account.id, ledger.people[-1].new_password).ok
    assert world.provider.idp("tick").returncode == 0
    verified = world.provider.idp("audit", "verify")
    assert verified.returncode == 0, verified.stderr
    unexpected = {status for status in ledger.answers if status >= 500} - {503}
    assert not unexpected, ledger.answers
