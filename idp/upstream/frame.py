"""The frame around every connector: checks in numbered phases that no dialect can leave out (house rule 3).

1. Whose answer it is: ``iss`` (RFC 9207), so that one provider's code is never redeemed at another. 2. An error of the provider ends here.
3. The code is there, bounded, and used for the first time. 4. The connector redeems it. 5. The subject is a name. 6. The sign-in is as
fresh as was asked. 7. Fields are mapped by the operator's rules, levels by his table; everything else is dropped, and was never stored or logged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from idp.clock import Clock
from idp.model.upstream import Assertion, Departure
from idp.ports.ephemeral import SingleUse
from idp.ports.upstreams import Connector, Finding, LogoutNotice, Told, UpstreamRefused, UpstreamUnavailable
from idp.upstream.exchange import unasked
from idp.upstream.registry import Kind
from idp.upstream.setup import Setup
from policies.upstreams import levels
from policies.upstreams.linking import Terms
from policies.upstreams.mapping import Mapped, mapped

_MARKED: Final = 86400
"""Seconds for which a used code, token or envelope is remembered: longer than any of them lives."""
_LONGEST_CODE: Final = 8192
_LONGEST_SUBJECT: Final = 255
_SKEW: Final = 60
_OUTAGES: Final = frozenset({"temporarily_unavailable", "server_error"})


class FramedUpstream:
    """``ports.upstreams.Door`` over one connector."""

    def __init__(self, setup: Setup, kind: Kind, marks: SingleUse) -> None:
        """Make the connector; raises ``SettingsError`` for settings with which it cannot work."""
        self.name = setup.name
        self.settings = setup.settings
        self._clock: Clock = setup.clock
        self._marks = marks
        self._connector: Connector = kind.make(setup)
        self.rules = tuple(claim.rule() for claim in setup.settings.claims) or kind.claims

    @property
    def terms(self) -> Terms:
        """Return what linking may rely on."""
        settings = self.settings
        return Terms(settings.vouches_for_code, settings.creates, settings.link_by_code == "prove")

    @property
    def highest_acr(self) -> str:
        """Return the highest level that a sign-in there could have."""
        return levels.highest(self.settings.level_rules, self.settings.base)

    @property
    def keeps_plus(self) -> bool:
        """Tell whether ``+`` in a callback's raw query is itself."""
        return self._connector.keeps_plus

    @property
    def logout(self) -> str:
        """Return what our sign-out does there."""
        return self.settings.logout

    def label(self, language: str) -> str:
        """Return what people call it."""
        return self.settings.label.get(language) or self.settings.label["vi"]

    def proves_freshness(self) -> bool:
        """Tell whether a sign-in there can satisfy ``prompt=login`` and ``max_age``."""
        return self._connector.states_auth_time or self.settings.reauthenticates

    def authorize_url(self, departure: Departure, state: str, language: str) -> str:
        """Return where the browser is sent."""
        return self._connector.authorize_url(departure, state, language)

    def arrive(self, parameters: Mapping[str, str], departure: Departure) -> Assertion:
        """Return what the upstream says about the person who came back."""
        with unasked():
            self._check_brought(parameters)
        told = self._connector.redeem(parameters, departure, self._once)
        if not _is_name(told.subject):
            raise UpstreamRefused("sub")
        self._check_fresh(told, departure)
        return self._assertion(told)

    def end_session_url(self, hint: str, return_uri: str, state: str) -> str:
        """Return where a browser signs out upstream."""
        return self._connector.end_session_url(hint, return_uri, state)

    def end_session(self, hint: str, sid: str) -> None:
        """Tell the upstream ourselves."""
        self._connector.end_session(hint, sid)

    def logout_notice(self, token: str) -> LogoutNotice:
        """Validate a logout token of the upstream."""
        return self._connector.logout_notice(token, self._once)

    def findings(self) -> list[Finding]:
        """Look at the configuration and at what the provider publishes."""
        return self._connector.findings()

    def keys_seen(self) -> tuple[str, ...]:
        """Return the provider's keys as this process has seen them last."""
        return self._connector.keys_seen()

    def read(self, fields: Mapping[str, object]) -> tuple[Mapped, levels.Assessed]:
        """Return what the operator's rules make of an answer's fields; nothing is kept."""
        return mapped(fields, self.rules), levels.assessed(fields, self.settings.level_rules, self.settings.base)

    def _check_brought(self, parameters: Mapping[str, str]) -> None:
        """Judge what the browser brings, before anybody is asked."""
        self._check_issuer(parameters)
        if "error" in parameters:
            raise _answered(parameters["error"])
        code = parameters.get("code", "")
        if not code or len(code) > _LONGEST_CODE:
            raise UpstreamRefused("code_missing")
        self._once("code", code.encode("utf-8", "surrogatepass"))

    def _check_issuer(self, parameters: Mapping[str, str]) -> None:
        stated = parameters.get("iss")
        if stated is None and self.settings.require_iss:
            raise UpstreamRefused("iss_missing")
        if stated is not None and self.settings.issuer and stated != self.settings.issuer:
            raise UpstreamRefused("iss")

    def _once(self, kind: str, value: bytes) -> None:
        now = self._clock.now()
        key = hashlib.sha256(b"\0".join((b"upstream", self.name.encode(), kind.encode(), value))).hexdigest()
        if not self._marks.claim(key, now, now + _MARKED):
            raise UpstreamRefused("replayed")

    def _check_fresh(self, told: Told, departure: Departure) -> None:
        """Refuse a sign-in that is older than was asked (OpenID Connect Core section 3.1.3.7, 13)."""
        now, moment = self._clock.now(), told.auth_time
        if moment is not None and moment > now + _SKEW:
            raise UpstreamRefused("auth_time")
        if departure.max_age is None and not departure.must_login:
            return
        if moment is None:
            if not self.settings.reauthenticates:
                raise UpstreamRefused("auth_time_missing")
            return
        oldest = departure.created_at if departure.must_login else now - (departure.max_age or 0)
        if moment < oldest - _SKEW:
            raise UpstreamRefused("not_fresh")

    def _assertion(self, told: Told) -> Assertion:
        found, assessed = self.read(told.fields)
        moment = min(told.auth_time, self._clock.now()) if told.auth_time is not None else None
        return Assertion(self.name, told.subject, found, assessed, moment, told.sid[:_LONGEST_SUBJECT], told.hint)


def _answered(error: str) -> UpstreamRefused | UpstreamUnavailable:
    """Return our error for one of the provider's (RFC 6749 section 4.1.2.1); its description is a stranger's text and goes nowhere."""
    if error in _OUTAGES:
        return UpstreamUnavailable(f"the upstream answered {error}")
    is_denied = error == "access_denied"
    return UpstreamRefused("denied" if is_denied else "error_answer", code="upstream_denied" if is_denied else None)


def _is_name(subject: str) -> bool:
    """Tell whether a subject is what a provider may call a person: short, visible, and the same text however it is compared."""
    return 0 < len(subject) <= _LONGEST_SUBJECT and subject.isprintable() and subject == subject.strip()
