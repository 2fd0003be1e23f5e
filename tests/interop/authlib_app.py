"""A department system as Authlib's manual has it: Flask, `OAuth().register` with the discovery address, nothing else."""

from __future__ import annotations

import json
import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, Response, jsonify, redirect, session, url_for

SETTINGS = json.loads(os.environ["INTEROP_SETTINGS"])

app = Flask(__name__)
app.secret_key = "of a test"
app.config["SESSION_COOKIE_NAME"] = "authlib-app"
department = OAuth(app).register(
    "department",
    client_id=SETTINGS["client_id"],
    client_secret=SETTINGS["client_secret"],
    server_metadata_url=f"{SETTINGS['issuer']}/.well-known/openid-configuration",
    client_kwargs={"scope": SETTINGS["scope"], "code_challenge_method": "S256", "prompt": "consent"},
)


@app.get("/alive")
def alive() -> str:
    return "yes"


@app.get("/")
def home() -> Response:
    return jsonify(session.get("person"))


@app.get("/login")
def login():
    return department.authorize_redirect(url_for("callback", _external=True))


@app.get("/callback")
def callback():
    # Authlib checks state, exchanges the code with the verifier, verifies the ID token against the JWKS, and its nonce.
    token = department.authorize_access_token()
    userinfo = department.userinfo(token=token)
    metadata = department.load_server_metadata()
    with department._get_oauth_client(**metadata) as client:
        client.token = token
        fresh = client.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
        introspected = client.introspect_token(metadata["introspection_endpoint"], token=fresh["access_token"]).json()
        revoked = client.revoke_token(metadata["revocation_endpoint"], token=fresh["refresh_token"]).status_code
        dead = client.introspect_token(metadata["introspection_endpoint"], token=fresh["access_token"]).json()
    session["id_token"] = token["id_token"]
    session["person"] = {
        "claims": dict(token["userinfo"]),
        "userinfo": dict(userinfo),
        "rotated": fresh["refresh_token"] != token["refresh_token"],
        "introspected": introspected,
        "revocation_status": revoked,
        "dead": dead,
    }
    return redirect("/")


@app.get("/logout")
def logout():
    hint = session.pop("id_token")
    session.clear()
    target = department.load_server_metadata()["end_session_endpoint"]
    goodbye = url_for("home", _external=True)
    return redirect(f"{target}?id_token_hint={hint}&post_logout_redirect_uri={goodbye}")


if __name__ == "__main__":
    app.run(port=SETTINGS["port"])
