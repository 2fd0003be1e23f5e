"""What every department system does: send people to the provider, check what comes back, keep a session, end it when told to.

Copy this module to integrate a Flask system; ``portal.py`` and ``one_stop.py`` show the few lines that differ.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlencode

import jwt
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, Response, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True)
class Department:
    """One system: its names, its registration, and how it asks. ``response_mode`` is ``query`` or ``form_post``."""

    title: str
    unit: str
    intro: str
    client_id: str
    client_secret: str
    issuer: str
    base_url: str
    scope: str
    response_mode: str = "query"
    accent: str = "portal"


@dataclass
class SignedInPeople:
    """The system's own sessions, on the server, so that a sign-out elsewhere can end them."""

    _lock: Lock = field(default_factory=Lock)
    _people: dict[str, dict[str, Any]] = field(default_factory=dict)
    _seen: dict[str, float] = field(default_factory=dict)

    def add(self, person: dict[str, Any]) -> str:
        """Keep a person; returns the key for the cookie."""
        key = secrets.token_urlsafe(32)
        with self._lock:
            self._people[key] = person
        return key

    def get(self, key: str | None) -> dict[str, Any] | None:
        """Return the person of a cookie's key."""
        with self._lock:
            return self._people.get(key or "")

    def remove(self, key: str | None) -> dict[str, Any] | None:
        """Forget one session and return it."""
        with self._lock:
            return self._people.pop(key or "", None)

    def end(self, sid: str | None, sub: str | None) -> int:
        """End every session of a ``sid``, or of a ``sub`` when there is no ``sid`` (Back-Channel Logout section 2.7)."""
        with self._lock:
            ended = [
                key
                for key, person in self._people.items()
                if (sid and person.get("sid") == sid) or (not sid and person["sub"] == sub)
            ]
            for key in ended:
                del self._people[key]
        return len(ended)

    def first_use(self, jti: str) -> bool:
        """Tell whether a logout token is new; remembered for ten minutes."""
        now = time.time()
        with self._lock:
            self._seen = {known: until for known, until in self._seen.items() if until > now}
            return self._seen.setdefault(jti, now + 600) == now + 600


def create_app(department: Department) -> Flask:
    """Return the department's system as a Flask application."""
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes(32)
    app.config.update(SESSION_COOKIE_NAME=f"{department.accent}_session", SESSION_COOKIE_SAMESITE="Lax")
    provider = _register(app, department)
    people = SignedInPeople()

    @app.get("/")
    def home() -> str:
        return render_template("home.html", department=department, person=people.get(session.get("key")))

    @app.get("/login")
    def login() -> BaseResponse:
        extra = {"response_mode": department.response_mode} if department.response_mode != "query" else {}
        answer: BaseResponse = provider.authorize_redirect(f"{department.base_url}/callback", **extra)
        return answer

    @app.route("/callback", methods=["GET", "POST"])
    def callback() -> BaseResponse | tuple[str, int]:
        if request.values.get("iss") != department.issuer:
            return render_template("refused.html", department=department, reason="iss"), 400
        try:
            token = provider.authorize_access_token()
        except OAuthError as error:
            return render_template("refused.html", department=department, reason=error.error), 400
        claims = dict(token["userinfo"]) | dict(provider.userinfo(token=token))
        session["key"] = people.add({**claims, "id_token": token["id_token"]})
        return redirect(url_for("home"))

    _add_sign_out(app, department, people, provider)
    return app


def _add_sign_out(app: Flask, department: Department, people: SignedInPeople, provider: Any) -> None:
    """Add the sign-out that a person starts here, and the one that the provider tells us of."""
    logout_keys = _LogoutKeys(provider, department)

    @app.post("/logout")
    def logout() -> BaseResponse:
        person = people.remove(session.pop("key", None))
        endpoint = provider.load_server_metadata()["end_session_endpoint"]
        if person is None:
            return redirect(url_for("home"))
        hint = {"id_token_hint": person["id_token"], "post_logout_redirect_uri": f"{department.base_url}/"}
        return redirect(f"{endpoint}?{urlencode(hint)}", 303)

    @app.post("/backchannel-logout")
    def backchannel_logout() -> Response:
        claims = logout_keys.verified(request.form.get("logout_token", ""))
        if claims is None or not people.first_use(claims["jti"]):
            abort(400)
        people.end(claims.get("sid"), claims.get("sub"))
        return Response(status=200, headers={"Cache-Control": "no-store"})


def _register(app: Flask, department: Department) -> Any:
    return OAuth(app).register(
        "provider",
        client_id=department.client_id,
        client_secret=department.client_secret,
        server_metadata_url=f"{department.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": department.scope, "code_challenge_method": "S256"},
    )


class _LogoutKeys:
    """Verifies logout tokens (Back-Channel Logout section 2.6) with the provider's published keys."""

    def __init__(self, provider: Any, department: Department) -> None:
        self._provider = provider
        self._department = department
        self._keys: jwt.PyJWKClient | None = None

    def verified(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a valid logout token, or None."""
        try:
            self._keys = self._keys or jwt.PyJWKClient(self._provider.load_server_metadata()["jwks_uri"])
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys.get_signing_key_from_jwt(token).key,
                algorithms=["ES256", "RS256"],
                audience=self._department.client_id,
                issuer=self._department.issuer,
                options={"require": ["iss", "aud", "iat", "exp", "jti"]},
            )
        except jwt.PyJWTError:
            return None
        is_logout = _LOGOUT_EVENT in claims.get("events", {}) and "nonce" not in claims
        return claims if is_logout and (claims.get("sid") or claims.get("sub")) else None
