"""The connectors: another one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from idp.ports.upstreams import Connector
from idp.upstream import oidc, vnconnect, vneid
from idp.upstream.setup import Setup
from policies.upstreams.mapping import ClaimRule


@dataclass(frozen=True, slots=True)
class Kind:
    """One dialect: how its connector is made, and the claims that are taken where the operator names none."""

    name: str
    make: Callable[[Setup], Connector]
    claims: tuple[ClaimRule, ...]


_KINDS: Final = (
    Kind("oidc", oidc.Oidc, oidc.CLAIMS),
    Kind("vnconnect", vnconnect.VnConnect, vnconnect.CLAIMS),
    Kind("vneid", vneid.VneId, vneid.CLAIMS),
)
CONNECTORS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _KINDS})
