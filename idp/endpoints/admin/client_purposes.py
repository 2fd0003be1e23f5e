"""The purposes of a system: what it wants data for, on which ground, claim by claim; a changed text is a new version, which people are shown anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from clients import purposes as purposes_field
from clients.corrections import WHOLE
from clients.documents import to_metadata
from clients.errors import RegistrationRefused
from clients.model import Client
from idp.endpoints.admin.client_check import Asking, check_page, is_read, version_seen
from idp.endpoints.admin.client_form import registered
from idp.endpoints.admin.frame import ROOT, Part, Visit
from idp.endpoints.admin.inputs import client_path, reason
from idp.endpoints.admin.problem_words import fault_text
from idp.endpoints.admin.purpose_corrections import address
from idp.endpoints.admin.views import DASH, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.errors import NotFound
from idp.protocol.wire import WireResponse
from idp.web.i18n import LANGUAGES
from policies import claims as claim_policy
from policies.consent import LEGAL_BASES
from policies.delegation import Action
from policies.purposes import Purpose

_LISTS: Final = ("claims", "optional_claims")
_PLACES: Final = {".id": "id", ".text.vi": "text_vi", ".text.en": "text_en", ".text": "text_vi"}
"""Where a fault of a purpose is shown, by the end of its place; the others by their own name."""


@dataclass(frozen=True, slots=True)
class _Editing:
    """A purpose that is being written: the client, its document with the purpose in it, and at which place ("" as id for a new one)."""

    client: Client
    document: Mapping[str, Any]
    purpose: Mapping[str, Any]
    position: int
    known_as: str = ""

    @property
    def action(self) -> str:
        """Return where its form is posted to."""
        base = f"{ROOT}/clients/{client_path(self.client.client_id)}"
        return f"{base}/purposes/{self.known_as}" if self.known_as else f"{base}/new-purpose"


class ClientPurposePages(Part):
    """``/admin/clients/<client_id>/purposes``."""

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame, all_of, one = self._frame, "/clients/<client_id>/purposes", "/clients/<client_id>/purposes/<purpose_id>"
        new = "/clients/<client_id>/new-purpose"
        return (
            frame.get(all_of, self.show),
            frame.get(new, self.ask),
            frame.post(new, self.take, "/clients"),
            frame.get(one, self.ask),
            frame.post(one, self.take, "/clients"),
        )

    def show(self, visit: Visit, client_id: str) -> WireResponse:
        """Show the purposes, and of each claim the ground on which it is given."""
        t, view = visit.t, self._acts.clients.show(visit.who, client_id)
        client, base = view.client, f"{ROOT}/clients/{client_path(client_id)}"
        may_change, may_correct = Action.CLIENT_UPDATE in view.may, Action.CLIENT_CORRECT in view.may
        found = []
        for one in client.purpose_list:
            acts = [(t("admin.acts"), Cell(t("admin.purpose.edit"), f"{base}/purposes/{one.id}"))] if may_change else []
            if may_correct:
                correct = Cell(t("admin.correction.title"), address(client_id, one.id))
                acts.append((t("admin.correction.mistake"), correct))
            found.append(self._section(visit, one, acts))
        if not found:
            found = [Section(t("admin.purpose.title"), lines=(t("admin.purpose.none"),))]
        shown = Detail(
            t("admin.purpose.title"),
            t("admin.purpose.lead"),
            (*found, _by_claim(visit, client)),
            links=(
                *((Link(f"{base}/new-purpose", t("admin.purpose.new")),) if may_change else ()),
                *((Link(address(client_id, WHOLE), t("admin.correction.of_whole")),) if may_correct else ()),
            ),
            crumbs=(Link(f"{ROOT}/clients", t("admin.area.clients")), Link(base, client.name(t.language))),
        )
        return self._frame.detail(visit, "clients", shown)

    def ask(self, visit: Visit, client_id: str, purpose_id: str = "") -> WireResponse:
        """Show the form of a purpose, or of a new one."""
        return self._page(visit, self._editing(visit, client_id, purpose_id, None), {})

    def take(self, visit: Visit, form: Form, client_id: str, purpose_id: str = "") -> WireResponse:
        """Check, show what people will read, then write it if nobody changed the system meanwhile."""
        editing = self._editing(visit, client_id, purpose_id, form)
        version = version_seen(form)
        problems = self._problems(visit, editing)
        if problems or "client-change" in form:
            return self._page(visit, editing, problems, version)
        if not is_read(form, editing.document):
            before = registered(to_metadata(editing.client))
            return check_page(self._frame, visit, form, Asking(editing.action, editing.document, before, version))
        result = self._acts.client_changes.update(
            visit.who, client_id, editing.document, version=version, reason=reason(form, is_required=False)
        )
        return self._frame.after(result, f"/clients/{client_path(client_id)}/purposes")

    def _editing(self, visit: Visit, client_id: str, purpose_id: str, form: Form | None) -> _Editing:
        client = self._acts.clients.show(visit.who, client_id).client
        document = registered(to_metadata(client))
        held: list[dict[str, Any]] = list(document.get("purposes") or ())
        places = [place for place, one in enumerate(held) if one["id"] == purpose_id]
        if purpose_id and not places:
            raise NotFound("there is no such purpose")
        position = places[0] if places else len(held)
        purpose = held[position] if places else {"id": "", "text": {}, "legal_basis": "consent"}
        if form is not None and "purpose-remove" in form:
            del held[position:]
            held += list(document.get("purposes") or ())[position + 1 :]
        elif form is not None:
            purpose = _typed(form, purpose_id)
            held[position:] = [purpose, *held[position + 1 :]]
        return _Editing(client, {**document, "purposes": held}, purpose, position, purpose_id)

    def _problems(self, visit: Visit, editing: _Editing) -> dict[str, str]:
        """Return what is wrong, by field; "" for what has none here."""
        try:
            self._acts.client_changes.preview(visit.who, editing.document)
        except RegistrationRefused as error:
            found: dict[str, str] = {}
            for fault in error.errors:
                place = fault.field.removeprefix(f"purposes[{editing.position}]")
                name = _PLACES.get(place, place.removeprefix(".").partition("[")[0]) if place != fault.field else ""
                found[name] = "\n".join(filter(None, (found.get(name), fault_text(visit.t, fault))))
            return found
        return {}

    def _page(self, visit: Visit, editing: _Editing, problems: Mapping[str, str], version: int = 0) -> WireResponse:
        t = visit.t
        buttons = [("client-check", t("admin.client.check"), "primary")]
        if editing.known_as:
            buttons.append(("purpose-remove", t("admin.purpose.remove"), "secondary"))
        return self._frame.page(
            "form",
            visit,
            area="clients",
            title=t("admin.purpose.edit" if editing.known_as else "admin.purpose.new"),
            lead=t("admin.purpose.form_lead"),
            problem=problems.get("", "") or (t("admin.client.faults", count=len(problems)) if problems else ""),
            action=editing.action,
            id="client-form",
            hidden=(("version", str(version or editing.client.version)),),
            fields=_fields(visit, editing, problems),
            buttons=buttons,
            sections=(),
        )

    @staticmethod
    def _section(visit: Visit, one: Purpose, acts: Sequence[tuple[str, Cell]]) -> Section:
        t = visit.t
        how = "told" if one.is_told else "asked"
        facts = [
            (t("admin.purpose.id"), Cell(one.id)),
            *(
                (t(f"admin.purpose.text_{language}"), Cell(one.text_in(language), lang=language))
                for language in LANGUAGES
            ),
            (
                t("admin.client.legal_basis"),
                Cell(f"{t(f'admin.basis.{one.legal_basis}')} ({t(f'admin.purpose.{how}')})"),
            ),
            *(
                (t(f"admin.purpose.{name}"), Cell(_names(visit, claims) or DASH))
                for name, claims in zip(_LISTS, (one.required, one.optional), strict=True)
            ),
            (t("admin.consent.text"), Cell(one.version)),
        ]
        return Section(one.text_in(t.language), [*facts, *acts])


def _by_claim(visit: Visit, client: Client) -> Section:
    """Return of each claim that the system may be given for what and on which ground; what no purpose names stands in a line of its own."""
    t, rows, never = visit.t, [], []
    for name in claim_policy.unpack(claim_policy.shown(claim_policy.for_scopes(client.scope))):
        bit, label = claim_policy.pack((name,)), t(f"claim.{name}")
        held = next((one for one in client.purpose_list if one.claims & bit), None)
        if held is not None:
            must = bool(held.required & bit)
            rows.append((Cell(label), *_claim_cells(visit, held.text_in(t.language), held.legal_basis, must=must)))
        elif client.purposes:
            never.append(label)
        else:
            must = client.consent_mode(bit) == "notice" or not claim_policy.choose(bit).optional
            rows.append(
                (Cell(label), *_claim_cells(visit, client.purpose_in(t.language), client.legal_basis, must=must))
            )
    columns = [t(f"admin.purpose.{name}") for name in ("claim", "purpose")]
    columns += [t("admin.client.legal_basis"), t("admin.purpose.need")]
    lines = (t("admin.purpose.never", names=", ".join(never)),) if never else ()
    return Section(t("admin.purpose.by_claim"), table=Table(columns, rows, t("admin.purpose.no_claims")), lines=lines)


def _claim_cells(visit: Visit, text: str, basis: str, *, must: bool) -> tuple[Cell, ...]:
    t = visit.t
    return Cell(text), Cell(t(f"admin.basis.{basis}")), Cell(t(f"admin.purpose.{'must' if must else 'may'}"))


def _fields(visit: Visit, editing: _Editing, problems: Mapping[str, str]) -> Sequence[Field]:
    """Return the fields with what is known and what is wrong; a known purpose keeps its id."""
    t, purpose = visit.t, editing.purpose
    name = Field("id", t("admin.purpose.id"), purpose["id"], hint=t("admin.purpose.id_hint"), is_required=True)
    text = purpose.get("text") or {}
    words = [
        Field(f"text_{one}", t(f"admin.purpose.text_{one}"), text.get(one, ""), "area", is_required=True)
        for one in LANGUAGES
    ]
    bases, hint = [(one, t(f"admin.basis.{one}")) for one in LEGAL_BASES], t("admin.purpose.basis_hint")
    options = _free(visit, editing)
    lists = [
        Field(one, t(f"admin.purpose.{one}"), "", "check", options, t(f"admin.purpose.{one}_hint")) for one in _LISTS
    ]
    fields = [
        *(() if editing.known_as else (name,)),
        *words,
        Field("legal_basis", t("admin.client.legal_basis"), purpose["legal_basis"], "select", bases, hint),
        *(replace(one, chosen=frozenset(purpose.get(one.name) or ())) for one in lists),
        Field("reason", t("admin.reason"), hint=t("admin.client.reason_hint")),
    ]
    return [replace(one, problem=problems.get(one.name, "")) for one in fields]


def _free(visit: Visit, editing: _Editing) -> list[tuple[str, str]]:
    """Return the claims that may be chosen: of the system's scope, and in no other purpose."""
    others = [one for place, one in enumerate(editing.document["purposes"]) if place != editing.position]
    taken = 0
    for one in purposes_field.read(others):
        taken |= one.claims
    free = claim_policy.shown(claim_policy.for_scopes(editing.client.scope)) & ~taken
    return [(name, visit.t(f"claim.{name}")) for name in claim_policy.unpack(free)]


def _typed(form: Form, purpose_id: str) -> dict[str, Any]:
    """Return the purpose that a form describes; a known one keeps its id, by which earlier agreements are compared."""
    text = {one: first(form, f"text_{one}").replace("\r\n", " ").replace("\n", " ").strip() for one in LANGUAGES}
    return {
        "id": purpose_id or first(form, "id").strip(),
        "text": {language: words for language, words in text.items() if words},
        "legal_basis": first(form, "legal_basis"),
        **{name: list(form.get(name, ())) for name in _LISTS},
    }


def _names(visit: Visit, claims: int) -> str:
    return "; ".join(visit.t(f"claim.{name}") for name in claim_policy.unpack(claim_policy.shown(claims)))
