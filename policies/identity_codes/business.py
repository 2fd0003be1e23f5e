"""Enterprise and tax codes: ten digits with a check digit, thirteen for a branch, twelve for a household business.

Circular 86/2024/TT-BTC article 5: from 2025-07-01 a household business files under the personal number of its owner.
That is a business with a citizen's digits; it is stored as a business and never joined to the citizen for having the
same digits.
"""

from __future__ import annotations

from typing import Final

from policies.identity_codes.model import CodeError

_WEIGHTS: Final = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_ENTERPRISE: Final = 10
_BRANCH: Final = 13
_HOUSEHOLD: Final = 12
_SERIAL: Final = slice(2, 9)


def check_digit(first_nine: str) -> int:
    """Return the tenth digit of nine, or 10 where no code is issued: ``10 - (weighted sum mod 11)``."""
    return 10 - sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_nine, strict=True)) % 11


def check(digits: str) -> str:
    """Return ``digits`` if they are a tax code; raises ``CodeError``.

    Its reasons are ``wrong_length``, ``check_digit`` and ``no_such_number``.
    """
    if len(digits) == _HOUSEHOLD:
        return digits
    if len(digits) not in {_ENTERPRISE, _BRANCH}:
        raise CodeError("wrong_length", "give 10 digits, 13 for a branch, or 12 for a household business")
    if not int(digits[_SERIAL]) or (len(digits) == _BRANCH and not int(digits[_ENTERPRISE:])):
        raise CodeError("no_such_number", "serial 0000000 and branch 000 are not issued")
    if check_digit(digits[: _ENTERPRISE - 1]) != int(digits[_ENTERPRISE - 1]):
        raise CodeError("check_digit", "compare the digits with the certificate: the tenth does not fit the others")
    return digits
