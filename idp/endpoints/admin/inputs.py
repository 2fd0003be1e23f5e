"""What comes in from forms and addresses: the reason of an act, and the id of a system."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

from idp.endpoints.desk import Form, first
from idp.errors import InvalidInput

_LONGEST: Final = 500
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_PACKED: Final = "~"
_TAKEN: Final = frozenset({"new"})


def reason(form: Form, *, is_required: bool = True) -> str:
    """Return the reason of an act; raises ``InvalidInput`` for one that is missing or longer than the audit log takes."""
    text = first(form, "reason").strip()
    if is_required and not text:
        raise InvalidInput("is required", field="reason")
    if len(text) > _LONGEST:
        raise InvalidInput(f"must have at most {_LONGEST} characters", field="reason")
    return text


def client_path(client_id: str) -> str:
    """Return a client's id as one part of an address: plain ids as they are, others (an introduced client's is an address itself) packed."""
    if _PLAIN.fullmatch(client_id) and client_id not in _TAKEN:
        return client_id
    return _PACKED + base64.urlsafe_b64encode(client_id.encode()).rstrip(b"=").decode()


def client_named(part: str) -> str:
    """Return the client's id of a part of an address; what was not packed by ``client_path`` names itself."""
    if not part.startswith(_PACKED):
        return part
    packed = part.removeprefix(_PACKED)
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return part


def named(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule's variables with the client's id unpacked."""
    return {name: client_named(value) if name == "client_id" else value for name, value in variables.items()}
