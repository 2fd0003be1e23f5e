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
