"""Renders pages: Jinja with autoescape and strict names, and the security headers that every page carries.

``form-action`` lists the validated redirect origin of this very request: Chromium checks it along the redirect after a form post, and would
otherwise block the way back to the department.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from clients.redirects import form_action_origin
from idp.protocol.authorization.responses import FormPost
from idp.protocol.wire import Headers, WireResponse
from idp.web.i18n import LANGUAGES, translator
from idp.web.static_files import static_url

_POLICY: Final = "; ".join(
    (
        *("default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self'"),
        *("base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"),
    )
)
_ALWAYS: Final[Headers] = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)
_HSTS: Final[Headers] = (("Strict-Transport-Security", "max-age=31536000"),)


def form_action(redirect_uri: str) -> tuple[str, ...]:
    """Return what ``form-action`` has to let through so that a form's answer may redirect to a validated redirect URI."""
    return (form_action_origin(redirect_uri),)


class Renderer:
    """Turns a template and its values into a response."""

    def __init__(self, *, is_https: bool) -> None:
        """Take whether browsers come by https."""
        self._environment = Environment(
            loader=PackageLoader("idp.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["static_url"] = static_url
        self._environment.globals["languages"] = LANGUAGES
        self._headers = _ALWAYS + (_HSTS if is_https else ())

    def page(
        self,
        template: str,
        language: str,
        *,
        status: int = 200,
        origins: Iterable[str] = (),
        frames: Iterable[str] = (),
        headers: Headers = (),
        connects: bool = False,
        **values: Any,
    ) -> WireResponse:
        """Return the page; ``origins`` are validated origins that a form of it may lead to, ``frames`` those that it may frame.

        ``connects`` lets its script ask us.
        """
        t = translator(language)
        body = self._environment.get_template(f"{template}.html").render(t=t, lang=t.language, **values)
        policy = " ".join((_POLICY, *origins))
        if framed := " ".join(dict.fromkeys(frames)):
            policy = f"{policy}; frame-src {framed}"
        if connects:
            policy = f"{policy}; connect-src 'self'"
        return WireResponse(status, (*self._headers, ("Content-Security-Policy", policy), *headers), body.encode())

    def check_session(self, cookie: str) -> WireResponse:
        """Return the page that departments frame to learn whether the session is still the same: a script and nothing to see.

        The one page that anybody may frame: it shows nothing, takes no click, and answers by one of three words.
        """
        body = self._environment.get_template("check_session.html").render(cookie=cookie)
        policy = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"
        kept = tuple(
            pair for pair in self._headers if pair[0] in {"Content-Type", "Referrer-Policy", "X-Content-Type-Options"}
        )
        return WireResponse(
            200, (*kept, ("Cache-Control", "public, max-age=300"), ("Content-Security-Policy", policy)), body.encode()
        )

    def error(
        self, language: str, error: str, reason: str, case_code: str, *, status: int, **values: Any
    ) -> WireResponse:
        """Return an error page in plain words; ``reason`` chooses the text, ``error`` and ``case_code`` are shown for support."""
        retry = (("Retry-After", str(values["retry_after"])),) if values.get("retry_after") else ()
        shown = {"retry_after": 0, **values}
        return self.page(
            "error", language, status=status, headers=retry, error=error, reason=reason, case_code=case_code, **shown
        )

    def form_post(self, form: FormPost) -> WireResponse:
        """Return the page that carries an authorization response to the client by POST (OAuth 2.0 Form Post Response Mode)."""
        return self.page("form_post", LANGUAGES[0], origins=(form.origin,), form=form)
