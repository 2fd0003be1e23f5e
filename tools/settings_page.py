"""Writes the reference of all settings from the fields: ``python tools/settings_page.py docs/settings.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel

from idp.config.settings import Settings
from idp.config.upstreams import Upstream, UpstreamClaim, UpstreamLevel

_HEAD = """# Settings

Command line > environment > secret files > `idp.toml` > defaults. Unknown keys are refused.

`idp.toml` is looked for in the working directory and in `IDP_HOME`; `IDP_CONFIG` names another file. In the environment a list is its words with
commas between them (`IDP_PROXY__TRUSTED=10.0.0.1,10.0.0.2`) or JSON, a group is JSON.

A secret file holds one setting and is named like its variable (`IDP_DATABASE_URL` or `idp_database_url`). It lies in the directory that
`IDP_SECRETS_DIR` names, else in systemd's `$CREDENTIALS_DIRECTORY` or in `/run/secrets`; files of other names there are passed over.

This page is made from the fields by `tools/settings_page.py`.

| variable | default | meaning |
|---|---|---|
"""

_GROUP = "| field | default | meaning |\n|---|---|---|\n"


def page() -> str:
    """Return the page."""
    tables = (("upstreams.<name>", Upstream), ("claims", UpstreamClaim), ("levels", UpstreamLevel))
    groups = "".join(f"\n## One entry of `{name}`\n\n{_GROUP}{''.join(_fields(kind))}" for name, kind in tables)
    return _HEAD + "".join(_rows(Settings, "IDP_")) + groups


def _fields(model: type[BaseModel]) -> list[str]:
    rows = []
    for name, field in model.model_fields.items():
        shown = "" if field.is_required() or not field.default else f"`{field.default}`"
        rows.append(f"| `{name}` | {shown} | {field.description} |\n")
    return rows


def _rows(model: type[BaseModel], prefix: str) -> list[str]:
    rows: list[str] = []
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            rows.extend(_rows(kind, f"{variable}__"))
        else:
            shown = "" if field.default in (None, "", ()) else f"`{field.default}`"
            rows.append(f"| `{variable}` | {shown} | {field.description} |\n")
    return rows


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
