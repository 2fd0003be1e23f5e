"""``idp upstreams test``: what is wrong with a provider's configuration, in words that say what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idp.errors import DomainError
from idp.ports.upstreams import Finding
from idp.upstream.exchange import Exchange
from idp.upstream.published import Published, is_address
from idp.upstream.setup import Setup

_NEEDED = ("authorization_endpoint", "token_endpoint")


@dataclass(frozen=True, slots=True)
class Provider:
    """What is looked at: what the operator described, what the provider publishes, and how it is talked to (``authentication`` by default)."""

    setup: Setup
    exchange: Exchange
    published: Published
    authentication: str


def looked_at(provider: Provider) -> list[Finding]:
    """Return the findings of one connector; each check stands alone, so that one failure does not hide the next."""
    settings = provider.setup.settings
    found = [Finding("redirect_uri", ok=True, text=f"register {provider.setup.redirect_uri} with the provider")]
    found.append(_tried("client_secret", lambda: _secret(provider)))
    if settings.discovery:
        found.append(_tried("discovery", lambda: f"issuer {provider.published.metadata()['issuer']}"))
    found.extend(_tried(name, lambda name=name: _address(provider, name)) for name in _NEEDED)  # type: ignore[misc]
    if settings.jwks_uri or settings.discovery:
        found.append(_tried("jwks_uri", lambda: _keys(provider)))
    found.append(_tried("token_endpoint_answers", lambda: _answers(provider)))
    if settings.logout != "none":
        found.append(_tried("end_session_endpoint", lambda: _address(provider, "end_session_endpoint")))
    return found


def _tried(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, ok=True, text=look())
    except DomainError as error:
        return Finding(check, ok=False, text=error.reason)


def _keys(provider: Provider) -> str:
    count = provider.published.count_keys()
    return f"{count} usable signing keys: {', '.join(provider.published.keys_seen())}"


def _secret(provider: Provider) -> str:
    needs = (provider.setup.settings.client_authentication or provider.authentication) != "none"
    if needs and not provider.setup.secret:
        raise DomainError("no client secret: set client_secret_file, or client_authentication = none")
    return "present" if provider.setup.secret else "none, as configured"


def _address(provider: Provider, name: str) -> str:
    value = provider.published.needed(name)
    if not is_address(value):
        raise DomainError(f"{value} must be https")
    return value


def _answers(provider: Provider) -> str:
    """Ask the token endpoint with a code that nobody issued: it must answer, and it must refuse."""
    form = {
        "grant_type": "authorization_code",
        "code": "idp-upstreams-test",
        "redirect_uri": provider.setup.redirect_uri,
    }
    status = provider.exchange.post(provider.published.needed("token_endpoint"), form).status
    if status in {401, 403}:
        raise DomainError(f"answered {status}: it does not accept client_id and secret")
    if status == 200:  # noqa: PLR2004 - HTTP
        raise DomainError("accepted a code that nobody issued: this is no token endpoint")
    return f"reachable, and refuses a made-up code with {status}"
