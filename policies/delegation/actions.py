"""Every administrative act, what must be held to know of its target, and which of them one person never does alone."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Action(StrEnum):
    """One act, as ``noun:verb``. Another one is a line here, and a place in ``roles.ROLES`` and ``scopes.SCOPES``."""

    CLIENT_READ = "client:read"
    CLIENT_CREATE = "client:create"
    CLIENT_UPDATE = "client:update"
    CLIENT_SECRET = "client:rotate-secret"  # noqa: S105 - the name of an act
    CLIENT_SUSPEND = "client:suspend"
    CLIENT_RESUME = "client:resume"
    CLIENT_REMOVE = "client:remove"
    CLIENT_IDENTITY = "client:grant-identity"
    """Let a client ask for the identity code (scope ``identity``)."""
    CLIENT_POWER = "client:grant-power"
    """Give a client what reaches beyond its unit: scopes of administration, resources, token exchange, a sector of others."""
    CLIENT_NOTICE = "client:grant-notice"
    """Let a client take data on the ground of a law: people are told, and cannot decline."""
    CLIENT_CORRECT = "client:correct-purpose"
    """Spell what people read otherwise and let their answers stand, so that nobody is asked anew."""
    KEY_READ = "key:read"
    KEY_ROTATE = "key:rotate"
    KEY_RETIRE = "key:retire"
    KEY_REVOKE = "key:revoke"
    KEY_DRILL = "key:drill"
    """Rehearse the emergency on a key that has signed nothing."""
    CONSENT_READ = "consent:read"
    CONSENT_WITHDRAW = "consent:withdraw"
    CONSENT_COUNT = "consent:count"
    DATA_REQUEST_READ = "data-request:read"
    DATA_REQUEST_ANSWER = "data-request:answer"
    BREACH_COLLECT = "breach:collect"
    """Collect from the log who is concerned by a breach."""
    ACCOUNT_READ = "account:read"
    ACCOUNT_REVEAL = "account:reveal"
    ACCOUNT_LOCK = "account:lock"
    ACCOUNT_UNLOCK = "account:unlock"
    ACCOUNT_RESTORE = "account:restore"
    """Bring back an account that was closed, or locked because an authority asked for it."""
    ACCOUNT_RESET = "account:reset-factor"
    ACCOUNT_RECOVER = "account:recover"
    """Give a person who stands at the counter the way back to the account."""
    ACCOUNT_MERGE = "account:merge"
    SESSION_READ = "session:read"
    SESSION_END = "session:end"
    MANDATE_GIVE = "mandate:give"
    """Give a mandate in the office of whoever is acted for: power over somebody else's affairs."""
    MANDATE_END = "mandate:end"
    """End a mandate, in the office of whoever is acted for."""
    UNIT_READ = "unit:read"
    UNIT_CHANGE = "unit:change"
    ADMIN_READ = "admin:read"
    ADMIN_GRANT = "admin:grant"
    ADMIN_REVOKE = "admin:revoke"
    AUDIT_READ = "audit:read"
    AUDIT_EXPORT = "audit:export"
    SETTINGS_READ = "settings:read"
    SETTINGS_TEST = "settings:test"
    """Try directories and upstreams out: requests go out, and of one person it is shown what a directory says."""
    INDICATOR_READ = "indicator:read"


SEEN_BY: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "client": Action.CLIENT_READ,
        "key": Action.KEY_READ,
        "consent": Action.CONSENT_READ,
        "data-request": Action.DATA_REQUEST_READ,
        "breach": Action.BREACH_COLLECT,
        "account": Action.ACCOUNT_READ,
        "session": Action.SESSION_READ,
        "mandate": Action.ACCOUNT_READ,
        "unit": Action.UNIT_READ,
        "admin": Action.ADMIN_READ,
        "audit": Action.AUDIT_READ,
        "settings": Action.SETTINGS_READ,
        "indicator": Action.INDICATOR_READ,
    }
)
"""By noun, the act that lets somebody know that a thing is there at all; without it the answer is "not found"."""

DANGEROUS: Final = frozenset(
    {
        Action.KEY_REVOKE,
        Action.MANDATE_GIVE,
        Action.ACCOUNT_MERGE,
        Action.ACCOUNT_RECOVER,
        Action.ACCOUNT_RESTORE,
        Action.CLIENT_IDENTITY,
        Action.CLIENT_POWER,
        Action.CLIENT_NOTICE,
        Action.CLIENT_CORRECT,
        Action.UNIT_CHANGE,
    }
)
"""Acts that need a second person wherever they are done."""

DANGEROUS_AT_TOP: Final = frozenset({Action.ADMIN_GRANT, Action.ADMIN_REVOKE})
"""Acts that need a second person where they are about the whole deployment."""

ADMINISTRATORS: Final = frozenset(
    {Action.ACCOUNT_RESET, Action.ACCOUNT_UNLOCK, Action.ACCOUNT_RESTORE, Action.ACCOUNT_RECOVER, Action.ACCOUNT_MERGE}
)
"""Acts on an account by which its rights could be taken over. On an administrator's account nobody does them alone: who resets the factors of
a colleague could sign in as one."""

OUTRANKING: Final = ADMINISTRATORS | {Action.ACCOUNT_LOCK, Action.SESSION_END}
"""Acts that nobody does to the account of an administrator without holding every right that this one holds."""


def sight(action: Action) -> Action:
    """Return the act that lets somebody know of the targets of an act."""
    return SEEN_BY[action.partition(":")[0]]
