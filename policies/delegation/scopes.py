"""OAuth scopes of the Admin API: what a token lets its bearer use of the rights that the administrator has. A scope adds no right."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policies.delegation.actions import Action

SCOPES: Final[Mapping[str, frozenset[Action]]] = MappingProxyType(
    {
        "admin:clients:read": frozenset({Action.CLIENT_READ}),
        "admin:clients:write": frozenset(
            {
                Action.CLIENT_CREATE,
                Action.CLIENT_UPDATE,
                Action.CLIENT_SECRET,
                Action.CLIENT_SUSPEND,
                Action.CLIENT_RESUME,
                Action.CLIENT_REMOVE,
                Action.CLIENT_IDENTITY,
                Action.CLIENT_POWER,
                Action.CLIENT_NOTICE,
                Action.CLIENT_CORRECT,
            }
        ),
        "admin:keys:read": frozenset({Action.KEY_READ}),
        "admin:keys:write": frozenset({Action.KEY_ROTATE, Action.KEY_RETIRE, Action.KEY_REVOKE, Action.KEY_DRILL}),
        "admin:consents:read": frozenset({Action.CONSENT_READ, Action.CONSENT_COUNT, Action.DATA_REQUEST_READ}),
        "admin:consents:write": frozenset({Action.CONSENT_WITHDRAW, Action.DATA_REQUEST_ANSWER}),
        "admin:accounts:read": frozenset({Action.ACCOUNT_READ, Action.ACCOUNT_REVEAL, Action.SESSION_READ}),
        "admin:accounts:write": frozenset(
            {
                Action.ACCOUNT_LOCK,
                Action.ACCOUNT_UNLOCK,
                Action.ACCOUNT_RESTORE,
                Action.ACCOUNT_RESET,
                Action.ACCOUNT_RECOVER,
                Action.ACCOUNT_MERGE,
                Action.SESSION_END,
                Action.MANDATE_GIVE,
                Action.MANDATE_END,
            }
        ),
        "admin:units:read": frozenset({Action.UNIT_READ}),
        "admin:units:write": frozenset({Action.UNIT_CHANGE}),
        "admin:admins:read": frozenset({Action.ADMIN_READ}),
        "admin:admins:write": frozenset({Action.ADMIN_GRANT, Action.ADMIN_REVOKE}),
        "admin:audit:read": frozenset({Action.AUDIT_READ, Action.AUDIT_EXPORT, Action.BREACH_COLLECT}),
        "admin:settings:read": frozenset({Action.SETTINGS_READ}),
        "admin:settings:test": frozenset({Action.SETTINGS_TEST}),
        "admin:indicators:read": frozenset({Action.INDICATOR_READ}),
    }
)
"""Every scope of the API; each act is in exactly one. Another one is a row."""

_BY_ACTION: Final = MappingProxyType({action: scope for scope, actions in SCOPES.items() for action in actions})


def scope_for(action: Action) -> str:
    """Return the scope that a token must have for an act."""
    return _BY_ACTION[action]
