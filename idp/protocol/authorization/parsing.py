"""From raw parameters to a valid ``AuthorizationRequest``: one small check a parameter, in the order in which they are listed.

``identify`` comes first: until client and redirect URI both hold, errors are shown and never redirected (RFC 6749 section 4.1.2.1).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients.model import Client
from clients.profiles import PROFILES
from clients.redirects import matches
from idp.model.authorization import AuthorizationRequest
from idp.model.frozen import frozen
from idp.protocol.authorization import (
    capacity_parameter,
    claims_parameter,
    details_parameter,
    response_types,
    scope_parameter,
)
from idp.protocol.authorization.claims_parameter import ClaimsRequest
from idp.protocol.authorization.responses import Reply
from idp.protocol.dpop import is_thumbprint
from idp.protocol.errors import (
    InvalidRequest,
    RegistrationNotSupported,
)
from idp.protocol.hints import HintClaims
from idp.protocol.parameters import several
from idp.protocol.resources import Resources
from policies import authorization_details
from policies import claims as claim_policy

PROMPTS: Final = ("none", "login", "consent", "select_account")
DISPLAYS: Final = ("page", "popup", "touch", "wap")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX_STATE: Final = 2048
_MAX_NONCE: Final = 512
_MAX_HINT: Final = 256
_MAX_AGE: Final = 366 * 86400
_MAX_LIST: Final = 16

Parameters = Mapping[str, str]


@frozen
class Target:
    """Where the answer may go: a known, active client and a redirect URI that is registered for it."""

    client: Client
    redirect_uri: str


def named_client(parameters: Parameters, find: Callable[[str], Client | None]) -> Client:
    """Return the active client that the request names; every error raised here must be shown to the person, never redirected."""
    client_id = parameters.get("client_id")
    if not client_id:
        raise InvalidRequest("client_id is missing", reason="client_id_missing")
    client = find(client_id)
    if client is None or client.state != "active":
        raise InvalidRequest("client_id names no active client", reason="unknown_client")
    return client


def identify(parameters: Parameters, find: Callable[[str], Client | None]) -> Target:
    """Return client and redirect URI; every error raised here must be shown to the person, never redirected."""
    client = named_client(parameters, find)
    redirect_uri = parameters.get("redirect_uri")
    if not redirect_uri:
        raise InvalidRequest("redirect_uri is missing", reason="redirect_uri_missing")
    if not matches(client, redirect_uri):
        raise InvalidRequest("redirect_uri is not registered for this client", reason="redirect_uri_mismatch")
    return Target(client, redirect_uri)


def reply(target: Target, parameters: Parameters) -> Reply:
    """Return where an error of this request goes: the way the client asked, as far as that can be told and is safe."""
    mode = response_types.of(parameters).mode(parameters.get("response_mode"))
    return Reply(target.client, target.redirect_uri, mode, parameters.get("state"))


@dataclass(frozen=True, slots=True)
class Readers:
    """What parameters are read with: ``hint`` verifies an ``id_token_hint``, ``resources`` knows who may ask for which.

    ``with_legacy`` tells that the operator offers response types beside ``code``.
    """

    hint: Callable[[str, Client], HintClaims]
    resources: Resources
    with_legacy: bool = False


def parse(target: Target, parameters: Parameters, readers: Readers) -> AuthorizationRequest:
    """Return the valid request; raises a ``ProtocolError`` that may be redirected to the target."""
    client = target.client
    if "registration" in parameters:
        raise RegistrationNotSupported("the registration parameter is not supported")
    kind = response_types.checked(parameters, client, with_legacy=readers.with_legacy)
    mode = kind.mode(parameters.get("response_mode"))
    if PROFILES[client.profile].needs_signed_response and not mode.endswith(".jwt"):
        raise InvalidRequest("response_mode must be a signed one, such as jwt: the client's profile", reason="not_jarm")
    scope = scope_parameter.parse(parameters, client, by_code=not kind.is_front_channel)
    asked = claims_parameter.parse(parameters.get("claims"))
    claims, id_claims = _claim_sets(scope, asked, client)
    hint = readers.hint(parameters["id_token_hint"], client) if "id_token_hint" in parameters else None
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=target.redirect_uri,
        response_type=kind.name,
        response_mode=mode,
        state=_bounded(parameters, "state", _MAX_STATE),
        scope=scope,
        nonce=_bounded(parameters, "nonce", _MAX_NONCE),
        challenge=_challenge(parameters, client) if kind.has_code else "",
        dpop_jkt=_dpop_jkt(parameters),
        prompt=_prompt(parameters),
        max_age=_max_age(parameters, client),
        claims=claims,
        id_claims=id_claims,
        acr_values=_permitted(client, _words(parameters, "acr_values") or _voluntary_acr(asked))
        or client.default_acr_values,
        essential_acr=_permitted(client, asked.acr_values if asked.acr_essential else ()),
        login_hint=_bounded(parameters, "login_hint", _MAX_HINT),
        required_sub=_required_sub(asked, hint),
        ui_locales=_words(parameters, "ui_locales"),
        display=_display(parameters),
        capacity=capacity_parameter.parse(parameters, client),
        **_marked(asked, scope),
        **_precise(parameters, client, readers.resources),
    )


def new_each_time(parameters: Parameters, client: Client) -> tuple[str | None, str | None, str]:
    """Return state, nonce and challenge of a request for a code after they were checked; raises ``InvalidRequest``."""
    state, nonce = _bounded(parameters, "state", _MAX_STATE), _bounded(parameters, "nonce", _MAX_NONCE)
    return state, nonce, _challenge(parameters, client)


def decoupled(
    client: Client, parameters: Parameters, prompt: frozenset[str], resources: Resources
) -> AuthorizationRequest:
    """Return the request of a client that is answered at another device (RFC 8628 section 3.1, CIBA section 7.1); nothing is redirected."""
    scope = scope_parameter.parse(parameters, client, by_code=False)
    asked = claims_parameter.parse(parameters.get("claims"))
    claims, id_claims = _claim_sets(scope, asked, client)
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri="",
        response_mode="",
        state=None,
        scope=scope,
        nonce=_bounded(parameters, "nonce", _MAX_NONCE),
        challenge="",
        prompt=prompt,
        max_age=_max_age(parameters, client),
        claims=claims,
        id_claims=id_claims,
        acr_values=_permitted(client, _words(parameters, "acr_values") or _voluntary_acr(asked))
        or client.default_acr_values,
        essential_acr=_permitted(client, asked.acr_values if asked.acr_essential else ()),
        ui_locales=_words(parameters, "ui_locales"),
        capacity=capacity_parameter.parse(parameters, client),
        **_marked(asked, scope),
        **_precise(parameters, client, resources),
    )


def _marked(asked: ClaimsRequest, scope: tuple[str, ...]) -> dict[str, Any]:
    """Return what the ``claims`` parameter marks (OpenID Connect Core section 5.5.1).

    Values bound userinfo only for claims that no scope asks: what a scope asks is wanted whatever it is.
    """
    if not asked.essential and not asked.wanted:
        return {}
    known, by_scope = set(claim_policy.CLAIMS), set(claim_policy.unpack(claim_policy.for_scopes(scope)))
    bounded = (("userinfo", known - by_scope), ("id_token", known))
    places = {
        place: {name: one for name, one in asked.wanted.get(place, {}).items() if name in names}
        for place, names in bounded
    }
    wanted = json.dumps(places) if any(places.values()) else ""
    return {"essential": claim_policy.pack(asked.essential), "wanted": wanted}


def _precise(parameters: Parameters, client: Client, resources: Resources) -> dict[str, Any]:
    """Return for which resources and what exactly is asked; both are empty where a request does not say (RFC 8707, RFC 9396)."""
    if "resource" not in parameters and "authorization_details" not in parameters:
        return {}
    types = client.authorization_details_types & authorization_details.OF_PEOPLE
    details = details_parameter.parse(parameters.get("authorization_details"), types)
    places = (place for one in details for place in one.get("locations", ()))
    asked = resources.checked(client, (*several(parameters, "resource"), *places))
    return {"resources": asked, "details": authorization_details.canonical(details)}


def _claim_sets(scope: tuple[str, ...], asked: ClaimsRequest, client: Client) -> tuple[int, int]:
    """Return the bit sets for userinfo and the ID token: what scopes and ``claims`` ask, never beyond the client's registration."""
    allowed = claim_policy.for_scopes(client.scope)
    userinfo = claim_policy.for_scopes(scope) | claim_policy.pack(asked.userinfo)
    return userinfo & allowed, claim_policy.pack(asked.id_token) & allowed


def _dpop_jkt(parameters: Parameters) -> str:
    """The key that alone may redeem the code (RFC 9449 section 10)."""
    thumbprint = parameters.get("dpop_jkt", "")
    if thumbprint and not is_thumbprint(thumbprint):
        raise InvalidRequest("dpop_jkt must be a SHA-256 thumbprint in base64url", reason="dpop_jkt")
    return thumbprint


def _challenge(parameters: Parameters, client: Client) -> str:
    """RFC 7636 sections 4.3 and 4.4.1; ``plain`` is no protection against whoever reads the request (RFC 9700 section 2.1.1)."""
    challenge = parameters.get("code_challenge")
    method = parameters.get("code_challenge_method")
    if challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge is missing", reason="code_challenge_missing")
        if client.require_pkce:
            raise InvalidRequest("code_challenge is missing: this client must use PKCE", reason="pkce_required")
        return ""
    if method != "S256":
        raise InvalidRequest("code_challenge_method must be S256", reason="code_challenge_method")
    if not _CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("code_challenge must be 43 characters of base64url", reason="code_challenge")
    return challenge


def _prompt(parameters: Parameters) -> frozenset[str]:
    prompt = frozenset(_words(parameters, "prompt"))
    if not prompt <= set(PROMPTS):
        raise InvalidRequest("prompt may hold none, login, consent and select_account", reason="prompt")
    if "none" in prompt and len(prompt) > 1:
        raise InvalidRequest("prompt=none stands alone", reason="prompt")
    return prompt


def _max_age(parameters: Parameters, client: Client) -> int | None:
    raw = parameters.get("max_age")
    if raw is None:
        return client.default_max_age
    if not (raw.isascii() and raw.isdigit() and len(raw) <= len(str(_MAX_AGE))):
        raise InvalidRequest("max_age must be a number of seconds", reason="max_age")
    return int(raw)


def _display(parameters: Parameters) -> str:
    display = parameters.get("display", "page")
    if display not in DISPLAYS:
        raise InvalidRequest("display must be page, popup, touch or wap", reason="display")
    return display


def _words(parameters: Parameters, name: str) -> tuple[str, ...]:
    # A space and nothing else separates them (OpenID Connect Core section 14): a tab is part of a word that nobody knows.
    words = tuple(dict.fromkeys(word for word in parameters[name].split(" ") if word)) if name in parameters else ()
    if len(words) > _MAX_LIST:
        raise InvalidRequest(f"{name} holds too many values", reason=name)
    return words


def _bounded(parameters: Parameters, name: str, most: int) -> str | None:
    value = parameters.get(name)
    if value is not None and len(value) > most:
        raise InvalidRequest(f"{name} is longer than {most} characters", reason=name)
    return value


def _permitted(client: Client, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a level of assurance beyond what the client may ask for: a superior of a federation sets that bound."""
    if client.permitted_acr_values and not set(asked) <= set(client.permitted_acr_values):
        raise InvalidRequest("this client may not ask for that acr", reason="acr_not_permitted")
    return asked


def _voluntary_acr(asked: ClaimsRequest) -> tuple[str, ...]:
    return () if asked.acr_essential else asked.acr_values


def _required_sub(asked: ClaimsRequest, hint: HintClaims | None) -> str | None:
    """A hint and a ``sub`` claim both name who must be signed in (OpenID Connect Core sections 3.1.2.1 and 5.5.1)."""
    if hint is not None and asked.sub is not None and hint.sub != asked.sub:
        raise InvalidRequest("id_token_hint and the sub claim name different subjects", reason="id_token_hint")
    return hint.sub if hint is not None else asked.sub
