"""What is wrong with a form in the reader's words. What an operator's sentence says inside stays in the log, under the case code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from clients.errors import MetadataError, RegistrationRefused
from idp.errors import Conflict
from idp.web.i18n import Translator
from keys.errors import KeysError

_RULES: Final = (
    (re.compile(r"is required\b"), "missing", ()),
    (re.compile(r"must (?:be|have) at most (\d+) characters"), "longest", ("most",)),
    (re.compile(r"must be (\d+) to (\d+) characters"), "length", ("least", "most")),
    (re.compile(r"must be (\d+) to (\d+)(?: seconds)?\b"), "range", ("least", "most")),
    (re.compile(r"must be a date\b"), "date", ()),
    (re.compile(r"must be a day and a time\b"), "minute", ()),
    (re.compile(r"must be one of (.+)"), "one_of", ("choices",)),
    (re.compile(r"names no unit\b"), "no_unit", ()),
)
"""Sentences of ``InvalidInput`` that say what to do, and what of them may be shown: bounds and choices of ours, never what was typed."""

_FAULTS: Final = frozenset(
    {
        "beyond_scope",
        "beyond_text",
        "characters",
        "duplicate",
        "empty",
        "en_missing",
        "fragment",
        "host",
        "inconsistent",
        "languages",
        "malformed",
        "missing",
        "no_choice",
        "no_duty",
        "not_code",
        "not_id",
        "not_supported",
        "nothing_corrected",
        "numbers",
        "openid_missing",
        "private_scheme",
        "public_client",
        "relative",
        "response_parameter",
        "scheme",
        "too_long",
        "too_many_words",
        "userinfo",
        "vi_missing",
        "weighty_words",
        "wildcard",
    }
)
"""Reason ids that have words of their own; the others are shown as the registry says them, in English."""
_REGISTER: Final = "register_faults"


def problem_lines(t: Translator, error: Exception) -> Sequence[str]:
    """Return every fault, each by the name of its field."""
    if isinstance(error, RegistrationRefused):
        return [f"{fault.field}: {fault_text(t, fault)}" for fault in error.errors]
    code = str(getattr(error, "code", ""))
    if code == _REGISTER:
        # What is wrong with the document that was handed in, line by line, by the codes of units in it.
        return [t(f"admin.problem.code_{code}"), *str(error).splitlines()[1:]]
    if isinstance(error, Conflict | KeysError):
        usual = "conflict" if isinstance(error, Conflict) else "key"
        return [t.either(f"admin.problem.code_{code}", f"admin.problem.{usual}")]
    text = _invalid(t, str(error), code)
    field = getattr(error, "field", None)
    label = t("admin.reason") if field == "reason" else field
    return [t("admin.problem.of_field", field=label, text=text) if label else text]


def _invalid(t: Translator, said: str, code: str) -> str:
    for pattern, key, names in _RULES:
        if (found := pattern.match(said)) is not None:
            return t(f"admin.problem.{key}", **dict(zip(names, found.groups(), strict=True)))
    return t.either(f"admin.problem.code_{code}", "admin.problem.wrong")


def fault_text(t: Translator, fault: MetadataError) -> str:
    """Return a fault in the reader's words, as far as there are any."""
    return t(f"admin.fault.{fault.reason}") if fault.reason in _FAULTS else fault.detail
