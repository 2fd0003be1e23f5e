"""``/upstream/<name>/…``: where browsers come back from an upstream, prove a local account, come back from a sign-out; and its logout tokens.

Errors of an upstream are plain pages with a case code and the way back to the sign-in: never its own words, and never which check failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk, Exchange, first
from idp.endpoints.signed_out import SignedOutPage
from idp.endpoints.steps.way import again, wait
from idp.errors import Busy, DomainError, NotFound, Refused, StorageUnavailable, Throttled
from idp.flows.pending import Held, PendingRequests
from idp.flows.sign_in import SignedIn, SignInFlow
from idp.flows.upstream.sign_in import Arrived, Caller, UpstreamSignIn
from idp.flows.upstream.sign_out import SignedOut, UpstreamSignOut
from idp.model.session import Session
from idp.model.upstream import Departure
from idp.ports.upstreams import UpstreamRefused, UpstreamUnavailable
from idp.protocol.errors import ProtocolError
from idp.protocol.parameters import form_parameters, parse, query_parameters
from idp.protocol.wire import MAX_QUERY, WireRequest, WireResponse, json_response, redirect
from idp.services.sessions import SessionService
from idp.web.i18n import translator
from policies.upstreams.linking import Step

_TOO_LONG: Final = "query_too_long"
_PROBLEMS: Final = {
    "upstream_unavailable": ("temporarily_unavailable", 503, "out"),
    "upstream_denied": ("access_denied", 200, "denied"),
    "upstream_refused": ("access_denied", 400, "refused"),
}
_REASONS: Final = {
    **dict.fromkeys(("account_locked", "account_closed"), "locked"),
    **dict.fromkeys(("other_person", "link_contradicts_code", "attributes_contradict", "linked_elsewhere"), "other"),
    **dict.fromkeys(("code_was_somebodys", "not_fresh", "auth_time_missing"), "office"),
}
"""Refusals about the person's own account, about which the page may say more: what it says, the person knows or is told upstream."""

SessionCookies = Callable[[Exchange, Session], tuple[tuple[str, str], ...]]
Recover = Callable[[Exchange, Departure, Mapping[str, str], Caller], WireResponse]


class UpstreamPages:
    """Callback, proof of a local account, return from a sign-out, logout tokens."""

    def __init__(
        self,
        desk: Desk,
        flow: UpstreamSignIn,
        sign_out: UpstreamSignOut,
        local: SignInFlow,
        pending: PendingRequests,
        sessions: SessionService,
        departments: Departments,
        state: SessionCookies,
        goodbye: SignedOutPage,
        recover: Recover,
    ) -> None:
        """Take collaborators; ``state`` returns the cookies that go with a new session, ``recover`` takes who comes back for a recovery."""
        self._desk = desk
        self._flow = flow
        self._sign_out = sign_out
        self._local = local
        self._pending = pending
        self._sessions = sessions
        self._departments = departments
        self._state = state
        self._goodbye = goodbye
        self._recover = recover

    def callback(self, wire: WireRequest, name: str) -> WireResponse:
        """Take a browser back: first its ``state``, then what it brings."""
        exchange = self._desk.exchange(wire)
        caller = self._caller(exchange)
        try:
            parameters = self._parameters(wire, name)
            departure = self._flow.claim(name, parameters.get("state", ""), caller)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error, audited=isinstance(error, NotFound))
        if departure.is_recovery:
            return self._recover(exchange, departure, parameters, caller)
        try:
            arrived = self._flow.arrive(departure, parameters, caller)
        except (UpstreamUnavailable, UpstreamRefused) as error:
            return self._problem(exchange, name, departure.transaction, error)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)
        return self._arrived(exchange, name, arrived)

    def link(self, wire: WireRequest, name: str, transaction: str) -> WireResponse:
        """Show the page on which the local account is proven, or take its form."""
        exchange = self._desk.exchange(wire)
        caller = self._caller(exchange)
        try:
            held = self._pending.get(transaction, caller.binding)
            self._flow.waits(transaction, name)
            if not exchange.is_post:
                return self._link_page(exchange, name, transaction)
            form = self._desk.form(exchange, _purpose(transaction))
            return self._proven(exchange, name, held, first(form, "identity_code"), first(form, "password"))
        except (UpstreamUnavailable, UpstreamRefused) as error:
            return self._problem(exchange, name, transaction, error)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def signed_out(self, wire: WireRequest, name: str) -> WireResponse:
        """Go on after the upstream's sign-out; a browser that brings nothing of ours sees the page and nothing else."""
        exchange = self._desk.exchange(wire)
        then = SignedOut("", ())
        try:
            state = query_parameters(wire).get("state", "")
            then = self._sign_out.back(name, state, None if exchange.is_new_browser else exchange.binding)
        except (NotFound, ProtocolError):
            pass
        if then.return_uri:
            return redirect(then.return_uri)
        names = [self._departments.name(client_id, exchange.language) for client_id in then.told]
        return self._desk.page("signed_out", exchange, told=names, urls=[], return_uri="", next_step="")

    def backchannel_logout(self, wire: WireRequest, name: str) -> WireResponse:
        """Take a logout token (OpenID Connect Back-Channel Logout section 2.5 to 2.8)."""
        try:
            token = form_parameters(wire).get("logout_token", "")
            self._sign_out.downward(name, token, wire.case_code)
        except StorageUnavailable:
            return json_response({"error": "temporarily_unavailable"}, 503)
        except UpstreamUnavailable:
            return json_response({"error": "temporarily_unavailable"}, 503)
        except NotFound:
            return json_response({"error": "not_found"}, 404)
        except (UpstreamRefused, ProtocolError):
            return json_response({"error": "invalid_request"}, 400)
        return json_response({}, 200)

    def _parameters(self, wire: WireRequest, name: str) -> dict[str, str]:
        """Return the callback's parameters, none twice; where the upstream sends bare base64, a ``+`` stays one."""
        door = self._flow.door(name)
        if len(wire.query) > MAX_QUERY:
            return query_parameters(wire)
        return parse(wire.query.replace("+", "%2B") if door.keeps_plus else wire.query)

    def _caller(self, exchange: Exchange) -> Caller:
        binding = None if exchange.is_new_browser else exchange.binding
        current = self._sessions.of_cookie(exchange.session_secret)
        return Caller(binding, exchange.origin, current, exchange.wire.case_code)

    def _arrived(self, exchange: Exchange, name: str, arrived: Arrived) -> WireResponse:
        onward = f"/signin/{arrived.transaction}"
        if arrived.signed_in is None:
            return redirect(f"/upstream/{name}/link/{arrived.transaction}")
        cookies = self._cookies(exchange, arrived.signed_in)
        if arrived.step is not Step.LINK and not arrived.is_low:
            return self._goodbye.onward(exchange, arrived.signed_in.replaced, onward, cookies)
        kind = "low" if arrived.is_low else "linked"
        return self._notice(exchange, name, kind, onward, cookies)

    def _notice(
        self, exchange: Exchange, name: str, kind: str, onward: str, cookies: tuple[tuple[str, str], ...]
    ) -> WireResponse:
        label = self._flow.door(name).label(exchange.language)
        page = self._desk.page("upstream_notice", exchange, kind=kind, upstream=label, onward=onward)
        return WireResponse(page.status, (*page.headers, *cookies), page.body)

    def _cookies(self, exchange: Exchange, signed_in: SignedIn) -> tuple[tuple[str, str], ...]:
        cookies = self._desk.cookies
        return (cookies.make(cookies.session, signed_in.secret), *self._state(exchange, signed_in.session))

    def _link_page(
        self, exchange: Exchange, name: str, transaction: str, problem: str = "", code: str = ""
    ) -> WireResponse:
        label = self._flow.door(name).label(exchange.language)
        token = self._desk.csrf_token(exchange, _purpose(transaction))
        back = f"/signin/{transaction}"
        values: dict[str, Any] = {
            "upstream": label,
            "csrf_token": token,
            "problem": problem,
            "identity_code": code,
            "back": back,
        }
        return self._desk.page("upstream_link", exchange, **values)

    def _proven(self, exchange: Exchange, name: str, held: Held, code: str, password: str) -> WireResponse:
        t, transaction, caller = translator(exchange.language), held.pending.id, self._caller(exchange)

        def shown(problem: str) -> WireResponse:
            return self._link_page(exchange, name, transaction, problem, code)

        if not code or not password:
            return shown(t("signin.missing"))
        try:
            signed_in = self._local.with_password(
                held, code, password, exchange.origin, caller.current, caller.case_code, exchange.device_secret
            )
        except Throttled as error:
            return again(shown(wait(t, error)), 429, error.retry_after)
        except Busy as error:
            return again(shown(t("signin.busy")), 503, error.retry_after)
        except Refused:
            return shown(t("signin.wrong"))
        onward = f"/signin/{transaction}"
        if signed_in is None:
            # An issued password has to be replaced first; the link is made when the person comes by the upstream again.
            return redirect(onward)
        self._flow.prove(held, name, signed_in, caller)
        return self._notice(exchange, name, "linked", onward, self._cookies(exchange, signed_in))

    def _problem(
        self, exchange: Exchange, name: str, transaction: str, error: UpstreamUnavailable | UpstreamRefused
    ) -> WireResponse:
        code, status, kind = _PROBLEMS[error.code]
        if isinstance(error, UpstreamRefused):
            kind = _REASONS.get(error.check, kind)
        page = self._desk.page(
            "upstream_problem",
            exchange,
            kind=kind,
            error=code,
            case_code=exchange.wire.case_code,
            upstream=self._flow.door(name).label(exchange.language),
            back=f"/signin/{transaction}",
            back_text="upstream.back",
        )
        return WireResponse(status, page.headers, page.body)


def _purpose(transaction: str) -> str:
    return f"upstream-link:{transaction}"
