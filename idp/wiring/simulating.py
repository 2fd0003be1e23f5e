"""What a simulated sign-in decides with: the very parts that a real one has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clients.model import Client
from clients.profiles import PROFILES
from idp.errors import InvalidInput
from idp.flows.administration.simulation import Sources
from idp.model.authorization import AuthorizationRequest
from idp.protocol.authorization.parsing import Target
from idp.protocol.errors import ProtocolError
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
