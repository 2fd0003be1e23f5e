"""After every flow: no code, name, password, token or secret in clear in a log line, an address, a table, a key or a file."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import quote, quote_plus

import jwt
import pytest
import redis
import requests
from sqlalchemy import select

from idp.authn import totp
from idp.storage.tables import metadata
from tests.support.browser import Browser
from tests.support.receiver import Receiver
from tests.support.rp import RelyingParty, Tokens
from tests.support.world import World, deployed

AGENT = "Leak-Finder/7 Nowhere"
OPTIONAL = ("email", "name", "phone_number", "identity_code")


@dataclass
class Trace:
    """What was secret, and which addresses were asked for at the provider."""

    world: World
    secrets: dict[str, str] = field(default_factory=dict)
    urls: list[str] = field(default_factory=list)

    def watch(self, session: requests.Session) -> None:
        """Note every address that this session asks for, and call it by a name that must not be kept in clear."""
        session.headers["User-Agent"] = AGENT
        session.hooks["response"].append(lambda answer, *_args, **_more: self.urls.append(answer.url))

    def found_in(self, haystack: bytes, *, but: tuple[str, ...] = ()) -> set[str]:
        """Return the names of secrets that are there in clear, escaped or percent-encoded."""
        return {
            name
            for name, value in self.secrets.items()
            if name not in but and any(form.encode() in haystack for form in spellings(value))
        }


def spellings(value: str) -> set[str]:
    """Return the ways in which a text stands in logs, addresses, JSON and databases."""
    return {value, json.dumps(value)[1:-1], quote(value, safe=""), quote_plus(value)}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("production", marks=pytest.mark.servers)])
def trace(request: pytest.FixtureRequest) -> Iterator[Trace]:
    """Run every flow once, on each stack, with the most talkative log."""
    with deployed(request.param, settings={"LOG__LEVEL": "debug"}) as world, Receiver() as receiver:
        found = Trace(world)
        run_everything(found, receiver)
        yield found


def code_now(seed: bytes) -> str:
    """Return what the person's app shows at this moment."""
    return totp.code_at(seed, int(time.time()) // totp.STEP)


def run_everything(trace: Trace, receiver: Receiver) -> None:
    world, secrets = trace.world, trace.secrets
    person = world.person(name="Tôn Nữ Rất Riêng Tư", email="rieng-tu@example.vn", phone_number="+84905777111")
    secrets |= {"code": person.code, "password": person.password, "name": "Tôn Nữ Rất Riêng Tư"}
    secrets |= {"email": "rieng-tu@example.vn", "phone": "+84905777111", "agent": AGENT}
    seed = world.provider.idp_json("accounts", "enrol", person.code, "totp")["secret"]
    raw_seed = base64.b32decode(seed + "=" * (-len(seed) % 8))
    rp = world.rp(backchannel_logout_uri=receiver.url, post_logout_redirect_uris=["http://127.0.0.1:9/bye"])
    browser = world.browser("http://127.0.0.1:9/")
    trace.watch(browser.session)
    trace.watch(rp.http)
    secrets |= {"seed": seed, "client secret": str(rp.client["client_secret"])}
    wrong = "sai hoàn toàn nhưng gần đúng"
    secrets["wrong password"] = wrong
    page = browser.open(rp.begin().url)
    browser.submit(page, "login-form", "login-submit", identity_code=person.code, password=wrong)
    browser.submit(page, "login-form", "login-submit", identity_code="Mã gõ nhầm 777", password=wrong)
    secrets["mistyped code"] = "Mã gõ nhầm 777"
    claims = json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:dinhdanh:loa:2"]}, "email": None}})
    every = replace(person, otp=partial(code_now, raw_seed), optional_claims=OPTIONAL)
    scope = "openid profile email phone identity offline_access"
    attempt, page = world.walk(rp, every, browser, scope=scope, claims=claims)
    secrets |= {"one-time code": (page.callback or {})["code"], "verifier": attempt.verifier}
    tokens = rp.redeem(attempt, page.callback)
    assert rp.userinfo(tokens).json()["identity_code"] == person.code
    fresh = rp.refresh(tokens)
    secrets |= {"access token": tokens.access, "refresh token": tokens.refresh, "id token": tokens.id_token}
    secrets |= {"second access token": fresh.access, "second refresh token": fresh.refresh}
    rp.introspect(fresh.access)
    rp.introspect(fresh.refresh)
    rp.post("token", grant_type="authorization_code", code=secrets["one-time code"], code_verifier=attempt.verifier)
    for name, value in browser.session.cookies.items():
        secrets[f"cookie {name}"] = value
    browser.open(f"{world.issuer}/account")
    refuse_and_leave(trace, receiver, rp, browser, tokens, fresh)
    must_change = world.person(must_change=True)
    world.walk(rp, must_change, browser)
    secrets |= {"first password": must_change.password, "own password": must_change.new_password}


def refuse_and_leave(
    trace: Trace, receiver: Receiver, rp: RelyingParty, browser: Browser, tokens: Tokens, fresh: Tokens
) -> None:
    # Refusals write most of what is written.
    rp.userinfo(f"{fresh.access}x")
    rp.post("token", grant_type="refresh_token", refresh_token=tokens.refresh)
    rp.post("revocation", token=fresh.refresh)
    leaving = {"id_token_hint": fresh.id_token, "post_logout_redirect_uri": "http://127.0.0.1:9/bye"}
    browser.session.post(rp.discovery["end_session_endpoint"], data=leaving, allow_redirects=False, timeout=30)
    trace.secrets["logout token"] = receiver.next()["logout_token"][0]


@pytest.mark.spec("OIDC Core", "16.4")
def test_logs_hold_none_of_it(trace: Trace) -> None:
    log = trace.world.provider.log_path.read_bytes()
    assert b"case_code" in log
    assert trace.found_in(log) == set()


@pytest.mark.spec("OIDC Core", "16.4")
@pytest.mark.spec("RFC 6750", "5.3")
def test_addresses_hold_none_of_it(trace: Trace) -> None:
    assert len(trace.urls) > 20
    whole = "\n".join(trace.urls).encode()
    assert trace.found_in(whole) == set()


def test_no_column_of_any_table_holds_any_of_it(trace: Trace) -> None:
    database = trace.world.wiring.database
    rows = 0
    for table in metadata.sorted_tables:
        for row in database.rows(database.prepare(select(table))):
            for column, cell in zip(table.columns.keys(), row, strict=True):
                raw = bytes(cell) if isinstance(cell, bytes | bytearray | memoryview) else str(cell).encode()
                assert trace.found_in(raw) == set(), f"{table.name}.{column}"
            rows += 1
    assert rows > 30


def test_no_file_of_the_home_holds_any_of_it(trace: Trace) -> None:
    files = [path for path in trace.world.provider.home.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert trace.found_in(path.read_bytes()) == set(), path.name


def test_redis_holds_none_of_it(trace: Trace) -> None:
    url = trace.world.provider._environ.get("IDP_EPHEMERAL_URL")
    if not url:
        pytest.skip("this stack has no Redis")
    with redis.Redis.from_url(url) as client:
        keys = list(client.scan_iter())
        values = [client.dump(key) or b"" for key in keys]
    assert keys
    for raw in (*keys, *values):
        assert trace.found_in(raw) == set(), raw[:60]


def test_tokens_of_departments_hold_no_id_of_ours(trace: Trace) -> None:
    account = trace.world.wiring.accounts.find(trace.secrets["code"]).id
    for name in ("access token", "id token", "logout token"):
        claims = jwt.decode(trace.secrets[name], options={"verify_signature": False})
        assert account not in json.dumps(claims), name
        assert trace.secrets["code"] not in json.dumps(claims), name
