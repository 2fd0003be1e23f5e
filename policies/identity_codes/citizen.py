"""The citizen number: twelve digits ``PPP G YY NNNNNN``.

Decree 137/2015 article 13, Circular 07/2016/TT-BCA article 7. Place of birth registration, century and sex, year of
birth, six random digits. There is no check digit: only what is declared beside the number can contradict it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from policies.identity_codes.model import IdentityCode, SchemeName
from policies.identity_codes.provinces import PROVINCES

LENGTH: Final = 12
_CENTURY: Final = slice(3, 4)
_YEAR: Final = slice(4, 6)
_FIRST_SAMPLE_DIGIT: Final = 4
_DATE: Final = re.compile(r"([0-9]{4})(-[0-9]{2}-[0-9]{2})?")


@dataclass(frozen=True, slots=True)
class Structure:
    """What a citizen number says: ``place`` is None for a code that is not in the list.

    ``sex`` is ``male`` or ``female``.
    """

    place_code: str
    place: str | None
    sex: str
    birth_year: int


@dataclass(frozen=True, slots=True)
class Findings:
    """Reason ids: ``errors`` refuse the account, ``warnings`` want a look.

    ``sample`` marks a number that no living person can have.
    """

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sample: bool = False


def read(digits: str) -> Structure:
    """Return what twelve digits say.

    G counts centuries from 1900, even for men and odd for women (Circular 07/2016, annex III).
    """
    century = int(digits[_CENTURY])
    return Structure(
        place_code=digits[:3],
        place=PROVINCES.get(digits[:3]),
        sex="female" if century % 2 else "male",
        birth_year=1900 + 100 * (century // 2) + int(digits[_YEAR]),
    )


def is_sample(code: IdentityCode) -> bool:
    """Tell whether a citizen number says "born in 2100 or later".

    Nobody alive was: it is sample data, which a production start refuses to serve.
    """
    return code.scheme is SchemeName.CCCD and int(code.value[_CENTURY]) >= _FIRST_SAMPLE_DIGIT


def check_consistency(code: IdentityCode, sex: str | None, birthdate: str | None, today: date) -> Findings:
    """Compare a citizen number with what is declared beside it; other schemes say nothing to compare.

    ``sex`` is ``male``, ``female`` or None for undeclared; ``birthdate`` is ``YYYY-MM-DD`` or ``YYYY``, year ``0000``
    for unknown (OpenID Connect Core section 5.1), or None. Errors: ``birthdate_malformed``, ``birth_year_mismatch``,
    ``sex_mismatch``, ``birth_in_future``; the last does not apply to samples. Warnings: ``unknown_province``.
    """
    declared = _declared_year(birthdate)
    malformed = birthdate is not None and declared is None
    errors = ["birthdate_malformed"] if malformed else []
    if code.scheme is not SchemeName.CCCD:
        return Findings(errors=tuple(errors))
    says, sample = read(code.value), is_sample(code)
    if declared and declared != says.birth_year:
        errors.append("birth_year_mismatch")
    if sex is not None and sex != says.sex:
        errors.append("sex_mismatch")
    declared_later = birthdate is not None and bool(declared) and birthdate > today.isoformat()[: len(birthdate)]
    if not sample and (says.birth_year > today.year or declared_later):
        errors.append("birth_in_future")
    warnings = () if says.place is not None else ("unknown_province",)
    return Findings(errors=tuple(errors), warnings=warnings, sample=sample)


def _declared_year(birthdate: str | None) -> int | None:
    """Return the year, 0 for an unknown one, None for no date or one that does not exist."""
    matched = _DATE.fullmatch(birthdate or "")
    if matched is None:
        return None
    year, rest = int(matched[1]), matched[2]
    try:
        # The year 2000 stands in for an unknown one: it is a leap year, so every day that can exist does.
        date.fromisoformat(f"{year or 2000:04d}{rest or '-01-01'}")
    except ValueError:
        return None
    return year
