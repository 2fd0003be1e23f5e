"""What a registration form answers: every fault by its line, then the answers once more, with what people will see."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from clients import purposes
from clients.errors import MetadataError
from idp.endpoints.admin.client_history import compared
from idp.endpoints.admin.problem_words import fault_text
from idp.endpoints.admin.views import Cell, Section, Table
from idp.endpoints.desk import Form
from idp.web.i18n import LANGUAGES, Translator, translator
from policies import claims as claim_policy
from policies.purposes import Share, divide

CHECKED: Final = "checked"
"""The hidden field that says which answers were shown once more."""
BUTTONS: Final = ("client-check", "client-register", "client-change")
_NOT_CARRIED: Final = frozenset({"csrf_token", CHECKED, "version", *BUTTONS})
_LABELS: Final = {
    "client_name": "name_vi",
    "client_name#en": "name_en",
    "backchannel_logout_uri": "backchannel",
    **{
        name: name
        for name in (
            *("unit", "purpose", "legal_basis", "consent", "token_endpoint_auth_method", "minimum_acr", "scope"),
            *("purposes", "accept_trusted_devices"),
            *("redirect_uris", "post_logout_redirect_uris"),
        )
    },
}
Facts = list[tuple[str, Cell]]
_WORDS: Final = {"legal_basis": "admin.basis.", "consent": "admin.client.consent_"}


def fingerprint(document: Mapping[str, Any]) -> str:
    """Return what stands for the answers that were shown: other answers have another one."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def carried(form: Form) -> tuple[tuple[str, str], ...]:
    """Return the fields of the form as they go on, hidden, to the next page."""
    return tuple((name, value) for name, values in form.items() if name not in _NOT_CARRIED for value in values)


def told(t: Translator, faults: Sequence[MetadataError], document: Mapping[str, Any]) -> dict[str, str]:
    """Return the faults by field, a line each; one of a line names the line and repeats it."""
    found: dict[str, list[str]] = {}
    for fault in faults:
        name, _, rest = fault.field.partition("[")
        name = name.partition(".")[0]
        text = fault_text(t, fault)
        number = rest.partition("]")[0]
        held = document.get(name)
        if number.isdigit() and isinstance(held, list) and int(number) < len(held):
            text = t("admin.fault.line", number=int(number) + 1, line=_short(held[int(number)]), text=text)
        found.setdefault(name, []).append(text)
    return {name: "\n".join(lines) for name, lines in found.items()}


def answers(t: Translator, document: Mapping[str, Any], before: Mapping[str, Any] | None) -> tuple[Section, ...]:
    """Return the answers once more (of a change, what changes), and what people will see in each language."""
    if before is None:
        facts = [(_label(t, name), _answer(t, name, value)) for name, value in document.items()]
        shown = Section(t("admin.client.answers"), facts)
    else:
        names = sorted(name for name in {*document, *before} if _plain(name, document) != _plain(name, before))
        rows = [
            (Cell(_label(t, name)), _answer(t, name, before.get(name)), _answer(t, name, document.get(name)))
            for name in names
        ]
        columns = [t(f"admin.change.{name}") for name in ("field", "before", "after")]
        shown = Section(t("admin.client.changes"), table=Table(columns, rows, t("admin.client.no_changes")))
    return (shown, *(_preview(t, translator(language), document) for language in LANGUAGES))


def _plain(name: str, document: Mapping[str, Any]) -> object:
    """Return a value as it counts: an empty one is none, and scopes have no order."""
    value = document.get(name)
    if name == "accept_trusted_devices":
        return value is not False
    return frozenset(str(value or "").split()) if name == "scope" else value or None


def _label(t: Translator, name: str) -> str:
    return t(f"admin.client.{_LABELS[name]}") if name in _LABELS else name


def _answer(t: Translator, name: str, value: Any) -> Cell:
    if name == "accept_trusted_devices":
        return Cell(t(f"admin.client.trusted_{'refused' if value is False else 'accepted'}"))
    key = _WORDS.get(name)
    return Cell(t(f"{key}{value}")) if key and value else compared(t, name, value)


def _preview(t: Translator, theirs: Translator, document: Mapping[str, Any]) -> Section:
    """Return the page of consent, or the notice, as a person who comes for the first time reads it, without a person's values."""
    language = theirs.language
    scope = str(document.get("scope", "")).split()
    name = str(document.get(f"client_name#{language}") or document.get("client_name", ""))
    shares = purpose_shares(document)
    facts, lead = _by_purpose(theirs, shares, name) if shares else _as_a_whole(theirs, document, name)
    lines = [lead]
    has_english = document.get(f"client_name#{language}") and (shares or (document.get("purpose") or {}).get(language))
    if language != LANGUAGES[0] and not has_english:
        lines.append(t("admin.client.preview_untranslated"))
    if "offline_access" in scope:
        lines.append(theirs("consent.offline"))
    return Section(t(f"admin.client.preview_{language}"), facts, lines=lines, lang=language)


def purpose_shares(document: Mapping[str, Any]) -> tuple[Share, ...]:
    """Return what each purpose takes of everything that a document's scope stands for; none where a document has no purposes."""
    scope = str(document.get("scope", "")).split()
    return divide(purposes.read(document.get("purposes") or ()), claim_policy.for_scopes(scope), {})


def _by_purpose(theirs: Translator, shares: Sequence[Share], name: str) -> tuple[Facts, str]:
    is_notice = all(one.purpose.is_told for one in shares)
    has_boxes = any(one.boxed for one in shares)
    suffix = "_notice" if is_notice else ""
    facts = [(theirs(f"consent.title{suffix}"), Cell(name))]
    for one in shares:
        how = "told" if one.purpose.is_told else "asked_box" if one.boxed else "asked"
        ground = f"{theirs('consent.basis')}: {theirs(f'basis.{one.purpose.legal_basis}')}. {theirs(f'consent.{how}')}"
        facts.append((one.purpose.text_in(theirs.language), Cell(ground)))
        required = "shared" if one.purpose.is_told else "needed" if has_boxes else "required"
        for label, claims in ((required, one.required), ("optional", one.optional)):
            shown = claim_policy.shown(claims)
            facts += [(theirs(f"consent.{label}"), Cell(_names(theirs, shown)))] if shown else []
    return facts, theirs("consent.lead_notice" if is_notice else "consent.lead_purposes")


def _as_a_whole(theirs: Translator, document: Mapping[str, Any], name: str) -> tuple[Facts, str]:
    is_notice = document.get("consent") == "notice"
    choice = claim_policy.choose(claim_policy.for_scopes(str(document.get("scope", "")).split()))
    optional = 0 if is_notice else choice.optional
    purpose = document.get("purpose") or {}
    suffix = "_notice" if is_notice else ""
    facts = [
        (theirs(f"consent.title{suffix}"), Cell(name)),
        (theirs("consent.purpose"), Cell(str(purpose.get(theirs.language) or purpose.get("vi", "")))),
        (theirs("consent.basis"), Cell(theirs(f"basis.{document.get('legal_basis')}"))),
        (theirs("consent.shared"), Cell(_names(theirs, choice.shown & ~optional) or theirs("consent.nothing"))),
        *(((theirs("consent.optional"), Cell(_names(theirs, optional))),) if optional else ()),
    ]
    return facts, theirs(f"consent.lead{suffix}")


def _names(t: Translator, claims: int) -> str:
    return "; ".join(t(f"claim.{name}") for name in claim_policy.unpack(claims))


def _short(line: object) -> str:
    text = str(line)
    return text if len(text) <= _LONGEST_LINE else text[:_LONGEST_LINE] + "…"


_LONGEST_LINE: Final = 80
