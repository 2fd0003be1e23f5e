"""Requests that we make at a provider: the token request and userinfo, server to server by the guarded way out, bounded and strict."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote, urlencode

from idp.errors import DomainError
from idp.ports.fetcher import Fetched
from idp.ports.upstreams import UpstreamRefused, UpstreamUnavailable
from idp.upstream.setup import Setup
from keys.strict_json import read_object

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
MAX_BODY: Final = 64 * 1024
_OK: Final = 200
_TOO_MANY: Final = 429
_FIRST_SERVER_ERROR: Final = 500
_LONGEST_TOKEN: Final = 8192
_CLIENT_REFUSED: Final = frozenset({401, 403})

Reader = Callable[[bytes], dict[str, Any]]
"""Turns an answer's body into its JSON object; a connector with envelopes brings its own."""


class Exchange:
    """Requests to one provider."""

    def __init__(self, setup: Setup, authentication: str) -> None:
        """Take the setup and the way in which we prove ourselves."""
        self._setup = setup
        self._authentication = setup.settings.client_authentication or authentication

    def tokens(self, url: str, code: str, verifier: str, read: Reader) -> dict[str, Any]:
        """Redeem a code (RFC 6749 section 4.1.3); returns the token response with a usable ``access_token``."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._setup.redirect_uri}
        if verifier:
            form["code_verifier"] = verifier
        answer = self.post(url, form)
        if answer.status != _OK:
            raise UpstreamRefused("client_rejected" if answer.status in _CLIENT_REFUSED else "code_rejected")
        response = read(answer.body)
        token = response.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or len(token) > _LONGEST_TOKEN:
            raise UpstreamRefused("token_response")
        if str(response.get("token_type", "bearer")).lower() != "bearer" or " " in token:
            raise UpstreamRefused("token_response")
        return response

    def userinfo(self, url: str, token: str, read: Reader) -> dict[str, Any]:
        """Ask the person's fields with the token just received."""
        fetcher = self._setup.fetcher
        answer = _reached(lambda: fetcher.get_authorized(url, JSON, f"Bearer {token}"))
        if answer.status != _OK:
            raise UpstreamRefused("userinfo_status")
        return read(answer.body)

    def post(self, url: str, form: Mapping[str, str]) -> Fetched:
        """POST a form with our own proof; an answer that means "not now" is an outage."""
        settings, fields, authorization = self._setup.settings, dict(form), ""
        secret = self._setup.secret
        if self._authentication == "client_secret_basic":
            # Both halves are form-urlencoded first (RFC 6749 section 2.3.1).
            pair = f"{quote(settings.client_id, safe='')}:{quote(secret, safe='')}"
            authorization = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            fields["client_id"] = settings.client_id
            if self._authentication == "client_secret_post":
                fields["client_secret"] = secret
        body = urlencode(fields).encode()
        fetcher = self._setup.fetcher
        return _reached(lambda: fetcher.post(url, body, FORM, authorization=authorization))

    def get(self, url: str) -> Fetched:
        """GET what the provider publishes."""
        return _reached(lambda: self._setup.fetcher.get(url, JSON))


@contextmanager
def unasked() -> Iterator[None]:
    """Mark what fails within as judged before the upstream was asked anything: it says nothing about the upstream."""
    try:
        yield
    except (UpstreamRefused, UpstreamUnavailable) as error:
        error.is_hearsay = True
        raise


def read_json(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; raises ``UpstreamRefused``."""
    try:
        return read_object(body)
    except ValueError:
        raise UpstreamRefused("malformed_answer") from None


def _reached(request: Callable[[], Fetched]) -> Fetched:
    try:
        answer = request()
    except DomainError as error:
        raise UpstreamUnavailable(f"{error.code}: {error.reason}") from error
    if answer.status >= _FIRST_SERVER_ERROR or answer.status == _TOO_MANY:
        raise UpstreamUnavailable(f"the upstream answered {answer.status}")
    if len(answer.body) > MAX_BODY:
        raise UpstreamRefused("oversized_answer")
    return answer
