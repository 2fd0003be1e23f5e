"""What the simulators share: the page on which a sample citizen signs in, codes and tokens, and faults to switch on.

A fault is a word; each place that it spoils asks for it by name. ``down``, ``token_down`` and ``slow`` are everybody's.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any
from urllib.parse import unquote_plus, urlencode

from flask import Flask, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from examples.upstream_simulators.citizens import CITIZENS, Citizen


@dataclass(frozen=True, slots=True)
class Grant:
    """A signed-in sample citizen and what the request said."""

    citizen: Citizen
    parameters: Mapping[str, str]
    level: str
    auth_time: int
    sid: str


@dataclass
class Simulator:
    """One provider for one client. ``clock`` is the test's; ``release`` ends a slow answer early."""

    client_id: str
    client_secret: str
    base: str = ""
    title: str = ""
    clock: Callable[[], float] = time.time
    slow_seconds: float = 30.0
    faults: set[str] = field(default_factory=set)
    codes: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, Grant] = field(default_factory=dict)
    sent: list[dict[str, str]] = field(default_factory=list)
    ended: list[dict[str, str]] = field(default_factory=list)
    release: Event = field(default_factory=Event)

    def app(self) -> Flask:
        """Return the provider's application."""
        app = Flask("simulator", root_path=__file__.rpartition("/")[0])
        app.add_url_rule("/auth", "auth", self.authorize, methods=["GET", "POST"])
        app.add_url_rule("/token", "token", self.token, methods=["POST"])
        app.add_url_rule("/userinfo", "userinfo", self.userinfo, methods=["GET", "POST"])
        app.add_url_rule("/logout", "logout", self.logout, methods=["GET", "POST"])
        app.add_url_rule("/faults", "faults", self.switch, methods=["GET", "POST"])
        app.add_url_rule("/", "home", lambda: render_template("home.html", simulator=self))
        app.before_request(self._spoil)
        return app

    def has(self, fault: str) -> bool:
        """Tell whether a fault is switched on."""
        return fault in self.faults

    def authorize(self) -> AnyResponse | str:
        """Show the sample citizens, or send the browser back as the chosen one."""
        parameters = request.args.to_dict()
        self.sent.append(parameters)
        if request.method == "GET":
            return render_template("authorize.html", simulator=self, citizens=CITIZENS.values())
        if "deny" in request.form:
            return self._back(parameters, {"error": "access_denied"})
        citizen = CITIZENS[request.form["citizen"]]
        return self.send_back(parameters, citizen, request.form.get("level", "1"))

    def send_back(self, parameters: Mapping[str, str], citizen: Citizen, level: str) -> AnyResponse:
        """Return the redirect with a fresh code."""
        age = 86400 if self.has("old_auth_time") else 0
        grant = Grant(citizen, parameters, level, int(self.clock()) - age, secrets.token_urlsafe(8))
        code = secrets.token_urlsafe(24)
        self.codes[code] = grant
        return self._back(parameters, self.answer(code))

    def answer(self, code: str) -> dict[str, str]:
        """Return the parameters of a good callback."""
        return {"code": code}

    def token(self) -> Response | tuple[Response, int]:
        """Redeem a code, once, for the client that it is for."""
        given = request.form.to_dict()
        if self.has("token_down"):
            return jsonify(error="server_error"), 503
        if not self._is_client(given):
            return jsonify(error="invalid_client"), 401
        grant = self.codes.pop(given.get("code", ""), None)
        if grant is None or grant.parameters.get("redirect_uri") != given.get("redirect_uri"):
            return jsonify(error="invalid_grant"), 400
        if "code_challenge" in grant.parameters and not given.get("code_verifier"):
            return jsonify(error="invalid_grant"), 400
        access_token = secrets.token_urlsafe(24)
        self.tokens[access_token] = grant
        return self.token_answer(grant, {"access_token": access_token, "token_type": "Bearer", "expires_in": 300})

    def token_answer(self, grant: Grant, document: dict[str, Any]) -> Response:
        """Return the token response; dialects add to it or close it."""
        del grant
        return jsonify(document)

    def userinfo(self) -> Response | tuple[Response, int]:
        """Return the fields of the token's citizen."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        grant = self.tokens.get(token)
        if grant is None:
            return jsonify(error="invalid_token"), 401
        fields = self.fields(grant)
        if self.has("userinfo_other_sub"):
            fields["sub"] = "somebody-else"
        if self.has("oversized"):
            fields["padding"] = "x" * 100_000
        return self.userinfo_answer(fields)

    def userinfo_answer(self, fields: dict[str, Any]) -> Response:
        """Return userinfo; dialects may close it."""
        return Response("<html>", mimetype="text/html") if self.has("not_json") else jsonify(fields)

    def fields(self, grant: Grant) -> dict[str, Any]:
        """Return the dialect's fields."""
        return {"sub": grant.citizen.key}

    def logout(self) -> AnyResponse | str:
        """Take a sign-out of a browser, which is sent back, or of our client itself."""
        given = {**request.args.to_dict(), **request.form.to_dict()}
        self.ended.append(given)
        back = given.get("post_logout_redirect_uri", "")
        if request.method == "POST" or not back:
            return render_template("home.html", simulator=self)
        return redirect(f"{back}?{urlencode({'state': given.get('state', '')})}", 303)

    def switch(self) -> Response:
        """Show the faults, or set them to those of the form."""
        if request.method == "POST":
            self.faults = set(request.form.getlist("fault"))
        return jsonify(sorted(self.faults))

    def _is_client(self, given: Mapping[str, str]) -> bool:
        basic = request.authorization
        if basic is None:
            pair = (given.get("client_id", ""), given.get("client_secret", ""))
        else:
            # Both halves are form-urlencoded (RFC 6749 section 2.3.1).
            pair = (unquote_plus(basic.username or ""), unquote_plus(basic.password or ""))
        return pair == (self.client_id, self.client_secret)

    def _back(self, parameters: Mapping[str, str], answer: Mapping[str, str]) -> AnyResponse:
        pairs = {**answer, "state": parameters.get("state", "")}
        return redirect(f"{parameters['redirect_uri']}?{urlencode(pairs)}", 303)

    def _spoil(self) -> tuple[str, int] | None:
        if request.path == "/faults":
            return None
        if self.has("slow"):
            self.release.wait(self.slow_seconds)
        return ("out of order", 503) if self.has("down") else None
