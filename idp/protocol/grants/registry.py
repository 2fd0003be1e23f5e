"""The registry of grants: discovery announces its names, the token endpoint dispatches on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.protocol.grants.authorization_code import authorization_code
from idp.protocol.grants.client_credentials import client_credentials
from idp.protocol.grants.frame import Grant
from idp.protocol.grants.refresh_token import refresh_token

GRANTS: Final[Mapping[str, Grant]] = {
    "authorization_code": authorization_code,
    "refresh_token": refresh_token,
    "client_credentials": client_credentials,
}
