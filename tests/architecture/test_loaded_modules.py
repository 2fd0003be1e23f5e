"""What a process that serves holds in memory: what no request of it needs is not loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

_FRESH_WORKER: Final = """
import sys
from idp.cli import serve
from idp.config import load
from idp.storage.open import load_drivers
from idp.wiring import Wiring
from idp.wsgi import build
if len(sys.argv) > 1:
    load_drivers(*sys.argv[1:])  # Only what a parent loads for its workers: there is no server to open.
else:
    build(Wiring(load()))
print(*sys.modules)
"""
_UNUSED: Final = {
    "alembic": "migrations",
    "mako": "migrations",
    "sqlalchemy.orm": "statements are Core's",
    "ldap3": "until a directory is asked",
    "pyasn1": "until a directory is asked",
    "webauthn": "until a passkey is used",
    "zxcvbn": "passwords are looked up in a table of ours",
    "rich": "commands at a terminal",
    "requests": "tests and the bench",
    "authlib.jose": "deprecated",
    "multiprocessing": "processes are forked",
    "unittest": "tests",
    "smtplib": "until mail is sent",
}
"""By module, who needs it instead."""


def _loaded(home: Path, *arguments: str) -> set[str]:
    environ = os.environ | {"IDP_HOME": str(home)}
    ended = subprocess.run(
        [sys.executable, "-c", _FRESH_WORKER, *arguments], capture_output=True, text=True, check=False, env=environ
    )
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.split())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("home")
    environ = os.environ | {"IDP_HOME": str(found)}
    subprocess.run([sys.executable, "-m", "idp", "init"], check=True, capture_output=True, env=environ)
    return found


def test_worker_on_sqlite_holds_neither_what_other_processes_need_nor_another_databases_dialect(home: Path) -> None:
    loaded = _loaded(home)
    assert "sqlalchemy.dialects.sqlite" in loaded
    assert "idp.endpoints.admin.dashboard" in loaded
    # A condition of an index that is an argument of `Index` loads both dialects: `tables.base.PartialIndex` does not.
    assert loaded & {*_UNUSED, "sqlalchemy.dialects.postgresql", "psycopg", "redis"} == set()


def test_worker_on_postgresql_and_redis_does_not_hold_the_dialect_of_sqlite(home: Path) -> None:
    loaded = _loaded(home, "postgresql://localhost/a", "redis://localhost")
    assert {"sqlalchemy.dialects.postgresql", "redis"} <= loaded
    assert loaded & {*_UNUSED, "sqlalchemy.dialects.sqlite", "idp.storage.sqlite"} == set()
