"""A client of the FAPI-CIBA plan: signed requests at the backchannel, tokens bound to its certificate, asked for or pinged."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import requests

from tests.conformance.fapi import Bank, settled
from tests.support.browser import Page
from tests.support.client_keys import ClientKey
from tests.support.local_server import Inbox, LocalServer, QuietHandler

GRANT: Final = "urn:openid:params:grant-type:ciba"


class Notifications(LocalServer):
    """A client's notification endpoint: it keeps body, authorization and content type of what was posted, and answers as it is told."""

    def __init__(self) -> None:
        owner = self
        self._posted: Inbox[tuple[dict[str, Any], str, str]] = Inbox()
        self.next, self.is_silent = self._posted.next, self._posted.is_silent
        self.status = 204
        self.location = ""

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                body, field = json.loads(self.body()), self.headers.get
                owner._posted.put((body, field("Authorization", ""), field("Content-Type", "")))
                self.send_response(owner.status)
                if owner.location:
                    self.send_header("Location", owner.location)
                self.send_header("Content-Length", "0" if owner.status == 204 else "2")
                self.end_headers()
                self.wfile.write(b"" if owner.status == 204 else b"{}")

        super().__init__(Handler)
        self.url = f"http://{self.host}/ciba-notification-endpoint"


@dataclass
class Desk(Bank):
    """A client of the backchannel; ``notified_at`` is its endpoint in ping mode, "" in poll mode."""

    notified_at: str = ""

    def registration(self) -> dict[str, Any]:
        """Return what an operator registers, as docs/conformance.md says."""
        ping = {"backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": self.notified_at}
        return {
            **super().registration(),
            "profile": "oidc",
            "redirect_uris": [],
            "grant_types": [GRANT, "refresh_token"],
            "id_token_signed_response_alg": "PS256",
            **({"token_endpoint_auth_signing_alg": "PS256"} if self.manner.auth == "private_key_jwt" else {}),
            "backchannel_authentication_request_signing_alg": "PS256",
            **(ping if self.notified_at else {"backchannel_token_delivery_mode": "poll"}),
        }

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a signed request."""
        now = int(time.time())
        self.notification_token = secrets.token_urlsafe(24)
        made = {
            "iss": self.client_id, "aud": self.issuer, "iat": now, "nbf": now, "exp": now + 300, "jti": secrets.token_hex(12),
            "scope": "openid email", "login_hint": self.person.code, "binding_message": "1234",
            **({"client_notification_token": self.notification_token} if self.notified_at else {}), **changes,
        }  # fmt: skip
        return settled(made)

    def ask(self, token: str = "", *, key: ClientKey | None = None, **changes: Any) -> requests.Response:
        """Send a signed request; ``form`` among the changes replaces what is posted."""
        form: Mapping[str, str] | None = changes.pop("form", None)
        assertion = changes.pop("assertion", None)
        if form is None:
            form = {"request": token or (key or self.key).sign(self.claims(**changes))}
        url = f"{self.issuer}/bc-authorize"
        headers = self.shown() if self.manner.auth == "mtls" else {}
        data = self.proven(form, assertion or self.assertion(aud=url)) if "client_id" not in form else form
        return requests.post(url, data=data, headers=headers, timeout=30)

    def asked(self, **changes: Any) -> str:
        """Send a request that has to be taken; return its id."""
        answer = self.ask(**changes)
        assert answer.status_code == requests.codes.ok, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        body = answer.json()
        assert len(body["auth_req_id"]) >= 22
        assert body["expires_in"] > 0
        assert body.get("interval", 5) > 0
        return str(body["auth_req_id"])

    def collect(self, auth_req_id: str, **options: Any) -> requests.Response:
        """Ask for the tokens."""
        options.setdefault("assertion", self.assertion(aud=f"{self.issuer}/token"))
        return self.token({"grant_type": GRANT, "auth_req_id": auth_req_id}, **options)

    def reviewed(self) -> Page:
        """Sign the person in to the account page, and open the newest request."""
        home = f"{self.issuer}/account"
        page = self.browser.walk(home, self.person, home=home)
        return self.browser.submit(page, "request-1")

    def answer(self, *, allow: bool = True) -> None:
        """Let the person agree, or refuse."""
        self.browser.submit(self.reviewed(), "consent-form", "consent-allow" if allow else "consent-deny")
