"""User names and passwords before they go on the wire to a directory.

A directory prepares what it compares (RFC 4518); whoever types what another system would read as somebody else's name, or what no keyboard
makes, is refused here and costs the directory nothing. NFC, not NFKC as in RFC 4013: a Vietnamese keyboard may compose or not, and both are
one password, but a directory that stored a compatibility character would never match its normal form.
"""

from __future__ import annotations

import stringprep
import unicodedata
from typing import Final

LONGEST_NAME: Final = 128
LONGEST_PASSWORD: Final = 256
_LONGEST_BYTES: Final = 512

_PROHIBITED: Final = (
    stringprep.in_table_c21_c22,  # control characters, NUL among them
    stringprep.in_table_c3,  # private use
    lambda character: unicodedata.category(character) == "Cn",  # no characters at all
    stringprep.in_table_c5,  # surrogates: half a character
    stringprep.in_table_c6,  # inappropriate for plain text
    stringprep.in_table_c7,  # inappropriate for canonical representation
    stringprep.in_table_c8,  # change the display
    stringprep.in_table_c9,  # tags
)
"""What RFC 4013 section 2.3 prohibits, but for spaces, which are mapped."""


def user_name(raw: str) -> str | None:
    """Return a user name as it is searched for; None for what no directory should be asked about."""
    name = _prepared(raw, LONGEST_NAME)
    if name is None or any(map(stringprep.in_table_b1, name)):  # Seen by nobody: soft hyphens, joiners.
        return None
    name = " ".join(name.split())
    return name or None


def password(raw: str) -> bytes | None:
    """Return a password's octets; None for an empty one (RFC 4513 section 5.1.2: it would "succeed" for anybody) and for odd ones."""
    prepared = _prepared(raw, LONGEST_PASSWORD)
    return prepared.encode() if prepared else None


def counted(name: str) -> str:
    """Return the text under which tries are counted: one for every spelling that a directory takes for the same name (RFC 4518)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


def _prepared(raw: str, longest: int) -> str | None:
    if not raw or len(raw) > longest:
        return None
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in raw)
    text = unicodedata.normalize("NFC", spaced)
    if any(is_bad(character) for character in text for is_bad in _PROHIBITED) or not _reads_one_way(text):
        return None
    return text if len(text.encode("utf-8", "replace")) <= _LONGEST_BYTES else None


def _reads_one_way(text: str) -> bool:
    """Tell whether a text keeps to one direction of writing (RFC 3454 section 6)."""
    right = any(map(stringprep.in_table_d1, text))
    return not (right and any(map(stringprep.in_table_d2, text)))
