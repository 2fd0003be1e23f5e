"""Errors of the domain: what went wrong inside, before any protocol or page gives it a shape.

Four texts are kept apart (house rule 6): the machine ``code``, the catalogue key of the ``public`` text, the operator's ``reason``,
and the cause (``raise … from``). ``str(error)`` is for operators and never reaches a caller.
"""

from __future__ import annotations


class DomainError(Exception):
    """Something was refused or failed; the base of every error that the product raises on purpose.

    ``code`` is a stable reason id, ``reason`` the operator's sentence, ``field`` the input that is at fault, if one is.
    ``is_recorded`` tells that whoever raised it has written the refusal into the audit log.
    """

    code = "server_error"
    is_recorded = False

    def __init__(self, reason: str, *, code: str | None = None, field: str | None = None) -> None:
        """Keep the operator's sentence; ``code`` narrows the class's own reason id."""
        super().__init__(reason)
        self.reason = reason
        self.field = field
        if code is not None:
            self.code = code


class InvalidInput(DomainError):
    """A value given from outside breaks a rule: the message names the field and the fix."""

    code = "invalid_input"


class NotFound(DomainError):
    """What was named does not exist, or the asker may not know that it does."""

    code = "not_found"


class Conflict(DomainError):
    """The act would break a uniqueness or has lost a race to another writer."""

    code = "conflict"


class Refused(DomainError):
    """A policy says no."""

    code = "refused"


class Throttled(DomainError):
    """Too many attempts; ``retry_after`` is in seconds."""

    code = "throttled"

    def __init__(self, reason: str, *, retry_after: int) -> None:
        """Keep how long, in seconds, the caller has to wait."""
        super().__init__(reason)
        self.retry_after = retry_after


class Busy(DomainError):
    """A bounded resource (the password hasher) is full: come back in ``retry_after`` seconds; answered as 503."""

    code = "temporarily_unavailable"

    def __init__(self, reason: str, *, retry_after: int = 1) -> None:
        """Keep how long, in seconds, the caller has to wait."""
        super().__init__(reason)
        self.retry_after = retry_after


class DirectoryUnavailable(Busy):
    """A department's directory is out of reach or does not answer as it should: answered as 503 to its users, never as a wrong password."""


class AmbiguousEntry(DomainError):
    """Two entries of a directory answer to one name: nobody is signed in, for nobody knows whose password it would be."""

    code = "ambiguous_entry"


class StorageUnavailable(DomainError):
    """A store is out of reach: nothing was done, or it is unknown whether it was; answered as 503, never as success."""

    code = "temporarily_unavailable"


class SettingsError(DomainError):
    """A setting is unknown, unsafe or contradicts another; the process refuses to start and names it."""

    code = "invalid_settings"
