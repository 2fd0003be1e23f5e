"""``python -m idp``."""

from __future__ import annotations

from idp.cli import main

main(prog_name="idp")
