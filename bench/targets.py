"""What is measured: a running provider with a registered client, live sessions and refresh tokens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from bench import stored_grants
from bench.load import accounting
from bench.load.flows import Party
from tests.support.browser import Browser, Person
from tests.support.ports import free_port
from tests.support.provider import Provider
from tests.support.servers import PostgresServer, RedisServer

REDIRECT_URI: Final = "http://localhost:9/callback"
PEER: Final = Path(__file__).with_name("peer")
_SECRET: Final = "bench-secret-of-43-random-looking-characters"
_PASSWORD: Final = "mật khẩu của phép đo 2026"
_VERIFIER: Final = "v" * 43


@dataclass(slots=True)
class Target:
    """One running server; `roots` are the first process ids of everything whose CPU time counts."""

    name: str
    party: Party
    roots: dict[str, int]
    cookies: list[str] = field(default_factory=list)
    refresh_tokens: list[str] = field(default_factory=list)
    people: list[tuple[str, str]] = field(default_factory=list)
    skips: frozenset[str] = frozenset()
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port to connect to."""
        return "127.0.0.1", int(urlsplit(self.party.issuer).port or 80)

    def rss(self) -> dict[str, Any]:
        """Return the resident MiB of the server's first process and of its children (the workers, where it has any)."""
        sizes = dict(accounting.rss_mib(self.roots["server"]))
        first = sizes.pop(self.roots["server"], 0.0)
        return {"first": round(first, 1), "children": [round(size, 1) for size in sizes.values()]}

    def open_sessions(self, people: list[Person]) -> None:
        """Sign every person in once, agree to what is asked, and get a refresh token for each."""
        for person in people:
            browser = Browser(REDIRECT_URI, languages="en")
            hint = {"login_hint": person.code} if not self.people else {}
            for extra in ({}, {"scope": "openid profile email offline_access", "prompt": "consent"}):
                url = self.party.authorize_url(verifier=_VERIFIER, state="s", nonce="n", **extra, **hint)
                page = browser.walk(url, person)
                assert page.callback is not None
                assert "code" in page.callback, page.callback
                tokens = self._redeem(page.callback["code"])
            self.cookies.append(browser.cookie_header(self.party.url("authorization_endpoint")))
            self.refresh_tokens.append(tokens["refresh_token"])

    def _redeem(self, code: str) -> dict[str, Any]:
        fields = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI, "code_verifier": _VERIFIER,
        }  # fmt: skip
        answer = requests.post(
            self.party.url("token_endpoint"), fields, headers={"Authorization": self.party.authorization}, timeout=30
        )
        answer.raise_for_status()
        tokens: dict[str, Any] = answer.json()
        return tokens


def _party(issuer: str, client_id: str, client_secret: str, **extra: dict[str, str]) -> Party:
    document_url = f"{issuer}/.well-known/openid-configuration"
    document = requests.get(document_url, timeout=30).json()
    endpoints = {name: value for name, value in document.items() if isinstance(value, str)}
    return Party(issuer, {**endpoints, "discovery": document_url}, client_id, client_secret, REDIRECT_URI, **extra)


@contextmanager
def ours(stack: str, *, workers: int, connections: int, grants: int = 0, name: str = "ours") -> Iterator[Target]:
    """Start this provider on `sqlite` (the embedded default) or `pgredis` (PostgreSQL with fsync, and Redis); `grants` lie in it already."""
    with ExitStack() as servers:
        roots: dict[str, int] = {}
        database_url = ephemeral_url = ""
        if stack == "pgredis":
            postgres, redis = servers.enter_context(PostgresServer()), servers.enter_context(RedisServer())
            roots = {"postgres": postgres.pid, "redis": redis.pid}
            database_url, ephemeral_url = postgres.url, redis.url
        provider = Provider(database_url=database_url, ephemeral_url=ephemeral_url, workers=workers)
        servers.callback(provider.close)
        provider.initialise()
        people = [Person(f"0494990{at:05d}", _PASSWORD) for at in range(1, connections + 1)]
        for at, person in enumerate(people, start=1):
            provider.add_account(
                person.code, person.password, name=f"Công dân mẫu {at:02d}", gender="male",
                email=f"mau{at:02d}@example.vn", email_verified="true",
            )  # fmt: skip
        client = provider.add_client(redirect_uris=[REDIRECT_URI])
        stored_grants.load(provider, database_url, grants, int(time.time()))
        provider.start()
        party = _party(provider.issuer, client["client_id"], client["client_secret"])
        target = Target(name, party, {"server": provider.pid, **roots})
        target.people = [(person.code, person.password) for person in people]
        target.open_sessions(people)
        yield target


@contextmanager
def peer(*, workers: int, connections: int, is_jwt: bool = False, id_token_alg: str = "ES256") -> Iterator[Target]:
    """Start the npm package `oidc-provider` over Redis; `is_jwt` switches its access tokens to RFC 9068."""
    with ExitStack() as servers, tempfile.TemporaryDirectory() as directory:
        redis = servers.enter_context(RedisServer())
        port = free_port()
        issuer = f"http://localhost:{port}"
        clients = Path(directory) / "clients.json"
        clients.write_text(json.dumps([_peer_client()]))
        environ = os.environ | {
            "NODE_ENV": "production", "PORT": str(port), "ISSUER": issuer, "REDIS": str(redis.socket),
            "WORKERS": str(workers), "ACCESS_TOKEN": "jwt" if is_jwt else "opaque", "ID_TOKEN_ALG": id_token_alg,
            "CLIENTS_FILE": str(clients),
        }  # fmt: skip
        log = servers.enter_context((Path(directory) / "log").open("wb"))
        process = subprocess.Popen(
            ["node", "server.mjs"],
            cwd=PEER, env=environ, stdout=log, stderr=log,
        )  # fmt: skip
        servers.callback(_end, process)
        _wait_for(f"{issuer}/.well-known/openid-configuration", process)
        resource = {"resource": f"{issuer}/api"} if is_jwt else {}
        party = _party(issuer, "bench", _SECRET, authorize_extra=resource, credentials_extra=resource)
        target = Target("peer-jwt" if is_jwt else "peer", party, {"server": process.pid, "redis": redis.pid})
        target.skips = frozenset({"password", *(("userinfo", "introspection", "sign_in") if is_jwt else ())})
        target.open_sessions([Person(f"citizen-{at}", "") for at in range(connections)])
        yield target


def _peer_client() -> dict[str, object]:
    return {
        "client_id": "bench",
        "client_secret": _SECRET,
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "openid profile email offline_access api",
    }


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        try:
            if requests.get(url, timeout=5).status_code == requests.codes.ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
        if process.poll() is not None:
            break
    message = "the peer did not start; is `npm ci` done in bench/peer?"
    raise RuntimeError(message)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
