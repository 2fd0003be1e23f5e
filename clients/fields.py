"""Parsers for single metadata fields: each returns the value, or raises ``Fault`` with a reason id and the fix.

They take any JSON value, for a registration may come from anybody. What they say never repeats more of the input than
short plain words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson

from clients import uris
from keys.errors import InvalidJwk
from keys.jwks import MAX_DOCUMENT_BYTES
from keys.keyset import import_jwks

MAX_LIST: Final = 50
MAX_NAME: Final = 200
MAX_TEXT: Final = 1000
MAX_SECONDS: Final = 366 * 86400
MAX_REFERENCE: Final = 512
"""Characters of a ``request_uri`` (RFC 9101 section 5.2)."""
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_PLAIN: Final = re.compile(r"[!-~]{1,64}")
_BAD_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Control, format (direction marks, invisible joiners), surrogate, private use, line and paragraph separators."""
_PRIVATE_JWK: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

Parser = Callable[[object], Any]


class Fault(Exception):
    """One field is wrong; ``place`` names the member at fault within it, such as ``[1]``."""

    def __init__(self, reason: str, detail: str, place: str = "") -> None:
        """Keep all three."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.place = place


class Faults(Exception):
    """Several members of one field are wrong."""

    def __init__(self, found: Iterable[Fault]) -> None:
        """Keep them in the order in which they stand."""
        super().__init__()
        self.found = tuple(found)


def shown(text: object) -> str:
    """Return a name from outside as it may be repeated: short and plain, anything else as ``?``."""
    return text if isinstance(text, str) and _PLAIN.fullmatch(text) else "?"


def text(limit: int) -> Parser:
    """Return the parser of a text for people, in NFC, of at most ``limit`` characters.

    Invisible and direction characters are refused: with them a department could look like another one on the consent
    page (Unicode Technical Report 36 section 2).
    """

    def parse(value: object) -> str:
        if not isinstance(value, str):
            raise Fault("not_text", "must be a text")
        if any(unicodedata.category(character) in _BAD_CATEGORIES for character in value):
            raise Fault("characters", "must not hold control, invisible or direction characters")
        clean = unicodedata.normalize("NFC", value.strip())
        if not clean:
            raise Fault("empty", "must not be empty")
        if len(clean) > limit:
            raise Fault("too_long", f"must be at most {limit} characters")
        return clean

    return parse


def translated(limit: int) -> Parser:
    """Return the parser of a text by language: ``{"vi": …, "en": …}``, or the Vietnamese one alone."""
    one = text(limit)

    def parse(value: object) -> dict[str, str]:
        if isinstance(value, str):
            return {"vi": one(value)}
        if not isinstance(value, dict) or not value.keys() <= {"vi", "en"}:
            raise Fault("not_translated", 'must be {"vi": text, "en": text}, of which vi is required')
        given = {language: each for language, each in value.items() if each is not None}
        if "vi" not in given:
            raise Fault("vi_missing", "must be there in Vietnamese: people read it before they agree", ".vi")
        return {language: _member(one, each, f".{language}") for language, each in given.items()}

    return parse


def code(value: object) -> str:
    """Return the code of a unit or agency."""
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise Fault("not_code", "must be the code of a unit: letters, digits, dots, as in the register of units")
    return value


def flag(value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise Fault("not_boolean", "must be true or false")
    return value


def seconds(value: object) -> int:
    """Return a number of seconds."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SECONDS:
        raise Fault("not_seconds", f"must be a whole number of seconds from 0 to {MAX_SECONDS}")
    return value


def raw_uri(value: object) -> str:
    """Return the characters of a URI as they came: what is compared exactly must not be tidied first."""
    if not isinstance(value, str):
        raise Fault("not_text", "must be a URI")
    return value


def web_uri(value: object) -> str:
    """Return an https URI; http passes on loopback."""
    uri = raw_uri(value)
    fault = uris.web_fault(uri)
    if fault is not None:
        raise Fault(*fault)
    return uri


def object_uri(value: object) -> str:
    """Return an address of a request object: https, where a fragment may say the hash of what is there (OpenID Connect Core section 6.2)."""
    uri = raw_uri(value)
    address, _, fragment = uri.partition("#")
    web_uri(address)
    if len(uri) > MAX_REFERENCE:
        raise Fault("too_long", f"must be at most {MAX_REFERENCE} characters")
    if not fragment.isascii() or not fragment.isprintable() or set(fragment) & set("# "):
        raise Fault("characters", "must have a fragment of plain characters, if any")
    return uri


def resource_uri(value: object) -> str:
    """Return the identifier of a protected resource: an absolute URI without a fragment (RFC 8707 section 2); it is compared, not fetched."""
    uri = raw_uri(value)
    fault = uris.shape_fault(uri) if uri.startswith(("https:", "http:")) else uris.name_fault(uri)
    if fault is not None:
        raise Fault(*fault)
    return uri


def choice(allowed: tuple[str, ...]) -> Parser:
    """Return the parser of one word out of ``allowed``."""

    def parse(value: object) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        raise Fault("not_supported", f"must be one of {', '.join(allowed)}")

    return parse


def listed(parser: Parser, least: int = 0) -> Parser:
    """Return the parser of a list of distinct values, kept in order; every wrong member is named."""

    def parse(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= MAX_LIST:
            raise Fault("not_list", f"must be a list of {least} to {MAX_LIST} values")
        parsed, found = [], []
        for position, one in enumerate(value):
            try:
                parsed.append(parser(one))
            except Fault as fault:
                found.append(Fault(fault.reason, fault.detail, f"[{position}]"))
        if found:
            raise Faults(found)
        if len(set(parsed)) != len(parsed):
            raise Fault("duplicate", "must not name anything twice")
        return tuple(parsed)

    return parse


def set_of(allowed: tuple[str, ...], least: int = 0) -> Parser:
    """Return the parser of a list of words out of ``allowed`` whose order means nothing."""
    parse = listed(choice(allowed), least)
    return lambda value: frozenset(parse(value))


def response_types(allowed: tuple[str, ...]) -> Parser:
    """Return the parser of a list of response types; the order of words in each means nothing (OAuth 2.0 Multiple Response Types section 3)."""
    parse = set_of(allowed)

    def ordered(value: object) -> object:
        if not isinstance(value, list):
            return value
        return [" ".join(sorted(one.split(" "))) if isinstance(one, str) else one for one in value]

    return lambda value: parse(ordered(value))


def words(allowed: tuple[str, ...]) -> Parser:
    """Return the parser of words out of ``allowed`` with spaces between (RFC 6749 section 3.3)."""

    def parse(value: object) -> frozenset[str]:
        if not isinstance(value, str):
            raise Fault("not_text", "must be words with spaces between")
        found = frozenset(word for word in value.split(" ") if word)
        unknown = sorted({shown(word) for word in found - set(allowed)})
        if unknown:
            raise Fault("not_supported", f"knows no {', '.join(unknown[:5])}; there are {', '.join(allowed)}")
        return found

    return parse


def jwks(value: object) -> dict[str, Any]:
    """Return a set of public signature keys (RFC 7517 section 5); a private member anywhere in it is refused."""
    if not isinstance(value, dict):
        raise Fault("not_object", 'must be a JSON object {"keys": [...]}')
    try:
        canonical = orjson.dumps(value)
    except TypeError as cause:
        raise Fault("not_json", "must be plain JSON with integers of at most 64 bits") from cause
    if len(canonical) > MAX_DOCUMENT_BYTES:
        raise Fault("too_long", f"must be at most {MAX_DOCUMENT_BYTES} bytes")
    entries = value.get("keys")
    # Keys for encryption are passed over by the import below, so private members are looked for before it.
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and not _PRIVATE_JWK.isdisjoint(entry):
            raise Fault("private_jwk", "must hold public keys only: replace this one", f".keys[{position}]")
    try:
        import_jwks(value, field="")
    except InvalidJwk as cause:
        raise Fault(cause.code, f"must be a set of public signature keys ({cause})", cause.field) from cause
    copy: dict[str, Any] = orjson.loads(canonical)
    return copy


def _member(parser: Parser, value: object, place: str) -> Any:
    try:
        return parser(value)
    except Fault as fault:
        raise Fault(fault.reason, fault.detail, place) from fault


def tagged(document: Mapping[str, Any], name: str, languages: tuple[str, ...]) -> dict[str, Any]:
    """Fold ``name#vi`` and its like (RFC 7591 section 2.2) into ``name`` as a text by language.

    A value that is neither a text nor texts by language stays as it is, for the field's own parser to refuse.
    """
    found = {tag: document[f"{name}#{tag}"] for tag in languages if document.get(f"{name}#{tag}") is not None}
    rest = {key: value for key, value in document.items() if key not in {f"{name}#{tag}" for tag in languages}}
    plain = document.get(name)
    if not found or not isinstance(plain, str | dict | None):
        return rest
    base = {} if plain is None else {"vi": plain} if isinstance(plain, str) else plain
    return {**rest, name: {**base, **found}}
