"""Corrections: a purpose's text is spelt otherwise and says the same, so that what people agreed to, or were told, stands.

Whoever calls a change a correction could slip another meaning past people who are not asked again. So it takes two persons, who
compare the texts; this module refuses beforehand what can be no correction: anything but the words of one purpose, other numbers,
words that turn a meaning round, and more than a few words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from policies.purposes import Purpose

MOST_WORDS: Final = 5
"""Words of one language that a correction may touch, however long the text is."""
_SHARE: Final = 4
"""A correction touches one word in so many, and one of a short text."""
_WORD: Final = re.compile(r"\w+")
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*|[%‰<>≤≥]")
_WEIGHTY: Final = frozenset(
    {
        *("không", "chưa", "chẳng", "chỉ", "trừ", "ngoài", "mọi", "tất", "cả", "hoặc", "và", "bất", "kỳ"),
        *("một", "hai", "ba", "bốn", "sáu", "bảy", "tám", "chín", "mười", "mươi", "trăm", "nghìn", "triệu"),
        *("dưới", "trên", "hơn", "kém", "ít", "nhiều", "tối", "quá", "trước", "sau", "phải", "cấm", "từ", "chối"),
        *("not", "no", "never", "only", "except", "all", "any", "every", "or", "and", "nor", "without"),
        *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "hundred", "thousand"),
        *("under", "over", "more", "less", "least", "most", "before", "after", "must", "may", "shall", "cannot"),
    }
)
"""Words that turn a meaning round, widen it or narrow it, and numbers in words: none may come, go or move."""


def fault(before: Sequence[Purpose], after: Sequence[Purpose]) -> str:
    """Return why a change is no correction, as a reason id, or "": one purpose may differ, by few words of its text alone.

    ``nothing_corrected``, ``beyond_text``, ``languages``, ``numbers``, ``weighty_words`` or ``too_many_words``.
    """
    if [_bare(one) for one in before] != [_bare(one) for one in after]:
        return "beyond_text"
    changed = [(old, new) for old, new in zip(before, after, strict=True) if dict(old.text) != dict(new.text)]
    if len(changed) != 1:
        return "beyond_text" if changed else "nothing_corrected"
    ((old, new),) = changed
    if old.text.keys() != new.text.keys():
        return "languages"
    return next((found for name in sorted(old.text) if (found := _of_texts(old.text[name], new.text[name]))), "")


def differences(before: str, after: str) -> tuple[tuple[str, str], ...]:
    """Return what of a text would read otherwise, word by word as written, each before and after; "" where nothing stood or stands."""
    old, new = before.split(), after.split()
    return tuple((" ".join(old[a:b]), " ".join(new[c:d])) for a, b, c, d in _steps(old, new))


def _bare(one: Purpose) -> Purpose:
    return replace(one, text={})


def _of_texts(before: str, after: str) -> str:
    if _NUMBER.findall(before) != _NUMBER.findall(after):
        return "numbers"
    old, new = _words(before), _words(after)
    steps = _steps(old, new)
    if any(_WEIGHTY.intersection((*old[a:b], *new[c:d])) for a, b, c, d in steps):
        return "weighty_words"
    touched = sum(max(b - a, d - c) for a, b, c, d in steps)
    return "too_many_words" if touched > min(MOST_WORDS, max(1, len(old) // _SHARE)) else ""


def _words(text: str) -> list[str]:
    """Return the words of a text; capitals and marks of punctuation do not count, and one letter is one however it is encoded."""
    return _WORD.findall(unicodedata.normalize("NFC", text).casefold())


def _steps(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Return the places in which two lists of words differ, each as from and to in the one and in the other.

    By the longest common subsequence: ``difflib`` would be 190 KB of every worker for this alone.
    """
    rest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            rest[i][j] = rest[i + 1][j + 1] + 1 if old[i] == new[j] else max(rest[i + 1][j], rest[i][j + 1])
    found, i, j = [], 0, 0
    while i < len(old) or j < len(new):
        a, c = i, j
        while (i < len(old) or j < len(new)) and old[i : i + 1] != new[j : j + 1]:
            if j == len(new) or (i < len(old) and rest[i + 1][j] >= rest[i][j + 1]):
                i += 1
            else:
                j += 1
        if (a, c) != (i, j):
            found.append((a, i, c, j))
        i, j = i + 1, j + 1
    return found
