"""Sent codes over real stores: once, for one person, one address and one browser, and no more tries than five."""

from __future__ import annotations

import re
from dataclasses import replace

import orjson
import pytest

from idp.authn.sent_codes import PAUSE, TRIES, Ephemeral, Limits, SentCodes, Subject
from idp.errors import DomainError, Refused, Throttled
from idp.model.message import Channel
from idp.services.audit import AuditLog
from idp.services.messages import from_outbox
from idp.storage.database import Database
from idp.storage.open import open_ephemeral
from idp.storage.outbox import OutboxWriter, SqlOutbox, SqlPostbox
from idp.storage.tables import audit_events, counters, outbox, single_use, transactions
from tests.support.clock import FrozenClock
from tests.support.servers import RedisServer
from tests.support.stores import SEALER, in_parallel, stored

LIFE = 300
AN = Subject("an", Channel.SMS, "+84905000001", "t1:browser", "code")
PLACE = "192.0.2.1"
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.servers)
KINDS = ("sqlite", POSTGRESQL)
RACES = pytest.mark.parametrize("stores", [*KINDS, pytest.param("redis", marks=pytest.mark.servers)], indirect=True)
"""Redis too, where no time has to pass: it ends what it keeps by its own clock."""


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest) -> tuple[Database, Ephemeral]:
    """Return a database and the ephemeral stores over it, or over Redis."""
    kind = "sqlite" if request.param == "redis" else request.param
    database: Database = request.getfixturevalue(f"{kind}_database")
    url = ""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("own_redis")
        url = server.url
    found = open_ephemeral(url, database)
    return database, Ephemeral(found.transactions, found.counters, found.single_use)


@pytest.fixture
def database(stores: tuple[Database, Ephemeral]) -> Database:
    return stores[0]


@pytest.fixture
def codes(stores: tuple[Database, Ephemeral], audit: AuditLog, clock: FrozenClock) -> SentCodes:
    return codes_of(stores, audit, clock)


def codes_of(
    stores: tuple[Database, Ephemeral], audit: AuditLog, clock: FrozenClock, limits: Limits | None = None
) -> SentCodes:
    database, ephemeral = stores
    postbox = SqlPostbox(database, OutboxWriter(database, SEALER.seal))
    return SentCodes(ephemeral, postbox, audit, clock, b"k" * 32, limits or Limits(1000), LIFE)


class Sender:
    """Sends and reads the code from the outbox."""

    def __init__(self, database: Database, codes: SentCodes, clock: FrozenClock) -> None:
        self._outbox, self._codes, self._clock = SqlOutbox(database, SEALER.open), codes, clock

    def __call__(self, subject: Subject = AN) -> str:
        self._clock.advance(PAUSE)
        self._codes.send(subject, PLACE)
        [message] = self._outbox.lease(self._clock.now(), 10_000, 10)
        return from_outbox(message.payload).values["code"]


@pytest.fixture
def send(database: Database, codes: SentCodes, clock: FrozenClock) -> Sender:
    return Sender(database, codes, clock)


def refusal(codes: SentCodes, subject: Subject, typed: str) -> str:
    with pytest.raises(Refused) as refused:
        codes.use(subject, typed)
    return refused.value.code


def other(code: str) -> str:
    """Return a code that is wrong."""
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_of_six_digits_is_good_once(codes: SentCodes, send: Sender) -> None:
    code = send()
    assert re.fullmatch(r"[0-9]{6}", code)
    assert codes.live(AN) is not None
    codes.use(AN, f" {code[:3]} {code[3:]} ")
    assert codes.live(AN) is None
    assert refusal(codes, AN, code) == "code_spent"


@RACES
def test_one_of_64_parallel_uses_succeeds(codes: SentCodes, send: Sender, database: Database) -> None:
    code = send()

    def act(_number: int) -> str:
        try:
            codes.use(AN, code)
        except Refused as error:
            return error.code
        return "ok"

    outcomes = in_parallel(database, 64, act)
    assert outcomes.count("ok") == 1
    assert set(outcomes) <= {"ok", "code_spent", "code_used_up"}


@RACES
def test_five_of_fifty_parallel_guesses_are_looked_at(
    codes: SentCodes, send: Sender, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, digest = send(), codes._digest
    judged: list[str] = []

    def counted(subject: Subject, nonce: str, typed: str) -> str:
        judged.append(typed)
        return digest(subject, nonce, typed)

    monkeypatch.setattr(codes, "_digest", counted)
    wrong = other(code)

    def act(_number: int) -> str:
        return refusal(codes, AN, wrong)

    outcomes = in_parallel(database, 50, act)
    assert (outcomes.count("wrong_code"), outcomes.count("code_used_up"), len(judged)) == (TRIES, 50 - TRIES, TRIES)
    assert refusal(codes, AN, code) == "code_used_up"


def test_a_new_code_voids_the_one_before_and_has_tries_of_its_own(codes: SentCodes, send: Sender) -> None:
    first = send()
    for _ in range(TRIES):
        refusal(codes, AN, other(first))
    second = send()
    if first != second:
        assert refusal(codes, AN, first) == "wrong_code"
    codes.use(AN, second)


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": "binh"},
        {"channel": Channel.MAIL},
        {"address": "+84905000002"},
        {"bound_to": "t2:browser"},
        {"bound_to": "t1:other"},
        {"text": "contact_code"},
    ],
)
def test_a_code_opens_nothing_else(codes: SentCodes, send: Sender, change: dict[str, object]) -> None:
    code = send()
    assert refusal(codes, replace(AN, **change), code) == "no_code"  # type: ignore[arg-type]
    codes.use(AN, code)


def test_a_code_ends_with_its_life(codes: SentCodes, send: Sender, clock: FrozenClock) -> None:
    code = send()
    clock.advance(LIFE)
    assert codes.live(AN) is None
    assert refusal(codes, AN, code) == "no_code"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "٠١٢٣٤٥", "\ud800", "1" * 10_000, "０００００１"])
def test_what_is_no_code_is_wrong(codes: SentCodes, send: Sender, typed: str) -> None:
    send()
    assert refusal(codes, AN, typed) == "wrong_code"


def test_the_next_code_has_to_wait_a_little(codes: SentCodes, clock: FrozenClock, database: Database) -> None:
    codes.send(AN, PLACE)
    with pytest.raises(Throttled) as throttled:
        codes.send(AN, PLACE)
    assert 0 < throttled.value.retry_after <= PAUSE
    clock.advance(PAUSE)
    codes.send(AN, PLACE)
    reasons = [(row["outcome"], row["reason"]) for row in stored(database, audit_events, event="code:send")]
    assert sorted(reasons) == [("done", ""), ("done", ""), ("refused", "throttled")]


@RACES
def test_one_of_many_parallel_requests_sends(codes: SentCodes, database: Database) -> None:
    def act(_number: int) -> bool:
        try:
            codes.send(AN, PLACE)
        except Throttled:
            return False
        return True

    assert in_parallel(database, 16, act).count(True) == 1
    assert len(stored(database, outbox)) == 1


@pytest.mark.parametrize(
    ("limits", "vary"),
    [
        (Limits(1000, an_hour=3), {"bound_to": "t{n}"}),
        (Limits(1000, a_day=3), {"bound_to": "t{n}"}),
        (Limits(1000, a_day=3), {"account_id": "person {n}"}),
        (Limits(1000, from_place=3), {"account_id": "person {n}", "address": "+8490500{n}"}),
        (Limits(3), {"account_id": "person {n}", "address": "+8490500{n}"}),
    ],
)
def test_codes_are_limited_by_person_address_place_and_in_all(
    stores: tuple[Database, Ephemeral], audit: AuditLog, clock: FrozenClock, limits: Limits, vary: dict[str, str]
) -> None:
    codes = codes_of(stores, audit, clock, limits)
    outcomes = []
    for number in range(5):
        clock.advance(PAUSE)
        changed = {name: value.format(n=number) for name, value in vary.items()}
        try:
            codes.send(replace(AN, **changed), PLACE)  # type: ignore[arg-type]
            outcomes.append(True)
        except Throttled:
            outcomes.append(False)
    assert outcomes == [True] * 3 + [False] * 2


def test_no_code_and_no_address_is_readable_anywhere(codes: SentCodes, send: Sender, database: Database) -> None:
    code = send()
    with pytest.raises(DomainError):
        codes.use(AN, other(code))
    for table in (outbox, audit_events, transactions, counters, single_use):
        for row in stored(database, table):
            values = {name: value for name, value in row.items() if name not in {"seq", "at_us", "id"}}
            text = b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in values.values())
            assert AN.address.encode() not in text
            assert b"905000001" not in text
            assert f'"{code}"'.encode() not in text


def test_a_code_of_another_release_is_none(
    stores: tuple[Database, Ephemeral], codes: SentCodes, send: Sender, clock: FrozenClock
) -> None:
    """Two releases share the store while processes are replaced; what has another shape was never sent, as far as this one knows."""
    code = send()
    stores[1].transactions.put(codes._place(AN), orjson.dumps(["n", "d", 0, "more"]), clock.now() + LIFE)
    assert codes.live(AN) is None
    with pytest.raises(Refused) as refused:
        codes.use(AN, code)
    assert refused.value.code == "no_code"
