"""What a person is told of, whatever channel it goes by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reach(StrEnum):
    """Whom a notice has to reach: one verified channel that the act did not touch, or every one there is."""

    OTHER = "other"
    EVERY = "every"


class Topic(StrEnum):
    """What happened. The value names the texts (``[message.<topic>]`` in the locales); ``REACH`` says on how many channels."""

    NEW_DEVICE = "new_device"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a topic
    SESSIONS_ENDED = "sessions_ended"
    RECOVERY_STARTED = "recovery_started"
    RECOVERY_FINISHED = "recovery_finished"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_UNLOCKED = "account_unlocked"
    CONTACT_CHANGED = "contact_changed"
    CONTACT_REMOVED = "contact_removed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    DATA_REQUEST_RECEIVED = "data_request_received"
    DATA_REQUEST_TAKEN = "data_request_taken"
    DATA_REQUEST_EXTENDED = "data_request_extended"
    DATA_REQUEST_DECIDED = "data_request_decided"
    DATA_REQUEST_DUE = "data_request_due"
    MANDATE_GRANTED = "mandate_granted"
    MANDATE_REVOKED = "mandate_revoked"
    DATA_EXPORTED = "data_exported"
    ASSISTED = "assisted"
    UPSTREAM_LINKED = "upstream_linked"
    UPSTREAM_CLOSED = "upstream_closed"
    UPSTREAM_REOPENED = "upstream_reopened"
    STAFF_UNUSED = "staff_unused"
    STAFF_UNUSED_ENDED = "staff_unused_ended"
    STAFF_UNUSED_NEAR = "staff_unused_near"
    ADMIN_PASSWORD_OLD = "admin_password_old"  # noqa: S105 - the name of a topic


REACH: dict[Topic, Reach] = {
    Topic.NEW_DEVICE: Reach.OTHER,
    Topic.FACTOR_ADDED: Reach.OTHER,
    Topic.FACTOR_REMOVED: Reach.EVERY,
    Topic.PASSWORD_CHANGED: Reach.OTHER,
    Topic.SESSIONS_ENDED: Reach.OTHER,
    Topic.RECOVERY_STARTED: Reach.EVERY,
    Topic.RECOVERY_FINISHED: Reach.EVERY,
    Topic.ACCOUNT_LOCKED: Reach.EVERY,
    Topic.ACCOUNT_UNLOCKED: Reach.EVERY,
    Topic.CONTACT_CHANGED: Reach.EVERY,
    Topic.CONTACT_REMOVED: Reach.EVERY,
    Topic.CONSENT_WITHDRAWN: Reach.OTHER,
    Topic.DATA_REQUEST_RECEIVED: Reach.OTHER,
    Topic.DATA_REQUEST_TAKEN: Reach.OTHER,
    Topic.DATA_REQUEST_EXTENDED: Reach.OTHER,
    Topic.DATA_REQUEST_DECIDED: Reach.OTHER,
    Topic.DATA_REQUEST_DUE: Reach.OTHER,
    Topic.MANDATE_GRANTED: Reach.OTHER,
    Topic.MANDATE_REVOKED: Reach.OTHER,
    Topic.DATA_EXPORTED: Reach.OTHER,
    Topic.ASSISTED: Reach.EVERY,
    Topic.UPSTREAM_LINKED: Reach.EVERY,
    Topic.UPSTREAM_CLOSED: Reach.EVERY,
    Topic.UPSTREAM_REOPENED: Reach.EVERY,
    Topic.STAFF_UNUSED: Reach.EVERY,
    Topic.STAFF_UNUSED_ENDED: Reach.EVERY,
    Topic.STAFF_UNUSED_NEAR: Reach.OTHER,
    Topic.ADMIN_PASSWORD_OLD: Reach.OTHER,
}
"""How far each topic goes; another topic is a line here, one above and its texts."""


@dataclass(frozen=True, slots=True)
class Detail:
    """What a notice may say beside its topic: our own words (``factor`` is a factor's name), never a value of the person.

    ``browser`` is a browser and system as people name them. ``channel`` (``mail`` or ``sms``) is the one that the act touched: the notice
    goes by another one where there is one. ``code`` is what the owner needs to call the act off, the number of his request, or
    the day of what is announced.
    """

    factor: str = ""
    browser: str = ""
    channel: str = ""
    code: str = ""
