"""A keyed permutation of 16-bit numbers: consecutive tickets become places that tell nothing of their order.

Four rounds of a balanced Feistel network (Luby and Rackoff): without the key nobody can say which of two places was given first, or whether two
belong together; with it every number has one place, so no place is given twice.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

SIZE: Final = 1 << 16
_ROUNDS: Final = 4
_HALF: Final = 8
_MASK: Final = (1 << _HALF) - 1


def place(key: bytes, label: str, ticket: int) -> int:
    """Return the place of ``ticket`` (0 to ``SIZE`` - 1) in the permutation that ``label`` names."""
    left, right = ticket >> _HALF, ticket & _MASK
    for number in range(_ROUNDS):
        mixed = hmac.digest(key, f"{label}\0{number}\0{right}".encode(), hashlib.sha256)[0]
        left, right = right, left ^ mixed
    return left << _HALF | right
