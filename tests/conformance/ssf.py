"""A receiver of the Shared Signals plans: it gets tokens of its own, keeps streams, and checks every event token that reaches it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty
from time import time
from typing import Any, Final

import jwt
import requests

from tests.conformance.conftest import Deployment
from tests.support.rp import RelyingParty
from tests.support.shared_signals import POLL, PUSH, Listener

CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
SSF: Final = "https://schemas.openid.net/secevent/ssf/event-type/"
WANTED: Final = [f"{CAEP}{name}" for name in ("session-revoked", "credential-change", "device-compliance-change")]
"""What the suite asks for; the last one we do not have."""
HEADER: Final = "Bearer push_token_1"
SCOPES: Final = "ssf.read ssf.manage"
_MOMENT: Final = 60
"""Seconds for which the suite waits for an event."""


class Receiver:
    """One module's run: a token, and the streams that it made, which go at the end."""

    def __init__(self, deployment: Deployment, listener: Listener) -> None:
        self.world, self.listener = deployment.world, listener
        self.rp = RelyingParty(self.world.issuer, deployment.clients["signals"])
        self.metadata = requests.get(f"{self.world.issuer}/.well-known/ssf-configuration", timeout=30).json()
        self.access = self.token(SCOPES)
        self._made: list[str] = []

    def token(self, scope: str) -> str:
        """Return an access token of the receiver's own."""
        answer = self.rp.post("token", grant_type="client_credentials", scope=scope)
        assert answer.status_code == requests.codes.ok, answer.text
        assert answer.json()["expires_in"] <= 3600, "CAEP Interoperability Profile section 2.7.1: short-lived"
        return str(answer.json()["access_token"])

    def ask(self, method: str, url: str, body: Any = None, **options: Any) -> requests.Response:
        """Call an endpoint; ``token`` replaces ours, "" leaves it out, ``raw`` is sent as it is."""
        token = options.pop("token", self.access)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if raw := options.pop("raw", None):
            return requests.request(
                method, url, data=raw, headers={**headers, "Content-Type": "application/json"}, timeout=90, **options
            )
        return requests.request(method, url, json=body, headers=headers, timeout=90, **options)

    def streams(self, method: str, body: Any = None, **options: Any) -> requests.Response:
        """Call the configuration endpoint."""
        return self.ask(method, self.metadata["configuration_endpoint"], body, **options)

    def config(self, method: str = POLL, **changes: Any) -> dict[str, Any]:
        """Return what the suite asks for; None takes a member out."""
        pushed = {"endpoint_url": f"http://{self.listener.host}/ssf-push", "authorization_header": HEADER}
        delivery = {"method": method, **(pushed if method == PUSH else {})}
        asked = {"events_requested": WANTED, "description": "Stream for Receiver", "delivery": delivery, **changes}
        return {name: value for name, value in asked.items() if value is not None}

    def create(self, method: str = POLL, **changes: Any) -> dict[str, Any]:
        """Make a stream and check what comes back."""
        asked = self.config(method, **changes)
        answer = self.streams("POST", asked)
        assert answer.status_code == requests.codes.created, answer.text
        stream: dict[str, Any] = answer.json()
        self._made.append(stream["stream_id"])
        assert (stream["iss"], stream["aud"]) == (self.world.issuer, self.rp.client_id)
        delivered = set(stream["events_delivered"])
        assert delivered <= set(stream["events_supported"]) & set(asked.get("events_requested", delivered))
        assert delivered & set(WANTED), "CAEP Interoperability Profile section 3: one of its events at least"
        assert isinstance(stream["min_verification_interval"], int)
        self.reflected(stream, asked)
        return stream

    def reflected(self, stream: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
        """Check that a stream is what was asked for: what is missing from a whole configuration is gone (SSF section 8.1.1.4)."""
        assert stream.get("description") == asked.get("description")
        assert set(stream["events_requested"]) == set(asked.get("events_requested", ()))
        delivery = asked.get("delivery", {"method": POLL})
        assert stream["delivery"]["method"] == delivery["method"]
        assert stream["delivery"]["endpoint_url"] == delivery.get("endpoint_url", stream["delivery"]["endpoint_url"])

    def read(self, stream: Mapping[str, Any]) -> dict[str, Any]:
        """Return a stream's configuration."""
        answer = self.streams("GET", params={"stream_id": stream["stream_id"]})
        assert answer.status_code == requests.codes.ok, answer.text
        return dict(answer.json())

    def set_status(self, stream: Mapping[str, Any], status: str) -> None:
        """Change a stream's status."""
        body = {"stream_id": stream["stream_id"], "status": status}
        answer = self.ask("POST", self.metadata["status_endpoint"], body)
        assert (answer.status_code, answer.json()["status"]) == (200, status)

    def verify(self, stream: Mapping[str, Any]) -> str:
        """Ask for a verification event; return its state."""
        state = secrets.token_urlsafe(16)
        body = {"stream_id": stream["stream_id"], "state": state}
        answer = self.ask("POST", self.metadata["verification_endpoint"], body)
        assert answer.status_code == requests.codes.no_content, answer.text
        return state

    def poll(self, stream: Mapping[str, Any], **asked: Any) -> dict[str, str]:
        """Fetch; return the tokens by their ids after the answer was checked."""
        body = {"maxEvents": 10, "returnImmediately": True, **asked}
        answer = self.ask("POST", stream["delivery"]["endpoint_url"], body)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
        fetched = answer.json()
        assert isinstance(fetched.get("moreAvailable", False), bool)
        sets: dict[str, str] = fetched["sets"]
        assert len(sets) <= body["maxEvents"]
        assert all(self.checked(token)["jti"] == jti for jti, token in sets.items())
        return sets

    def pushed(self, authorization: str | None = HEADER, seconds: float = _MOMENT) -> str:
        """Return the next token that is pushed; "" when none comes."""
        with suppress(Empty):
            headers, body = self.listener.got.get(timeout=seconds)
            assert headers.get("Authorization") == authorization
            assert (headers["Content-Type"], headers["Accept"]) == ("application/secevent+jwt", "application/json")
            return body.decode()
        return ""

    def next(self, stream: Mapping[str, Any], event: str) -> dict[str, Any]:
        """Return the next event of a type, fetched and acknowledged, or pushed; fails when none comes in time."""
        until = time() + _MOMENT
        while time() < until:
            pushing = stream["delivery"]["method"] == PUSH
            sets = [self.pushed()] if pushing else list(self.poll(stream, returnImmediately=False).values())
            for claims in [self.checked(token) for token in sets if token]:
                if not pushing:
                    self.poll(stream, ack=[claims["jti"]], maxEvents=0)
                if event in claims["events"]:
                    return claims
        raise AssertionError(f"no event {event} within {_MOMENT} seconds")

    def checked(self, token: str) -> dict[str, Any]:
        """Return the claims of an event token, which is held to everything that the suite holds it to."""
        header = jwt.get_unverified_header(token)
        assert (header["alg"], header["typ"]) == ("RS256", "secevent+jwt")
        key = self.rp.key(header["kid"], "RS256")
        assert key.key_size >= 2048
        claims: dict[str, Any] = jwt.decode(
            token, key, ["RS256"], audience=self.rp.client_id, issuer=self.world.issuer, options={"require": ["iat"]}
        )
        assert not {"sub", "exp"} & claims.keys()
        assert len(claims["events"]) == 1
        assert all(isinstance(event, dict) for event in claims["events"].values())
        assert claims["sub_id"]["format"] in {"iss_sub", "opaque", "complex"}
        assert all(claims[name] and isinstance(claims[name], str) for name in ("jti", "txn"))
        return claims

    def remove(self, stream: Mapping[str, Any]) -> None:
        """Take a stream away."""
        answer = self.streams("DELETE", params={"stream_id": stream["stream_id"]})
        assert answer.status_code == requests.codes.no_content
        self._made.remove(stream["stream_id"])

    def close(self) -> None:
        """Take away what is left."""
        for stream_id in list(self._made):
            self.remove({"stream_id": stream_id})
