"""Every setting with its effective value and where that comes from; made from the models, so a new field is there by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from idp.config.secret_files import SecretFiles
from idp.config.sources import Environment, settings_file

DEFAULT: Final = "default"
COMMAND_LINE: Final = "command_line"
ENVIRONMENT: Final = "environment"
FILE_OF_ONE: Final = "secret_file"
FILE: Final = "file"
ORIGINS: Final = (COMMAND_LINE, ENVIRONMENT, FILE_OF_ONE, FILE, DEFAULT)
"""Where a value can come from, the strongest first."""
_MISSING: Final = object()
_HIDDEN: Final = "***"
_PASSWORD: Final = re.compile(r"(://[^:/@\s]*:).*@")
_PARAMETER: Final = re.compile(r"((?:^|[?&])\w*(?:password|secret|token|api_?key)=)[^&\s]*", re.IGNORECASE)

Sources = Sequence[tuple[str, Mapping[str, Any]]]
"""By origin, the strongest first: what it gives, nested as the models are."""


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """One setting: its variable, the value as JSON with secrets masked, the default, the origin (one of ``ORIGINS``), and what it means."""

    name: str
    value: Any
    default: Any
    origin: str
    meaning: str


def masked(value: Any) -> Any:
    """Return a JSON value with what opens a door in an address masked: passwords, and parameters that are named like a secret."""
    if isinstance(value, str):
        return _PARAMETER.sub(rf"\1{_HIDDEN}", _PASSWORD.sub(rf"\1{_HIDDEN}@", value))
    if isinstance(value, Mapping):
        return {name: masked(one) for name, one in value.items()}
    return [masked(one) for one in value] if isinstance(value, list) else value


def effective(settings: BaseSettings) -> tuple[EffectiveSetting, ...]:
    """Return every setting in the order of the models.

    The environment of a process stays as it was at the start; the files are read now, so of a value that came from one and left it meanwhile
    nobody knows the origin any more: it counts as given at the start.
    """
    kind = type(settings)
    file = TomlConfigSettingsSource(kind, toml_file=settings_file())
    sources = ((ENVIRONMENT, Environment(kind)()), (FILE_OF_ONE, SecretFiles(kind)()), (FILE, file()))
    return tuple(_rows(kind, settings.model_dump(mode="json"), settings, (), sources))


def _rows(
    model: type[BaseModel], values: Mapping[str, Any], held: BaseModel, place: tuple[str, ...], sources: Sources
) -> Iterator[EffectiveSetting]:
    for name, field in model.model_fields.items():
        path, kind = (*place, name), field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _rows(kind, values[name], getattr(held, name), path, sources)
            continue
        default = model.model_construct().model_dump(mode="json", include={name}).get(name)
        origin = _origin(path, sources) if name in held.model_fields_set else DEFAULT
        variable = "IDP_" + "__".join(path).upper()
        yield EffectiveSetting(variable, masked(values[name]), masked(default), origin, field.description or "")


def _origin(path: tuple[str, ...], sources: Sources) -> str:
    for origin, given in sources:
        found: Any = given
        for name in path:
            found = found.get(name, _MISSING) if isinstance(found, Mapping) else _MISSING
        if found is not _MISSING:
            return origin
    return COMMAND_LINE
