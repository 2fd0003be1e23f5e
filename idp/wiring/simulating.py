"""What a sign-in in theory and a test sign-in decide with: the very parts that a real one has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clients.model import Client
from clients.profiles import PROFILES
from idp.errors import InvalidInput
from idp.flows.administration.simulation import Sources
from idp.model.authorization import AuthorizationRequest
from idp.protocol.authorization.parsing import Target
from idp.protocol.authorization.trial import Endpoint, Trial
from idp.protocol.errors import ProtocolError
from idp.protocol.mint import Mint
from idp.wiring.speech import Speech

_CHALLENGE: Final = "A" * 43
"""A code challenge of the right form: nobody knows its verifier, and no code is made."""


def simulation_sources(speech: Speech) -> Sources:
    """Return the parts of the sign-in that a simulation asks."""

    def parse(client: Client, parameters: Mapping[str, str]) -> AuthorizationRequest:
        if not client.redirect_uris or "authorization_code" not in client.grant_types:
            raise InvalidInput("names a system at which nobody signs in by a browser", field="client_id")
        target = Target(client, client.redirect_uris[0])
        signed = {"response_mode": "jwt"} if PROFILES[client.profile].needs_signed_response else {}
        pkce = {"code_challenge": _CHALLENGE, "code_challenge_method": "S256"}
        try:
            return speech.authorization.check(target, {"response_type": "code", **pkce, **signed, **parameters})
        except ProtocolError as error:
            raise InvalidInput(f"the request would be refused: {error.description}", field="scope") from error

    enrol_within = speech.settings.factors.fresh if speech.settings.factors.enrol_at_sign_in else 0
    return Sources(
        parse=parse,
        factors=speech.factors,
        can_reach=speech.can_reach,
        attainable=lambda: speech.attainable,
        enrol_within=enrol_within,
        capacity_of=speech.capacities.of,
        attributes=speech.claims.attributes,
    )


def trial_of(speech: Speech) -> Trial:
    """Return what runs test sign-ins; its mint remembers nothing, lists nothing and encrypts nothing, for its tokens go nowhere."""
    settings, endpoint = speech.settings, speech.authorization
    lifetimes = settings.lifetimes
    mint = Mint(
        *(settings.issuer, speech.clock, speech.sids),
        access_lifetime=lifetimes.access_token,
        id_lifetime=lifetimes.id_token,
    )
    asked = Endpoint(settings.issuer, speech.clients.find, endpoint.check, endpoint.payload, speech.can_reach)
    return Trial(asked, speech.sessions, speech.claims, mint, speech.ring.refresh)
