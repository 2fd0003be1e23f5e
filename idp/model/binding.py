"""What a token is bound to: a key that its sender proves with each request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Binding:
    """The thumbprint of a DPoP key (RFC 9449 section 6) or of a client certificate (RFC 8705 section 3.1); of both at most one is set."""

    jkt: str = ""
    x5t: str = ""

    @property
    def text(self) -> str:
        """How a grant keeps it; "" for none."""
        if self.jkt:
            return f"jkt:{self.jkt}"
        return f"x5t:{self.x5t}" if self.x5t else ""

    @property
    def confirmation(self) -> Mapping[str, str] | None:
        """The ``cnf`` claim (RFC 7800 section 3.1), None for none."""
        if self.jkt:
            return {"jkt": self.jkt}
        return {"x5t#S256": self.x5t} if self.x5t else None

    @property
    def token_type(self) -> str:
        """The ``token_type`` of tokens that are bound so."""
        return "DPoP" if self.jkt else "Bearer"


UNBOUND: Final = Binding()


def from_text(text: str) -> Binding:
    """Return what a grant kept."""
    kind, _, thumbprint = text.partition(":")
    if kind == "jkt":
        return Binding(jkt=thumbprint)
    return Binding(x5t=thumbprint) if kind == "x5t" else UNBOUND
