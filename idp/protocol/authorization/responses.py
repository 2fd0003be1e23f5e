"""Response modes: how an authorization response travels back to the client. One row a mode; discovery reads the same table.

``iss`` is in every response, success or error (RFC 9207 section 2): the client then knows which provider answered (mix-up attack).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import urlencode, urlsplit

from idp.protocol.wire import NO_STORE, WireResponse, redirect


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
            return self._render_form(FormPost(redirect_uri, origin_of(redirect_uri), tuple(carried.items())))
        if mode == "fragment":
            return redirect(f"{redirect_uri}#{urlencode(carried)}")
        return redirect(f"{redirect_uri}{_joint(redirect_uri)}{urlencode(carried)}")


RESPONSE_MODES: Final = ("query", "fragment", "form_post")


def origin_of(uri: str) -> str:
    """Return scheme, host and port of a validated URI, as Content-Security-Policy wants it; a custom scheme ends with a colon."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def plain_form(form: FormPost) -> WireResponse:
    """Return the form_post page without any design: used where no pages are wired (tests, tools)."""
    inputs = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in form.fields
    )
    body = f'<!doctype html><form method="post" action="{escape(form.action)}">{inputs}<button>Continue</button></form>'
    return WireResponse(200, (("Content-Type", "text/html; charset=utf-8"), *NO_STORE), body.encode())


def _joint(uri: str) -> str:
    if "?" not in uri:
        return "?"
    return "" if uri.endswith(("?", "&")) else "&"
