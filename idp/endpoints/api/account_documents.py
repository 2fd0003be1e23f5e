"""What the Admin API shows of an account, its sessions and its locks: the shapes in the document, and the values in them."""

from __future__ import annotations

from typing import Any, Final

from idp.endpoints.api.operation import MOMENT
from idp.endpoints.api.schema import Schema, items, members, nullable, ref
from idp.flows.administration.accounts import AccountView
from idp.ports.locks import LockRow
from idp.services.sessions import SessionView

_STRING: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "integer"}
_MAYBE: Final[Schema] = {"type": ["integer", "null"]}
_CODE: Final = members(
    ("code_type", "code", "valid_from", "valid_to"),
    code_type=_STRING,
    code=_STRING,
    valid_from=_NUMBER,
    valid_to=_MAYBE,
    reason=_STRING,
)

SHAPES: Final[dict[str, Schema]] = {
    "AccountState": members(("account_id", "state"), account_id=_STRING, state=_STRING),
    "Account": members(
        ("account_id", "kind", "state", "name", "codes", "factors", "may"),
        account_id=_STRING,
        kind=_STRING,
        state=_STRING,
        state_reason=nullable(_STRING),
        identity_level=_NUMBER,
        unit=nullable(_STRING),
        external_id=nullable(_STRING),
        name=_STRING,
        codes=items(_CODE),
        factors=items(_STRING),
        administrator={"type": "boolean"},
        may=items(_STRING),
        created_at=_NUMBER,
        profile={"type": "object"},
    ),
    "Accounts": members(("items",), items=items(ref("Account"))),
    "Sessions": members(
        ("items",),
        items=items(
            members(
                ("session_id", "created_at", "last_seen_at", "acr"),
                session_id=_STRING,
                created_at=_NUMBER,
                last_seen_at=_NUMBER,
                acr=_STRING,
            )
        ),
    ),
    "Locks": members(("items",), items=items({"type": "object"})),
    "UnusedAccount": members(
        ("account_id", "used_at", "ends_at", "locked_at"),
        account_id=_STRING,
        used_at=MOMENT,
        ends_at=MOMENT,
        locked_at={**MOMENT, "description": "0 for an account that is not locked yet."},
    ),
    "Ended": members(("ended",), ended=_NUMBER),
    "Events": members(("items",), items=items(ref("AuditRecord"))),
}


def account(one: AccountView) -> dict[str, Any]:
    """Return an account as JSON; ``profile`` only where it was revealed."""
    kept = one.account
    document: dict[str, Any] = {
        "account_id": kept.id,
        "kind": kept.kind,
        "state": kept.state,
        "state_reason": kept.state_reason,
        "identity_level": kept.identity_level,
        "unit": kept.unit.code if kept.unit is not None else None,
        "external_id": kept.external_id,
        "name": one.name,
        "codes": [
            {
                "code_type": code.scheme,
                "code": code.value,
                "valid_from": code.valid_from,
                "valid_to": code.valid_to,
                "reason": code.reason,
            }
            for code in one.codes
        ],
        "factors": list(one.factors),
        "administrator": one.is_administrator,
        "may": sorted(one.may),
        "created_at": kept.created_at,
    }
    return {**document, "profile": dict(kept.profile)} if one.is_revealed else document


def session(one: SessionView) -> dict[str, Any]:
    """Return a live session as JSON."""
    kept = one.session
    return {
        "session_id": kept.id,
        "created_at": kept.created_at,
        "last_seen_at": kept.last_seen_at,
        "acr": kept.acr,
    }


def lock(row: LockRow) -> dict[str, Any]:
    """Return a lock and its ground as JSON."""
    names = ("id", "scope", "reason_code", "reason", "reference", "locked_by", "locked_at", "ends_at")
    return {name: getattr(row, name) for name in (*names, "ended_at", "ended_by", "end_reason")}
