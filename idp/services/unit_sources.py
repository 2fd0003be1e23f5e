"""Finds and reads the document of an import of units.

An operator's own file, or the data of the package ``vietnamadminunits``.

Only reads; what a document means is decided by ``policies.units``.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any, Final

import orjson

from idp.errors import InvalidInput, NotFound
from policies import units_file
from policies.units import Document, vietnamadminunits

PACKAGE_SOURCE: Final = "package:vietnamadminunits"
_PACKAGE: Final = "vietnamadminunits"
_MAX_BYTES: Final = 64 * 1024 * 1024


def load(source: str, as_of: str | None = None) -> Document:
    """Return the document of ``package:vietnamadminunits``, of a ``.json`` or of a ``.csv`` file.

    ``as_of`` is for CSV alone, which has no place for it. Raises ``NotFound`` for a file or package that is not there,
    ``InvalidInput`` for one that cannot be read, and ``RegisterError`` with every fault of a file in our format.
    """
    if source.startswith("package:"):
        if source != PACKAGE_SOURCE:
            raise NotFound(f"the only package source is {PACKAGE_SOURCE}", code="unknown_source", field="source")
        return read_package()
    path = Path(source)
    return parse(path.name, _read_text(path), as_of)


def parse(name: str, text: str, as_of: str | None = None) -> Document:
    """Return the document of a text, by the ending of its file's name; raises as ``load`` does."""
    suffix = Path(name).suffix.lower()
    if suffix == ".json":
        return units_file.parse_json(text)
    if suffix == ".csv":
        return units_file.parse_csv(text, name, as_of)
    raise InvalidInput("name a .json or .csv file, or package:vietnamadminunits", code="unknown_source", field="source")


def read_package() -> Document:
    """Return the package's two editions and the events between them.

    Raises ``NotFound`` when the extra ``vn`` is not installed.

    The package is found but not imported: importing it loads a geometry library and all of its address parser.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise NotFound(
            "vietnamadminunits is not installed: install the extra vn", code="source_not_installed", field="source"
        )
    folder = Path(spec.submodule_search_locations[0]) / "data"
    version = importlib.metadata.version(_PACKAGE)
    try:
        data = vietnamadminunits.PackageData(
            legacy=_read_data(folder / "parser_legacy.json"),
            current=_read_data(folder / "parser_from_2025.json"),
            converter=_read_data(folder / "converter_2025.json"),
        )
        return vietnamadminunits.convert(data, version)
    except (KeyError, TypeError, AttributeError, StopIteration, OSError, ValueError) as error:
        reason = f"the data of vietnamadminunits {version} has another shape than that of 1.0.4"
        raise InvalidInput(reason, code="source_unreadable", field="source") from error


def _read_data(path: Path) -> Any:
    # The legacy file holds NaN, which is not JSON and which orjson refuses: five island districts have a commune of
    # no name.
    return orjson.loads(path.read_bytes().replace(b": NaN", b": null"))


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InvalidInput(f"{path} is larger than {_MAX_BYTES} bytes", code="source_too_large", field="source")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise NotFound(f"{path} does not exist", code="source_not_found", field="source") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read as UTF-8 text", code="source_unreadable", field="source") from error
