"""SMS through a gateway's HTTP interface, whichever it is: the operator writes down what its body looks like.

Goes through the guarded fetcher: no redirect, no private address that was not allowed by name, a bounded answer.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from idp.errors import DomainError
from idp.messaging.secrets import read_secret
from idp.model.message import Message, Rendered
from idp.ports.carriers import Undeliverable
from idp.ports.fetcher import Fetched, Poster

_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_PLACES: Final = re.compile(r"\{(?:to|text|id|secret)\}")
_UNACCEPTABLE: Final = frozenset({400, 422})


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where an SMS goes, how it is written, and what the answer says; see ``config.messages.Sms``."""

    url: str
    form: bool
    body: dict[str, Any]
    number: str
    header: str
    secret_file: Path | None
    secret_prefix: str
    success_field: str = ""
    success_values: tuple[str, ...] = ()
    diacritics: bool = True

    @property
    def secret_is_in_body(self) -> bool:
        """Tell where the secret goes."""
        return "{secret}" in str(self.body)


class GatewayCarrier:
    """``ports.carriers.Carrier`` over HTTP."""

    def __init__(self, gateway: Gateway, poster: Poster) -> None:
        """Take the gateway and what posts to it."""
        self._gateway = gateway
        self._poster = poster

    def deliver(self, message: Message, rendered: Rendered, reference: str) -> None:
        """Post one message."""
        gateway = self._gateway
        text = rendered.text if gateway.diacritics else without_marks(rendered.text)
        values = {"{to}": _number(message.address, gateway.number), "{text}": text, "{id}": reference}
        secret = self._secret()
        if gateway.secret_is_in_body:
            values["{secret}"] = secret
        filled = _filled(gateway.body, values)
        body = urlencode(filled).encode() if gateway.form else orjson.dumps(filled)
        answer = self._poster.post(gateway.url, body, _FORM if gateway.form else _JSON, headers=self._headers(secret))
        self._judge(answer)

    def check(self) -> str:
        """Tell that the secret can be read; a gateway has no question that costs nothing."""
        self._secret()
        return f"{self._gateway.url} (nothing was sent)"

    def _secret(self) -> str:
        path = self._gateway.secret_file
        secret = read_secret(path, "IDP_SMS__SECRET_FILE") if path is not None else ""
        if not secret.isascii():
            raise DomainError("the gateway's secret is not ASCII", code="gateway_secret")
        return secret

    def _headers(self, secret: str) -> dict[str, str]:
        gateway = self._gateway
        if not secret or gateway.secret_is_in_body:
            return {}
        return {gateway.header: f"{gateway.secret_prefix}{secret}"}

    def _judge(self, answer: Fetched) -> None:
        if answer.status in _UNACCEPTABLE:
            raise Undeliverable("the gateway does not take this message", code=f"http_{answer.status}")
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - the successes of HTTP
            raise DomainError("the gateway did not take the message", code=f"http_{answer.status}")
        if self._gateway.success_field and _looked_up(answer.body, self._gateway.success_field) not in set(
            self._gateway.success_values
        ):
            raise DomainError("the gateway's answer means no", code="gateway_refused")


def _filled(template: Any, values: dict[str, str]) -> Any:
    """Return the body with its placeholders filled; each is filled once, so no text can bring a placeholder of its own."""
    if isinstance(template, dict):
        return {name: _filled(part, values) for name, part in template.items()}
    if isinstance(template, list):
        return [_filled(part, values) for part in template]
    if not isinstance(template, str):
        return template
    return _PLACES.sub(lambda found: values.get(found.group(), ""), template)


def without_marks(text: str) -> str:
    """Return Vietnamese in the letters of ASCII."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(character for character in apart if not unicodedata.combining(character))


def _number(e164: str, style: str) -> str:
    digits = e164.removeprefix("+")
    if style == "national" and digits.startswith("84"):
        return f"0{digits[2:]}"
    return e164 if style == "e164" else digits


def _looked_up(body: bytes, path: str) -> str | None:
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int) else None
