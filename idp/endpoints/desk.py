"""What every page handler needs of a request: its language, its cookies, its form; and how it says no."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp import handles
from idp.clock import Clock
from idp.errors import DomainError, InvalidInput
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.session import Origin
from idp.protocol.errors import ProtocolError
from idp.protocol.parameters import form_fields, query_parameters
from idp.protocol.wire import WireRequest, WireResponse
from idp.services.audit import AuditLog
from idp.web import i18n
from idp.web.cookies import Cookies
from idp.web.csrf import Csrf
from idp.web.multipart import is_multipart, multipart_fields
from idp.web.render import Renderer

_log = logging.getLogger("idp.pages")
_LANGUAGE_AGE: Final = 366 * 86400
_BROWSER_LENGTH: Final = 300

_STATUS: Final[Mapping[str, int]] = {
    "not_found": 404,
    "expired_transaction": 400,
    "csrf_failed": 400,
    "method_not_allowed": 405,
    "payload_too_large": 413,
    "throttled": 429,
    "temporarily_unavailable": 503,
    "conflict": 409,
    "server_error": 500,
}

Form = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as a page sees it. ``binding`` is the browser-binding cookie, made anew (and to be set) when the browser has none.

    ``device_secret`` is the cookie of a browser that some account may be known in, ``trust_secret`` that of one that may be trusted.
    """

    wire: WireRequest
    language: str
    session_secret: str | None
    binding: str
    is_new_browser: bool
    asked_language: str = ""
    device_secret: str | None = None
    trust_secret: str | None = None

    @property
    def origin(self) -> Origin:
        """Return where the request came from."""
        return Origin(self.wire.address, self.wire.header("user-agent")[:_BROWSER_LENGTH])

    @property
    def is_post(self) -> bool:
        """Tell whether a form was sent."""
        return self.wire.method == "POST"


class Desk:
    """Shared by the page handlers; holds no state of its own."""

    def __init__(self, renderer: Renderer, cookies: Cookies, csrf: Csrf, audit: AuditLog, clock: Clock) -> None:
        """Take collaborators."""
        self.renderer = renderer
        self.cookies = cookies
        self._csrf = csrf
        self._audit = audit
        self._clock = clock

    def exchange(self, wire: WireRequest, ui_locales: tuple[str, ...] = ()) -> Exchange:
        """Return the request with its language (asked, requested by the client, remembered, accepted) and its cookies."""
        header = wire.header("cookie")
        asked = _asked_language(wire)
        remembered = self.cookies.read(header, self.cookies.language) or ""
        language = i18n.choose(asked, remembered, " ".join(ui_locales), wire.header("accept-language"))
        binding = self.cookies.read(header, self.cookies.binding)
        return Exchange(
            wire,
            language,
            self.cookies.read(header, self.cookies.session),
            binding or handles.new_secret(),
            binding is None,
            asked if asked in i18n.LANGUAGES else "",
            self.cookies.read(header, self.cookies.device),
            self.cookies.read(header, self.cookies.trust),
        )

    def headers(self, exchange: Exchange) -> tuple[tuple[str, str], ...]:
        """Return the cookies that a page sets: the browser's binding when it is new, the language when it was just chosen."""
        found = []
        if exchange.is_new_browser:
            found.append(self.cookies.make(self.cookies.binding, exchange.binding))
        if exchange.asked_language:
            found.append(self.cookies.make(self.cookies.language, exchange.asked_language, _LANGUAGE_AGE))
        return tuple(found)

    def csrf_token(self, exchange: Exchange, purpose: str) -> str:
        """Return the hidden token of a form."""
        return self._csrf.token(exchange.binding, purpose, self._clock.now())

    def form(self, exchange: Exchange, purpose: str, *, with_files: bool = False) -> Form:
        """Return the posted form after its token was checked; raises ``InvalidInput`` with code ``csrf_failed`` or a ``ProtocolError``.

        ``with_files`` takes ``multipart/form-data`` too; a file is a field of text.
        """
        is_upload = with_files and is_multipart(exchange.wire)
        fields = multipart_fields(exchange.wire) if is_upload else form_fields(exchange.wire)
        token = fields.get("csrf_token", ("",))[0]
        binding = None if exchange.is_new_browser else exchange.binding
        if not self._csrf.is_valid(token, binding, purpose, self._clock.now()):
            raise InvalidInput("the form's token does not fit this browser", code="csrf_failed", field="csrf_token")
        return fields

    def page(self, template: str, exchange: Exchange, *, origins: tuple[str, ...] = (), **values: Any) -> WireResponse:
        """Return a page in the person's language; ``values`` may hold ``frames`` as ``Renderer.page`` takes them."""
        return self.renderer.page(
            template, exchange.language, origins=origins, headers=self.headers(exchange), **values
        )

    def refused(self, wire: WireRequest, error: Exception, *, audited: bool = False, status: int = 0) -> WireResponse:
        """Return the error page for a domain or protocol error, with another ``status`` if given; log it, and audit it unless that was done."""
        code, usual, reason = _facts(error)
        _log.info("refused: %s", reason, extra={"case_code": wire.case_code})
        if not audited:
            self._audit.write(
                AuditEvent(
                    Event.REQUEST,
                    Outcome.REFUSED,
                    reason,
                    actor="anonymous",
                    case_code=wire.case_code,
                    private={"address": wire.address},
                )
            )
        language = self.exchange(wire).language
        retry_after = getattr(error, "retry_after", 0)
        return self.renderer.error(
            language, code, reason, wire.case_code, status=status or usual, retry_after=retry_after
        )


def first(form: Form, name: str) -> str:
    """Return the first value of a field, or an empty text."""
    return form.get(name, ("",))[0]


def _facts(error: Exception) -> tuple[str, int, str]:
    if isinstance(error, ProtocolError):
        return error.error, error.status, error.reason
    if isinstance(error, DomainError):
        status = _STATUS.get(error.code, 400)
        wire_code = error.code if error.code in {"temporarily_unavailable", "server_error"} else "invalid_request"
        return wire_code, status, error.code
    return "server_error", 500, "server_error"


def _asked_language(wire: WireRequest) -> str:
    if "lang=" not in wire.query:
        return ""
    try:
        return query_parameters(wire).get("lang", "")
    except ProtocolError:
        return ""
