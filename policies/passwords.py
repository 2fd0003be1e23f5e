"""Which passwords nobody may choose: what guessers try first, here and anywhere, and what everybody knows of the person.

Length and breadth matter, not classes of characters (ASVS 5.0 6.2.5). A word of a list counts in every spelling that people think of:
without accents and spaces, in capitals, with digits for letters, with a year behind it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SHORTEST_WORD: Final = 4
_CODE_PIECE: Final = 8
_SHORTEST_NAME: Final = 6
_LOOKS_LIKE: Final = str.maketrans("013457@$!", "oieastasi")
_EDGES: Final = re.compile(r"^[^a-z]+|[^a-z]+$")
_REPEATED: Final = re.compile(r"(.{1,3}?)\1+", re.DOTALL)
_BETWEEN_DIGITS: Final = re.compile(r"(?<=\d)[ ./_-]+(?=\d)")

_LOCAL_WORDS: Final = (
    "matkhau matkhaumoi dangnhap taikhoan khongbiet khongnho khongcopass saochep baomat bimat "
    "anhyeuem emyeuanh yeuem yeuanh yeuemnhieu anhnhoem emnhoanh yeuthuong tinhyeu hanhphuc giadinh bome conyeu conyeucuame "
    "chongyeu voyeu mainho maimaiyeuem honghoi bongda caocaocao sieunhan deptrai xinhdep vietnam vietnamvodich "
    "quangnam danang hoian tamky dienban myson thanhpho thudo hanoi saigon hochiminh congdan canbo congchuc vienchuc "
    "dichvucong motcua hanhchinh dinhdanh dinhdanhdientu vneid cancuoc cancuoccongdan chungminhnhandan ubnd uybannhandan "
    "nguyenvan nguyenthi tranvan tranthi levan phamvan nguyenvana tranvanb admin quantri quantrivien"
)
LOCAL_WORDS: Final = frozenset(_LOCAL_WORDS.split())
"""Words of this service and of the people here, without accents and spaces; documented in ``docs/factors.md`` (ASVS 5.0 6.1.2)."""

_COMMON: Final = (
    "12345678 123456789 1234567890 87654321 12341234 12344321 11223344 password1 passw0rd qwertyui 1qaz2wsx 1q2w3e4r abcd1234 abc12345 "
    "abc@1234 abcd@1234 admin123 admin@123 welcome1 matkhau1 matkhau123 matkhau@123 matkhau1234 vietnam1 vietnam123 vietnam@123 danang123 "
    "danang43 quangnam92 quangnam123 68686868 66668888 88886666 79797979 39393939 19001990 congdan123 congdan@123 tinhyeu1 giadinh1 "
    "bongda123 123456aa 123456abc a1234567 a12345678 aa123456 qwe12345 zxcvbnm1 p@ssw0rd p@ssword"
)
COMMON: Final = frozenset(_COMMON.split())
"""Whole passwords that are common here; the dictionary beside them has what is common anywhere."""


@dataclass(frozen=True, slots=True)
class Personal:
    """What others know of a person: codes, the birth date (ISO), the name. Nothing of it is kept."""

    codes: tuple[str, ...] = ()
    birthdate: str = ""
    name: str = ""


def spellings(raw: str) -> frozenset[str]:
    """Return the words that a password is a spelling of: to be looked up whole, never as parts."""
    low = unicodedata.normalize("NFC", raw).casefold()
    plain = bare(low)
    found = {low, plain, plain.translate(_LOOKS_LIKE)}
    for one in (plain, plain.translate(_LOOKS_LIKE)):
        core = _EDGES.sub("", one)
        # A long number behind a short word is a number; a year behind a word is a word.
        if len(core) >= SHORTEST_WORD and 2 * len(core) >= len(one):
            found |= {core, core.translate(_LOOKS_LIKE)}
    return frozenset(one for one in found if len(one) >= SHORTEST_WORD)


def is_common(raw: str) -> bool:
    """Tell whether a password is a common one here, or a short piece over and over."""
    words = spellings(raw)
    return bool(words & (LOCAL_WORDS | COMMON)) or any(_REPEATED.fullmatch(word) for word in words)


def is_personal(raw: str, personal: Personal) -> bool:
    """Tell whether a password holds a code (or eight digits of one), the birth date in any order, or is the name."""
    low = unicodedata.normalize("NFC", raw).casefold()
    digits = _BETWEEN_DIGITS.sub("", low)
    pieces = {piece for code in personal.codes for piece in _pieces(code.casefold())}
    if any(piece in low or piece in digits for piece in (*pieces, *_dates(personal.birthdate))):
        return True
    name = bare(personal.name.casefold())
    return len(name) >= _SHORTEST_NAME and name in spellings(raw)


def bare(text: str) -> str:
    """Return a lower-case text without accents and spaces, as passwords of Vietnamese words are typed."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d"))
    return "".join(one for one in apart if not unicodedata.combining(one) and not one.isspace())


def _pieces(code: str) -> Iterable[str]:
    if not code:
        return
    yield code
    if code.isdigit():
        yield from (code[at : at + _CODE_PIECE] for at in range(len(code) - _CODE_PIECE + 1))


def _dates(iso: str) -> tuple[str, ...]:
    year, _, rest = iso.partition("-")
    month, _, day = rest.partition("-")
    if not (year and month and day):
        return ()
    return (day + month + year, year + month + day, month + day + year, day + month + year[-2:])
