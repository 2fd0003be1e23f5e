"""A department system on Flask-pyoidc: an older library without PKCE, and RS256 as it expects by default."""

from __future__ import annotations

import json
import os

from flask import Flask, Response, jsonify, session
from flask_pyoidc import OIDCAuthentication
from flask_pyoidc.provider_configuration import ClientMetadata, ProviderConfiguration
from flask_pyoidc.user_session import UserSession

SETTINGS = json.loads(os.environ["INTEROP_SETTINGS"])
ADDRESS = f"http://127.0.0.1:{SETTINGS['port']}"

app = Flask(__name__)
app.config.update(SECRET_KEY="of a test", OIDC_REDIRECT_URI=f"{ADDRESS}/callback", SESSION_COOKIE_NAME="pyoidc-app")
client = ClientMetadata(
    SETTINGS["client_id"], SETTINGS["client_secret"], post_logout_redirect_uris=[f"{ADDRESS}/logout"]
)
department = ProviderConfiguration(
    issuer=SETTINGS["issuer"],
    client_metadata=client,
    auth_request_params={"scope": SETTINGS["scope"].split(), "prompt": "consent"},
)
auth = OIDCAuthentication({"department": department}, app)


@app.get("/alive")
def alive() -> str:
    return "yes"


@app.get("/")
@auth.oidc_auth("department")
def home() -> Response:
    person = UserSession(session)
    return jsonify(claims=person.id_token, userinfo=person.userinfo)


@app.get("/refresh")
@auth.oidc_auth("department")
def refresh() -> Response:
    person = UserSession(session)
    before = person.refresh_token
    access_token = auth.valid_access_token(force_refresh=True)
    return jsonify(refreshed=access_token is not None, rotated=UserSession(session).refresh_token != before)


@app.get("/logout")
@auth.oidc_logout
def logout() -> Response:
    return jsonify(signed_out=True)


if __name__ == "__main__":
    app.run(port=SETTINGS["port"])
