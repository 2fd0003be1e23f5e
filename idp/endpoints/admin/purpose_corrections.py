"""The console's form for a correction: the same purpose spelt otherwise, which a second person lets happen and nobody is asked about anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.corrections import WHOLE
from clients.errors import RegistrationRefused
from idp.endpoints.admin.client_check import version_seen
from idp.endpoints.admin.frame import ROOT, Part, Visit
from idp.endpoints.admin.inputs import client_path, reason
from idp.endpoints.admin.problem_words import fault_text
from idp.endpoints.admin.tables import principal
from idp.endpoints.admin.views import DASH, Cell, Field, Section, Table
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.protocol.wire import WireResponse
from idp.web.i18n import LANGUAGES, Translator
from policies.corrections import differences

_OF_ONE: Final = "/clients/<client_id>/purposes/<purpose_id>/correct"
_OF_ALL: Final = "/clients/<client_id>/correct-purpose"


class PurposeCorrectionPages(Part):
    """``/admin/clients/<client_id>/purposes/<purpose_id>/correct``, and ``…/correct-purpose`` for the purpose of the system as a whole."""

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame = self._frame
        pages = [(frame.get(path, self.ask), frame.post(path, self.take, "/clients")) for path in (_OF_ONE, _OF_ALL)]
        return tuple(one for both in pages for one in both)

    def ask(self, visit: Visit, client_id: str, purpose_id: str = WHOLE) -> WireResponse:
        """Show the form with the text as it is."""
        client, text = self._acts.purpose_corrections.text(visit.who, client_id, purpose_id)
        return self._page(visit, address(client_id, purpose_id), client.version, text, {})

    def take(self, visit: Visit, form: Form, client_id: str, purpose_id: str = WHOLE) -> WireResponse:
        """Ask the second person, or show what makes it no correction."""
        client, now = self._acts.purpose_corrections.text(visit.who, client_id, purpose_id)
        version = version_seen(form)
        typed = {one: _line(first(form, f"text_{one}")) for one in LANGUAGES if one in now}
        try:
            waiting = self._acts.purpose_corrections.ask(
                visit.who, client_id, purpose_id, typed, version=version, reason=reason(form)
            )
        except RegistrationRefused as error:
            problems: dict[str, str] = {}
            for fault in error.errors:
                name = f"text_{fault.field.rpartition('.')[2]}"
                place = name if name.removeprefix("text_") in typed else ""
                problems[place] = "\n".join(filter(None, (problems.get(place), fault_text(visit.t, fault))))
            action = address(client_id, purpose_id)
            return self._page(visit, action, version or client.version, typed, problems, first(form, "reason"))
        return self._frame.after(waiting, f"/clients/{client_path(client_id)}/purposes")

    def _page(
        self,
        visit: Visit,
        action: str,
        version: int,
        text: Mapping[str, str],
        problems: Mapping[str, str],
        why: str = "",
    ) -> WireResponse:
        t = visit.t
        words = [
            Field(
                *(f"text_{one}", t(f"admin.purpose.text_{one}"), text[one], "area"),
                problem=problems.get(f"text_{one}", ""),
                is_required=True,
            )
            for one in LANGUAGES
            if one in text
        ]
        return self._frame.page(
            "form",
            visit,
            area="clients",
            title=t("admin.correction.title"),
            lead=t("admin.correction.lead"),
            problem=_begun(problems.get("", "")) or (t("admin.client.faults", count=len(problems)) if problems else ""),
            action=action,
            id="correction-form",
            hidden=(("version", str(version)),),
            fields=[*words, Field("reason", t("admin.reason"), why, hint=t("admin.correction.why"), is_required=True)],
            buttons=[("correction-submit", t("admin.correction.ask"), "primary")],
            sections=(),
        )


def address(client_id: str, purpose_id: str) -> str:
    """Return where a correction of a purpose is asked for."""
    base = f"{ROOT}/clients/{client_path(client_id)}"
    return f"{base}/purposes/{purpose_id}/correct" if purpose_id else f"{base}/correct-purpose"


def asked(t: Translator, arguments: Mapping[str, Any]) -> Section:
    """Return a correction as the second person reads it: the texts before and after, and each place that would read otherwise."""
    before, after = arguments["before"], arguments["text"]
    columns = [t(f"admin.change.{name}") for name in ("field", "before", "after")]
    rows = [
        (
            Cell(t(f"admin.purpose.text_{one}")),
            Cell(before.get(one, DASH), lang=one),
            Cell(after.get(one, DASH), lang=one),
        )
        for one in LANGUAGES
        if one in before or one in after
    ]
    places = [
        t("admin.correction.place", old=old or DASH, new=new or DASH)
        for one in LANGUAGES
        for old, new in differences(before.get(one, ""), after.get(one, ""))
    ]
    whose = Cell(arguments["purpose"] or t("admin.correction.whole"))
    facts = (
        (t("admin.argument.client_id"), principal(f"client:{arguments['client_id']}")),
        (t("admin.purpose.purpose"), whose),
        (t("admin.correction.when"), Cell(t("admin.correction.judge"))),
    )
    return Section(t("admin.correction.title"), facts, Table(columns, rows, t("admin.change.none")), places)


def _line(typed: str) -> str:
    return typed.replace("\r\n", " ").replace("\n", " ").strip()


def _begun(text: str) -> str:
    """Return words that stand behind a field's name elsewhere as they begin a line."""
    return text[:1].upper() + text[1:]
