"""Signing in at an upstream once more to prove whose account is to be recovered: nobody is signed in here, linked or made by it.

The order on the way back is that of a sign-in: the ``state`` was spent and judged, the frame of the door checks what the upstream says,
and only then it is compared with the account that was asked for before the person left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from idp import handles
from idp.errors import NotFound, Refused, Throttled
from idp.flows.recovery import RecoveryFlow
from idp.flows.upstream.breaker import Breakers
from idp.flows.upstream.departures import Departures
from idp.flows.upstream.matching import Matching
from idp.flows.upstream.sign_in import Caller
from idp.model.audit import Outcome
from idp.model.upstream import Departure
from idp.ports.upstreams import Door, UpstreamRefused, UpstreamUnavailable
from idp.services.recoveries import Begun
from policies import assurance
from policies.recovery import RULES, Path


@dataclass(frozen=True, slots=True)
class Tools:
    """Collaborators of the flow."""

    departures: Departures
    matching: Matching
    breakers: Breakers
    recovery: RecoveryFlow


class UpstreamRecovery:
    """Recoveries that an upstream's word begins."""

    def __init__(self, doors: Mapping[str, Door], tools: Tools) -> None:
        """Take the upstreams by name: those count that vouch for codes and reach what ``policies.recovery`` asks."""
        wanted = RULES[Path.UPSTREAM].asserted
        self.doors = {
            name: door
            for name, door in doors.items()
            if door.terms.vouches_for_code and assurance.satisfies(door.highest_acr, wanted)
        }
        self._tools = tools

    def depart(self, name: str, code: str, caller: Caller, language: str) -> str:
        """Return where the browser proves who asks for the recovery of the account with a typed identity code.

        Known and unknown codes leave alike. Raises ``NotFound`` for an upstream that is not offered, ``UpstreamUnavailable`` while the breaker
        is open, ``Throttled`` and ``Busy``.
        """
        door, tools = self._door(name), self._tools
        if not caller.binding:
            raise NotFound("the form came from no browser of ours", code="expired_transaction")
        if tools.breakers.is_open(name):
            raise UpstreamUnavailable("the breaker is open")
        account_id = tools.recovery.named(code, caller.origin, caller.case_code)
        try:
            state, departure = tools.departures.begin(
                name,
                caller.origin.address,
                browser=handles.digest(caller.binding).hex(),
                wanted_acr=RULES[Path.UPSTREAM].asserted,
                must_login=door.proves_freshness(),
                account_id=account_id,
                is_recovery=True,
            )
            return door.authorize_url(departure, state, language)
        except (UpstreamUnavailable, UpstreamRefused) as error:
            self._ended(name, error, account_id, caller)
            raise
        except Throttled:
            self._note("throttled", account_id, caller)
            raise

    def arrive(self, departure: Departure, parameters: Mapping[str, str], caller: Caller) -> Begun:
        """Take the callback and begin the recovery; raises ``UpstreamUnavailable``, and ``UpstreamRefused`` for whatever stands against it."""
        name, tools, account_id = departure.upstream, self._tools, departure.account_id
        door = self._door(name)
        try:
            assertion = door.arrive(parameters, departure)
            acr = tools.matching.known(assertion, door.terms, account_id)
            if not assurance.satisfies(acr, RULES[Path.UPSTREAM].asserted):
                raise UpstreamRefused("level_too_low")
        except (UpstreamUnavailable, UpstreamRefused) as error:
            self._ended(name, error, account_id, caller, caller.origin.address)
            raise
        tools.breakers.succeeded(name)
        try:
            return tools.recovery.begin_proven(account_id, name, caller.origin, caller.case_code)
        except Refused as error:
            raise UpstreamRefused(error.code) from error

    def _door(self, name: str) -> Door:
        try:
            return self.doors[name]
        except KeyError:
            raise NotFound("no such upstream for recoveries") from None

    def _ended(
        self,
        name: str,
        error: UpstreamUnavailable | UpstreamRefused,
        account_id: str,
        caller: Caller,
        brought_from: str | None = None,
    ) -> None:
        """Record how it ended, and let the breaker know; ``brought_from`` is where what the upstream was asked with came from."""
        if isinstance(error, UpstreamRefused):
            if not error.is_hearsay:
                self._tools.breakers.succeeded(name)
            self._note(error.check, account_id, caller)
            return
        if not error.is_hearsay and not self._tools.breakers.is_open(name):
            self._tools.breakers.failed(name, error.reason, brought_from=brought_from)
        self._note("unavailable", account_id, caller, Outcome.FAILED)

    def _note(self, reason: str, account_id: str, caller: Caller, outcome: Outcome = Outcome.REFUSED) -> None:
        self._tools.recovery.unproven(account_id, reason, caller.origin, caller.case_code, outcome)
