"""Request parameters, parsed once: bounded, UTF-8, no name twice (RFC 6749 sections 3.1 and 3.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from idp.protocol.errors import InvalidRequest
from idp.protocol.wire import MAX_BODY, MAX_QUERY, WireRequest

FORM: Final = "application/x-www-form-urlencoded"
REPEATABLE: Final = frozenset({"resource", "audience"})
"""What may be there several times (RFC 8707 section 2, RFC 8693 section 2.1); read by ``several``."""
_SEPARATOR: Final = "\n"
"""Between the values of a repeated parameter: no value can hold it, since control characters are refused."""
_MAX_PARAMETERS: Final = 64
_SHORT: Final = 256
_CONTROL: Final = frozenset(chr(number) for number in (*range(32), 127))
_LINE_ENDS: Final = {ord("\r"): None, ord("\n"): None}


def query_parameters(request: WireRequest) -> dict[str, str]:
    """Return the query's parameters; raises ``InvalidRequest``."""
    if len(request.query) > MAX_QUERY:
        raise InvalidRequest("the query is too long", reason="query_too_long")
    return parse(request.query)


def form_parameters(request: WireRequest) -> dict[str, str]:
    """Return the parameters of a form body; a query beside it counts for nothing. Raises ``InvalidRequest``."""
    return parse(_form_text(request))


def _form_text(request: WireRequest) -> str:
    if request.content_type.partition(";")[0].strip().lower() != FORM:
        raise InvalidRequest(f"the request body must be {FORM}", reason="content_type")
    if len(request.body) > MAX_BODY:
        raise InvalidRequest("the request body is too long", reason="body_too_long")
    try:
        return request.body.decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidRequest("the request body must be form-urlencoded ASCII", reason="encoding") from error


def form_fields(request: WireRequest) -> dict[str, tuple[str, ...]]:
    """Return the fields of one of our own pages, where a name (a checkbox) may repeat and a text may have lines; raises ``InvalidRequest``."""
    found: dict[str, list[str]] = {}
    for name, value in _pairs(_form_text(request), lines=True):
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def parse(text: str) -> dict[str, str]:
    """Return the parameters of a form-urlencoded text. Parameters without a value are treated as if they were omitted.

    Raises ``InvalidRequest`` when a name appears twice (the attack: client and server each read another one), when the encoding is
    not UTF-8, when a control character is inside, or when there are too many.
    """
    found: dict[str, str] = {}
    for name, value in _pairs(text):
        if name not in found:
            found[name] = value
        elif name in REPEATABLE:
            found[name] = join((found[name], value))
        else:
            raise InvalidRequest(f"the parameter {_shown(name)} appears more than once", reason="duplicate_parameter")
    return found if all(found.values()) else {name: value for name, value in found.items() if value}


def join(values: Iterable[str]) -> str:
    """Return several values of a repeatable parameter as they are kept."""
    return _SEPARATOR.join(values)


def several(parameters: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the values of a repeatable parameter, in order; empty ones count as omitted."""
    return tuple(value for value in parameters[name].split(_SEPARATOR) if value) if name in parameters else ()


def _pairs(text: str, *, lines: bool = False) -> list[tuple[str, str]]:
    pairs = text.split("&") if text else []
    if len(pairs) > _MAX_PARAMETERS:
        raise InvalidRequest("too many parameters", reason="too_many_parameters")
    # What is clean as a whole is so in its parts; only what was encoded has to be looked at again.
    is_clean_as_it_is = text.isprintable()
    found = []
    for pair in pairs:
        name, _, value = pair.partition("=")
        if "%" in pair or "+" in pair or not is_clean_as_it_is:
            name = name if name.isidentifier() else _decoded(name)
            value = (
                _decoded_address(value)
                if name == "redirect_uri" and len(value) < _SHORT
                else _decoded(value, lines=lines)
            )
        if name:
            found.append((name, value))
    return found


@lru_cache(maxsize=256)
def _decoded_address(raw: str) -> str:
    """Return an address that clients send with each request, and that names nobody."""
    return _decoded(raw)


def _decoded(raw: str, *, lines: bool = False) -> str:
    if "%" not in raw:
        text = raw.replace("+", " ")
    else:
        try:
            text = unquote_to_bytes(raw.replace("+", " ")).decode()
        except UnicodeError as error:
            raise InvalidRequest("a parameter is not valid UTF-8", reason="encoding") from error
    if not is_clean(text.translate(_LINE_ENDS) if lines else text):
        raise InvalidRequest("a parameter holds a control character", reason="control_character")
    return text


def is_clean(text: str) -> bool:
    """Tell whether a value is free of control characters."""
    return text.isprintable() or not any(character in _CONTROL for character in text)


def is_encodable(text: str) -> bool:
    """Tell whether a value out of JSON has a UTF-8 form: half a character (an escape can make one) could be neither stored nor sent."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(name: str) -> str:
    """Return a name fit for an error text: RFC 6749 section 4.1.2.1 allows few characters in ``error_description``."""
    return "".join(
        character for character in name[:40] if character.isascii() and (character.isalnum() or character in "_.-")
    )
