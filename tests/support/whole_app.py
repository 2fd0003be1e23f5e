"""The whole WSGI application of a ``TokenWorld``, pages and all, with what tests of registration ask of it."""

from __future__ import annotations

from typing import Any, Final

import orjson
from werkzeug.test import Client as WsgiClient

from idp.wsgi import build
from tests.support.token_world import Answer, TokenWorld

TERMS: Final[dict[str, Any]] = {
    "unit": "48",
    "legal_basis": "consent",
    "purpose": {"vi": "Xác định người nộp hồ sơ", "en": "To know who files a dossier"},
}
CALLBACK: Final = "https://app.example.vn/callback"


class WholeApp:
    """Sends requests to the application that the server would run."""

    def __init__(self, world: TokenWorld) -> None:
        self.world = world
        self._client = WsgiClient(build(world.wiring), use_cookies=False)

    def call(self, method: str, path: str, body: Any = None, token: str = "", **named: Any) -> Answer:
        """Send JSON (or the given bytes), with a bearer token if there is one; ``named`` is passed on to the client."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = body if isinstance(body, bytes | None) else orjson.dumps(body)
        response = self._client.open(
            path, method=method, data=data, headers={**headers, **named.pop("headers", {})}, **named
        )
        return Answer(response.status_code, {name.lower(): value for name, value in response.headers}, response.data)

    def initial_token(self, uses: int = 1, lifetime: int = 3600, **terms: Any) -> str:
        """Issue an initial access token as an operator does."""
        return self.world.wiring.initial_tokens.issue({**TERMS, **terms}, uses=uses, lifetime=lifetime)[1]

    def register(self, token: str = "", **metadata: Any) -> Answer:
        """Register a client."""
        return self.call("POST", "/register", {"redirect_uris": [CALLBACK], **metadata}, token)

    def registered(self, token: Any = "", **metadata: Any) -> dict[str, Any]:
        """Register a client that has to be accepted; returns the client information response."""
        answer = self.register(token or self.initial_token(), **metadata)
        assert answer.status == 201, answer.body
        return answer.json

    def manage(self, method: str, client: dict[str, Any], body: Any = None, token: str | None = None) -> Answer:
        """Ask the client configuration endpoint, by the client's own token unless told otherwise."""
        path = "/register/" + client["client_id"]
        return self.call(method, path, body, client["registration_access_token"] if token is None else token)


def editable(information: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the client information response as an update sends it (RFC 7592 section 2.2)."""
    left_out = {
        "registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at",
    }  # fmt: skip
    return {name: value for name, value in {**information, **changes}.items() if name not in left_out}
