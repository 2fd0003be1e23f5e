"""Electronic identification codes of agencies (Decision 20/2020/QĐ-TTg, amended by 09/2025/QĐ-TTg)."""

from __future__ import annotations

import re
from typing import Final

from policies.identity_codes.model import CodeError

_MAX_LENGTH: Final = 35
_LEVELS: Final = re.compile(r"[A-Y][0-9]{2}(\.[0-9A-Z]+)*")
"""Article 4: level 1 on the left, one group a level, such as ``H56.14``."""
_OTHERS: Final = re.compile(r"Z(?!00)[0-9]{2}[0-9A-Z]{1,32}")
"""Article 6: prefix Z01 to Z99 and up to 32 characters, without separator."""
_OLD_FORM: Final = re.compile(r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Y][0-9]{2}")
"""QCVN 102:2016/BTTTT: level 1 on the right, such as ``000.00.00.H49``."""


def check(text: str) -> str:
    """Return upper-case ASCII ``text`` if it is an agency's code, in today's or the old form.

    Raises ``CodeError`` ``not_agency_code``.
    """
    if len(text) > _MAX_LENGTH or not any(form.fullmatch(text) for form in (_LEVELS, _OTHERS, _OLD_FORM)):
        raise CodeError(
            "not_agency_code", f"give a code like H56.14 or Z01 with a number, at most {_MAX_LENGTH} characters"
        )
    return text


def is_old_form(value: str) -> bool:
    """Tell whether a code has the form of QCVN 102:2016.

    It may be in the history of an agency, but nobody signs in with it. It is not converted: the groups do not say which
    code the agency was given under Decision 20/2020.
    """
    return _OLD_FORM.fullmatch(value) is not None
