"""What a CIBA request may say, one check a parameter (CIBA section 7.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from clients import fields
from clients.model import PING, Client
from idp.protocol.errors import InvalidBindingMessage, InvalidRequest

HINTS: Final = ("login_hint", "id_token_hint", "login_hint_token")
LONGEST_MESSAGE: Final = 100
LONGEST_EXPIRY: Final = 1800
_MAX_HINT: Final = 8192
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]{1,1024}=*")
_MAX_TOKEN: Final = 1024
_MAX_DIGITS: Final = 9

Parameters = Mapping[str, str]


def hint(parameters: Parameters) -> tuple[str, str]:
    """Return the one hint, by name and value; raises ``InvalidRequest`` for none and for two."""
    given = [(name, parameters[name]) for name in HINTS if name in parameters]
    if len(given) != 1:
        raise InvalidRequest("exactly one of login_hint, id_token_hint, login_hint_token", reason="hints")
    name, value = given[0]
    if name == "login_hint_token":
        raise InvalidRequest("login_hint_token is not supported", reason="login_hint_token")
    if len(value) > _MAX_HINT:
        raise InvalidRequest(f"{name} is too long", reason="hints")
    return name, value


def binding_message(parameters: Parameters) -> str:
    """Return the message that both screens show; raises ``InvalidBindingMessage`` for what cannot be compared by eye."""
    given = parameters.get("binding_message")
    if given is None:
        return ""
    try:
        return str(fields.text(LONGEST_MESSAGE)(given))
    except fields.Fault as fault:
        raise InvalidBindingMessage(f"binding_message {fault.detail}") from fault


def notification_token(client: Client, parameters: Parameters) -> str:
    """Return the client's token for the notification, "" in poll mode; raises ``InvalidRequest``."""
    if client.backchannel_token_delivery_mode != PING:
        return ""
    token = parameters.get("client_notification_token", "")
    if len(token) > _MAX_TOKEN or not _TOKEN.fullmatch(token):
        raise InvalidRequest(
            "client_notification_token must be a Bearer token of at most 1024 characters", reason="notification_token"
        )
    return token


def lifetime(parameters: Parameters, default: int) -> int:
    """Return the seconds that a request lives: what the client asks within our bound, or the default."""
    asked = parameters.get("requested_expiry")
    if asked is None:
        return default
    if not (asked.isascii() and asked.isdigit() and len(asked) <= _MAX_DIGITS and int(asked) > 0):
        raise InvalidRequest("requested_expiry must be a positive number of seconds", reason="requested_expiry")
    return min(int(asked), LONGEST_EXPIRY)
