"""What the modules of the OpenID Connect plans have in common: one request, and everything that its answer is checked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import requests

from tests.conformance.variants import Variant
from tests.support.browser import Browser, Page, Person
from tests.support.rp import Attempt, RelyingParty
from tests.support.rp_checks import half_hash
from tests.support.world import World

ANSWER: Final = frozenset(
    {"code", "id_token", "access_token", "token_type", "expires_in", "scope", "state", "iss", "session_state"}
)
REFUSAL: Final = frozenset({"error", "error_description", "error_uri", "state", "iss", "session_state"})
_HTTP: Final = requests.codes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one walk through the whole flow brought: the claims of the ID tokens, the access token, the token answer."""

    front: Mapping[str, Any] = field(default_factory=dict)
    back: Mapping[str, Any] = field(default_factory=dict)
    access_token: str = ""
    id_token: str = ""
    code: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def claims(self) -> Mapping[str, Any]:
        """Return the claims of the ID token that a client would go by."""
        return self.back or self.front


class Suite:
    """One module's run: a client of this response type, a person, a browser without cookies."""

    def __init__(self, world: World, variant: Variant, person: Person, client: Mapping[str, Any]) -> None:
        self.world = world
        self.variant = variant
        self.person = person
        self.rp = RelyingParty(world.issuer, client)
        self.browser = self.fresh()

    def fresh(self) -> Browser:
        """Return a browser without cookies."""
        return Browser(str(self.rp.client["redirect_uris"][0]))

    def request(self, **changes: str | None) -> Attempt:
        """Return a request as the suite makes it: without PKCE; ``changes`` replace parameters, None takes one out."""
        base: dict[str, str | None] = {
            "response_type": self.variant.response_type,
            "response_mode": "form_post" if self.variant.is_form_post else None,
            "code_challenge": None,
            "code_challenge_method": None,
        }
        return self.rp.begin(**{**base, **changes})

    def walk(self, attempt: Attempt, browser: Browser | None = None) -> Page:
        """Send the browser off; the person answers whatever is asked."""
        return (browser or self.browser).walk(attempt.url, self.person)

    def run(self, **changes: str | None) -> Outcome:
        """Carry out the whole flow and check it."""
        attempt = self.request(**changes)
        return self.complete(attempt, self.walk(attempt))

    def silently(self, **changes: str | None) -> Outcome:
        """Carry out the whole flow; nothing may be asked of the person."""
        attempt = self.request(**changes)
        page = self.browser.open(attempt.url)
        assert page.callback is not None, f"the person was asked: {page.url}"
        return self.complete(attempt, page)

    def arrived(self, attempt: Attempt, page: Page, allowed: Iterable[str]) -> Mapping[str, str]:
        """Return what came to the client after place, names, state and issuer were checked."""
        assert page.callback is not None, f"nothing came to the client: {page.status} {page.text_of('error-code')}"
        parts = urlsplit(page.url)
        if self.variant.is_form_post:
            assert (page.status, parts.query, parts.fragment) == (200, "", ""), "it was not posted"
        elif self.variant.response_type == "code":
            assert not parts.fragment, "the answer to a code request came in the fragment"
        else:
            # OpenID Connect Core section 3.3.2.5: nothing of the answer stands in the query.
            assert not parts.query, "the answer came in the query"
        assert set(page.callback) <= set(allowed), f"unasked parameters {sorted(page.callback)}"
        assert page.callback.get("state") == attempt.parameters.get("state"), "state"
        assert page.callback.get("iss") == self.world.issuer, "RFC 9207 section 2: iss"
        return page.callback

    def refused(self, attempt: Attempt, page: Page, *codes: str) -> Mapping[str, str]:
        """Check an error that came to the client; returns it."""
        answer = self.arrived(attempt, page, REFUSAL)
        assert answer["error"] in codes, answer
        assert all(" " <= letter <= "~" and letter not in '"\\' for letter in answer.get("error_description", ""))
        return answer

    def complete(self, attempt: Attempt, page: Page) -> Outcome:
        """Check an answer, redeem its code, and ask userinfo with each access token."""
        answer = self.arrived(attempt, page, ANSWER)
        assert "error" not in answer
        wanted = {"code": self.variant.has_code, "id_token": self.variant.has_id_token}
        for name, is_wanted in {**wanted, "access_token": self.variant.has_token}.items():
            assert (name in answer) == is_wanted, name
        front: Mapping[str, Any] = {}
        if self.variant.has_token:
            assert (answer["token_type"].lower(), int(answer["expires_in"]) > 0) == ("bearer", True)
            assert self.rp.userinfo(answer["access_token"]).status_code == _HTTP.ok
        if self.variant.has_id_token:
            front = self.id_claims(answer["id_token"], attempt)
            self._hash(front, "at_hash", answer.get("access_token"))
            self._hash(front, "c_hash", answer.get("code"))
            assert ("s_hash" not in front) or front["s_hash"] == half_hash(attempt.state, "RS256")
        if not self.variant.has_code:
            return Outcome(front, {}, answer.get("access_token", ""), answer["id_token"])
        return self.redeemed(attempt, answer["code"], front)

    def redeemed(self, attempt: Attempt, code: str, front: Mapping[str, Any]) -> Outcome:
        """Redeem a code and check the answer against the ID token that came through the browser, if one did."""
        response = self.rp.redemption(attempt, code)
        assert response.status_code == _HTTP.ok, response.text
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Type"].startswith("application/json")
        body = response.json()
        assert body["token_type"].lower() == "bearer"
        assert body["expires_in"] > 0
        back = self.id_claims(body["id_token"], attempt)
        if "at_hash" in back:
            self._hash(back, "at_hash", body["access_token"])
        for name in ("iss", "sub") if front else ():
            # OpenID Connect Core section 3.3.3.6.
            assert front[name] == back[name], name
        assert self.rp.userinfo(body["access_token"]).status_code == _HTTP.ok
        return Outcome(front, back, body["access_token"], body["id_token"], code, body)

    def id_claims(self, token: str, attempt: Attempt) -> Mapping[str, Any]:
        """Return the claims of an ID token whose signature, issuer, audience, times and nonce were checked."""
        claims = self.rp.verified(token, str(self.rp.client["id_token_signed_response_alg"]), {"jwt"})
        assert claims.get("nonce") == attempt.nonce, "nonce"
        assert 0 < len(claims["sub"]) <= 255
        assert claims["sub"].isascii()
        return claims

    def _hash(self, claims: Mapping[str, Any], name: str, of: str | None) -> None:
        expected = half_hash(of, str(self.rp.client["id_token_signed_response_alg"])) if of else None
        assert claims.get(name) == expected, name

    def signed_out_page(self, attempt: Attempt) -> Page:
        """Return where a browser without cookies first stops."""
        return self.fresh().open(attempt.url)


def query_of(page: Page) -> Mapping[str, list[str]]:
    """Return the query with which the browser came to the client."""
    return parse_qs(urlsplit(page.url).query, keep_blank_values=True)
