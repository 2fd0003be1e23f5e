"""The locks hold what pyproject.toml asks for, with hashes, and agree with one another."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
GROUPS: dict[str, list[Any]] = PROJECT["dependency-groups"]
DEPLOYMENT = [
    *PROJECT["project"]["dependencies"],
    *EXTRAS["ldap"],
    *EXTRAS["postgresql"],
    *EXTRAS["vn"],
    *GROUPS["build"],
]
ASKED = {
    "lock.txt": DEPLOYMENT,
    "demo.txt": [*DEPLOYMENT, *EXTRAS["demo"]],
    "dev.txt": [*DEPLOYMENT, *EXTRAS["demo"], *(one for one in GROUPS["dev"] if isinstance(one, str))],
}
ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)((?:.*\\\n)(?:\s+--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


def locked(name: str) -> dict[str, set[str]]:
    """Return the versions that a lock holds, for each package (more than one where Pythons differ)."""
    found: dict[str, set[str]] = {}
    for package, version, _ in ENTRY.findall((ROOT / "requirements" / name).read_text("utf-8")):
        found.setdefault(canonicalize_name(package), set()).add(version)
    return found


@pytest.mark.parametrize("name", ASKED)
def test_every_requirement_is_locked_at_a_version_that_it_admits(name: str) -> None:
    have = locked(name)
    for text in ASKED[name]:
        asked = Requirement(text)
        versions = have.get(canonicalize_name(asked.name), set())
        assert versions, text
        assert all(asked.specifier.contains(one) for one in versions), (text, versions)


@pytest.mark.parametrize("name", ASKED)
def test_every_line_of_a_lock_is_a_package_with_its_hashes(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text("utf-8")
    assert ENTRY.sub("", text).strip() == ""


@pytest.mark.parametrize("name", ["lock.txt", "demo.txt"])
def test_the_locks_agree_on_every_version(name: str) -> None:
    whole = locked("dev.txt")
    assert {package: versions for package, versions in locked(name).items() if whole.get(package) != versions} == {}
