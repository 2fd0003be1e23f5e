"""People and organisations: looked for by a whole code, shown masked, revealed with a reason; locks, factors, sessions, merging.

The search is a form that is posted: an identity code must not stand in an address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from idp.endpoints.account import browser_name
from idp.endpoints.admin import account_mandates
from idp.endpoints.admin.frame import ROOT, ConsoleFrame, Part, Visit
from idp.endpoints.admin.inputs import reason
from idp.endpoints.admin.tables import moment, record_table, state
from idp.endpoints.admin.views import DASH, ActForm, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.errors import InvalidInput
from idp.flows.administration.accounts import AccountView
from idp.flows.administration.paging import window
from idp.flows.administration.use_cases import UseCases
from idp.protocol.wire import WireResponse
from idp.services import locks
from policies.delegation import Action
from policies.locks import OF_THE_PRODUCT, Reason

_MARK: Final = frozenset({"active", "locked", "closed"})
_GRAVE: Final = frozenset({"lock", "reset", "sessions", "merge"})


class Accounts(Part):
    """``/admin/accounts``."""

    name: Final = "accounts"
    act: Final = Action.ACCOUNT_READ

    def __init__(self, frame: ConsoleFrame, acts: UseCases) -> None:
        """Take collaborators."""
        super().__init__(frame, acts)
        self._verbs: dict[str, Callable[[Visit, Form, str], object]] = {
            "lock": self._lock,
            "unlock": lambda visit, form, one: acts.account_states.unlock(visit.who, one, reason(form)),
            "reset": lambda visit, form, one: acts.account_states.reset_factor(
                visit.who, one, first(form, "factor"), reason(form)
            ),
            "sessions": lambda visit, form, one: acts.account_states.end_sessions(
                visit.who, one, reason(form), first(form, "session")
            ),
            "merge": lambda visit, form, one: acts.account_states.merge(
                visit.who, one, first(form, "into").strip(), reason(form)
            ),
            "give": lambda visit, form, one: acts.mandates.give(
                visit.who, one, account_mandates.wish(form), reason(form)
            ),
            "mandate": lambda visit, form, one: acts.mandates.end(visit.who, one, first(form, "mandate"), reason(form)),
        }

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame, one = self._frame, "/accounts/<account_id>"
        return (
            frame.get("/accounts", self.ask),
            frame.post("/accounts/search", self.find, "/accounts"),
            frame.get(one, self.show),
            frame.post(f"{one}/reveal", self.reveal, "/accounts"),
            frame.post(f"{one}/act/<verb>", self.does, "/accounts"),
        )

    def ask(self, visit: Visit) -> WireResponse:
        """Show the search and nothing else: there is no list of people."""
        self._acts.accounts.enter(visit.who)
        return self._list(visit, [], visit.t("admin.account.none_yet"))

    def find(self, visit: Visit, form: Form) -> WireResponse:
        """Look for somebody."""
        found = self._acts.accounts.find(visit.who, first(form, "q"))
        return self._list(visit, found, visit.t("admin.account.none"))

    def show(self, visit: Visit, account_id: str) -> WireResponse:
        """Show one account, masked."""
        return self._frame.detail(
            visit, self.name, self._detail(visit, self._acts.accounts.show(visit.who, account_id))
        )

    def reveal(self, visit: Visit, form: Form, account_id: str) -> WireResponse:
        """Show one account in full; who looked, and why, is recorded and the person can read it."""
        view = self._acts.accounts.reveal(visit.who, account_id, reason(form))
        return self._frame.detail(visit, self.name, self._detail(visit, view))

    def does(self, visit: Visit, form: Form, account_id: str, verb: str) -> WireResponse:
        """Do one of the acts."""
        does = self._verbs.get(verb)
        if does is None:
            raise InvalidInput(f"must be one of {', '.join(self._verbs)}", field="verb")
        return self._frame.after(does(visit, form, account_id), f"/accounts/{account_id}")

    def _lock(self, visit: Visit, form: Form, account_id: str) -> object:
        why = locks.ground(first(form, "reason_code"), reason(form), first(form, "reference"))
        return self._acts.account_states.lock(visit.who, account_id, why)

    def _list(self, visit: Visit, found: list[AccountView], empty: str) -> WireResponse:
        t = visit.t
        columns = [t(f"admin.account.{name}") for name in ("name", "code", "level", "state")]
        rows = [
            (
                Cell(view.name or view.account.id, f"{ROOT}/accounts/{view.account.id}"),
                Cell(", ".join(code.value for code in view.codes if code.valid_to is None) or DASH),
                Cell(t("account.level", level=view.account.identity_level)),
                state(t, view.account.state),
            )
            for view in found
        ]
        search = Field("q", t("admin.account.search"), hint=t("admin.account.search_hint"), is_required=True)
        table, address = Table(columns, rows, empty), f"{ROOT}/accounts/search"
        return self._frame.list(
            *(visit, self.name, table),
            filters=(search,),
            links=(Link(f"{ROOT}/accounts/unused", t("admin.unused.title")),),
            search=address,
            lead=t("admin.account.lead"),
        )

    def _detail(self, visit: Visit, view: AccountView) -> Detail:
        t, account = visit.t, view.account
        unit = str(account.unit) if account.unit else DASH
        facts = [
            (t("admin.account.name"), Cell(view.name or DASH)),
            *((t(f"scheme.{code.scheme}"), _code(visit, code.value, code.valid_to)) for code in view.codes),
            (t("admin.account.level"), Cell(t("account.level", level=account.identity_level))),
            (t("admin.account.state"), state(t, account.state)),
            (t("admin.account.unit"), Cell(unit)),
            (
                t("admin.account.factors"),
                Cell(", ".join(t.either(f"ways.{one}", "ways.password") for one in view.factors) or DASH),
            ),
            (t("admin.consent.account"), Cell(account.id)),
        ]
        sections = [Section(t("admin.account.about"), facts)]
        if view.is_revealed:
            profile = [(name, Cell(str(value))) for name, value in account.profile.items()]
            sections.append(Section(t("admin.account.profile"), profile))
        place = window(visit.query.get(account_mandates.CURSOR, ""))
        mandates = self._acts.mandates.of_account(visit.who, account.id, place, is_noted=True)
        sections += [self._locks(visit, account.id), *self._sessions(visit, view)]
        sections.append(account_mandates.section(visit, account.id, mandates))
        history = self._acts.accounts.history(visit.who, account.id, 20)
        sections.append(Section(t("admin.history"), table=record_table(visit, history)))
        given = account_mandates.giving(visit, account.id, self._acts.mandates.kinds(visit.who, account))
        forms = [*self._forms(visit, view), *given, *account_mandates.forms(visit, account.id, mandates.rows)]
        return Detail(view.name or account.id, "", sections, forms)

    def _locks(self, visit: Visit, account_id: str) -> Section:
        t = visit.t
        columns = [t(f"admin.lock.{name}") for name in ("ground", "why", "since", "until")]
        rows = [
            (
                Cell(t.either(f"lock.{row.reason_code}", "admin.state.other")),
                Cell(row.reason or DASH),
                moment(t, row.locked_at),
                moment(t, row.ended_at or row.ends_at),
            )
            for row in self._acts.account_states.grounds(visit.who, account_id)
        ]
        return Section(t("admin.lock.title"), table=Table(columns, rows, t("admin.lock.none")))

    def _sessions(self, visit: Visit, view: AccountView) -> list[Section]:
        if Action.SESSION_READ not in view.may:
            return []
        t = visit.t
        columns = [t(f"admin.session.{name}") for name in ("browser", "since", "seen", "level")]
        rows = [
            (
                Cell(browser_name(one.origin.browser) or t("account.unknown_browser")),
                moment(t, one.session.created_at),
                moment(t, one.session.last_seen_at),
                Cell(one.session.acr.rpartition(":")[2]),
            )
            for one in self._acts.accounts.sessions(visit.who, view.account.id, is_noted=True)
        ]
        return [Section(t("admin.session.title"), table=Table(columns, rows, t("admin.session.none")))]

    def _forms(self, visit: Visit, view: AccountView) -> list[ActForm]:
        t, base = visit.t, f"{ROOT}/accounts/{view.account.id}"
        is_locked = self._acts.account_states.is_locked(visit.who, view.account.id)
        return [
            ActForm(
                name,
                f"{base}/reveal" if name == "reveal" else f"{base}/act/{name}",
                t(f"admin.account.{name}"),
                t(f"admin.account.{name}"),
                (*fields, Field("reason", t("admin.reason"), is_required=True)),
                t(f"admin.account.{name}_lead"),
                name in _GRAVE,
            )
            for name, action, fits, fields in _offered(visit, view, is_locked=is_locked)
            if fits and action in view.may
        ]


def _offered(
    visit: Visit, view: AccountView, *, is_locked: bool
) -> Iterator[tuple[str, Action, bool, tuple[Field, ...]]]:
    """Yield each act with the right that it takes, whether it fits the account, and what it asks beside the reason."""
    t, state_now = visit.t, view.account.state
    grounds = [
        (one.value, t.either(f"lock.{one.value}", "admin.state.other")) for one in Reason if one not in OF_THE_PRODUCT
    ]
    factors = [(one, t.either(f"ways.{one}", "ways.password")) for one in view.factors]
    ground = Field("reason_code", t("admin.lock.ground"), Reason.OPERATOR.value, "select", grounds)
    into = Field("into", t("admin.account.into"), is_required=True)
    yield "reveal", Action.ACCOUNT_REVEAL, not view.is_revealed, ()
    yield "lock", Action.ACCOUNT_LOCK, state_now == "active", (ground, Field("reference", t("admin.lock.reference")))
    yield "unlock", Action.ACCOUNT_UNLOCK, is_locked or state_now in {"locked", "closed"}, ()
    yield (
        "reset",
        Action.ACCOUNT_RESET,
        bool(factors),
        (Field("factor", t("admin.account.factor"), "", "select", factors),),
    )
    yield "sessions", Action.SESSION_END, True, ()
    yield "merge", Action.ACCOUNT_MERGE, state_now in _MARK, (into,)


def _code(visit: Visit, value: str, ended: int | None) -> Cell:
    return Cell(value if ended is None else visit.t("admin.account.until", code=value, when=visit.t.moment(ended)))
