"""Search filters (RFC 4515) and distinguished names (RFC 4514), made of what people typed and of what directories answered."""

from __future__ import annotations

from collections.abc import Iterable

from ldap3.core.exceptions import LDAPInvalidDnError
from ldap3.utils.dn import parse_dn


def escaped(value: str | bytes) -> str:
    r"""Return a value for a filter, each octet but letters and digits as ``\xx``: ``*)(uid=*`` is then a name that nobody has."""
    octets = value.encode() if isinstance(value, str) else value
    return "".join(chr(octet) if chr(octet).isalnum() and octet < 128 else f"\\{octet:02x}" for octet in octets)  # noqa: PLR2004 - the end of ASCII


def equal(attribute: str, value: str | bytes) -> str:
    """Return the filter of one value."""
    return f"({attribute}={escaped(value)})"


def all_of(*filters: str) -> str:
    """Return the conjunction."""
    return filters[0] if len(filters) == 1 else f"(&{''.join(filters)})"


def any_of(filters: Iterable[str]) -> str:
    """Return the disjunction of at least one filter."""
    found = tuple(filters)
    return found[0] if len(found) == 1 else f"(|{''.join(found)})"


def normal_dn(name: str) -> str:
    """Return a distinguished name as names are compared: lower case, single spaces, one way of escaping; raises ``ValueError``."""
    try:
        parts = parse_dn(name, escape=False, strip=True)
    except LDAPInvalidDnError as error:
        message = f"{name!r} is not a distinguished name"
        raise ValueError(message) from error
    return "".join(f"{kind.lower()}={_unescaped(value)}{separator}" for kind, value, separator in parts)


def folded_dn(name: str) -> str:
    """Return a name that a directory gave, normal if it can be read: one odd name must not hide all others."""
    try:
        return normal_dn(name)
    except ValueError:
        return name.casefold()


def _unescaped(value: str) -> str:
    r"""Return an attribute value without its escapes but for separators, folded: ``\2C`` and ``\,`` are one character."""
    octets = bytearray()
    position = 0
    while position < len(value):
        if value[position] != "\\" or position + 1 >= len(value):
            octets += value[position].encode()
            position += 1
            continue
        pair = value[position + 1 : position + 3]
        if len(pair) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in pair):  # noqa: PLR2004 - two digits
            octets.append(int(pair, 16))
            position += 3
        else:
            octets += value[position + 1].encode()
            position += 2
    text = " ".join(octets.decode("utf-8", "replace").casefold().split())
    return "".join(f"\\{character}" if character in '\\,+"<>;=' else character for character in text)
