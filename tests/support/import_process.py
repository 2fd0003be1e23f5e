"""A process that imports a file and says after each batch how far it is: ``python -m … DATABASE FILE BATCH``.

It goes on with the next batch when it is told to by a line, so that whoever kills it knows where it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

from idp.services.account_import.importer import Progress
from idp.storage.open import open_database
from tests.support.accounts import make_people


def main(url: str, path: str, batch: str) -> None:
    """Import."""
    people = make_people(open_database(url, Path()), batch=int(batch))

    def said(progress: Progress) -> None:
        print(progress.rows, flush=True)
        sys.stdin.readline()

    people.importer.run(Path(path), progress=said)


if __name__ == "__main__":
    main(*sys.argv[1:])
