"""The Mann-Whitney U test, by the normal approximation with the correction for ties: enough from twenty samples a side on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the two-sided p value that both samples come from one distribution."""
    n, m = len(first), len(second)
    if min(n, m) < 20:
        message = "the approximation needs at least twenty samples a side"
        raise ValueError(message)
    both = sorted([*first, *second])
    ranks = _ranks(both)
    u = sum(ranks[value] for value in first) - n * (n + 1) / 2
    ties = sum(count**3 - count for count in Counter(both).values())
    total = n + m
    variance = n * m / 12 * ((total + 1) - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    z = (abs(u - n * m / 2) - 0.5) / math.sqrt(variance)
    return min(1.0, math.erfc(max(z, 0.0) / math.sqrt(2)))


def _ranks(ordered: Sequence[float]) -> dict[float, float]:
    """Return the mean rank of each value, counted from one."""
    ranks: dict[float, float] = {}
    start = 0
    for value, count in sorted(Counter(ordered).items()):
        ranks[value] = start + (count + 1) / 2
        start += count
    return ranks
