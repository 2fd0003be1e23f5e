"""Secrets of carriers: one line of a file, read at each use, so that an exchange of the file needs no restart."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from idp.errors import SettingsError

_LONGEST: Final = 4096


def read_secret(path: Path, setting: str) -> str:
    """Return the secret; raises ``SettingsError`` that names the setting and never what the file holds."""
    try:
        with path.open(encoding="utf-8") as file:
            secret = file.read(_LONGEST + 1).strip()
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{path} cannot be read", field=setting) from error
    if not secret or len(secret) > _LONGEST or not secret.isprintable():
        raise SettingsError(f"{path} holds no secret of one line", field=setting)
    return secret
