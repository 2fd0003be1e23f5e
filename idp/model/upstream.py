"""People at upstream identity providers: what a sign-in there told us, and the link to an account of ours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from policies.upstreams.levels import Assessed
from policies.upstreams.mapping import Mapped


@dataclass(frozen=True, slots=True)
class Departure:
    """A browser that was sent to an upstream; kept sealed under the digest of its ``state`` until it comes back, once.

    ``browser`` is the hex digest of the browser-binding cookie, ``transaction`` the pending request. ``wanted_acr`` is the level that has to
    be reached, "" for any; ``max_age`` None where no fresh sign-in is asked. ``account_id`` is who steps up, "" where nobody is signed in yet.
    Where ``is_recovery`` nobody is signed in on the return: it proves who asks for the recovery of the account ``account_id``.
    """

    upstream: str
    transaction: str
    browser: str
    nonce: str
    verifier: str
    created_at: int
    expires_at: int
    wanted_acr: str = ""
    max_age: int | None = None
    must_login: bool = False
    account_id: str = ""
    is_recovery: bool = False


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an upstream said about one person, after every check: a name for him there, mapped attributes, levels.

    ``auth_time`` is None where it told none. ``sid`` and ``hint`` (an ID token) serve sign-out, "" for none.
    """

    upstream: str
    subject: str
    mapped: Mapped
    assessed: Assessed
    auth_time: int | None = None
    sid: str = ""
    hint: str = ""


class LinkEnd(StrEnum):
    """Why a link ended, as it is stored and audited."""

    REPLACED = "replaced"
    """The person has another subject at the upstream now."""
    CLOSED = "closed"
    """Its person closed the way in: the upstream opens the account again only after its person says so."""
    REOPENED = "reopened"
    """It was closed, and its person has let the upstream in again since."""
    RECOVERED = "recovered"
    """A recovery ended what only a password had proved."""


@dataclass(frozen=True, slots=True)
class UpstreamLink:
    """A current link. ``subject`` is opened: treat it as personal data. ``ceiling`` is the highest ``acr`` it gives, "" for none."""

    id: str
    upstream: str
    subject: str
    account_id: str
    how: str
    ceiling: str
    created_at: int


@dataclass(frozen=True, slots=True)
class UpstreamSession:
    """Where a session of ours came from; ``hint`` is the ID token that a sign-out there wants, "" for none."""

    session_id: str
    upstream: str
    account_id: str
    hint: str = ""
    sid: str = ""
