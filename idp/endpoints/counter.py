"""``/counter``: where staff begin recoveries of people who stand before them, and let those of colleagues go on."""

from __future__ import annotations

from typing import Any, Final

from idp.endpoints.desk import Desk, Exchange, Form, first
from idp.endpoints.door import Door
from idp.errors import Conflict, DomainError, InvalidInput, NotFound, Refused
from idp.flows.administration.accounts import AccountAdministration
from idp.flows.administration.administrator import Administrator, Administrators
from idp.flows.administration.approvals import ApprovalAdministration, ApprovalView
from idp.flows.administration.gate import LEVEL
from idp.flows.administration.paging import Window
from idp.flows.administration.recoveries import RECOVER, RecoveryAdministration
from idp.model.session import Session
from idp.protocol.errors import ProtocolError
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.web.i18n import Translator, translator

_CSRF: Final = "counter"
_PATH: Final = "/counter"
_SHOWN: Final = 50
_KNOWN: Final = frozenset({"under_way", "account_locked", "account_closed", "decided", "failed"})


class CounterPages:
    """One page with both halves of the dual control."""

    def __init__(
        self,
        desk: Desk,
        door: Door,
        administrators: Administrators,
        people: AccountAdministration,
        recoveries: RecoveryAdministration,
        approvals: ApprovalAdministration,
    ) -> None:
        """Take collaborators."""
        self._desk = desk
        self._door = door
        self._administrators = administrators
        self._people = people
        self._recoveries = recoveries
        self._approvals = approvals

    def handle(self, wire: WireRequest) -> WireResponse:
        """Show what waits and the form, or take one of the forms. Whoever holds no such right is refused, and that is recorded."""
        exchange = self._desk.exchange(wire)
        try:
            session = self._door.admit(exchange, _PATH, minimum_acr=LEVEL)
            if isinstance(session, WireResponse):
                return session
            who = self._who(exchange, session)
            self._recoveries.enter(who)
            if not exchange.is_post:
                return self._page(exchange, who)
            form = self._desk.form(exchange, _CSRF)
            return self._taken(exchange, who, form)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _who(self, exchange: Exchange, session: Session) -> Administrator:
        wire = exchange.wire
        return self._administrators.person(
            session.account_id, session.acr, session_id=session.id, case_code=wire.case_code, address=wire.address
        )

    def _taken(self, exchange: Exchange, who: Administrator, form: Form) -> WireResponse:
        t = translator(exchange.language)
        try:
            if "counter-approve" in form:
                self._approvals.approve(who, first(form, "approval"))
                return redirect(_PATH)
            if "counter-reject" in form:
                self._approvals.reject(who, first(form, "approval"), first(form, "reason") or "rejected")
                return redirect(_PATH)
            return self._begun(exchange, who, form)
        except (InvalidInput, NotFound, Refused, Conflict) as error:
            key = error.code if error.code in _KNOWN else "refused"
            return self._page(exchange, who, problem=t(f"counter.{key}"), typed=form)

    def _begun(self, exchange: Exchange, who: Administrator, form: Form) -> WireResponse:
        found = self._people.find(who, first(form, "identity_code"))
        if len(found) != 1:
            raise NotFound("no account within reach has this code")
        account_id = found[0].account.id
        asked = self._recoveries.begin(who, account_id, first(form, "evidence"), first(form, "reason"))
        t = translator(exchange.language)
        begun = {"code": asked.begun.activation_code, "until": t.moment(asked.begun.row.expires_at)}
        return self._page(exchange, who, begun=begun)

    def _page(
        self, exchange: Exchange, who: Administrator, *, problem: str = "", typed: Form | None = None, begun: Any = None
    ) -> WireResponse:
        t = translator(exchange.language)
        rows = [
            self._row(t, view)
            for view in self._approvals.search(who, Window("", _SHOWN)).rows
            if view.approval.act == RECOVER and view.approval.state == "pending"
        ]
        kept: dict[str, Any] = {
            name: first(typed or {}, name)[:1000] for name in ("identity_code", "evidence", "reason")
        }
        return self._desk.page(
            "counter",
            exchange,
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
            problem=problem,
            begun=begun,
            waiting=rows,
            **kept,
        )

    def _row(self, t: Translator, view: ApprovalView) -> dict[str, Any]:
        approval = view.approval
        person, clerk = self._recoveries.parties(approval)
        return {
            "id": approval.id,
            "person": person,
            "clerk": clerk,
            "evidence": self._recoveries.evidence(approval),
            "reason": approval.reason,
            "at": t.moment(approval.created_at),
            "is_own": view.is_own,
            "may_decide": view.may_decide,
        }
