"""Warnings of commands: a sentence for people, the id for scripts. They say what was seen beside an act that was done."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from idp.cli.output import say

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown_province": (
            "its first three digits are no province's: right for a birth that was registered abroad, else compare it with the card"
        ),
        "name_differs": "the register has this unit under another name, which stays",
    }
)
"""Every id that identity codes and the register of units warn with."""


def warn(field: str, warning: str, *, as_json: bool) -> None:
    """Print a warning about a field on stderr."""
    say(f"warning: {field}: {warning if as_json else told(warning)}")


def told(warning: str) -> str:
    """Return the sentence for an id; the id itself where there is none, as the act is done and must not seem to have failed."""
    return SENTENCES.get(warning, warning)
