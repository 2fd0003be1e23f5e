"""Text as a search compares it: without diacritics, case and double spaces, so that "nguyen" finds "Nguyễn"."""

from __future__ import annotations

import unicodedata
from typing import Final

_LETTERS: Final = str.maketrans({"đ": "d", "Đ": "d"})
"""Letters whose stroke is no combining mark."""


def folded(text: str) -> str:
    """Return the text folded; two that look alike to somebody without a Vietnamese keyboard are equal."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return " ".join("".join(one for one in plain if not unicodedata.combining(one)).casefold().split())
