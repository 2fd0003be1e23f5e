"""What would become of each claim of a person at a client, by the policies that decide it at a sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clients.model import Client
from idp.flows.dispatcher import wanted_consent
from idp.model.authorization import AuthorizationRequest
from idp.ports.sessions import ConsentState
from policies import claims as claim_policy


@dataclass(frozen=True, slots=True)
class ClaimFate:
    """What would become of a claim: ``released``, ``optional`` (the person's choice), ``declined``, ``empty``, ``not_asked``; never its value."""

    name: str
    scope: str
    fate: str


def fates(
    request: AuthorizationRequest, client: Client, before: ConsentState | None, attributes: Mapping[str, object]
) -> tuple[ClaimFate, ...]:
    """Return the fate of each claim that the client is registered for; ``before`` is what the person agreed to already."""
    asked = request.claims | request.id_claims
    registered = claim_policy.for_scopes(client.scope)
    choice = claim_policy.choose(asked, request.essential)
    is_notice = wanted_consent(request, client, answered=False).mode == "notice"
    there = claim_policy.release(registered, attributes)
    kept, declined = (before.claims, before.declined) if before is not None else (0, 0)
    optional = claim_policy.unpack(0 if is_notice else choice.optional & ~kept)
    asked_names, refused = claim_policy.unpack(asked), claim_policy.unpack(declined & ~kept)
    return tuple(
        ClaimFate(
            name,
            claim_policy.CLAIMS[name].scope,
            _first(
                (name not in asked_names, "not_asked"),
                (name not in there, "empty"),
                (name in refused, "declined"),
                (name in optional, "optional"),
            ),
        )
        for name in claim_policy.unpack(registered)
    )


def _first(*rows: tuple[bool, str]) -> str:
    return next((fate for applies, fate in rows if applies), "released")
