"""The files of the repository as a reader gets them: what is kept, without what is made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ("idp", "clients", "keys", "policies")
_MADE: Final = {".git", ".venv", "node_modules", "__pycache__", "var", "build"}


def files(*endings: str) -> Iterator[Path]:
    """Yield every kept file whose name ends in one of the endings, all of them when none is given."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(one for one in folders if one not in _MADE and not one.endswith(("_cache", ".egg-info")))
        folders[:] = [one for one in folders if one != ".hypothesis"]
        for name in sorted(set(names) - _MADE):  # ``.git`` is a file in a worktree
            if not endings or name.endswith(endings):
                yield Path(folder, name)


def shown(path: Path) -> str:
    """Return a path as the repository names it."""
    return path.relative_to(ROOT).as_posix()
