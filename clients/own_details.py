"""``own_authorization_details``: the most that a system may ask for itself by RFC 9396, written by an operator."""

from __future__ import annotations

from typing import Any

from clients.fields import Fault
from policies import authorization_details
from policies.authorization_details import OF_PEOPLE, TYPES, DetailFault


def parse(value: object) -> tuple[dict[str, Any], ...]:
    """Return a list of details of types that are for systems, empty for none; raises ``Fault``."""
    if value == []:
        return ()
    try:
        found = authorization_details.checked(value, TYPES.keys() - OF_PEOPLE)
    except DetailFault as fault:
        raise Fault("not_detail", fault.fix, fault.place) from fault
    return tuple(dict(one) for one in found)
