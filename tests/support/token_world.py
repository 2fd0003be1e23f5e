"""A whole deployment in process, for tests of the token side: real database, real keys, real clients; only the clock stands still.

Requests go through the same dispatch as those of the server (``wsgi.guarded``), so what no endpoint maps shows up as it would on the wire.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import orjson
import pytest

from clients.model import Client
from idp import handles
from idp.config import Settings
from idp.model.grant import CodePayload
from idp.model.session import Origin, Session
from idp.protocol.grants.frame import GrantType
from idp.services.subjects import sector_of
from idp.storage.database import Database
from idp.storage.keys import SqlKeyRepository
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import audit_events
from idp.wiring import Wiring
from idp.wsgi import guarded
from keys.keyset import read_jwks
from keys.masterkey import load_or_create_master_key
from keys.plan import KeyPolicy
from keys.service import KeyService
from keys.verifier import Expectation, verify
from policies import assurance
from policies import claims as claim_policy
from tests.support.clock import FrozenClock
from tests.support.keys import quick_generator
from tests.support.memory_clients import department
from tests.support.stores import stored

ISSUER: Final = "https://id.example.vn"
REDIRECT: Final = "https://portal.example.vn/callback"
VERIFIER: Final = "v" * 43
CHALLENGE: Final = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
NONCE: Final = "n-0S6_WzA2Mj"
EVERY_SCOPE: Final = "openid profile email phone address offline_access identity"
GRANTS: Final = ["authorization_code", "refresh_token", "client_credentials"]
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as a client sees it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        document: dict[str, Any] = orjson.loads(self.body)
        return document


@dataclass(frozen=True, slots=True)
class Registered:
    """A client and the secret that it was told, "" for a public one."""

    client: Client
    secret: str

    @property
    def basic(self) -> str:
        """The value of its Authorization header (RFC 6749 section 2.3.1)."""
        return basic(self.client.client_id, self.secret)


class TokenWorld:
    """One process of a deployment; ``another`` is a second one over the same stores."""

    def __init__(
        self,
        home: Path,
        database: Database,
        clock: FrozenClock,
        grants: Mapping[str, GrantType] | None = None,
        **settings: Any,
    ) -> None:
        """Take an empty migrated database, a registry of grants other than the product's, and settings by name."""
        self.home, self.database, self.clock, self._settings = home, database, clock, settings
        # The other side runs in this process, on a machine that may be busy.
        outbound = {"timeout": 30, **settings.get("outbound", {})}
        config = Settings(**{"home": home, "issuer": ISSUER, **settings, "outbound": outbound})
        load_or_create_master_key(config.master_key_path)
        self.wiring = wiring = Wiring(config, clock)
        wiring.database = database
        if grants is not None:
            wiring.grants = grants
        wiring.vault.ensure()
        policy = KeyPolicy(
            algorithms=("ES256", "RS256", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"),
            jwks_max_age=config.jwks_max_age,
        )
        repository = SqlKeyRepository(database, wiring.audit.record)
        wiring.key_service = KeyService(repository, wiring.vault.sealer("signing-keys"), policy, quick_generator())
        wiring.key_service.tick(clock.now())
        self._routes = wiring.hot_routes()
        self._reader = wiring.reader

    def another(self) -> TokenWorld:
        """Return another process over the same stores."""
        return TokenWorld(self.home, self.database, self.clock, **self._settings)

    def add_client(self, **metadata: Any) -> Registered:
        """Register a client; confidential by Basic, ES256, every grant and scope unless told otherwise."""
        defaults = {"grant_types": GRANTS, "scope": EVERY_SCOPE, "id_token_signed_response_alg": "ES256"}
        document = department(**{**defaults, "redirect_uris": [REDIRECT], **metadata})
        client, secret, _ = self.wiring.clients.register(document, is_operator=True)
        return Registered(client, secret or "")

    def add_public(self, **metadata: Any) -> Registered:
        """Register a public client."""
        grants = ["authorization_code", "refresh_token"]
        return self.add_client(**{"token_endpoint_auth_method": "none", "grant_types": grants, **metadata})

    def add_person(self, number: int = 1, **columns: Any) -> str:
        """Add a sample citizen; returns the account id."""
        own = {"code_type": "cccd", "code": f"049499{number:06}", "name": f"Công dân mẫu {number:02}", "gender": "male"}
        values = {**own, "birthdate": "2199-05-01", "email": "mau@example.vn", "email_verified": "true", **columns}
        return self.wiring.accounts.add(self.wiring.accounts.draft(values))

    def sign_in(self, account_id: str) -> Session:
        """Start a session with one factor."""
        return self.wiring.sessions.start(account_id, assurance.LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))[0]

    def code(self, of: Registered, session: Session, scope: str = "openid email", **changes: Any) -> str:
        """Return an authorization code as the authorization endpoint seals it."""
        payload = CodePayload(
            grant_id=handles.new_id(),
            client_id=of.client.client_id,
            account_id=session.account_id,
            session_id=session.id,
            sub=self.wiring.subjects.subject(session.account_id, of.client),
            scope=scope,
            claims=claim_policy.for_scopes(scope.split(" ")),
            id_claims=0,
            nonce=NONCE,
            challenge=CHALLENGE,
            redirect_digest=hashlib.sha256(REDIRECT.encode()).digest(),
            auth_time=session.auth_time,
            acr=session.acr,
            amr=session.amr,
            expires_at=self.clock.now() + 60,
            issued_at=self.clock.now(),
        )
        return self.wiring.codes.seal(replace(payload, **changes))

    def post(self, path: str, form: Mapping[str, str] | str, authorization: str = "", **environ: str) -> Answer:
        """POST a form."""
        body = (form if isinstance(form, str) else urlencode(form)).encode()
        return self.send("POST", path, body, authorization, **{"CONTENT_TYPE": FORM, **environ})

    def get(self, path: str, authorization: str = "", **environ: str) -> Answer:
        """GET."""
        return self.send("GET", path, b"", authorization, **environ)

    def send(self, method: str, path: str, body: bytes, authorization: str = "", **environ: str) -> Answer:
        """Send a request the way the WSGI server would; an empty header is left out."""
        made = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "REMOTE_ADDR": "192.0.2.1",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_AUTHORIZATION": authorization,
            "wsgi.input": _Body(body),
            **environ,
        }
        given = {name: value for name, value in made.items() if value != ""}
        response = guarded(self._routes[path], self._reader, given)
        return Answer(response.status, {name.lower(): value for name, value in response.headers}, response.body)

    def redeem(self, of: Registered, code: str, **changes: str) -> Answer:
        """Redeem a code properly, but for ``changes``; an empty value takes a parameter out."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return self._token(of, {**form, **changes})

    def refresh(self, of: Registered, token: str, **changes: str) -> Answer:
        """Present a refresh token."""
        return self._token(of, {"grant_type": "refresh_token", "refresh_token": token, **changes})

    def own_token(self, of: Registered, **changes: str) -> Answer:
        """Ask a token by client credentials."""
        return self._token(of, {"grant_type": "client_credentials", **changes})

    def tokens(self, of: Registered, session: Session, scope: str = "openid email", **changes: Any) -> dict[str, Any]:
        """Return the token response of a fresh code."""
        answer = self.redeem(of, self.code(of, session, scope, **changes))
        assert answer.status == 200, answer.body
        return answer.json

    def userinfo(self, access_token: str) -> Answer:
        """Ask userinfo by header."""
        return self.get("/userinfo", f"Bearer {access_token}")

    def introspect(self, of: Registered, token: str) -> Answer:
        """Introspect a token."""
        return self.post("/introspect", {"token": token}, of.basic)

    def revoke(self, of: Registered, token: str) -> Answer:
        """Revoke a token."""
        if of.client.is_confidential:
            return self.post("/revoke", {"token": token}, of.basic)
        return self.post("/revoke", {"token": token, "client_id": of.client.client_id})

    def verified(self, token: str, typ: str = "jwt", required: str = "exp") -> dict[str, Any]:
        """Return the claims of a token as somebody verifies it who has the published keys alone."""
        keys = read_jwks(self.get("/jwks").body)
        expected = Expectation(typs=frozenset({typ}), issuer=ISSUER, required=frozenset({required}))
        return dict(verify(token, keys, expected, self.clock.now()).claims)

    def events(self, event: str, **equal: object) -> list[dict[str, Any]]:
        """Return the audit records of one kind."""
        return stored(self.database, audit_events, event=event, **equal)

    def sector(self, of: Registered) -> str:
        """Return the sector of a client."""
        return sector_of(of.client)

    def _token(self, of: Registered, form: Mapping[str, str]) -> Answer:
        kept = {name: value for name, value in form.items() if value}
        if of.client.is_confidential:
            return self.post("/token", kept, of.basic)
        return self.post("/token", {"client_id": of.client.client_id, **kept})


class _Body:
    """``wsgi.input``."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes."""
        taken, self._body = self._body[:size], self._body[size:]
        return taken


def basic(client_id: str, secret: str) -> str:
    """Return a Basic credential with both halves form-urlencoded (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.fixture
def world(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> TokenWorld:
    """Return a deployment on the embedded default."""
    return TokenWorld(tmp_path, sqlite_database, clock)


@pytest.fixture
def each_world(database: Database, tmp_path: Path, clock: FrozenClock) -> TokenWorld:
    """Return a deployment on each database."""
    return TokenWorld(tmp_path, database, clock)


@pytest.fixture
def portal(world: TokenWorld) -> Registered:
    """Return a confidential client."""
    return world.add_client()


@pytest.fixture
def session(world: TokenWorld) -> Session:
    """Return the session of a signed-in citizen."""
    return world.sign_in(world.add_person())
