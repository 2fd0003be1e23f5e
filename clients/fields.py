"""Parsers for single metadata fields: each returns the value or raises ``Fault`` with a reason id and the fix."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

from clients import uris

MAX_LIST: Final = 50
MAX_TEXT: Final = 1000


class Fault(Exception):
    """One field is wrong; ``reason`` is an id, the text says what would be right."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep both."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


Parser = Callable[[Any], Any]


def text(value: Any) -> str:  # noqa: ANN401 - JSON
    """A short text without control or direction characters, in NFC."""
    if not isinstance(value, str) or not value.strip():
        raise Fault("not_text", "must be a text that is not empty")
    if len(value) > MAX_TEXT:
        raise Fault("too_long", f"is longer than {MAX_TEXT} characters")
    clean = unicodedata.normalize("NFC", value.strip())
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for character in clean):
        raise Fault("characters", "must not hold control, invisible or direction characters")
    return clean


def flag(value: Any) -> bool:  # noqa: ANN401 - JSON
    """True or false."""
    if not isinstance(value, bool):
        raise Fault("not_boolean", "must be true or false")
    return value


def seconds(value: Any) -> int:  # noqa: ANN401 - JSON
    """A number of seconds."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 366 * 86400:
        raise Fault("not_seconds", "must be a number of seconds, at most a year")
    return value


def web_uri(value: Any) -> str:  # noqa: ANN401 - JSON
    """An https URI, http on loopback."""
    if not isinstance(value, str):
        raise Fault("not_text", "must be a URI")
    fault = uris.web_fault(value)
    if fault is not None:
        raise Fault(*fault)
    return value


def choice(allowed: tuple[str, ...]) -> Parser:
    """Return the parser of one word out of ``allowed``."""

    def parse(value: Any) -> str:  # noqa: ANN401 - JSON
        if value not in allowed:
            raise Fault("not_supported", f"must be one of {', '.join(allowed)}")
        return str(value)

    return parse


def listed(parser: Parser, least: int = 0) -> Parser:
    """Return the parser of a list of distinct values."""

    def parse(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - JSON
        if not isinstance(value, list) or not least <= len(value) <= MAX_LIST:
            raise Fault("not_list", f"must be a list of {least} to {MAX_LIST} values")
        parsed = tuple(parser(one) for one in value)
        if len(set(parsed)) != len(parsed):
            raise Fault("duplicate", "names something twice")
        return parsed

    return parse


def words(allowed: tuple[str, ...]) -> Parser:
    """Return the parser of space-separated words out of ``allowed``."""

    def parse(value: Any) -> frozenset[str]:  # noqa: ANN401 - JSON
        if not isinstance(value, str):
            raise Fault("not_text", "must be words separated by spaces")
        found = frozenset(value.split())
        unknown = sorted(found - set(allowed))
        if unknown:
            raise Fault("not_supported", f"knows no {', '.join(unknown)}; there are {', '.join(allowed)}")
        return found

    return parse


def translated(value: Any) -> Mapping[str, str]:  # noqa: ANN401 - JSON
    """A text in Vietnamese, and in English if there is one: ``{"vi": …, "en": …}``."""
    if isinstance(value, str):
        return {"vi": text(value)}
    if not isinstance(value, dict) or "vi" not in value or not set(value) <= {"vi", "en"}:
        raise Fault("not_translated", 'must be {"vi": text, "en": text}, Vietnamese required')
    return {language: text(each) for language, each in value.items()}


def mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    """A JSON object."""
    if not isinstance(value, dict):
        raise Fault("not_object", "must be a JSON object")
    return value
