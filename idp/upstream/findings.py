"""``idp upstreams test``: what is wrong with a provider's configuration, in words that say what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from idp.errors import DomainError
from idp.ports.upstreams import Finding
from idp.upstream.published import is_address

if TYPE_CHECKING:
    from idp.upstream.code_flow import CodeFlow

_NEEDED = ("authorization_endpoint", "token_endpoint")


def looked_at(flow: CodeFlow) -> list[Finding]:
    """Return the findings of one connector; each check stands alone, so that one failure does not hide the next."""
    settings = flow.setup.settings
    found = [Finding("redirect_uri", ok=True, text=f"register {flow.setup.redirect_uri} with the provider")]
    found.append(_tried("client_secret", lambda: _secret(flow)))
    if settings.discovery:
        found.append(_tried("discovery", lambda: f"issuer {flow.published.metadata()['issuer']}"))
    found.extend(_tried(name, lambda name=name: _address(flow, name)) for name in _NEEDED)  # type: ignore[misc]
    if settings.jwks_uri or settings.discovery:
        found.append(_tried("jwks_uri", lambda: f"{flow.published.count_keys()} usable signing keys"))
    found.append(_tried("token_endpoint_answers", lambda: _answers(flow)))
    if settings.logout != "none":
        found.append(_tried("end_session_endpoint", lambda: _address(flow, "end_session_endpoint")))
    return found


def _tried(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, ok=True, text=look())
    except DomainError as error:
        return Finding(check, ok=False, text=error.reason)


def _secret(flow: CodeFlow) -> str:
    needs = (flow.setup.settings.client_authentication or flow.authentication) != "none"
    if needs and not flow.setup.secret:
        raise DomainError("no client secret: set client_secret_file, or client_authentication = none")
    return "present" if flow.setup.secret else "none, as configured"


def _address(flow: CodeFlow, name: str) -> str:
    value = flow.published.needed(name)
    if not is_address(value):
        raise DomainError(f"{value} must be https")
    return value


def _answers(flow: CodeFlow) -> str:
    """Ask the token endpoint with a code that nobody issued: it must answer, and it must refuse."""
    form = {"grant_type": "authorization_code", "code": "idp-upstreams-test", "redirect_uri": flow.setup.redirect_uri}
    status = flow.exchange.post(flow.token_endpoint(), form).status
    if status in {401, 403}:
        raise DomainError(f"answered {status}: it does not accept client_id and secret")
    if status == 200:  # noqa: PLR2004 - HTTP
        raise DomainError("accepted a code that nobody issued: this is no token endpoint")
    return f"reachable, and refuses a made-up code with {status}"
