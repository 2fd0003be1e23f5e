"""What a list of directories or of upstreams is searched for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.errors import InvalidInput
from idp.flows.administration.words import words_of

ILL: Final = "ill"
STATES: Final = (ILL, "well")


@dataclass(frozen=True, slots=True)
class ConnectionSearch:
    """A search: words of the name, the title or what it is of, and whether it is ``ill`` or ``well`` as this process has found it."""

    text: str = ""
    state: str = ""

    def words(self) -> tuple[str, ...]:
        """Return the words; raises ``InvalidInput`` for a search that makes no sense."""
        if self.state and self.state not in STATES:
            raise InvalidInput(f"must be one of {', '.join(STATES)}", field="state")
        return words_of(self.text)

    def fits(self, *, is_ill: bool) -> bool:
        """Tell whether one in this state is asked for."""
        return not self.state or is_ill is (self.state == ILL)
