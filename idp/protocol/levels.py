"""Which level of a sign-in a client is told of.

Asked whenever a token is made or read, so that what a department decides today holds for the sign-ins of yesterday.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients.model import Client
from policies.factors import firm


def told(acr: str, amr: tuple[str, ...], *clients: Client) -> tuple[str, tuple[str, ...]]:
    """Return ``acr`` and ``amr`` as they count for all of ``clients``: without what a trusted browser stood in for, where one takes none."""
    return (acr, amr) if all(client.accept_trusted_devices for client in clients) else firm(acr, amr)


def told_claims(claims: Mapping[str, Any], *clients: Client) -> Mapping[str, Any]:
    """Return an access token's claims as they count for all of ``clients`` together."""
    if all(client.accept_trusted_devices for client in clients) or "acr" not in claims or "amr" not in claims:
        return claims
    acr, amr = firm(str(claims["acr"]), tuple(claims["amr"]))
    return {**claims, "acr": acr, "amr": amr}
