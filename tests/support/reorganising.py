"""A reorganisation of a small province, for tests: units and the document."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any, Final

PROVINCE, EAST, WEST, DISTRICT = "79", "79001", "79002", "791"
CODES: Final = ((PROVINCE, None), (EAST, PROVINCE), (WEST, PROVINCE), (DISTRICT, PROVINCE))
LAW: Final = "Nghị quyết 1/NQ-MAU"


def later(day: str, ahead: int) -> str:
    """Return the ISO date so many days after another."""
    return (date.fromisoformat(day) + timedelta(days=ahead)).isoformat()


def merger(effective: str) -> str:
    """Return a document: two communes become one, a district goes without successor."""
    merged = {"code": WEST, "level": "district", "type": "xã", "name": "Hợp Nhất", "full_name": "Xã Hợp Nhất"}
    events: list[dict[str, Any]] = [
        {"kind": "merge", "effective": effective, "from": [EAST, WEST], "to": [WEST], "legal_basis": LAW},
        {"kind": "dissolve", "effective": effective, "from": [DISTRICT], "legal_basis": LAW},
    ]
    rows = [{**merged, "parent": PROVINCE, "valid_from": effective}]
    return json.dumps({"format": "dinhdanh-units/1", "source": "mẫu", "units": rows, "events": events})
