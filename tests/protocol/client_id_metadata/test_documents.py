"""A client that is the address of its document: fetched once, bounded, capped like anybody, known by its host."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from idp.config.settings import Registration
from idp.ports.fetcher import Fetched
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import clients
from tests.support.client_keys import key_set, new_key
from tests.support.clock import FrozenClock
from tests.support.stores import stored
from tests.support.token_world import CHALLENGE, FORM, ISSUER, TokenWorld
from tests.support.whole_app import WholeApp

ID = "https://app.example.vn/client.json"
BACK = "https://app.example.vn/callback"
KEY = new_key()


class Web:
    """``ports.fetcher.Fetcher`` over a few documents: https to an outside host is what no test may do."""

    def __init__(self) -> None:
        self.answers: dict[str, Fetched] = {}
        self.asked: list[str] = []

    def put(self, document: object, uri: str = ID, **changes: Any) -> None:
        body = document if isinstance(document, bytes) else orjson.dumps(document)
        values = {"status": 200, "content_type": "application/json", "body": body, **changes}
        self.answers[uri] = Fetched(**values)

    def get(self, url: str, accept: str) -> Fetched:
        self.asked.append(url)
        return self.answers.get(url, Fetched(404, "text/plain", b""))

    def post(self, url: str, body: bytes, content_type: str, *, authorization: str = "") -> Fetched:
        raise AssertionError(url)


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def app(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, web: Web) -> WholeApp:
    settings = Registration(metadata_documents=True, per_address=20)
    world = TokenWorld(tmp_path, sqlite_database, clock, registration=settings)
    # What holds the fetcher is made anew with this one.
    world.wiring.fetcher = web
    for made in (
        "introductions",
        "authorization",
        "authenticator",
        "sector_documents",
        "client_finder",
        "par",
        "sources",
    ):
        world.wiring.__dict__.pop(made, None)
    return WholeApp(world)


def document(**changes: object) -> dict[str, Any]:
    values: dict[str, Any] = {"client_id": ID, "client_name": "Ứng dụng", "redirect_uris": [BACK], **changes}
    return {name: value for name, value in values.items() if value is not None}


def authorize(app: WholeApp, client_id: str = ID, headers: dict[str, str] | None = None) -> Any:
    """Send an authorization request of somebody who is not signed in."""
    query = {
        "client_id": client_id, "redirect_uri": BACK, "response_type": "code", "scope": "openid",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    return app.call("GET", f"/authorize?{urlencode(query)}", headers=headers or {})


@pytest.mark.spec("OAuth Client ID Metadata Document", "4")
def test_client_of_a_document_reaches_the_sign_in_page(app: WholeApp, web: Web) -> None:
    web.put(document())
    answer = authorize(app)
    assert answer.status == 303
    assert answer.headers["location"].startswith("/signin/")
    [row] = stored(app.world.database, clients, client_id=ID)
    kept = orjson.loads(row["document"])
    assert (kept["token_endpoint_auth_method"], kept["introduced_by"], kept["unit"]) == (
        "none",
        "metadata_document",
        "sandbox",
    )
    assert "identity" not in kept["scope"]


@pytest.mark.spec("OAuth Client ID Metadata Document", "4.4")
def test_document_is_kept_for_its_time_and_then_fetched_again(app: WholeApp, web: Web) -> None:
    web.put(document(), cache_control="max-age=120")
    authorize(app)
    authorize(app)
    assert web.asked == [ID]
    app.world.clock.advance(121)
    web.put(document(redirect_uris=["https://app.example.vn/other"]))
    assert authorize(app).status == 400
    assert web.asked == [ID, ID]


@pytest.mark.spec("OAuth Client ID Metadata Document", "4.1")
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "https://app.example.vn/other.json"},
        {"client_id": None},
        {"client_id": ID.upper()},
        {"client_secret": "x" * 40},
        {"client_secret_expires_at": 0},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{**KEY.jwk, "d": "AAAA"}]}},
        {"redirect_uris": None},
        {"redirect_uris": ["http://app.example.vn/"]},
        {"redirect_uris": ["javascript:1"]},
        {"logo_uri": "http://app.example.vn/logo"},
    ],
)
def test_document_that_does_not_hold_lets_nobody_in(app: WholeApp, web: Web, changes: dict[str, object]) -> None:
    web.put(document(**changes))
    answer = authorize(app)
    assert answer.status == 400
    assert "location" not in answer.headers
    assert stored(app.world.database, clients) == []


@pytest.mark.spec("OAuth Client ID Metadata Document", "4.3")
@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404}, {"status": 302}, {"content_type": "text/html"}, {"body": b"[]"}, {"body": b"{"},
        {"body": b'{"client_id":"a","client_id":"b"}'}, {"body": b'{"x":"' + b"x" * 6000 + b'"}'},
    ],
)  # fmt: skip
def test_answer_that_is_no_small_json_object_is_refused_and_not_remembered(
    app: WholeApp, web: Web, answer: dict[str, Any]
) -> None:
    web.put(document(), **answer)
    assert authorize(app).status == 400
    web.put(document())
    assert authorize(app).status == 303


@pytest.mark.spec("OAuth Client ID Metadata Document", "6.5")
@pytest.mark.spec("OAuth Client ID Metadata Document", "3")
@pytest.mark.parametrize(
    "client_id",
    [
        "http://app.example.vn/client.json", "https://app.example.vn", "https://app.example.vn/", "https://user@app.example.vn/c",
        "https://app.example.vn/a/../c", "https://app.example.vn/c#x", "ftp://app.example.vn/c", "https:///c",
    ],
)  # fmt: skip
def test_other_addresses_are_not_asked(app: WholeApp, web: Web, client_id: str) -> None:
    assert authorize(app, client_id).status == 400
    assert web.asked == []


def test_scope_grants_owner_and_pkce_are_what_anybody_gets(app: WholeApp, web: Web) -> None:
    web.put(
        document(
            scope="openid identity email", unit="48", legal_basis="public_duty", consent="notice", require_pkce=False
        )
    )
    authorize(app)
    [row] = stored(app.world.database, clients, client_id=ID)
    kept = orjson.loads(row["document"])
    assert (sorted(kept["scope"]), kept["unit"], kept["consent"], kept["require_pkce"]) == (
        ["email", "openid"], "sandbox", "ask", True,
    )  # fmt: skip


def test_host_is_shown_in_place_of_an_owner(app: WholeApp, web: Web) -> None:
    web.put(document())
    cookie = {"Cookie": "__Host-idp_browser=" + "b" * 43}
    location = authorize(app, headers=cookie).headers["location"]
    assert "<small>app.example.vn</small>" in app.call("GET", location, headers=cookie).body.decode()


def test_one_host_is_not_asked_without_end(app: WholeApp, web: Web) -> None:
    for _ in range(25):
        authorize(app)
    assert len(web.asked) == 20


def test_suspension_by_an_operator_outlives_the_document(app: WholeApp, web: Web) -> None:
    web.put(document())
    authorize(app)
    app.world.wiring.clients.set_state(ID, "suspended")
    app.world.clock.advance(4000)
    assert authorize(app).status == 400


@pytest.mark.spec("OAuth Client ID Metadata Document", "6.2")
def test_who_announces_a_key_in_his_document_proves_himself_by_it(app: WholeApp, web: Web) -> None:
    web.put(document(token_endpoint_auth_method="private_key_jwt", jwks=key_set(KEY)))
    now = app.world.clock.now()
    asserted = {"iss": ID, "sub": ID, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": "a"}
    form = {
        "client_id": ID, "redirect_uri": BACK, "response_type": "code", "scope": "openid",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip

    def pushed(*signed: str) -> int:
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        proofs = [{"client_assertion_type": kind, "client_assertion": one} for one in signed] or [{}]
        return int(app.call("POST", "/par", urlencode({**form, **proofs[0]}).encode(), content_type=FORM).status)

    assert pushed() == 401
    assert pushed(new_key().sign(asserted)) == 401
    assert pushed(KEY.sign(asserted)) == 201


@pytest.mark.spec("OAuth Client ID Metadata Document", "5")
def test_off_by_default_and_announced_only_where_it_is_on(app: WholeApp, world: TokenWorld) -> None:
    path = "/.well-known/oauth-authorization-server"
    assert app.call("GET", path).json["client_id_metadata_document_supported"] is True
    assert "client_id_metadata_document_supported" not in world.get(path).json


@pytest.mark.spec("OAuth Client ID Metadata Document", "4.1")
@pytest.mark.parametrize(
    "other", ["https://evil.example/callback", f"{BACK}/", f"{BACK}?x=1", "https://app.example.vn/"]
)
def test_a_redirect_that_is_not_in_the_document_is_never_followed(app: WholeApp, web: Web, other: str) -> None:
    web.put(document(redirect_uris=[other]))
    answer = authorize(app)
    assert answer.status == 400
    assert "location" not in answer.headers
