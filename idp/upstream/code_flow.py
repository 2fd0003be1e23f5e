"""The authorization code flow as every connector starts from it; a dialect overrides what it does otherwise."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from idp.model.upstream import Departure
from idp.ports.upstreams import Finding, LogoutNotice, Once, Told, UpstreamRefused, UpstreamUnavailable
from idp.upstream.exchange import Exchange, Reader
from idp.upstream.findings import Provider, looked_at
from idp.upstream.id_tokens import IdTokens
from idp.upstream.published import Published
from idp.upstream.setup import Setup
from keys import base64url

_OK = frozenset({200, 204})


class CodeFlow:
    """Shared by the connectors; on its own it is none, as it redeems nothing."""

    keeps_plus = False
    states_auth_time = False
    authentication = "client_secret_basic"
    with_pkce = False
    with_nonce = False
    acr_values: tuple[str, ...] = ()
    """What is always asked, unless the operator says otherwise."""

    def __init__(self, setup: Setup) -> None:
        """Take what the operator described."""
        self.setup = setup
        self.exchange = Exchange(setup, self.authentication)
        self.published = Published(setup, self.exchange)
        self.id_tokens = IdTokens(setup, self.published)

    @property
    def uses_pkce(self) -> bool:
        """Tell whether a challenge is sent (RFC 7636)."""
        given = self.setup.settings.pkce
        return self.with_pkce if given is None else given

    def authorize_url(self, departure: Departure, state: str, language: str) -> str:
        """Return the address of the authorization request (RFC 6749 section 4.1.1)."""
        parameters = {
            "response_type": "code",
            "client_id": self.setup.settings.client_id,
            "redirect_uri": self.setup.redirect_uri,
            "scope": " ".join(self.setup.settings.scope),
            "state": state,
            **self._acr_values(departure),
            **self.further(departure, language),
        }
        if self.uses_pkce:
            digest = hashlib.sha256(departure.verifier.encode()).digest()
            parameters |= {"code_challenge": base64url.encode_text(digest), "code_challenge_method": "S256"}
        if self.with_nonce:
            parameters["nonce"] = departure.nonce
        if departure.must_login:
            parameters["prompt"] = "login"
        address = self.published.needed("authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"

    def further(self, _departure: Departure, _language: str) -> dict[str, str]:
        """Return further parameters of the dialect."""
        return {}

    def _acr_values(self, departure: Departure) -> dict[str, str]:
        wanted = self.setup.settings.acr_requests.get(departure.wanted_acr) if departure.wanted_acr else None  # type: ignore[call-overload]
        values = (wanted,) if wanted else self.setup.settings.acr_values or self.acr_values
        return {"acr_values": " ".join(values)} if values else {}

    def redeem(self, parameters: Mapping[str, str], departure: Departure, once: Once) -> Told:
        """Redeem the code; every dialect does this itself."""
        raise NotImplementedError

    def end_session_url(self, hint: str, return_uri: str, state: str) -> str:
        """Return where a browser signs out upstream (OpenID Connect RP-Initiated Logout section 2)."""
        address = self.published.address("end_session_endpoint")
        if not address:
            return ""
        parameters = {
            "client_id": self.setup.settings.client_id,
            "post_logout_redirect_uri": return_uri,
            "state": state,
            **({"id_token_hint": hint} if hint else {}),
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"

    def end_session(self, hint: str, sid: str) -> None:
        """Tell the upstream by a request of our own, with our own proof."""
        form = {name: value for name, value in (("id_token_hint", hint), ("sid", sid)) if value}
        answer = self.exchange.post(self.published.needed("end_session_endpoint"), form)
        if answer.status not in _OK:
            raise UpstreamUnavailable(f"sign-out answered {answer.status}")

    def logout_notice(self, token: str, once: Once) -> LogoutNotice:  # noqa: ARG002 - port
        """Refuse: only a provider with signed logout tokens can tell us."""
        raise UpstreamRefused("no_logout_tokens")

    def findings(self) -> list[Finding]:
        """Look at secrets, addresses and what is published."""
        return looked_at(Provider(self.setup, self.exchange, self.published, self.authentication))

    def keys_seen(self) -> tuple[str, ...]:
        """Return the provider's keys as they were seen last; asks nobody."""
        return self.published.keys_seen()

    def token_endpoint(self) -> str:
        """Return where codes are redeemed."""
        return self.published.needed("token_endpoint")

    def tokens(self, code: str, departure: Departure, read: Reader) -> dict[str, Any]:
        """Redeem a code with its verifier."""
        verifier = departure.verifier if self.uses_pkce else ""
        return self.exchange.tokens(self.token_endpoint(), code, verifier, read)
