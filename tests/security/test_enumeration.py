"""Nobody learns from a sign-in whether a code is known: the same bytes after the same time."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from werkzeug.test import Client as WsgiClient
from werkzeug.test import TestResponse

from idp.services.locks import ground
from idp.wsgi import build
from policies.recovery import Path
from tests.protocol.conftest import world
from tests.support.ranks import mann_whitney
from tests.support.token_world import TokenWorld

__all__ = ["world"]

SIDE, WRONG = 100, "sai mật khẩu rồi"
NOT_DISTINGUISHED = 0.01


def known(number: int) -> str:
    return f"049499{number:06d}"


def unknown(number: int) -> str:
    return f"049499{500_000 + number:06d}"


@pytest.fixture
def people(world: TokenWorld) -> TokenWorld:
    """Return a world with as many people as samples; one hash for all, as a hash costs 20 ms."""
    row = world.wiring.credentials.new_password("mật khẩu mẫu đúng", must_change=False)
    for number in range(SIDE):
        draft = world.wiring.accounts.draft({"code_type": "cccd", "code": known(number), "name": "Công dân mẫu"})
        world.wiring.accounts.add(draft, (replace(row),))
    return world


@cache
def _application(world: TokenWorld) -> Any:
    return build(world.wiring)


class Visitor:
    """A browser at the sign-in page, from an address that nobody has counted yet."""

    def __init__(self, world: TokenWorld, number: int, path: str = "") -> None:
        self._client = WsgiClient(_application(world))
        self._place = {"REMOTE_ADDR": f"10.{number // 250}.{number % 250}.1", "wsgi.url_scheme": "https"}
        at = self._client.get("/account", base_url="https://id.example.vn", environ_overrides=self._place)
        self._path = path or at.headers["Location"]
        page = self._send("GET")
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found
        self._token = found[1]

    def _send(self, method: str, **form: str) -> TestResponse:
        return self._client.open(
            self._path, method=method, base_url="https://id.example.vn", data=form, environ_overrides=self._place
        )

    def guess(self, code: str) -> TestResponse:
        """Send a wrong password."""
        return self.send(identity_code=code, password=WRONG)

    def send(self, **fields: str) -> TestResponse:
        """Send the page's form."""
        return self._send("POST", csrf_token=self._token, **fields)


def sample(world: TokenWorld, first: int) -> tuple[list[float], list[float]]:
    """Return the seconds of answers for known and for unknown codes, asked in random order."""
    turns = [(code, number) for number in range(SIDE) for code in (known, unknown)]
    random.Random(first).shuffle(turns)
    times: dict[Callable[[int], str], list[float]] = {known: [], unknown: []}
    for nth, (code, number) in enumerate(turns):
        visitor = Visitor(world, first + nth)
        began = time.perf_counter()
        answer = visitor.guess(code(number))
        times[code].append(time.perf_counter() - began)
        assert answer.status_code == 200
    return times[known], times[unknown]


def neutral(answer: TestResponse, code: str) -> str:
    """Return a page without what the browser itself sent, and without what is drawn by chance for each page."""
    text = answer.text.replace(f'value="{code}"', "CODE")
    text = re.sub(r'data-options="[^"]*"', "DRAWN", text)
    return re.sub(r'(name="csrf_token" value="|/signin/)[A-Za-z0-9._-]*', "DRAWN", text)


def test_known_and_unknown_codes_get_the_same_bytes_and_headers(people: TokenWorld) -> None:
    answers = [(Visitor(people, number).guess(code), code) for number, code in enumerate((known(1), unknown(1), "x"))]
    assert len({neutral(answer, code) for answer, code in answers[:2]}) == 1
    assert len({len(answer.data) - len(code.encode()) for answer, code in answers[:2]}) == 1
    headers = [sorted(name for name, _ in answer.headers) for answer, _ in answers]
    assert headers[0] == headers[1] == headers[2]


def test_locked_closed_and_passwordless_accounts_answer_alike(people: TokenWorld) -> None:
    accounts = people.wiring.accounts
    people.wiring.locks.lock(accounts.find(known(1)).id, ground("security"))
    accounts.change_state(accounts.find(known(2)).id, "closed", reason="test")
    people.wiring.credentials.remove(accounts.find(known(3)).id, "password")
    answers = [(Visitor(people, number).guess(known(number)), known(number)) for number in (1, 2, 3)]
    answers.append((Visitor(people, 9).guess(unknown(9)), unknown(9)))
    assert len({neutral(answer, code) for answer, code in answers}) == 1


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/recover", {"recovery_code": "AAAA-BBBB-CCCC-DDDD", "otp": "123456"}),
        (
            "/recover/activate",
            {"activation_code": "AAAA-BBBB-CCCC-DDDD", "new_password": WRONG, "new_password_again": WRONG},
        ),
        ("/recover/cancel", {"cancel_code": "ABCDEFGH"}),
    ],
)
def test_recovery_pages_tell_nothing_either(people: TokenWorld, path: str, fields: dict[str, str]) -> None:
    wiring = people.wiring
    with_app = wiring.accounts.find(known(1)).id
    wiring.credentials.enrol_totp(with_app)
    wiring.recovery_codes.renew(with_app, actor="operator:local")
    wiring.recoveries.begin(wiring.accounts.find(known(2)).id, Path.COUNTER, evidence="CCCD", reason="test")
    wiring.locks.lock(wiring.accounts.find(known(3)).id, ground("security"))
    answers = []
    for number, code in enumerate((known(1), known(2), known(3), known(4), unknown(1), "x")):
        visitor = Visitor(people, number, path)
        answers.append(neutral(visitor.send(identity_code=code, **fields), code))
    assert len(set(answers)) == 1


@pytest.mark.slow
def test_two_hundred_timed_samples_do_not_tell_known_from_unknown(people: TokenWorld) -> None:
    """A machine that others use too stalls now and then: samples are taken in random order, and one unlucky draw of a
    hundred is expected at this level. So a difference counts only if a second, independent draw finds it again."""
    Visitor(people, 0).guess(known(0))
    first = mann_whitney(*sample(people, 1000))
    again = mann_whitney(*sample(people, 3000)) if first <= NOT_DISTINGUISHED else first
    assert again > NOT_DISTINGUISHED, (first, again)


def test_a_difference_that_is_there_would_be_found() -> None:
    generator = random.Random(5)
    usual = [generator.gauss(25, 2) for _ in range(SIDE)]
    assert mann_whitney(usual, [generator.gauss(25, 2) for _ in range(SIDE)]) > NOT_DISTINGUISHED
    assert mann_whitney(usual, [generator.gauss(26.5, 2) for _ in range(SIDE)]) < NOT_DISTINGUISHED
    assert mann_whitney([1.0] * 20, [1.0] * 20) == 1.0
