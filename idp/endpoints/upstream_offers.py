"""Which upstreams a page offers, and where its buttons may lead: one place for the sign-in page, the step-up page and their forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from idp.endpoints.desk import Exchange
from idp.flows.dispatcher import Decision, Facts, Step, demanded
from idp.flows.pending import Held
from idp.flows.upstream.sign_in import Asked, UpstreamSignIn
from idp.model.session import Session
from idp.ports.upstreams import Door
from policies import assurance

_STEPS: Final = frozenset({Step.SIGN_IN, Step.STEP_UP})


@dataclass(frozen=True, slots=True)
class Offer:
    """One button: ``origin`` is where it leads, ``is_out`` takes it away for a while, ``is_simulator`` says that it is no real provider."""

    name: str
    label: str
    origin: str
    is_out: bool
    is_simulator: bool


class UpstreamOffers:
    """Reads what an upstream has to be able to do for a step."""

    def __init__(self, flow: UpstreamSignIn, simulators: frozenset[str], addresses: Mapping[str, str]) -> None:
        """Take the flow, the names of simulators, and for each upstream an address whose origin browsers are sent to."""
        self._flow = flow
        self._simulators = simulators
        self._origins = {name: origin_of(address) for name, address in addresses.items()}

    @property
    def is_empty(self) -> bool:
        """Tell whether there is no upstream at all."""
        return not self._flow.doors

    def of(self, exchange: Exchange, decision: Decision, asked: Asked) -> tuple[Offer, ...]:
        """Return the buttons of a step: the upstreams that can do what is asked, also those that are out at the moment."""
        if decision.step not in _STEPS:
            return ()
        return self.those(
            exchange,
            {
                name: door
                for name, door in self._flow.doors.items()
                if _can(door.highest_acr, asked, proves_freshness=door.proves_freshness())
            },
        )

    def those(self, exchange: Exchange, doors: Mapping[str, Door]) -> tuple[Offer, ...]:
        """Return the buttons of the upstreams that were chosen elsewhere."""
        return tuple(
            Offer(
                name,
                door.label(exchange.language),
                self._origins[name],
                self._flow.is_out(name),
                name in self._simulators,
            )
            for name, door in doors.items()
        )


def asked_of(held: Held, decision: Decision, facts: Facts | None, session: Session | None) -> Asked:
    """Return what the step that is due asks of a sign-in upstream.

    A step-up asks a level of whoever is signed in; presence and freshness were settled before it.
    """
    if decision.step is Step.STEP_UP:
        return Asked(decision.acr or "", account_id=session.account_id if session is not None else "")
    pending = held.pending
    if facts is None:
        return Asked(pending.minimum_acr, pending.max_age, must_login=pending.max_age == 0)
    demand = demanded(facts)
    must_login = "login" in demand.prompt or demand.max_age == 0
    return Asked(assurance.required_level(demand) or "", demand.max_age, must_login)


def origin_of(address: str) -> str:
    """Return the origin of an address as a policy of a page names it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""


def _can(highest: str, asked: Asked, *, proves_freshness: bool) -> bool:
    """Tell whether an upstream can do it.

    A level is no bar to a first sign-in: what is missing afterwards is the next step's. It is the point of a step-up.
    """
    if (asked.must_login or asked.max_age is not None) and not proves_freshness:
        return False
    return not asked.account_id or not asked.wanted_acr or assurance.satisfies(highest, asked.wanted_acr)
