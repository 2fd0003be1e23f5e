"""How a unit is written down: its code with the day on which it had it, ``20341@2024-12-31``. The code alone names no place for ever."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from policies.units.checks import is_date

_SHAPE: Final = re.compile(r"(?P<code>[0-9A-Za-z.]{1,32})(?:@(?P<since>\d{4}-\d{2}-\d{2}))?")


@dataclass(frozen=True, slots=True)
class UnitReference:
    """A unit's code and the ISO date on which it meant that unit; "" where nobody said."""

    code: str
    since: str = ""

    @classmethod
    def parse(cls, text: str) -> UnitReference:
        """Read ``CODE`` or ``CODE@YYYY-MM-DD``; raises ``ValueError`` for anything else."""
        found = _SHAPE.fullmatch(text)
        if found is None or (found["since"] and not is_date(found["since"])):
            message = "must be a unit's code, or CODE@YYYY-MM-DD"
            raise ValueError(message)
        return cls(found["code"], found["since"] or "")

    @classmethod
    def stored(cls, text: str) -> UnitReference:
        """Return the reference of a stored text, which was checked when it was written."""
        code, _, since = text.partition("@")
        return cls(code, since)

    def dated(self, day: str) -> UnitReference:
        """Return the reference with its day, ``day`` where it has none."""
        return self if self.since else UnitReference(self.code, day)

    def __str__(self) -> str:
        """Return the text that ``parse`` reads."""
        return f"{self.code}@{self.since}" if self.since else self.code
