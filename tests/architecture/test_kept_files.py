"""What is kept belongs to no machine and to no network."""

from __future__ import annotations

import re

from tests.architecture.tree import files, shown

# Put together here, so that this file does not hold what it looks for.
ADDRESSES = re.compile(
    "|".join(
        (
            "registry" + r"\.npmjs",
            "pypi" + r"\.org",
            "files" + r"\.pythonhosted",
            "index" + "-url ",
            "extra-index" + "-url",
        )
    )
)
MACHINE_PATHS = re.compile("|".join(("/" + r"work/", "/" + r"root/", "/" + r"home/[a-z]", "/" + r"Users/")))
PRIVATE_KEY = re.compile("-----BEGIN [A-Z ]*PRIVATE" + " KEY-----\n[A-Za-z0-9+/]{40}")
PICTURES = (".png", ".jpg", ".ico", ".woff2", ".gz")


def holding(pattern: re.Pattern[str], *but: str) -> list[str]:
    """Return the files that hold a pattern."""
    return [
        shown(path)
        for path in files()
        if not path.name.endswith(PICTURES)
        and shown(path) not in but
        and pattern.search(path.read_text("utf-8", "replace"))
    ]


def test_no_file_names_a_package_index() -> None:
    assert holding(ADDRESSES, "tools/lock.sh") == []


def test_no_file_names_a_path_of_a_machine() -> None:
    assert holding(MACHINE_PATHS) == []


def test_no_file_holds_a_private_key() -> None:
    assert holding(PRIVATE_KEY) == []


def test_no_database_or_master_key_is_kept() -> None:
    assert [shown(path) for path in files(".sqlite3", ".sqlite3-wal", ".db", "master.key", ".pyc")] == []
