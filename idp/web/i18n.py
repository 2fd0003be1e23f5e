"""Languages: Vietnamese first, English beside it, from TOML catalogues; dates as people here write them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from idp.clock import VIETNAM

LANGUAGES: Final = ("vi", "en")
_NATIONAL: Final = re.compile(r"\+84[0-9]{9}")


class Translator:
    """One language's texts. A missing key is a fault of ours and raises ``KeyError``; a test compares the catalogues."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        """Take the language tag and the texts by dotted key."""
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of ``key`` with ``{placeholders}`` filled."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def either(self, key: str, fallback: str) -> str:
        """Return the text of ``key``, or of ``fallback`` when there is none."""
        return self._texts[key] if key in self._texts else self._texts[fallback]

    def moment(self, seconds: int) -> str:
        """Return a moment as dd/MM/yyyy HH:mm in Vietnam's time."""
        return datetime.fromtimestamp(seconds, UTC).astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")

    def phone(self, number: str) -> str:
        """Return a number of Vietnam (E.164) as people here dial and read it, 0905 000 001; anything else as it is."""
        if not _NATIONAL.fullmatch(number):
            return number
        local = f"0{number[3:]}"
        return f"{local[:4]} {local[4:7]} {local[7:]}"

    def day(self, iso: str) -> str:
        """Return an ISO date as dd/MM/yyyy; anything else as it is."""
        parts = iso.split("-")
        return "/".join(reversed(parts)) if len(parts) == 3 else iso  # noqa: PLR2004 - year, month, day


@cache
def translator(language: str) -> Translator:
    """Return the translator of a supported language, Vietnamese for any other."""
    chosen = language if language in LANGUAGES else LANGUAGES[0]
    source = resources.files("idp.web").joinpath("locales", f"{chosen}.toml").read_text(encoding="utf-8")
    return Translator(chosen, MappingProxyType(dict(_flat(tomllib.loads(source)))))


def choose(*preferences: str) -> str:
    """Return the first supported language of lists of tags (``ui_locales``, a cookie, ``Accept-Language``), Vietnamese if none is."""
    for preference in preferences:
        for tag in preference.replace(",", " ").split():
            language = tag.partition(";")[0].partition("-")[0].lower()
            if language in LANGUAGES:
                return language
    return LANGUAGES[0]


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            rows.extend(_flat(value, f"{prefix}{name}."))
        else:
            rows.append((f"{prefix}{name}", str(value)))
    return rows
