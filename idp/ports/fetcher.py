"""The one way out: every request that the provider makes to an address somebody registered goes through this port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer from outside, bounded: status, content type, body, and how long it says that it may be kept."""

    status: int
    content_type: str
    body: bytes
    cache_control: str = ""


class Fetcher(Protocol):
    """Makes one request; follows no redirect, sends no cookie, reads a bounded answer.

    Raises ``Refused`` (code ``outbound_refused``) for an address that may not be reached; anything that went wrong on the
    wire is a ``DomainError`` with code ``outbound_failed``.
    """

    def post(self, url: str, body: bytes, content_type: str, *, authorization: str = "") -> Fetched:
        """POST ``body`` to ``url``, with an ``Authorization`` header if one is given."""
        ...

    def get(self, url: str, accept: str) -> Fetched:
        """GET ``url``."""
        ...


class Poster(Protocol):
    """What posts with a header of an operator's own choice; all else as ``Fetcher``."""

    def post(self, url: str, body: bytes, content_type: str, *, headers: Mapping[str, str]) -> Fetched:
        """POST ``body`` to ``url`` with further headers."""
        ...


class AuthorizingFetcher(Fetcher, Protocol):
    """Also reads what only the holder of a token may read; such an answer is never shared between askers."""

    def get_authorized(self, url: str, accept: str, authorization: str) -> Fetched:
        """GET ``url`` with an ``Authorization`` header."""
        ...
