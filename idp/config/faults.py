"""What is wrong with a setting, in words that name it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_OURS: Final = "Value error, "
"""What pydantic sets before the words of a check of ours."""


def in_words(found: ErrorDetails) -> str:
    """Return one fault that pydantic found, by the name that the setting has in the environment."""
    # Names in the environment were looked at before: an unknown one stands in a file.
    is_unknown = found["type"] == "extra_forbidden"
    said = "unknown setting, see `idp config schema` for the names" if is_unknown else found["msg"]
    said, variable = said.removeprefix(_OURS), _variable(found["loc"])
    return f"{variable}: {said}" if variable and not said.startswith(f"{variable} ") else said


def _variable(location: tuple[int | str, ...]) -> str:
    """Return "" for what several settings break together: its words name them."""
    return "IDP_" + "__".join(str(part).upper() for part in location) if location else ""
