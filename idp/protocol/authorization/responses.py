"""Response modes: how an authorization response travels back to the client. One row a mode; discovery reads the same table.

``iss`` is in every response, success or error (RFC 9207 section 2): the client then knows which provider answered (mix-up attack).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from clients.redirects import form_action_origin
from idp.protocol.wire import WireResponse, redirect


@dataclass(frozen=True, slots=True)
class FormPost:
    """What the self-submitting page needs; the page itself belongs to ``web``, which gives the renderer."""

    action: str
    origin: str
    fields: tuple[tuple[str, str], ...]


FormRenderer = Callable[[FormPost], WireResponse]


class Responder:
    """Sends parameters to a validated redirect URI in the mode of the request."""

    def __init__(self, issuer: str, render_form: FormRenderer) -> None:
        """Take the issuer and the renderer of the form_post page."""
        self._issuer = issuer
        self._render_form = render_form

    def respond(self, mode: str, redirect_uri: str, parameters: dict[str, str], state: str | None) -> WireResponse:
        """Return the response that carries ``parameters`` with ``state`` and ``iss``; ``redirect_uri`` is a validated one."""
        carried = dict(parameters)
        if state is not None:
            carried["state"] = state
        carried["iss"] = self._issuer
        if mode == "form_post":
            return self._render_form(FormPost(redirect_uri, form_action_origin(redirect_uri), tuple(carried.items())))
        if mode == "fragment":
            return redirect(f"{redirect_uri}#{urlencode(carried)}")
        return redirect(f"{redirect_uri}{_joint(redirect_uri)}{urlencode(carried)}")


RESPONSE_MODES: Final = ("query", "fragment", "form_post")


def _joint(uri: str) -> str:
    if "?" not in uri:
        return "?"
    return "" if uri.endswith(("?", "&")) else "&"
