"""A request whose person is at another device than the client: the device grant (RFC 8628) and CIBA wait in the same way."""

from __future__ import annotations

from dataclasses import dataclass

from idp.model.authorization import AuthorizationRequest


@dataclass(frozen=True, slots=True)
class DecoupledRequest:
    """A stored request. ``key`` is the hex digest of the code that the client polls with, ``kind`` the way it was asked.

    ``interval`` is in seconds and grows when the client polls too fast; ``polled_at`` is 0 before the first poll. ``answer`` is "", "approved" or
    "denied"; ``code`` is then the sealed payload that the grant is made of. ``message`` is what both devices show (the user code, the binding
    message); ``address`` is where the client asked from. ``account_id`` is whom the client named, "" where it named nobody that exists.
    ``notification`` is the client's own token and the code to send it with, for CIBA in ping mode.
    """

    key: str
    kind: str
    request: AuthorizationRequest
    created_at: int
    expires_at: int
    interval: int
    polled_at: int = 0
    answer: str = ""
    code: str = ""
    message: str = ""
    address: str = ""
    account_id: str = ""
    notification: tuple[str, ...] = ()
