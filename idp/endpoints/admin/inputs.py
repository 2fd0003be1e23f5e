"""What comes in from forms and addresses: the reason of an act, and the id of a system."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from idp.clock import VIETNAM
from idp.endpoints.desk import Form, first
from idp.errors import InvalidInput

_LONGEST: Final = 500
_DAY: Final = 86_400
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


def day(text: str, field: str, *, is_end: bool = False) -> int | None:
    """Return the first second of a day in Vietnam, or its last; None for no text. Raises ``InvalidInput``."""
    if not text:
        return None
    try:
        begin = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=VIETNAM)
    except ValueError as error:
        raise InvalidInput("must be a date", field=field) from error
    return int(begin.timestamp()) + (_DAY - 1 if is_end else 0)


def minute(text: str, field: str) -> int:
    """Return the first second of a minute in Vietnam, as browsers send it; raises ``InvalidInput``."""
    try:
        # A browser adds the seconds only where a page gave it some.
        moment = datetime.strptime(text.strip()[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=VIETNAM)
    except ValueError as error:
        raise InvalidInput("must be a day and a time such as 2026-11-27T22:30", field=field) from error
    return int(moment.timestamp())


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
