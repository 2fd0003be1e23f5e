"""The page between a form about a system and its act: the answers once more, and what people will see; only what was shown is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.endpoints.admin.client_answers import CHECKED, answers, carried, fingerprint
from idp.endpoints.admin.frame import ConsoleFrame, Visit
from idp.endpoints.desk import Form, first
from idp.protocol.wire import WireResponse


@dataclass(frozen=True, slots=True)
class Asking:
    """What a form asks for: where it is posted to, the document, and of a change what is registered and its version."""

    action: str
    document: Mapping[str, Any]
    before: Mapping[str, Any] | None = None
    version: int = 0


def version_seen(form: Form) -> int:
    """Return the version that the form was made of, 0 for none that counts."""
    raw = first(form, "version")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= len("9" * 18) else 0


def is_read(form: Form, document: Mapping[str, Any]) -> bool:
    """Tell whether these very answers were shown and are to be written."""
    return "client-register" in form and first(form, CHECKED) == fingerprint(document)


def check_page(frame: ConsoleFrame, visit: Visit, form: Form, asking: Asking) -> WireResponse:
    """Return the page."""
    t, hidden = visit.t, [*carried(form), (CHECKED, fingerprint(asking.document))]
    if asking.version:
        hidden.append(("version", str(asking.version)))
    return frame.page(
        "check",
        visit,
        area="clients",
        title=t("admin.client.check_title"),
        lead=t("admin.client.check_lead"),
        action=asking.action,
        id="client-form",
        hidden=hidden,
        buttons=(
            ("client-register", t("admin.client.confirm"), "primary"),
            ("client-change", t("admin.client.change"), "secondary"),
        ),
        sections=answers(t, asking.document, asking.before),
    )
