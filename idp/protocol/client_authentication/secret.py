"""``client_secret_basic`` and ``client_secret_post`` (RFC 6749 section 2.3.1)."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_plus

from clients import secrets
from clients.model import Client
from idp.protocol.client_authentication.frame import Credential, Shape, Tools, Used
from idp.protocol.errors import CLIENT_UNPROVEN, InvalidClient
from idp.protocol.wire import WireRequest

_LONGEST: Final = 2048


def by_header(request: WireRequest, _parameters: Mapping[str, str]) -> Credential | None:
    """Read the Authorization header; both halves are form-urlencoded (RFC 6749 section 2.3.1)."""
    header = request.header("authorization")
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = a2b_base64(value.strip(), strict_mode=True).decode("utf-8")
        if "%" in text or "+" in text:
            user, colon, password = text.partition(":")
            client_id, secret = unquote_plus(user, errors="strict"), unquote_plus(password, errors="strict")
        else:
            client_id, colon, secret = text.partition(":")
    except (Base64Error, ValueError) as error:
        raise InvalidClient("the Basic credential cannot be read", reason="basic_malformed") from error
    if not colon or not client_id:
        raise InvalidClient("the Basic credential cannot be read", reason="basic_malformed")
    return Credential(Shape.BASIC, client_id, secret)


def by_body(_request: WireRequest, parameters: Mapping[str, str]) -> Credential | None:
    """Read the parameter ``client_secret``."""
    if "client_secret" not in parameters:
        return None
    return Credential(Shape.BODY, parameters.get("client_id", ""), parameters["client_secret"])


def prove(credential: Credential, client: Client, _request: WireRequest, tools: Tools) -> Used | None:
    """Compare with the client's live secrets."""
    is_right = secrets.is_valid(client.secrets, credential.value, tools.clock.now())
    if len(credential.value) > _LONGEST or not is_right:
        raise InvalidClient(CLIENT_UNPROVEN, reason="wrong_secret")
    return None
