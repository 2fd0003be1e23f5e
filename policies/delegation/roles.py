"""Which acts a role holds: one literal table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from policies.delegation.actions import Action


class Role(StrEnum):
    """The roles that can be granted."""

    PROVINCIAL_ADMINISTRATOR = "provincial-administrator"
    UNIT_ADMINISTRATOR = "unit-administrator"
    CLIENT_MANAGER = "client-manager"
    KEY_CUSTODIAN = "key-custodian"
    CONSENT_OFFICER = "consent-officer"
    SUPPORT = "support"
    AUDITOR = "auditor"


_CLIENTS: Final = frozenset(
    {
        Action.CLIENT_READ,
        Action.CLIENT_CREATE,
        Action.CLIENT_UPDATE,
        Action.CLIENT_SECRET,
        Action.CLIENT_SUSPEND,
        Action.CLIENT_RESUME,
        Action.CLIENT_REMOVE,
        Action.CLIENT_IDENTITY,
        Action.CLIENT_NOTICE,
        Action.CLIENT_CORRECT,
        Action.UNIT_READ,
    }
)
_PEOPLE: Final = frozenset(
    {
        Action.ACCOUNT_READ,
        Action.ACCOUNT_REVEAL,
        Action.ACCOUNT_LOCK,
        Action.ACCOUNT_UNLOCK,
        Action.ACCOUNT_RESET,
        Action.ACCOUNT_RECOVER,
        Action.SESSION_READ,
        Action.SESSION_END,
        Action.MANDATE_GIVE,
        Action.MANDATE_END,
        Action.UNIT_READ,
    }
)
_CONSENTS: Final = frozenset(
    {
        Action.CONSENT_READ,
        Action.CONSENT_WITHDRAW,
        Action.CONSENT_COUNT,
        Action.DATA_REQUEST_READ,
        Action.DATA_REQUEST_ANSWER,
        Action.BREACH_COLLECT,
        Action.CLIENT_READ,
        # Whoever answers for what people agreed to is who best lets a correction happen.
        Action.CLIENT_CORRECT,
        Action.UNIT_READ,
    }
)

ROLES: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {
        Role.PROVINCIAL_ADMINISTRATOR: frozenset(Action),
        Role.UNIT_ADMINISTRATOR: _CLIENTS
        | _PEOPLE
        | _CONSENTS
        | {Action.ACCOUNT_MERGE, Action.ACCOUNT_RESTORE}
        | {Action.ADMIN_READ, Action.ADMIN_GRANT, Action.ADMIN_REVOKE, Action.AUDIT_READ, Action.INDICATOR_READ},
        Role.CLIENT_MANAGER: _CLIENTS,
        Role.KEY_CUSTODIAN: frozenset(
            {Action.KEY_READ, Action.KEY_ROTATE, Action.KEY_RETIRE, Action.KEY_REVOKE, Action.KEY_DRILL}
        ),
        Role.CONSENT_OFFICER: _CONSENTS,
        Role.SUPPORT: _PEOPLE,
        Role.AUDITOR: frozenset(
            {
                Action.AUDIT_READ,
                Action.AUDIT_EXPORT,
                Action.CLIENT_READ,
                Action.KEY_READ,
                Action.CONSENT_READ,
                Action.CONSENT_COUNT,
                Action.DATA_REQUEST_READ,
                Action.BREACH_COLLECT,
                Action.UNIT_READ,
                Action.ADMIN_READ,
                Action.SETTINGS_READ,
                Action.INDICATOR_READ,
            }
        ),
    }
)
"""What each role may do within its unit and below. Keys, settings and whatever has no unit are reached by a grant at the top alone."""
