"""What stands in an optional extra is needed by nobody who does not use it."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import pytest

_WITHOUT: Final = """
import sys
from importlib import import_module
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))  # An entry of None: importing it fails, as where it is not installed.
for name in sys.argv[2:]:
    import_module(name)
"""


@pytest.mark.parametrize("drivers", ["psycopg,psycopg_binary", "redis"])
def test_provider_is_served_and_migrated_without_the_drivers_of_stores_that_it_does_not_use(drivers: str) -> None:
    modules = ("idp.cli.serve", "idp.cli.bringup", "idp.cli.deployment", "idp.wiring", "idp.storage.open")
    ended = subprocess.run(
        [sys.executable, "-c", _WITHOUT, drivers, *modules], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


_SHARED: Final = """
import sys, threading
from idp.storage.open import load_drivers
load_drivers(*sys.argv[1:3])
print(*sorted({"psycopg", "redis"} & set(sys.modules)), threading.active_count())
"""


@pytest.mark.parametrize(
    ("database", "ephemeral", "loaded"),
    [
        ("", "", "1"),
        ("sqlite:///a", "", "1"),
        ("postgresql://a", "", "psycopg 1"),
        ("postgres://a", "redis://a", "psycopg redis 1"),
    ],
)
def test_parent_loads_the_drivers_of_the_stores_that_its_processes_will_open_and_no_others(
    database: str, ephemeral: str, loaded: str
) -> None:
    command = [sys.executable, "-c", _SHARED, database, ephemeral]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.stdout.strip() == loaded, ended.stderr
