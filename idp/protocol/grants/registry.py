"""The registry of grants: one row each.

The token endpoint dispatches on it, discovery announces its names and what the rows add, and clients register for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from idp.protocol.grants import ciba, device_code, jwt_bearer, token_exchange
from idp.protocol.grants.authorization_code import authorization_code
from idp.protocol.grants.client_credentials import client_credentials
from idp.protocol.grants.frame import GrantType
from idp.protocol.grants.refresh_token import refresh_token

_ROWS: Final = (
    GrantType("authorization_code", authorization_code),
    GrantType("refresh_token", refresh_token),
    GrantType("client_credentials", client_credentials, is_for_public=False),
    GrantType(device_code.NAME, device_code.device_code, metadata=device_code.metadata),
    GrantType(ciba.NAME, ciba.ciba, is_for_public=False, metadata=ciba.metadata),
    GrantType(token_exchange.NAME, token_exchange.token_exchange, is_for_public=False),
    GrantType(jwt_bearer.NAME, jwt_bearer.jwt_bearer, is_for_public=False),
)
GRANTS: Final[Mapping[str, GrantType]] = MappingProxyType({row.name: row for row in _ROWS})
"""Every grant by its name."""
