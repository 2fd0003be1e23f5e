"""Lists of words and passwords on the disk, searched where they lie.

``zxcvbn`` brings 94,000 (common passwords, English words, names); loaded they would hold 12 MiB in every worker, for an act that a person
does once in a year. Its file is read through instead, in pieces, on another thread: a few milliseconds beside the 22 that the hash takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from idp.errors import SettingsError
from idp.fibers import Fibers

_PIECE: Final = 256 * 1024
_LONGEST: Final = 256
_ENDS: Final = b',"\n\r'
"""What may stand on either side of a word: of the package's comma-separated texts, or of a list with a word a line."""


class Dictionary:
    """Every list together."""

    def __init__(self, fibers: Fibers, own: Path | None = None) -> None:
        """Take the fibers that pause while a file is read, and the operator's own list; raises ``SettingsError`` when that is not there."""
        if own is not None and not own.is_file():
            raise SettingsError(f"{own} is no file", field="IDP_FACTORS__FORBIDDEN_PASSWORDS")
        self._fibers = fibers
        self._files = tuple(one for one in (_packaged(), own) if one is not None)

    def has_any(self, words: Iterable[str]) -> bool:
        """Tell whether one of the words is listed, as a whole and exactly as it is spelt."""
        wanted = [encoded for word in words if _is_word(encoded := word.encode("utf-8", "surrogatepass"))]
        return bool(wanted) and self._fibers.elsewhere(lambda: any(_holds(one, wanted) for one in self._files))


def _packaged() -> Path | None:
    spec = find_spec("zxcvbn")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "frequency_lists.py"


def _is_word(word: bytes) -> bool:
    return 0 < len(word) <= _LONGEST and not set(word) & set(_ENDS)


def _holds(path: Path, words: list[bytes]) -> bool:
    rest = b"\n"
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            text = rest + piece
            if any(_has(text, word) for word in words):
                return True
            # What was cut in two is seen whole with the next piece.
            rest = text[-(_LONGEST + 2) :]
    return any(_has(rest + b"\n", word) for word in words)


def _has(text: bytes, word: bytes) -> bool:
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if at > 0 and text[at - 1] in _ENDS and end < len(text) and text[end] in _ENDS:
            return True
        at = text.find(word, at + 1)
    return False
