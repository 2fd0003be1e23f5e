"""``/recover``: for whoever cannot sign in any more. Three pages, none of which tells whether an identity code is known.

Who proves himself at an upstream leaves from the first and comes back by the upstream's own callback, which hands him over here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.endpoints.desk import Desk, Exchange, Form, first
from idp.endpoints.steps.way import again, wait
from idp.endpoints.upstream_offers import Offer, UpstreamOffers, origin_of
from idp.errors import Busy, DomainError, InvalidInput, Refused, Throttled
from idp.flows.recovery import RecoveryFlow
from idp.flows.upstream.recovering import UpstreamRecovery
from idp.flows.upstream.sign_in import Caller
from idp.model.upstream import Departure
from idp.ports.upstreams import UpstreamRefused, UpstreamUnavailable
from idp.protocol.errors import ProtocolError
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.recoveries import Begun
from idp.web.i18n import Translator, translator

_CSRF: Final = "recover"
_SOFT: Final = frozenset({"cooling_off", "not_approved"})
_PATH: Final = "/recover"
_RETRY_AFTER: Final = 30
_UPSTREAM_PROBLEMS: Final = {
    "upstream_unavailable": ("temporarily_unavailable", 503, "recovery_out"),
    "upstream_denied": ("access_denied", 200, "denied"),
}
_UNPROVEN: Final = ("access_denied", 400, "recovery")
"""For whatever else the reason: the page is the same for unknown codes, other people's and those that cannot be recovered so."""

Take = Callable[[Exchange, Form], WireResponse]


class RecoveryPages:
    """Beginning from afar, activating, cancelling."""

    def __init__(
        self,
        desk: Desk,
        flow: RecoveryFlow,
        upstream: UpstreamRecovery,
        offers: UpstreamOffers,
        *,
        is_remote: bool,
    ) -> None:
        """Take collaborators; ``is_remote`` tells whether recoveries from afar are offered."""
        self._desk = desk
        self._flow = flow
        self._upstream = upstream
        self._offers = offers
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

    def arrived(
        self, exchange: Exchange, departure: Departure, parameters: Mapping[str, str], caller: Caller
    ) -> WireResponse:
        """Take who comes back from an upstream with the proof that he is the one whose account is to be recovered."""
        try:
            begun = self._upstream.arrive(departure, parameters, caller)
        except (UpstreamUnavailable, UpstreamRefused) as error:
            return self._not_proven(exchange, departure.upstream, error)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(exchange.wire, error)
        return self._page("recover", exchange, begun=_shown(translator(exchange.language), begun))

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
        if "upstream" in form:
            return self._depart(exchange, form)
        proofs = {"recovery_code": first(form, "recovery_code"), "totp": first(form, "otp")}
        case = exchange.wire.case_code
        begun = self._flow.begin(first(form, "identity_code"), proofs, exchange.origin, case)
        return self._page("recover", exchange, begun=_shown(translator(exchange.language), begun))

    def _depart(self, exchange: Exchange, form: Form) -> WireResponse:
        t, name, code = translator(exchange.language), first(form, "upstream"), first(form, "identity_code")
        offer = next((one for one in self._offered(exchange) if one.name == name), None)
        if offer is None:
            return redirect(_PATH)
        binding = None if exchange.is_new_browser else exchange.binding
        caller = Caller(binding, exchange.origin, None, exchange.wire.case_code)
        try:
            address = self._upstream.depart(name, code, caller, exchange.language)
        except (UpstreamUnavailable, UpstreamRefused):
            page = self._page("recover", exchange, t("upstream.out", name=offer.label), code)
            return again(page, 503, _RETRY_AFTER)
        if origin_of(address) != offer.origin:
            return self._desk.page("upstream_go", exchange, client=None, offer=offer, address=address)
        return redirect(address)

    def _offered(self, exchange: Exchange) -> tuple[Offer, ...]:
        return self._offers.those(exchange, self._upstream.doors)

    def _not_proven(self, exchange: Exchange, name: str, error: UpstreamUnavailable | UpstreamRefused) -> WireResponse:
        code, status, kind = _UPSTREAM_PROBLEMS.get(error.code, _UNPROVEN)
        page = self._desk.page(
            "upstream_problem",
            exchange,
            kind=kind,
            error=code,
            case_code=exchange.wire.case_code,
            upstream=self._upstream.doors[name].label(exchange.language),
            back=_PATH,
            back_text="recover.back",
        )
        return WireResponse(status, page.headers, page.body)

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
        offers = self._offered(exchange)
        return self._desk.page(
            template,
            exchange,
            origins=tuple(dict.fromkeys(offer.origin for offer in offers if offer.origin)),
            upstreams=offers,
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
