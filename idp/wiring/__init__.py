"""The composition root: the one room that names concrete adapters. Everything is built when first used, once a process.

Layers of one object, each over the one before: stores, people, the protocol's speech, and the root with pages and regular tasks.
"""

from __future__ import annotations

from idp.wiring.people import HASH_PLACES
from idp.wiring.root import Wiring

__all__ = ["HASH_PLACES", "Wiring"]
