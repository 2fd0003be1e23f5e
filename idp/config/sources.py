"""Where settings are read from: the environment, in which a list may be written as one would by hand, and one file."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from idp.errors import SettingsError

_NAME: Final = "idp.toml"
_BETWEEN: Final = re.compile(r"[,\s]+")


class Environment(EnvSettingsSource):
    """The variables of the environment; a list of words is JSON, or the words with commas between them."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Return the value as JSON gives it, or the words; raises ``SettingsError`` for a list that is neither."""
        if not _holds_words(field):
            return super().decode_complex_value(field_name, field, value)
        text = value.strip()
        # An address such as [::1]:9000 is a word, so a bracket at the beginning alone makes no JSON.
        if '"' not in text and not (text.startswith("[") and text.endswith("]")):
            return [word for word in _BETWEEN.split(text) if word]
        try:
            return json.loads(text)
        except ValueError as error:
            name = next((name for name, given in self.env_vars.items() if given == value), field_name).upper()
            raise SettingsError(
                f"{name}: write the words with commas between them, or a JSON list", field=name
            ) from error


def settings_file() -> Path:
    """Return the file of settings: the one that ``IDP_CONFIG`` names, else ``idp.toml`` in the working directory or in ``IDP_HOME``.

    Raises ``SettingsError`` where the named one is none, and where both places have one: the one that is passed over might hold what makes
    the deployment safe.
    """
    named = os.environ.get("IDP_CONFIG")
    if named:
        if not Path(named).is_file():
            raise SettingsError(f"IDP_CONFIG names {named}, which is no file", field="IDP_CONFIG")
        return Path(named)
    here, at_home = Path(_NAME), Path(os.environ.get("IDP_HOME") or "var") / _NAME
    if not at_home.is_file():
        return here
    if here.is_file() and not here.samefile(at_home):
        raise SettingsError(
            f"there are two files of settings, {here.resolve()} and {at_home.resolve()}: keep one, or name it in IDP_CONFIG",
            field="IDP_CONFIG",
        )
    return at_home


def _holds_words(field: FieldInfo | None) -> bool:
    """Tell whether a field is a tuple of texts or fixed words, not of groups."""
    if field is None or get_origin(field.annotation) is not tuple:
        return False
    kind = get_args(field.annotation)[0]
    return not (isinstance(kind, type) and issubclass(kind, BaseModel)) and get_origin(kind) is not dict
