"""Department systems: the list, one system, and the acts that change no metadata (``client_form`` changes it)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from clients.model import DEFAULT_SIGNING_ALG, Client
from clients.secrets import DEFAULT_OVERLAP
from idp.endpoints.admin.frame import ROOT, Visit, address
from idp.endpoints.admin.inputs import client_path, reason
from idp.endpoints.admin.lists import Listing, ListPart
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import moment, record_table, state
from idp.endpoints.admin.views import DASH, ActForm, Cell, Detail, Field, Link, Section
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.errors import InvalidInput
from idp.flows.administration.clients import STATES, ClientQuery, ClientView
from idp.flows.administration.paging import Window
from idp.protocol.wire import WireResponse
from policies.delegation import Action

_FILTERS: Final = ("q", "state", "unit")


class Clients(ListPart):
    """``/admin/clients``."""

    name: Final = "clients"
    act: Final = Action.CLIENT_READ

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame, one = self._frame, "/clients/<client_id>"
        return (
            *self.listed(self.listing()),
            frame.get(one, self.show),
            frame.post(f"{one}/secret", self.rotate, "/clients"),
            frame.post(f"{one}/state/<verb>", self.set_state, "/clients"),
        )

    def listing(self) -> Listing[Client]:
        """Return the list."""
        return Listing(
            self.name,
            "/clients",
            lambda visit, window: self._acts.clients.search(visit.who, _query(visit), window),
            [f"admin.client.{name}" for name in ("name", "id", "unit", "state", "changed")],
            self._row,
            "admin.client.none",
            Sheet("clients", ("client_id", "name", "unit", "legal_basis", "state", "scope"), _values),
            _FILTERS,
            _fields,
            lambda visit: (Link(f"{ROOT}/clients/new", visit.t("admin.client.new")),),
        )

    def show(self, visit: Visit, client_id: str) -> WireResponse:
        """Show one system."""
        view = self._acts.clients.show(visit.who, client_id)
        history = self._acts.clients.history(visit.who, client_id, Window("", 20))
        return self._frame.detail(visit, self.name, self._detail(visit, view, history.rows))

    def rotate(self, visit: Visit, form: Form, client_id: str) -> WireResponse:
        """Give a new secret and show it this once."""
        raw = first(form, "overlap") or str(DEFAULT_OVERLAP // 3600)
        if not raw.isascii() or not raw.isdigit():
            raise InvalidInput("must be a number of hours", field="overlap")
        client, secret = self._acts.clients.rotate_secret(
            visit.who, client_id, int(raw[:6]) * 3600, reason=reason(form)
        )
        return self._frame.detail(visit, self.name, secret_page(visit, client, secret))

    def set_state(self, visit: Visit, form: Form, client_id: str, verb: str) -> WireResponse:
        """Suspend, resume or remove."""
        does = {
            "suspend": self._acts.clients.suspend,
            "resume": self._acts.clients.resume,
            "remove": self._acts.clients.remove,
        }.get(verb)
        if does is None:
            raise InvalidInput("must be suspend, resume or remove", field="verb")
        # A client with power is resumed by two.
        done = does(visit.who, client_id, reason(form))
        return self._frame.after(done, "/clients" if verb == "remove" else f"/clients/{client_path(client_id)}")

    def _row(self, visit: Visit, client: Client) -> Sequence[Cell]:
        return (
            Cell(client.name(visit.t.language), f"{ROOT}/clients/{client_path(client.client_id)}"),
            Cell(client.client_id),
            Cell(client.unit),
            state(visit.t, client.state),
            moment(visit.t, client.updated_at),
        )

    def _detail(self, visit: Visit, view: ClientView, history: Sequence[dict[str, Any]]) -> Detail:
        t, client = visit.t, view.client
        base = f"{ROOT}/clients/{client_path(client.client_id)}"
        links = [
            Link(f"{base}/changes", t("admin.change.title")),
            Link(f"{base}/purposes", t("admin.purpose.title")),
            Link(f"{base}/settings", t("admin.setting.of_client")),
            *self._simulated(visit, base),
            Link(address("/consents", client=client.client_id), t("admin.area.consents")),
        ]
        if Action.CLIENT_UPDATE in view.may:
            links[:0] = [Link(f"{base}/edit", t("admin.client.edit")), Link(f"{base}/test", t("admin.trial.title"))]
        return Detail(
            client.name(t.language),
            client.purpose_in(t.language),
            (
                Section(t("admin.client.about"), _facts(visit, view)),
                Section(t("admin.client.weaknesses"), lines=weaknesses(visit, client)),
                Section(t("admin.history"), table=record_table(visit, history)),
            ),
            self._forms(visit, view),
            links,
        )

    def _simulated(self, visit: Visit, base: str) -> Iterator[Link]:
        if all(self._frame.holds(visit, one) for one in (Action.ACCOUNT_READ, Action.CONSENT_READ)):
            yield Link(f"{base}/simulate", visit.t("admin.simulation.title"))

    def _forms(self, visit: Visit, view: ClientView) -> list[ActForm]:
        t, client, base = visit.t, view.client, f"{ROOT}/clients/{client_path(view.client.client_id)}"
        why = Field("reason", t("admin.reason"), is_required=True)
        found: list[ActForm] = []
        if client.has_secret and Action.CLIENT_SECRET in view.may:
            overlap = Field(
                "overlap", t("admin.client.overlap"), str(DEFAULT_OVERLAP // 3600), hint=t("admin.client.overlap_hint")
            )
            found.append(
                ActForm("rotate", f"{base}/secret", t("admin.client.rotate"), t("admin.client.rotate"), (overlap, why))
            )
        verbs = (
            ("suspend", "suspend", Action.CLIENT_SUSPEND, client.state == "active"),
            ("suspend", "hold", Action.CLIENT_SUSPEND, view.can_hold),
            ("resume", "resume", Action.CLIENT_RESUME, client.state == "suspended"),
            ("remove", "remove", Action.CLIENT_REMOVE, True),
        )
        for verb, words, action, fits in verbs:
            if fits and action in view.may:
                title, lead = t(f"admin.client.{words}"), t(f"admin.client.{words}_lead")
                found.append(ActForm(verb, f"{base}/state/{verb}", title, title, (why,), lead, verb != "resume"))
        return found


def secret_page(visit: Visit, client: Client, secret: str) -> Detail:
    """Return the page that shows a secret, once."""
    t, back = visit.t, f"{ROOT}/clients/{client_path(client.client_id)}"
    facts = [("client_id", Cell(client.client_id)), ("client_secret", Cell(secret))]
    # The old one goes on for a while, so that the system can change over without an interruption.
    facts += [(t("admin.client.old_until"), moment(t, one.expires_at)) for one in client.secrets if one.expires_at]
    return Detail(
        t("admin.client.secret"),
        t("admin.client.secret_lead"),
        (Section(client.name(t.language), facts),),
        links=(Link(back, t("admin.client.secret_kept")),),
    )


def weaknesses(visit: Visit, client: Client) -> list[str]:
    """Return what of a registration is weaker than it could be; one line says so where nothing is."""
    t = visit.t
    found = [
        name
        for name, is_weak in (
            ("no_pkce", not client.require_pkce),
            ("rs256", client.id_token_signed_response_alg == DEFAULT_SIGNING_ALG),
            ("public_subject", client.subject_type == "public"),
            ("identity", "identity" in client.scope),
            ("no_minimum", client.minimum_acr is None),
            ("no_backchannel", client.backchannel_logout_uri is None and "authorization_code" in client.grant_types),
        )
        if is_weak
    ]
    return [t(f"admin.weakness.{name}") for name in found] or [t("admin.weakness.none")]


def _facts(visit: Visit, view: ClientView) -> list[tuple[str, Cell]]:
    t, client = visit.t, view.client
    unit = ", ".join(view.unit_names) or t("admin.client.no_unit")
    return [
        ("client_id", Cell(client.client_id)),
        (t("admin.client.state"), state(t, client.state)),
        (t("admin.client.unit"), Cell(f"{unit} ({client.unit})")),
        (t("admin.client.basis"), Cell(t(f"admin.basis.{client.legal_basis}"))),
        (t("admin.client.scope"), Cell(" ".join(sorted(client.scope)))),
        (t("admin.client.redirect_uris"), Cell(" ".join(client.redirect_uris) or DASH)),
        (t("admin.client.grant_types"), Cell(" ".join(sorted(client.grant_types)))),
        (t("admin.client.token_endpoint_auth_method"), Cell(client.token_endpoint_auth_method)),
        (t("admin.client.profile"), Cell(client.profile)),
        (t("admin.client.minimum_acr"), Cell(client.minimum_acr or t("admin.client.no_minimum"))),
        (t("admin.client.accept_trusted_devices"), Cell(t(f"admin.client.trusted_{_trust(client)}"))),
        (t("admin.client.made"), moment(t, client.created_at)),
        (t("admin.client.changed"), moment(t, client.updated_at)),
    ]


def _trust(client: Client) -> str:
    return "accepted" if client.accept_trusted_devices else "refused"


def _query(visit: Visit) -> ClientQuery:
    asked = visit.asked(*_FILTERS)
    return ClientQuery(asked.get("q", ""), asked.get("state", ""), asked.get("unit", ""))


def _fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    t = visit.t
    states = (("", t("admin.any")), *((one, t(f"admin.state.{one}")) for one in STATES))
    return (
        Field("q", t("admin.client.text"), asked.get("q", "")),
        Field("state", t("admin.client.state"), asked.get("state", ""), "select", states),
        Field("unit", t("admin.client.unit"), asked.get("unit", ""), hint=t("admin.client.unit_hint")),
    )


def _values(client: Client) -> tuple[str, ...]:
    scope = " ".join(sorted(client.scope))
    return (client.client_id, client.client_name["vi"], client.unit, client.legal_basis, client.state, scope)
