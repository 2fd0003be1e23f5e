"""Response modes: how an authorization response travels back to the client. One row a mode; discovery reads the same table.

``iss`` is in every response, success or error (RFC 9207 section 2): the client then knows which provider answered (mix-up attack). The modes
that end in ``jwt`` (JARM) carry one signed parameter, ``response``, with everything in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from urllib.parse import quote_plus

from clients.model import Client
from clients.redirects import form_action_origin
from idp.model.frozen import frozen
from idp.protocol.wire import WireResponse, redirect


@dataclass(frozen=True, slots=True)
class FormPost:
    """What the self-submitting page needs; the page itself belongs to ``web``, which gives the renderer."""

    action: str
    origin: str
    fields: tuple[tuple[str, str], ...]


@frozen
class Reply:
    """Where an answer goes: the client, its validated redirect URI, the mode, and the ``state`` to give back."""

    client: Client
    redirect_uri: str
    mode: str
    state: str | None


_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
FormRenderer = Callable[[FormPost], WireResponse]
SignResponse = Callable[[Client, Mapping[str, str]], str]
"""Signs the parameters of a response for a client (JARM section 2.1)."""


def _by_query(uri: str, carried: Mapping[str, str], _render: FormRenderer) -> WireResponse:
    return redirect(f"{uri}{_joint(uri)}{_encoded(carried)}")


def _by_fragment(uri: str, carried: Mapping[str, str], _render: FormRenderer) -> WireResponse:
    return redirect(f"{uri}#{_encoded(carried)}")


@lru_cache(maxsize=16)
def _quoted(value: str) -> str:
    """Return a value form-urlencoded; the issuer is in every answer, and often the only one that needs it."""
    return quote_plus(value)


def _encoded(carried: Mapping[str, str]) -> str:
    """Return the parameters form-urlencoded; most values, the sealed code above all, hold nothing that would have to be."""
    return "&".join([f"{name}={value if _PLAIN(value) else _quoted(value)}" for name, value in carried.items()])


def _by_form(uri: str, carried: Mapping[str, str], render: FormRenderer) -> WireResponse:
    return render(FormPost(uri, form_action_origin(uri), tuple(carried.items())))


Carrier = Callable[[str, Mapping[str, str], FormRenderer], WireResponse]
_CARRIERS: Final[Mapping[str, tuple[Carrier, bool]]] = MappingProxyType(
    {
        "query": (_by_query, False),
        "fragment": (_by_fragment, False),
        "form_post": (_by_form, False),
        "query.jwt": (_by_query, True),
        "fragment.jwt": (_by_fragment, True),
        "form_post.jwt": (_by_form, True),
    }
)
RESPONSE_MODES: Final = (*_CARRIERS, "jwt")
"""``jwt`` stands for the response type's default with a signature (JARM section 2.3.4)."""


class Responder:
    """Sends parameters to a validated redirect URI in the mode of the request."""

    def __init__(self, issuer: str, render_form: FormRenderer, sign: SignResponse) -> None:
        """Take the issuer, the renderer of the form_post page, and who signs responses."""
        self._issuer = issuer
        self._render_form = render_form
        self._sign = sign

    def respond(self, reply: Reply, parameters: Mapping[str, str]) -> WireResponse:
        """Return the response that carries ``parameters`` with ``state`` and ``iss``."""
        carry, is_signed = _CARRIERS[reply.mode]
        carried = dict(parameters)
        if reply.state is not None:
            carried["state"] = reply.state
        if is_signed:
            return carry(reply.redirect_uri, {"response": self._sign(reply.client, carried)}, self._render_form)
        carried["iss"] = self._issuer
        return carry(reply.redirect_uri, carried, self._render_form)


def _joint(uri: str) -> str:
    if "?" not in uri:
        return "?"
    return "" if uri.endswith(("?", "&")) else "&"
