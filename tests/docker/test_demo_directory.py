"""The demo directory of the compose files: its settings hold, its people and groups load into a real slapd."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.config.directories import Directories
from tests.support.officials import directory_of
from tests.support.slapd import SlapdServer
from tests.support.stores import running

DOCKER = Path(__file__).parents[2] / "docker"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((DOCKER / "compose.directory.yaml").read_text())["services"]
SOURCES = json.loads(SERVICES["provider"]["environment"]["IDP_DIRECTORIES__SOURCES"])


def test_the_settings_are_taken_and_are_the_same_for_both_processes() -> None:
    (source,) = Directories(sources=SOURCES).sources
    assert source.servers == ("ldaps://directory:1636",)
    assert SERVICES["provider"] == SERVICES["worker"]


@pytest.mark.parametrize("name", ["provider", "worker", "directory"])
def test_every_file_that_the_settings_name_is_mounted_and_no_secret_is_a_variable(name: str) -> None:
    service = SERVICES[name]
    mounted = {volume.split(":")[1] for volume in service["volumes"]}
    assert set(re.findall(r"/run/secrets/[\w.]+", json.dumps(service["environment"]))) <= mounted
    assert all(volume.endswith(":ro") for volume in service["volumes"])
    assert not [key for key in service["environment"] if "PASSWORD" in key and not key.endswith("_FILE")]


@pytest.mark.servers
def test_its_people_and_groups_load_and_the_mapping_finds_them() -> None:
    ldif = (DOCKER / "directory.ldif").read_text()
    searcher = "\ndn: cn=tim,dc=qnam,dc=example\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
    (source,) = SOURCES
    kept = {
        name: source[name] for name in ("base", "group_base", "filter", "roles", "unit", "units_as_of", "unit_names")
    }
    with running(SlapdServer(f"{ldif}{searcher}cn: tim\nuserPassword: mật khẩu của tài khoản tìm\n")) as server:
        listing = directory_of(server, unit_attribute="", **kept).listing()
    names = {entry.profile["name"] for entry in listing.entries.values()}
    assert names == {"Cán bộ mẫu 01", "Cán bộ mẫu 02"}
    assert sorted(len(groups) for groups in listing.groups.values()) == [1, 1]
