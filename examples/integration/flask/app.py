"""A department's Flask system: sign-in, sign-out, and the end of a session that the provider tells us of."""
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import time
from typing import Any
from urllib.parse import urlencode

import jwt
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, request, session
from markupsafe import escape
from werkzeug.wrappers import Response

ISSUER = os.environ["OIDC_ISSUER"]
CLIENT_ID = os.environ["OIDC_CLIENT_ID"]
BASE_URL = os.environ["BASE_URL"]
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

app = Flask(__name__)
# The same in every process, or a person who comes back to another one has lost the sign-in.
app.secret_key = os.environ["SESSION_SECRET"]
app.config.update(
    SESSION_COOKIE_NAME="department",
    SESSION_COOKIE_SECURE=BASE_URL.startswith("https:"),
    # Lax: the cookie comes along when the provider sends the person back, and not with another site's POST.
    SESSION_COOKIE_SAMESITE="Lax",
)
provider = OAuth(app).register(
    "provider",
    client_id=CLIENT_ID,
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
)


class People:
    """Who is signed in, on the server: a session that lives in a cookie alone cannot be ended from outside."""

    def __init__(self, path: str) -> None:
        """Open or make the file; every process of this system shares it."""
        self._path = path
        with self._open() as db:
            db.execute("CREATE TABLE IF NOT EXISTS people (key TEXT PRIMARY KEY, sid TEXT, sub TEXT, person TEXT)")
            db.execute("CREATE TABLE IF NOT EXISTS told (jti TEXT PRIMARY KEY, until REAL)")

    def add(self, person: dict[str, Any]) -> str:
        """Keep a person; return the key for the cookie."""
        key = secrets.token_urlsafe(32)
        with self._open() as db:
            row = (key, person.get("sid"), person["sub"], json.dumps(person))
            db.execute("INSERT INTO people VALUES (?, ?, ?, ?)", row)
        return key

    def get(self, key: str | None) -> dict[str, Any] | None:
        """Return the person of a cookie's key, or None."""
        with self._open() as db:
            row = db.execute("SELECT person FROM people WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def remove(self, key: str | None) -> None:
        """Forget one session."""
        with self._open() as db:
            db.execute("DELETE FROM people WHERE key = ?", (key,))

    def end(self, claims: dict[str, Any]) -> bool:
        """End what a logout token names: its session, or all of the person's; False if the token was used before."""
        with self._open() as db:
            db.execute("DELETE FROM told WHERE until < ?", (time.time(),))
            told = db.execute("INSERT OR IGNORE INTO told VALUES (?, ?)", (claims["jti"], claims["exp"] + 60))
            if not told.rowcount:
                return False
            if claims.get("sid"):
                db.execute("DELETE FROM people WHERE sid = ?", (claims["sid"],))
            else:
                db.execute("DELETE FROM people WHERE sub = ?", (claims["sub"],))
        return True

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10)


people = People(os.environ.get("SESSION_FILE", "sessions.sqlite3"))


def current_person() -> dict[str, Any] | None:
    """Return who is signed in here, or None."""
    return people.get(session.get("key"))


def begin_sign_in(wanted: str) -> Response:
    """Send the person to the provider, and remember the page that they wanted."""
    # Only a path of our own: an address of somebody else here would make us a springboard for phishing.
    is_ours = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    session["wanted"] = wanted if is_ours else "/"
    answer: Response = provider.authorize_redirect(f"{BASE_URL}/callback")
    return answer


@app.get("/")
def home() -> str:
    """Show who is signed in."""
    person = current_person()
    if person is None:
        return '<a id="login" href="/login">Đăng nhập</a>'
    name = escape(person.get("name", person["sub"]))
    return (
        f'<p id="person">{name}</p><form id="logout" method="post" action="/logout"><button>Đăng xuất</button></form>'
    )


@app.get("/login")
def login() -> Response:
    """Begin to sign in."""
    return begin_sign_in(request.args.get("next", "/"))


@app.get("/callback")
def callback() -> Response | tuple[str, int]:
    """Take what the provider answers."""
    # RFC 9207: an answer of another provider must not be redeemed at ours.
    if request.args.get("iss") != ISSUER:
        return "The answer comes from somebody else.", 400
    try:
        # Checks state, redeems the code with the PKCE verifier, and verifies signature, nonce and times of the ID token.
        token = provider.authorize_access_token()
        # The ID token says who; name and the like are at userinfo.
        userinfo = provider.userinfo(token=token)
    except OAuthError as error:
        return f"Not signed in: {escape(error.error)}", 400
    claims = token["userinfo"]
    # OpenID Connect Core section 5.3.2: an answer about somebody else must not be mixed in.
    if userinfo["sub"] != claims["sub"]:
        return "Not signed in.", 400
    wanted = session.get("wanted", "/")
    # A fresh session: what somebody planted before the sign-in does not survive it.
    session.clear()
    session["key"] = people.add({**userinfo, **claims, "id_token": token["id_token"]})
    return redirect(wanted)


@app.post("/logout")
def logout() -> Response:
    """Sign out here, then everywhere."""
    person = current_person()
    people.remove(session.get("key"))
    session.clear()
    if person is None:
        return redirect("/")
    hint = {"id_token_hint": person["id_token"], "post_logout_redirect_uri": f"{BASE_URL}/"}
    return redirect(f"{provider.load_server_metadata()['end_session_endpoint']}?{urlencode(hint)}", 303)


@app.post("/backchannel-logout")
def backchannel_logout() -> tuple[str, int, dict[str, str]]:
    """End the sessions that the provider names (OpenID Connect Back-Channel Logout section 2.6)."""
    try:
        claims = _logout_claims(request.form.get("logout_token", ""))
    except jwt.PyJWKClientConnectionError:
        # Our trouble, not the token's: the provider tries again.
        return "", 503, {"Cache-Control": "no-store"}
    except jwt.PyJWTError:
        return "", 400, {"Cache-Control": "no-store"}
    return "", 200 if people.end(claims) else 400, {"Cache-Control": "no-store"}


_keys: list[jwt.PyJWKClient] = []


def _logout_claims(token: str) -> dict[str, Any]:
    """Return the claims of a genuine logout token; raises ``jwt.PyJWTError``."""
    if not _keys:
        # Kept: it caches the provider's keys, and fetches them again when a new one signs.
        _keys.append(jwt.PyJWKClient(provider.load_server_metadata()["jwks_uri"]))
    found = jwt.decode_complete(
        token,
        _keys[0].get_signing_key_from_jwt(token).key,
        algorithms=["ES256", "RS256"],
        audience=CLIENT_ID,
        issuer=ISSUER,
        options={"require": ["iss", "aud", "iat", "exp", "jti"]},
    )
    claims: dict[str, Any] = found["payload"]
    # An ID token has the same signer and audience; it must not pass for a sign-out.
    is_logout = found["header"].get("typ") == "logout+jwt" and LOGOUT_EVENT in claims.get("events", {})
    if not is_logout or "nonce" in claims or not (claims.get("sid") or claims.get("sub")):
        raise jwt.InvalidTokenError("not a logout token")
    return claims


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ.get("PORT", "5000")))
