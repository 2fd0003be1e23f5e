"""The proof of the audit log: its tree, signed head and witnesses; bundles and records as files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from idp.endpoints.admin.audit import wanted
from idp.endpoints.admin.frame import ROOT, Part, Visit
from idp.endpoints.admin.inputs import reason
from idp.endpoints.admin.tables import moment
from idp.endpoints.admin.views import DASH, ActForm, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.errors import InvalidInput
from idp.flows.administration.audit_proofs import MOST_NUMBERS, LogState
from idp.protocol.wire import StreamedResponse, WireResponse
from idp.web.i18n import Translator
from policies.delegation import Action

JSON_LINES: Final = "application/jsonl"
_HEADS: Final = "/audit/heads"
_DIGITS: Final = 18


class AuditProofPages(Part):
    """``/admin/audit/heads``; part of the audit log's area."""

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame = self._frame
        return (
            frame.get(_HEADS, self.show),
            frame.post("/audit/bundle", self.bundle, _HEADS),
            frame.post("/audit/records", self.records, _HEADS),
        )

    def show(self, visit: Visit) -> WireResponse:
        """Show how the log stands, and offer what leaves it."""
        t, found = visit.t, self._acts.audit_proofs.state(visit.who)
        waiting = found.size - (found.head.size if found.head is not None else 0)
        facts = [
            (t("admin.proof.origin"), Cell(found.origin)),
            (t("admin.proof.size"), Cell(str(found.size))),
            (t("admin.proof.waiting"), Cell(str(waiting))),
        ]
        if found.head is not None:
            facts += [
                (t("admin.proof.head_size"), Cell(str(found.head.size), "/audit/head")),
                (t("admin.proof.root"), Cell(found.head.root.hex())),
                (t("admin.proof.signed"), moment(t, found.head.time)),
            ]
        sections = (
            Section(t("admin.proof.tree"), facts),
            Section(t("admin.proof.witnesses"), table=_witnesses(t, found)),
            Section(t("admin.proof.keys"), lines=found.keys or (DASH,)),
        )
        forms = _forms(t) if self._frame.holds(visit, Action.AUDIT_EXPORT, everywhere=True) else ()
        links = (Link("/audit/keys", t("admin.proof.jwks")), Link(f"{ROOT}/audit", t("admin.area.audit")))
        shown = Detail(t("admin.proof.title"), t("admin.proof.lead"), sections, forms, links)
        return self._frame.detail(visit, "audit", shown)

    def bundle(self, visit: Visit, form: Form) -> WireResponse:
        """Give a bundle."""
        personal = first(form, "personal") == "1"
        numbers = {name: _number(form, name) for name in ("first", "last")}
        lines = self._acts.audit_proofs.bundle(visit.who, reason(form), personal=personal, **numbers)
        return _file("audit-bundle.jsonl", lines)

    def records(self, visit: Visit, form: Form) -> WireResponse:
        """Give the records of a search as JSON lines."""
        asked = {name: first(form, name) for name in ("event", "outcome", "client", "account", "case", "from", "to")}
        why = reason(form)
        return _file("audit-records.jsonl", self._acts.audit_proofs.records(visit.who, wanted(asked), why))


def _file(name: str, lines: Iterable[bytes]) -> WireResponse:
    headers = (
        ("Content-Type", JSON_LINES),
        ("Content-Disposition", f'attachment; filename="{name}"'),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    )
    return StreamedResponse(200, headers, chunks=lines)


def _number(form: Form, name: str) -> int | None:
    text = first(form, name).strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        raise InvalidInput("must be the number of a record", field=name)
    return int(text)


def _witnesses(t: Translator, found: LogState) -> Table:
    size = found.head.size if found.head is not None else 0
    rows = [
        (
            Cell(one.name),
            Cell(one.url),
            Cell(str(one.size or DASH)),
            Cell(
                t("admin.proof.up_to_date" if one.size >= size else "admin.proof.behind"),
                tone="good" if one.size >= size else "bad",
            ),
        )
        for one in found.witnesses
    ]
    columns = [t(f"admin.proof.{name}") for name in ("witness", "url", "signed_size", "state")]
    return Table(columns, rows, t("admin.proof.no_witness"))


def _forms(t: Translator) -> tuple[ActForm, ...]:
    why = Field("reason", t("admin.reason"), is_required=True)
    whom = (("1", t("admin.proof.with_persons")), ("0", t("admin.proof.without_persons")))
    bundle, records, any_of = t("admin.proof.bundle"), t("admin.proof.records"), (("", t("admin.any")),)
    numbers = (
        Field("first", t("admin.proof.first")),
        Field("last", t("admin.proof.last"), hint=t("admin.proof.last_hint", count=MOST_NUMBERS)),
        Field("personal", t("admin.proof.persons"), "0", "select", whom),
    )
    outcomes = (*any_of, *((one, t(f"admin.state.{one}")) for one in ("done", "refused", "failed")))
    filters = (
        Field("event", t("admin.audit.event")),
        Field("outcome", t("admin.audit.outcome"), "", "select", outcomes),
        Field("client", "client_id"),
        Field("account", t("admin.consent.account")),
        Field("from", t("admin.audit.from"), "", "date"),
        Field("to", t("admin.audit.to"), "", "date"),
    )
    return (
        ActForm("bundle", f"{ROOT}/audit/bundle", bundle, bundle, (*numbers, why), t("admin.proof.bundle_lead")),
        ActForm("records", f"{ROOT}/audit/records", records, records, (*filters, why), t("admin.proof.records_lead")),
    )
