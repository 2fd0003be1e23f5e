"""What the audit log says in people's words: a label for every event, and for every reason id that we write ourselves.

The labels have a catalogue of their own, read when somebody first looks at the log: the pages that everybody sees do without it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from idp.web.i18n import LANGUAGES

_ID: Final = re.compile(r"[a-z][A-Za-z0-9_]*(?::\S+)?")
"""How reason ids look; whatever somebody wrote as a reason is shown as it was written."""


class Vocabulary:
    """One language's labels of ``idp.model.audit.Event`` and of reason ids."""

    def __init__(self, labels: Mapping[str, Mapping[str, str]]) -> None:
        """Take the tables ``event``, ``reason`` and ``family``: the last holds how ids of a kind begin."""
        self._events = labels["event"]
        self._reasons = labels["reason"]
        self._families = sorted(labels["family"].items(), key=lambda row: -len(row[0]))

    def event(self, name: str) -> str:
        """Return what an event is called; the name itself for one that a later or earlier release wrote."""
        return self._events.get(name, name)

    def reason(self, said: str) -> str:
        """Return what a reason id means, and "" for words that somebody wrote, or an id without a label."""
        if (label := self._reasons.get(said)) is not None:
            return label
        if _ID.fullmatch(said) is None:
            return ""
        return next((label for begin, label in self._families if said.startswith(begin)), "")


@cache
def vocabulary(language: str) -> Vocabulary:
    """Return the labels of a supported language, Vietnamese for any other."""
    chosen = language if language in LANGUAGES else LANGUAGES[0]
    source = resources.files("idp.web").joinpath("locales", f"log.{chosen}.toml").read_text(encoding="utf-8")
    return Vocabulary(tomllib.loads(source))
