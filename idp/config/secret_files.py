"""Settings that lie in files of their own, one a file, so that what opens a door need not be in the environment or in ``idp.toml``.

A file is named like its variable, in either case: ``IDP_DATABASE_URL`` or ``idp_database_url``. That is how Docker, Kubernetes and systemd
(``LoadCredential=``) hand secrets to a process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from idp.config.sources import Environment
from idp.errors import SettingsError

NAMED_BY: Final = "IDP_SECRETS_DIR"
_MOUNTED: Final = "/run/secrets"
_LONGEST: Final = 64 * 1024


class SecretFiles(Environment):
    """A source of settings that reads the files as if they were environment variables."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): text for name, text in secret_files().items() if text}


def secret_files() -> dict[str, str]:
    """Return the contents of the files by variable, without the line break at their end.

    The directory is the one that ``IDP_SECRETS_DIR`` names, else systemd's ``CREDENTIALS_DIRECTORY`` before ``/run/secrets``. Files of other
    names there are somebody else's. Raises ``SettingsError`` for a directory that is named and is none, and for a directory or file that stands there
    and cannot be read: passed over, it might hold the address of the database, and the service would start on an empty one.
    """
    named = os.environ.get(NAMED_BY)
    if named and not _is_directory(Path(named)):
        raise SettingsError(f"{NAMED_BY} names {named}, which is no directory", field=NAMED_BY)
    places = [named] if named else [_MOUNTED, os.environ.get("CREDENTIALS_DIRECTORY", "")]
    found: dict[str, str] = {}
    for place in places:
        if place and _is_directory(Path(place)):
            found.update({file.name.upper(): _text(file) for file in _ours(Path(place))})
    return found


def _is_directory(place: Path) -> bool:
    try:
        return place.is_dir()
    except OSError as error:
        raise _closed(place, error) from error


def _ours(place: Path) -> list[Path]:
    try:
        return [file for file in sorted(place.iterdir()) if file.name.upper().startswith("IDP_") and file.is_file()]
    except OSError as error:
        raise _closed(place, error) from error


def _closed(place: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"{place}, the directory of secret files, cannot be read by uid {os.geteuid()} ({error.strerror}): let this user list it and read "
        f"its IDP_* files, or set {NAMED_BY} to the directory that holds them",
        field=NAMED_BY,
    )


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(_LONGEST + 1)
        text = data.decode().rstrip("\r\n")
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be read by uid {os.geteuid()} ({error.strerror}): let this user read it",
            field=file.name.upper(),
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not UTF-8 text", field=file.name.upper()) from error
    if len(data) > _LONGEST:
        raise SettingsError(f"{file} is longer than {_LONGEST} octets", field=file.name.upper())
    return text
