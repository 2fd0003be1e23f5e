"""From typed or pasted text to ASCII, in one way only: no two spellings of one code may become two accounts.

NFKC makes full-width and other compatibility characters plain ASCII. What is not ASCII after that is refused and never
guessed at: a Cyrillic letter or an Arabic-Indic digit that looks like one of ours must neither open a second account
nor find somebody else's. Characters that cannot be seen (zero-width, bidirectional controls, soft hyphen) are refused
rather than dropped, because whoever put them there meant two strings to look like one.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from policies.identity_codes.model import CodeError

MAX_INPUT: Final = 64
"""Characters read at most. Checked before any other work: NFKC may grow its input eighteen-fold."""

_SEPARATORS: Final = " -."
_WITHOUT_SEPARATORS: Final = str.maketrans("", "", _SEPARATORS)
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Mn", "Me"})


def to_ascii(raw: str) -> str:
    """Return the upper-case ASCII text that was meant, without white space around it.

    Raises ``CodeError``: ``code_empty``, ``code_too_long``, ``hidden_character``, ``not_ascii``.
    """
    if len(raw) > MAX_INPUT:
        raise CodeError("code_too_long", f"give at most {MAX_INPUT} characters")
    # White space around the text is an accident of pasting; anything unseen within it is not.
    text = unicodedata.normalize("NFKC", raw.strip()).strip()
    if not text:
        raise CodeError("code_empty", "give the code")
    if not text.isascii() or not text.isprintable():
        if any(unicodedata.category(character) in _INVISIBLE for character in text):
            raise CodeError("hidden_character", "type the code by hand: it holds characters that cannot be seen")
        raise CodeError("not_ascii", "use the digits 0-9 and the letters A-Z only")
    return text.upper()


def without_separators(text: str) -> str:
    """Return ASCII text without the space, hyphen and full stop that people group digits with."""
    return text.translate(_WITHOUT_SEPARATORS)


def to_digits(raw: str) -> str:
    """Return the digits that were meant; raises ``CodeError`` as ``to_ascii`` does, and ``not_digits``."""
    digits = without_separators(to_ascii(raw))
    if not digits.isdigit():
        raise CodeError("not_digits", "use digits, which may be grouped by space, hyphen or full stop")
    return digits


def folded(raw: str) -> str:
    """Return one text for every spelling of what is no code: full-width and spaced variants count as the same try."""
    text = unicodedata.normalize("NFKC", raw[:MAX_INPUT].strip()).casefold()
    return without_separators("".join(text.split()))[:MAX_INPUT]
