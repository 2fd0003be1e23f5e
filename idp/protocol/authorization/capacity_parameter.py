"""``capacity``: as whom a client wants the person to act. Our own parameter (``docs/mandates.md``)."""

from __future__ import annotations

from collections.abc import Mapping

from clients.model import Client
from idp.protocol.errors import InvalidRequest
from policies import capacities
from policies.mandate_kinds import CAPACITIES


def parse(parameters: Mapping[str, str], client: Client) -> str:
    """Return the value, "" for none; raises ``InvalidRequest`` for what is no value, or a capacity that the client is not registered for."""
    value = parameters.get("capacity", "")
    if not value:
        return ""
    if not capacities.is_parameter(value):
        raise InvalidRequest("capacity must be person, organisation, child, select or a mandate", reason="capacity")
    if value in CAPACITIES and value not in client.capacities:
        raise InvalidRequest("this client is not registered for that capacity", reason="capacity_not_registered")
    return value
