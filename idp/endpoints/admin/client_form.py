"""Registering a system and changing what is registered: a form, checked line by line, then the answers on a page of their own, then the act.

The form holds what most systems need. A system that was registered with more keeps it: the form is laid over the whole document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from clients.documents import to_metadata
from clients.errors import RegistrationRefused
from clients.metadata import AUTH_METHODS, LEGAL_BASES
from idp.endpoints.admin.client_answers import told
from idp.endpoints.admin.client_check import Asking, check_page, is_read, version_seen
from idp.endpoints.admin.clients import secret_page
from idp.endpoints.admin.frame import ROOT, Part, Visit
from idp.endpoints.admin.inputs import client_path, reason
from idp.endpoints.admin.views import Field
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.errors import InvalidInput
from idp.protocol.wire import WireResponse
from policies import claims as claim_policy
from policies.assurance import LEVELS

_LISTS: Final = ("redirect_uris", "post_logout_redirect_uris")
_TEXTS: Final = (
    "unit",
    "legal_basis",
    "token_endpoint_auth_method",
    "minimum_acr",
    "backchannel_logout_uri",
    "consent",
)
_OURS: Final = frozenset(
    {"state", "created_at", "updated_at", "client_id_issued_at", "client_secret_expires_at", "sector_id"}
)
_CONSENT: Final = ("ask", "notice")
_TRUST: Final = {"accepted": True, "refused": False}
"""What the form says of trusted browsers, and what is registered then."""


class ClientForm(Part):
    """``/admin/clients/new`` and ``/admin/clients/<client_id>/edit``."""

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame, edit = self._frame, "/clients/<client_id>/edit"
        return (
            frame.get("/clients/new", self.ask),
            frame.post("/clients/new", self.take_new, "/clients/new"),
            frame.get(edit, self.edit),
            frame.post(edit, self.take_edit, "/clients"),
        )

    def ask(self, visit: Visit) -> WireResponse:
        """Show the empty form."""
        self._acts.client_changes.enter(visit.who)
        document = {"token_endpoint_auth_method": "client_secret_basic", "scope": "openid profile", "consent": "ask"}
        return self._page(visit, f"{ROOT}/clients/new", document)

    def take_new(self, visit: Visit, form: Form) -> WireResponse:
        """Check, show the answers once more, or register and show the secret this once."""
        document, action = _document(form, {}), f"{ROOT}/clients/new"
        asked = self._asked_again(visit, form, Asking(action, document))
        if asked is not None:
            return asked
        made = self._acts.client_changes.create(visit.who, document, reason(form, is_required=False))
        if made.secret is not None:
            return self._frame.detail(visit, "clients", secret_page(visit, made.client, made.secret))
        return self._frame.after(made.waiting or made, f"/clients/{client_path(made.client.client_id)}")

    def edit(self, visit: Visit, client_id: str) -> WireResponse:
        """Show the form with what is registered."""
        client = self._acts.clients.show(visit.who, client_id).client
        document = registered(to_metadata(client))
        return self._page(visit, f"{ROOT}/clients/{client_path(client_id)}/edit", document, version=client.version)

    def take_edit(self, visit: Visit, form: Form, client_id: str) -> WireResponse:
        """Check, show what changes, or change it if nobody did meanwhile."""
        client = self._acts.clients.show(visit.who, client_id).client
        before = registered(to_metadata(client))
        document, action = _document(form, before), f"{ROOT}/clients/{client_path(client_id)}/edit"
        version = version_seen(form)
        asked = self._asked_again(visit, form, Asking(action, document, before, version))
        if asked is not None:
            return asked
        result = self._acts.client_changes.update(
            visit.who, client_id, document, version=version, reason=reason(form, is_required=False)
        )
        return self._frame.after(result, f"/clients/{client_path(client_id)}")

    def _asked_again(self, visit: Visit, form: Form, asking: Asking) -> WireResponse | None:
        """Return the page that comes before the act; None where these very answers were shown and are to be written."""
        problems = self._problems(visit, asking.document)
        if problems or "client-change" in form:
            return self._page(visit, asking.action, asking.document, problems, asking.version)
        return None if is_read(form, asking.document) else check_page(self._frame, visit, form, asking)

    def _problems(self, visit: Visit, document: Mapping[str, Any]) -> dict[str, str]:
        """Return what is wrong, by field."""
        try:
            self._acts.client_changes.preview(visit.who, document)
        except RegistrationRefused as error:
            return told(visit.t, error.errors, document)
        except InvalidInput as error:
            return {error.field or "": error.reason}
        return {}

    def _page(
        self,
        visit: Visit,
        action: str,
        document: Mapping[str, Any],
        problems: Mapping[str, str] | None = None,
        version: int = 0,
    ) -> WireResponse:
        t, found = visit.t, problems or {}
        fields = _fields(visit, document, found)
        placed = {*(one.name for one in fields), "client_name", "purpose"}
        unplaced = [f"{name}: {text}" if name else text for name, text in found.items() if name not in placed]
        return self._frame.page(
            "form",
            visit,
            area="clients",
            title=t("admin.client.edit" if version else "admin.client.new"),
            lead=t("admin.client.form_lead"),
            problem=" · ".join(unplaced) or (t("admin.client.faults", count=len(found)) if found else ""),
            action=action,
            id="client-form",
            hidden=(("version", str(version)),) if version else (),
            fields=fields,
            buttons=(("client-check", t("admin.client.check"), "primary"),),
            sections=(),
        )


def _fields(visit: Visit, document: Mapping[str, Any], problems: Mapping[str, str]) -> list[Field]:
    """Return the fields with what is known and what is wrong, in the order in which somebody thinks of them."""
    t = visit.t
    unit = Field("unit", t("admin.client.unit"), str(document.get("unit", "")), hint=t("admin.client.unit_hint"))
    url = Field(
        "backchannel_logout_uri", t("admin.client.backchannel"), str(document.get("backchannel_logout_uri") or "")
    )
    scopes = [(one, t(f"admin.scope.{one}")) for one in claim_policy.SCOPES]
    scope = Field("scope", t("admin.client.scope"), "", "check", scopes)
    chosen = frozenset(str(document.get("scope", "")).split())
    fields = [
        *_words(visit, document),
        replace(unit, is_required=True),
        *_choices(visit, document),
        *_addresses(visit, document),
        url,
        replace(scope, chosen=chosen),
        Field("reason", t("admin.reason"), hint=t("admin.client.reason_hint")),
    ]
    said = {**problems, "name_vi": problems.get("client_name", ""), "purpose_vi": problems.get("purpose", "")}
    return [replace(one, problem=said.get(one.name, "")) for one in fields]


def _words(visit: Visit, document: Mapping[str, Any]) -> list[Field]:
    purpose = document.get("purpose") or {}
    texts = {
        "name_vi": document.get("client_name", ""),
        "name_en": document.get("client_name#en", ""),
        "purpose_vi": purpose.get("vi", ""),
        "purpose_en": purpose.get("en", ""),
    }
    return [
        Field(name, visit.t(f"admin.client.{name}"), str(text or ""), is_required=name.endswith("vi"))
        for name, text in texts.items()
    ]


def _choices(visit: Visit, document: Mapping[str, Any]) -> list[Field]:
    t = visit.t
    choices: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
        ("legal_basis", [(one, t(f"admin.basis.{one}")) for one in LEGAL_BASES]),
        ("consent", [(one, t(f"admin.client.consent_{one}")) for one in _CONSENT]),
        ("token_endpoint_auth_method", [(one, one) for one in AUTH_METHODS]),
        ("minimum_acr", [("", t("admin.client.no_minimum")), *((one, one) for one in LEVELS)]),
    )
    trust = "accepted" if document.get("accept_trusted_devices", True) else "refused"
    options = [(one, t(f"admin.client.trusted_{one}")) for one in _TRUST]
    label, hint = t("admin.client.accept_trusted_devices"), t("admin.client.trusted_hint")
    return [
        *(
            Field(name, t(f"admin.client.{name}"), str(document.get(name) or ""), "select", options)
            for name, options in choices
        ),
        Field("accept_trusted_devices", label, trust, "select", options, hint),
    ]


def _addresses(visit: Visit, document: Mapping[str, Any]) -> list[Field]:
    t = visit.t
    return [
        Field(
            name, t(f"admin.client.{name}"), "\n".join(document.get(name) or ()), "area", hint=t("admin.client.lines")
        )
        for name in _LISTS
    ]


def _document(form: Form, registered: Mapping[str, Any]) -> dict[str, Any]:
    """Return the registration that the form describes, laid over what is registered."""
    document = dict(registered)
    document["client_name"] = first(form, "name_vi").strip()
    document.pop("client_name#vi", None)
    english = first(form, "name_en").strip()
    document.pop("client_name#en", None)
    if english:
        document["client_name#en"] = english
    document["purpose"] = {
        language: text for language in ("vi", "en") if (text := first(form, f"purpose_{language}").strip())
    }
    others = [one for one in str(registered.get("scope", "")).split() if one not in claim_policy.SCOPES]
    document["scope"] = " ".join([*form.get("scope", ()), *others])
    for name in _TEXTS:
        value = first(form, name).strip()
        document.pop(name, None)
        if value:
            document[name] = value
    trust = _TRUST.get(first(form, "accept_trusted_devices"))
    if trust is not None:
        document["accept_trusted_devices"] = trust
    for name in _LISTS:
        lines = [line.strip() for line in first(form, name).splitlines() if line.strip()]
        document.pop(name, None)
        if lines:
            document[name] = lines
    return document


def registered(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is registered, without what the registry says by itself."""
    return {name: value for name, value in metadata.items() if name not in _OURS}
