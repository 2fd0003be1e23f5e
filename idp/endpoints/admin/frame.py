"""The frame of the console: routes, the menu, the forms' tokens, and what errors look like. Who comes in is ``entrance``'s."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from clients.errors import RegistrationRefused
from idp.clock import Clock
from idp.endpoints.admin.entrance import Entrance
from idp.endpoints.admin.inputs import named
from idp.endpoints.admin.problem_words import problem_lines
from idp.endpoints.admin.views import Detail, Field, Link, Table
from idp.endpoints.desk import Desk, Exchange, Form
from idp.endpoints.routes import Route
from idp.errors import Conflict, DomainError, InvalidInput, Refused
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Window, window
from idp.flows.administration.use_cases import UseCases
from idp.model.approval import Approval
from idp.model.session import Session
from idp.protocol.errors import ProtocolError
from idp.protocol.parameters import query_parameters
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.web.i18n import Translator, translator
from keys.errors import KeysError
from policies.delegation import Action, holds_anywhere

_log = logging.getLogger("idp.web")
ROOT: Final = "/admin"
_CSRF: Final = "admin"
_CONFLICT: Final = 409
_FORBIDDEN: Final = 403
_BAD: Final = 400


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of an administrator."""

    exchange: Exchange
    session: Session
    who: Administrator
    t: Translator
    query: Mapping[str, str]

    @property
    def window(self) -> Window:
        """Return which rows of a list are wanted."""
        return window(self.query.get("cursor", ""))

    def asked(self, *names: str) -> dict[str, str]:
        """Return the filters that are set, in this order."""
        return {name: self.query[name] for name in names if self.query.get(name)}


Handler = Callable[..., WireResponse]


class Area(Protocol):
    """A part of the console. ``name`` is its path and, as ``admin.area.<name>``, its words; ``act`` opens it."""

    @property
    def name(self) -> str:
        """Return its name."""
        ...

    @property
    def act(self) -> Action | None:
        """Return the act that somebody must hold anywhere for the area to be in the menu; None for everybody here."""
        ...

    def routes(self) -> tuple[Route, ...]:
        """Return its pages."""
        ...


class ConsoleFrame:
    """Shared by the areas."""

    def __init__(self, desk: Desk, entrance: Entrance, gate: Gate, clock: Clock) -> None:
        """Take collaborators."""
        self._desk = desk
        self._entrance = entrance
        self._gate = gate
        self._clock = clock
        self._areas: tuple[Area, ...] = ()

    def furnish(self, areas: Sequence[Area]) -> None:
        """Take the areas of the menu."""
        self._areas = tuple(areas)

    def get(self, path: str, handler: Handler) -> Route:
        """Return the route of a page: the handler takes the visit and the rule's variables."""
        return Route(ROOT + path, ("GET",), lambda wire, **variables: self._show(wire, handler, named(variables)))

    def post(self, path: str, handler: Handler, back: str = "", *, with_files: bool = False) -> Route:
        """Return the route of a form: the handler takes the visit, the form and the rule's variables; ``back`` is where a sign-in leads."""
        take = partial(self._take, handler, ROOT + back, with_files=with_files)
        return Route(ROOT + path, ("POST",), lambda wire, **variables: take(wire, named(variables)))

    def menu(self, visit: Visit) -> list[dict[str, str]]:
        """Return the areas that somebody has a right in."""
        now = self._clock.now()
        return [
            {"name": one.name, "href": f"{ROOT}/{one.name}"}
            for one in self._areas
            if one.act is None or holds_anywhere(visit.who.actor.grants, one.act, now)
        ]

    def holds(self, visit: Visit, action: Action, *, everywhere: bool = False) -> bool:
        """Tell whether somebody holds an act, for what a page offers."""
        return self._gate.holds(visit.who, action, everywhere=everywhere)

    def page(self, template: str, visit: Visit, *, area: str = "", status: int = 200, **values: Any) -> WireResponse:
        """Return a page in the console's frame."""
        return self._desk.page(
            f"admin/{template}",
            visit.exchange,
            menu=self.menu(visit),
            area=area,
            csrf_token=self._desk.csrf_token(visit.exchange, _CSRF),
            status=status,
            **values,
        )

    def list(
        self,
        visit: Visit,
        area: str,
        table: Table,
        *,
        filters: Sequence[Field] = (),
        links: Sequence[Link] = (),
        lead: str = "",
        title: str = "",
        search: str = "",
    ) -> WireResponse:
        """Return a list; ``search`` is the address of a search that must not stand in an address, "" for filters by ``GET``."""
        return self.page(
            "list",
            visit,
            area=area,
            title=title or visit.t(f"admin.area.{area}"),
            lead=lead,
            table=table,
            filters=filters,
            links=links,
            search=search,
        )

    def detail(self, visit: Visit, area: str, shown: Detail) -> WireResponse:
        """Return a page about one thing."""
        notice = shown.notice or _notice(visit)
        crumbs = shown.crumbs or (Link(f"{ROOT}/{area}", visit.t(f"admin.area.{area}")),)
        return self.page("detail", visit, area=area, shown=replace(shown, notice=notice, crumbs=crumbs))

    def done(self, path: str, notice: str = "done") -> WireResponse:
        """Go on to a page after a form was taken."""
        return redirect(f"{ROOT}{path}?notice={notice}")

    def after(self, result: object, path: str) -> WireResponse:
        """Go on after an act that may have to wait for a second person."""
        if isinstance(result, Approval):
            return redirect(f"{ROOT}/approvals/{result.id}?notice=waiting")
        return self.done(path)

    def _show(self, wire: WireRequest, handler: Handler, variables: Mapping[str, Any]) -> WireResponse:
        return self._answered(wire, wire.path, lambda visit: handler(visit, **variables))

    def _take(
        self, handler: Handler, back: str, wire: WireRequest, variables: Mapping[str, Any], *, with_files: bool
    ) -> WireResponse:
        def taken(visit: Visit) -> WireResponse:
            form: Form = self._desk.form(visit.exchange, _CSRF, with_files=with_files)
            return handler(visit, form, **variables)

        return self._answered(wire, back, taken)

    def _answered(self, wire: WireRequest, back: str, act: Callable[[Visit], WireResponse]) -> WireResponse:
        visit: Visit | None = None
        try:
            exchange = self._desk.exchange(wire)
            admitted = self._entrance.admit(exchange, back)
            if isinstance(admitted, WireResponse):
                return admitted
            visit = self._visit(exchange, *admitted)
            return act(visit)
        except (InvalidInput, Conflict, RegistrationRefused, KeysError) as error:
            if visit is None or getattr(error, "code", "") == "csrf_failed":
                return self._desk.refused(wire, error)
            return self._problem(visit, error)
        except (DomainError, ProtocolError) as error:
            # The gate has recorded what it refused; the rest is recorded here.
            audited = isinstance(error, DomainError) and error.is_recorded
            status = _FORBIDDEN if isinstance(error, Refused) else 0
            return self._desk.refused(wire, error, audited=audited, status=status)

    def _visit(self, exchange: Exchange, session: Session, who: Administrator) -> Visit:
        query = {} if exchange.is_post else query_parameters(exchange.wire)
        return Visit(exchange, session, who, translator(exchange.language), query)

    def _problem(self, visit: Visit, error: Exception) -> WireResponse:
        """Show what is wrong with a form, by field; what was typed is one step back in the browser. The operator's sentence goes into the log."""
        case_code = visit.exchange.wire.case_code
        said = {"case_code": case_code, "field": getattr(error, "field", None), "reason": str(error)}
        _log.info("refused: %s", getattr(error, "code", "invalid_input"), extra=said)
        status = _CONFLICT if isinstance(error, Conflict) else _BAD
        return self.page("problem", visit, lines=problem_lines(visit.t, error), case_code=case_code, status=status)


class Part:
    """What the parts of the console have in common: the frame and the use cases."""

    def __init__(self, frame: ConsoleFrame, acts: UseCases) -> None:
        """Take collaborators."""
        self._frame = frame
        self._acts = acts


def address(path: str, **query: str) -> str:
    """Return an address of the console with the parameters that are set."""
    given = {name: value for name, value in query.items() if value}
    return f"{ROOT}{path}?{urlencode(given)}" if given else ROOT + path


_NOTICES: Final = frozenset({"done", "waiting", "approved", "rejected", "asked"})


def _notice(visit: Visit) -> str:
    notice = visit.query.get("notice", "")
    return visit.t(f"admin.notice.{notice}") if notice in _NOTICES else ""
