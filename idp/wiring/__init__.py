"""The composition root: the one room that names concrete adapters. Everything is built when first used, once a process.

Layers of one object, each over the one before: stores, people, the protocol's speech, and the root with pages and regular tasks. The whole is
imported when it is asked for: a command that needs the stores alone (``idp.wiring.stores``) must not load every page of the service.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from idp.wiring.people import HASH_PLACES
    from idp.wiring.root import Wiring

__all__ = ["HASH_PLACES", "Wiring"]

_HOMES: Final = {"HASH_PLACES": "idp.wiring.people", "Wiring": "idp.wiring.root"}


def __getattr__(name: str) -> Any:
    """Import what is asked for, once; raises ``AttributeError`` for what is not ours."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found
