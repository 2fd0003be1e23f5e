"""A process that imports a file and says after each batch how far it is: ``python -m … DATABASE FILE BATCH``."""

from __future__ import annotations

import sys
from pathlib import Path

from idp.storage.open import open_database
from tests.support.accounts import make_people


def main(url: str, path: str, batch: str) -> None:
    """Import."""
    people = make_people(open_database(url, Path()), batch=int(batch))
    people.importer.run(Path(path), progress=lambda progress: print(progress.rows, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
