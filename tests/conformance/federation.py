"""The federation that the suite plays: a trust anchor with one relying party below it, and a provider that trusts the anchor."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import orjson
import requests

from tests.conformance.fapi import settled
from tests.support.assertions import TYPE
from tests.support.browser import Browser, Page, Person
from tests.support.client_keys import ClientKey, key_set, new_key
from tests.support.clock import FrozenClock
from tests.support.federation import RP, STATEMENT, Entity
from tests.support.local_server import LocalServer, QuietHandler
from tests.support.rp import RelyingParty
from tests.support.world import World

WELL_KNOWN: Final = "/.well-known/openid-federation"


class SuiteServer(LocalServer):
    """Serves the anchor and every relying party of the suite; ``asked`` has the addresses that were fetched."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.key_sets: dict[str, Mapping[str, Any]] = {}
        owner = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                url = f"http://{owner.host}{self.path}"
                owner.asked.append(url)
                keys = owner.key_sets.get(url)
                page = orjson.dumps(keys) if keys else next((one.encode() for one in owner.pages(url)), b"")
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", "application/json" if keys else f"application/{STATEMENT}")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

        super().__init__(Handler)
        self.clock = FrozenClock(int(time.time()))
        self.anchor = Entity(f"http://{self.host}/test/a/alias/trust-anchor", self.clock)
        self.entities = [self.anchor]

    def pages(self, url: str) -> list[str]:
        """Return what the entities serve at an address."""
        return [page for one in self.entities if (page := one.page(url)) is not None]

    def settings(self, directory: Path) -> dict[str, str]:
        """Return the settings of a provider that joined this federation, as docs/conformance.md says."""
        keys = directory / "suite-anchor.json"
        keys.write_bytes(orjson.dumps(self.anchor.jwks))
        return {
            "FEDERATION__ENABLED": "true",
            "FEDERATION__PROVINCE": "48",
            "FEDERATION__TRUST_ANCHORS": orjson.dumps({self.anchor.entity_id: str(keys)}).decode(),
            "FEDERATION__ANCHOR_UNITS": orjson.dumps({self.anchor.entity_id: "48"}).decode(),
            "REGISTRATION__REQUIRE_PKCE": "false",
        }


class Leaf:
    """One module's relying party: nobody registered it, its anchor vouches for it with a copy of what it says of itself."""

    def __init__(self, world: World, suite: SuiteServer, person: Person) -> None:
        self.world, self.suite, self.person = world, suite, person
        self.key: ClientKey = new_key("rp-1", "ES256")
        self.id = f"http://{suite.host}/test/a/{secrets.token_hex(6)}"
        self.callback = f"{self.id}/callback"
        metadata = {"response_types": ["code"], "redirect_uris": [self.callback], "jwks_uri": f"{self.id}/jwks"}
        self.entity = Entity(self.id, suite.clock, suite.anchor.entity_id, **{RP: metadata})
        suite.key_sets[f"{self.id}/jwks"] = key_set(self.key)
        suite.entities.append(self.entity)
        said = self.entity.own()
        # The suite takes the leaf's own words, without its superiors, and says where they come from.
        suite.anchor.vouches(self.entity, metadata=said["metadata"], source_endpoint=f"{suite.anchor.entity_id}/fetch")
        self.browser = Browser(self.callback)

    @property
    def issuer(self) -> str:
        """Return the provider's entity identifier."""
        return self.world.issuer

    def chain(self) -> list[str]:
        """Return the trust chain, the leaf first."""
        anchor = self.suite.anchor
        return [self.entity.configuration(), anchor.statement(self.id), anchor.configuration()]

    def request_object(self, key: ClientKey | None = None, **changes: Any) -> str:
        """Return a signed request as the suite makes it: no nonce, no state, no challenge; ``header`` is laid over the header."""
        header = changes.pop("header", {})
        claims = {
            "client_id": self.id, "scope": "openid", "response_type": "code", "redirect_uri": self.callback, "iss": self.id,
            "aud": self.issuer, "jti": secrets.token_hex(16), "exp": int(time.time()) + 300, **changes,
        }  # fmt: skip
        return (key or self.key).sign(settled(claims), **header)

    def asked(self, token: str, *, by_post: bool = False, **changes: str) -> Page:
        """Send the browser off with a signed request by value."""
        query = {"client_id": self.id, "scope": "openid", "response_type": "code", "request": token, **changes}
        if by_post:
            return self.browser.post(f"{self.issuer}/authorize", query)
        return self.browser.open(f"{self.issuer}/authorize?{urlencode(query)}")

    def pushed(self, token: str) -> Page:
        """Push a signed request, and send the browser off with what comes back."""
        form = {"request": token, "client_id": self.id, **self.proof(self.issuer)}
        answer = requests.post(f"{self.issuer}/par", data=form, timeout=60)
        assert (answer.status_code, answer.headers["Content-Type"]) == (201, "application/json"), answer.text
        query = {"client_id": self.id, "request_uri": answer.json()["request_uri"]}
        return self.browser.open(f"{self.issuer}/authorize?{urlencode(query)}")

    def proof(self, audience: str) -> dict[str, str]:
        """Return a client assertion as parameters."""
        now = int(time.time())
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": audience,
            "jti": secrets.token_hex(10),
            "iat": now,
            "exp": now + 60,
        }
        return {"client_assertion_type": TYPE, "client_assertion": self.key.sign(claims)}

    def signed_in(self, page: Page) -> dict[str, Any]:
        """Let the person agree, redeem the code by an assertion to the token endpoint, and return the checked ID token's claims."""
        page = self.browser.walk(page, self.person)
        assert page.callback is not None, (page.status, page.text_of("error-code"))
        assert "error" not in page.callback, page.callback
        form = {"grant_type": "authorization_code", "code": page.callback["code"], "redirect_uri": self.callback}
        form |= {"client_id": self.id, **self.proof(f"{self.issuer}/token")}
        answer = requests.post(f"{self.issuer}/token", data=form, timeout=60)
        assert answer.status_code == requests.codes.ok, answer.text
        return self._id_claims(answer.json()["id_token"])

    def _id_claims(self, token: str) -> dict[str, Any]:
        # A relying party that says nothing of algorithms gets RS256 (OpenID Connect Registration section 2).
        reader = RelyingParty(self.issuer, {"client_id": self.id, "redirect_uris": [self.callback]})
        claims = reader.verified(token, "RS256", {"jwt"})
        assert claims["aud"] == self.id, "OpenID Federation 1.0 section 12.1.1.1: the only audience"
        return claims

    def refused(self, page: Page, *codes: str) -> None:
        """Check that a request ended in an error, shown or told to the client, and that no code went out."""
        told = page.callback or {}
        assert "code" not in told
        assert (told.get("error") or page.text_of("error-code")) in codes, (page.status, page.url)
