"""``/recover``: for whoever cannot sign in any more. Three pages, none of which tells whether an identity code is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from idp.endpoints.desk import Desk, Exchange, Form, first
from idp.endpoints.steps.way import again, wait
from idp.errors import Busy, DomainError, InvalidInput, Refused, Throttled
from idp.flows.recovery import RecoveryFlow
from idp.protocol.errors import ProtocolError
from idp.protocol.wire import WireRequest, WireResponse
from idp.services.recoveries import Begun
from idp.web.i18n import Translator, translator

_CSRF: Final = "recover"
_SOFT: Final = frozenset({"cooling_off", "not_approved"})

Take = Callable[[Exchange, Form], WireResponse]


class RecoveryPages:
    """Beginning from afar, activating, cancelling."""

    def __init__(self, desk: Desk, flow: RecoveryFlow, *, is_remote: bool) -> None:
        """Take collaborators; ``is_remote`` tells whether recoveries from afar are offered."""
        self._desk = desk
        self._flow = flow
        self._is_remote = is_remote

    def start(self, wire: WireRequest) -> WireResponse:
        """Show the ways back, and begin from afar."""
        return self._handled(wire, "recover", self._begin if self._is_remote else None)

    def activate(self, wire: WireRequest) -> WireResponse:
        """Take an activation code and a new password."""
        return self._handled(wire, "recover_activate", self._activate)

    def cancel(self, wire: WireRequest) -> WireResponse:
        """Take a cancel code."""
        return self._handled(wire, "recover_cancel", self._cancel)

    def _handled(self, wire: WireRequest, template: str, take: Take | None) -> WireResponse:
        exchange = self._desk.exchange(wire)
        if not exchange.is_post or take is None:
            return self._page(template, exchange)
        try:
            form = self._desk.form(exchange, _CSRF)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)
        try:
            return take(exchange, form)
        except (Throttled, Busy, Refused, InvalidInput) as error:
            return self._again(template, exchange, error, first(form, "identity_code"))
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _again(
        self, template: str, exchange: Exchange, error: Throttled | Busy | Refused | InvalidInput, code: str
    ) -> WireResponse:
        t = translator(exchange.language)
        if isinstance(error, Throttled):
            return again(self._page(template, exchange, wait(t, error), code), 429, error.retry_after)
        if isinstance(error, Busy):
            return again(self._page(template, exchange, t("signin.busy"), code), 503, error.retry_after)
        if isinstance(error, InvalidInput):
            return self._page(template, exchange, t.either(f"password.{error.code}", "password.refused"), code)
        return self._page(template, exchange, _problem(t, error), code)

    def _begin(self, exchange: Exchange, form: Form) -> WireResponse:
        proofs = {"recovery_code": first(form, "recovery_code"), "totp": first(form, "otp")}
        case = exchange.wire.case_code
        begun = self._flow.begin(first(form, "identity_code"), proofs, exchange.origin, case)
        return self._page("recover", exchange, begun=_shown(translator(exchange.language), begun))

    def _activate(self, exchange: Exchange, form: Form) -> WireResponse:
        t, password = translator(exchange.language), first(form, "new_password")
        code, activation = first(form, "identity_code"), first(form, "activation_code")
        if password != first(form, "new_password_again"):
            return self._page("recover_activate", exchange, t("password.mismatch"), code)
        self._flow.activate(code, activation, password, exchange.origin, exchange.wire.case_code)
        return self._page("recover_activate", exchange, is_done=True)

    def _cancel(self, exchange: Exchange, form: Form) -> WireResponse:
        code, cancel = first(form, "identity_code"), first(form, "cancel_code")
        self._flow.cancel(code, cancel, exchange.origin, exchange.wire.case_code)
        return self._page("recover_cancel", exchange, is_done=True)

    def _page(
        self, template: str, exchange: Exchange, problem: str = "", code: str = "", **values: Any
    ) -> WireResponse:
        shown: dict[str, Any] = {"begun": None, "is_done": False, **values}
        return self._desk.page(
            template,
            exchange,
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
            problem=problem,
            identity_code=code[:64],
            is_remote=self._is_remote,
            **shown,
        )


def _problem(t: Translator, error: Refused) -> str:
    return t(f"recover.{error.code if error.code in _SOFT else 'not_verified'}")


def _shown(t: Translator, begun: Begun) -> dict[str, str]:
    row = begun.row
    return {"code": begun.activation_code, "from": t.moment(row.ready_at), "until": t.moment(row.expires_at)}
