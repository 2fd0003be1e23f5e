"""What is wrong with a setting, in words that name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def in_words(found: ErrorDetails) -> str:
    """Return one fault that pydantic found, by the name that the setting has in the environment."""
    # Names in the environment were looked at before: an unknown one stands in a file.
    is_unknown = found["type"] == "extra_forbidden"
    said = "unknown setting, see `idp config schema` for the names" if is_unknown else found["msg"]
    return f"{_variable(found['loc'])}: {said}"


def _variable(location: tuple[int | str, ...]) -> str:
    return "IDP_" + "__".join(str(part).upper() for part in location) if location else "settings"
