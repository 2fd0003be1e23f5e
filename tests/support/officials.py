"""Fixtures of directories: a slapd for the session, one of the test's own, and directories over them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from idp.clock import SystemClock
from idp.config.directories import Directory
from idp.directories.directory import LdapDirectory
from idp.fibers import Fibers
from tests.support.slapd import CLERKS, GROUPS, LEADERS, OFFICE, PEOPLE, SEARCHER, SlapdServer, fill_groups
from tests.support.stores import running

UNIT = "20194"


@pytest.fixture(scope="session")
def office() -> Iterator[SlapdServer]:
    """Run one slapd with the sample office for the session; nobody changes it."""
    with running(SlapdServer(OFFICE)) as server:
        fill_groups(server)
        yield server


@pytest.fixture
def own_office() -> Iterator[SlapdServer]:
    """Run a slapd that the test may change and stop."""
    with running(SlapdServer(OFFICE)) as server:
        fill_groups(server)
        yield server


def settings_of(server: SlapdServer, **values: Any) -> Directory:
    """Return the settings of a directory over a server."""
    return Directory(**given_of(server, **values))


def given_of(server: SlapdServer, **values: Any) -> dict[str, Any]:
    """Return the settings as an operator writes them."""
    given: dict[str, Any] = {
        "name": "qoffice",
        "title": {"vi": "Sở mẫu", "en": "Sample department"},
        "servers": (server.ldaps,),
        "ca_file": server.authority.file,
        "bind_dn": SEARCHER,
        "bind_password_file": server.password_file,
        "base": PEOPLE,
        "group_base": GROUPS,
        "filter": "(objectClass=inetOrgPerson)",
        "unit_attribute": "departmentNumber",
        "unit": UNIT,
        "units_as_of": "2025-07-01",
        "units_within": ["49"],
        "connect_timeout": 30,
        "receive_timeout": 60,
        "timeout": 120,
        "roles": ({"group": CLERKS, "role": "mot-cua"}, {"group": LEADERS, "role": "lanh-dao", "unit": UNIT}),
    }
    return {**given, **values}


def directory_of(server: SlapdServer, **values: Any) -> LdapDirectory:
    """Return a directory over a server, with fibers of its own that belong to no loop."""
    return LdapDirectory(settings_of(server, **values), Fibers(), SystemClock())
