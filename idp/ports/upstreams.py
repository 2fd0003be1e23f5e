"""Upstream identity providers as the flows see them: a door a provider, behind it a connector that speaks its dialect.

Two errors, which nobody may mix up: an upstream that is out of reach is no refusal of a person, and a refusal is no outage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from idp.errors import DomainError
from idp.model.upstream import Assertion, Departure
from policies.upstreams.levels import Assessed
from policies.upstreams.linking import Terms
from policies.upstreams.mapping import ClaimRule, Mapped


class UpstreamUnavailable(DomainError):
    """The upstream did not answer, or answered that it cannot: another way in serves meanwhile."""

    code = "upstream_unavailable"
    is_hearsay = False
    """Whether the browser alone says so: who it is that steers it nobody knows, so it says nothing about the upstream to anybody else."""


class UpstreamRefused(DomainError):
    """An answer did not pass a check. ``check`` names it for the audit log and the operator; the person's page never tells it."""

    code = "upstream_refused"
    is_hearsay = False
    """Whether it was refused before the upstream was asked anything: that says nothing about the upstream either."""

    def __init__(self, check: str, *, code: str | None = None) -> None:
        """Keep the name of the check."""
        super().__init__(check, code=code)
        self.check = check


@dataclass(frozen=True, slots=True)
class Told:
    """What a connector read at its provider, unmapped. ``auth_time`` is None where none was told; ``hint`` is an ID token for sign-out."""

    subject: str
    fields: Mapping[str, object]
    auth_time: int | None = None
    sid: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """A validated logout token: the upstream ends these sessions. One of both names is there."""

    sid: str
    subject: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of ``idp upstreams test``: what was looked at, whether it holds, and what was seen or is to be done."""

    check: str
    ok: bool
    text: str


Once = Callable[[str, bytes], None]
"""Takes a kind and a value that may be used once; raises ``UpstreamRefused`` when it was used before."""


class Connector(Protocol):
    """One provider's dialect: one module and one line in ``idp.upstream.registry``.

    It makes requests and reads answers. Whose state a callback carries, that a code is used once, how fresh a sign-in is, what is kept of
    the fields and how far they are believed is checked in the frame around it, which no connector can leave out.
    """

    keeps_plus: bool
    """Whether ``+`` in the callback's raw query is itself: the provider sends base64 without escaping it."""
    states_auth_time: bool
    """Whether its answers prove when the person authenticated."""

    def authorize_url(self, departure: Departure, state: str, language: str) -> str:
        """Return where the browser is sent."""
        ...

    def redeem(self, parameters: Mapping[str, str], departure: Departure, once: Once) -> Told:
        """Redeem the callback's code; raises ``UpstreamRefused`` and ``UpstreamUnavailable``."""
        ...

    def end_session_url(self, hint: str, return_uri: str, state: str) -> str:
        """Return where a browser signs out upstream, "" where it cannot."""
        ...

    def end_session(self, hint: str, sid: str) -> None:
        """Tell the upstream ourselves that the session ended; raises as ``redeem``."""
        ...

    def logout_notice(self, token: str, once: Once) -> LogoutNotice:
        """Validate a logout token; raises ``UpstreamRefused``, also where the provider sends none."""
        ...

    def findings(self) -> list[Finding]:
        """Look at the configuration and at what the provider publishes; no person is involved."""
        ...

    def keys_seen(self) -> tuple[str, ...]:
        """Return id and algorithms of the provider's keys that are held at the moment; asks nobody."""
        ...


class Door(Protocol):
    """One upstream provider with the frame around its connector."""

    name: str

    @property
    def terms(self) -> Terms:
        """Return what linking may rely on."""
        ...

    @property
    def highest_acr(self) -> str:
        """Return the highest level that a sign-in there could have."""
        ...

    @property
    def keeps_plus(self) -> bool:
        """Tell whether ``+`` in a callback's raw query is itself."""
        ...

    @property
    def logout(self) -> str:
        """Return ``none``, ``redirect`` or ``backchannel``."""
        ...

    def label(self, language: str) -> str:
        """Return what people call it."""
        ...

    def proves_freshness(self) -> bool:
        """Tell whether a sign-in there can satisfy ``prompt=login`` and ``max_age``."""
        ...

    def authorize_url(self, departure: Departure, state: str, language: str) -> str:
        """Return where the browser is sent."""
        ...

    def arrive(self, parameters: Mapping[str, str], departure: Departure) -> Assertion:
        """Return what the upstream says about the person who came back; raises ``UpstreamRefused`` and ``UpstreamUnavailable``."""
        ...

    def end_session_url(self, hint: str, return_uri: str, state: str) -> str:
        """Return where a browser signs out upstream, "" where it cannot."""
        ...

    def end_session(self, hint: str, sid: str) -> None:
        """Tell the upstream ourselves that the session ended."""
        ...

    def logout_notice(self, token: str) -> LogoutNotice:
        """Validate a logout token of the upstream."""
        ...

    def findings(self) -> list[Finding]:
        """Look at the configuration and at what the provider publishes."""
        ...


class ExaminedDoor(Protocol):
    """What an operator may look at of one upstream."""

    @property
    def rules(self) -> tuple[ClaimRule, ...]:
        """Return which fields are taken."""
        ...

    @property
    def highest_acr(self) -> str:
        """Return the highest level that a sign-in there could have."""
        ...

    def findings(self) -> list[Finding]:
        """Look at the configuration and at what the provider publishes."""
        ...

    def keys_seen(self) -> tuple[str, ...]:
        """Return id and algorithms of the provider's keys that are held at the moment; asks nobody."""
        ...

    def read(self, fields: Mapping[str, object]) -> tuple[Mapped, Assessed]:
        """Return what the operator's rules make of an answer's fields; nothing is kept."""
        ...
