"""The kinds of directory servers that settings may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.directories.active_directory import ActiveDirectory
from idp.directories.dialect import Dialect
from idp.directories.openldap import OpenLdap

DIALECTS: Final[Mapping[str, Dialect]] = {"openldap": OpenLdap(), "active-directory": ActiveDirectory()}
