"""Where tests put their files: in memory where there is room, since no test pulls the plug on the machine.

Databases that wait for a disk at every commit are most of what a test of a store would take, and the first thing to fail on a machine
whose disk is busy.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_WANTED: Final = 4 << 30
_PREFIX: Final = "dd-tests-"


def use_memory() -> None:
    """Let temporary files of this process and of those that it starts be kept in memory, if four gigabytes are free there."""
    if "PYTEST_XDIST_WORKER" in os.environ or not _MEMORY.is_dir():
        return  # A worker has what its controller set.
    _remove_what_others_left()
    if shutil.disk_usage(_MEMORY).free < _WANTED:
        return
    folder = _MEMORY / f"{_PREFIX}{os.getpid()}"
    folder.mkdir(exist_ok=True)  # PostgreSQL's own user has to be able to walk through.
    atexit.register(partial(_remove, folder, os.getpid()))
    os.environ["TMPDIR"] = os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.tempdir = str(folder)


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_what_others_left() -> None:
    for folder in _MEMORY.glob(f"{_PREFIX}*"):
        if not Path("/proc", folder.name.removeprefix(_PREFIX)).exists():
            shutil.rmtree(folder, ignore_errors=True)
