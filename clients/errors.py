"""What a registration can be refused for: every fault at once, each naming its field and the fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetadataError:
    """One fault: the field (``redirect_uris[1]`` for a member), a reason id, and what would be right."""

    field: str
    reason: str
    detail: str

    def __str__(self) -> str:
        """Return the fault as a line for people."""
        return f"{self.field}: {self.detail}"


class RegistrationRefused(Exception):
    """A registration breaks rules; ``errors`` lists all of them, ``error`` is the wire code."""

    code = "invalid_client_metadata"

    def __init__(self, errors: Sequence[MetadataError]) -> None:
        """Keep the faults."""
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = tuple(errors)

    @property
    def error(self) -> str:
        """Return ``invalid_redirect_uri`` when only redirect URIs are at fault (RFC 7591 section 3.2.2).

        ``invalid_client_metadata`` otherwise.
        """
        only_redirects = all(error.field.startswith("redirect_uris") for error in self.errors)
        return "invalid_redirect_uri" if only_redirects else "invalid_client_metadata"


class ClientConflict(Exception):
    """The client id is taken, or the client was changed by another writer meanwhile."""

    code = "conflict"


class ClientNotFound(Exception):
    """No such client."""

    code = "not_found"
