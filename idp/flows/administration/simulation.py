"""What would happen if a person came to a system now, and why: the sign-in's own decisions over facts that are made up here.

The request is parsed as the authorization endpoint parses it, and ``flows.dispatcher`` decides each step as it does for a browser, over a session
that exists nowhere. Nothing is changed and nothing is issued. Somebody looked at the person, and that is recorded for the person to read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from clients.model import Client
from clients.profiles import PROFILES
from idp.authn.factors.registry import Factors
from idp.clock import Clock
from idp.errors import InvalidInput
from idp.flows.administration.accounts import AccountAdministration, AccountView
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.claim_fates import ClaimFate, fates
from idp.flows.administration.clients import ClientAdministration, ClientView
from idp.flows.capacities import Capacity
from idp.flows.dispatcher import Decision, Facts, Step, decide, demanded, wanted_consent
from idp.model.authorization import AuthorizationRequest, PendingRequest
from idp.model.session import Session
from idp.ports.sessions import ConsentState, Snapshot
from idp.services.consents import ConsentService
from idp.services.locks import AccountLocks
from policies import assurance, factors
from policies.assurance import LEVELS
from policies.delegation import Action
from policies.mandate_kinds import PERSON

Parse = Callable[[Client, Mapping[str, str]], AuthorizationRequest]
"""Takes a client and what its request would hold, and returns the request; raises ``InvalidInput`` for one that would be refused."""
CapacityOf = Callable[[AuthorizationRequest, Client, Snapshot, PendingRequest], Capacity | None]
_MOST_STEPS: Final = 8
_NOBODY: Final = "simulated"
_PROFILED: Final = ("needs_pushed", "needs_bound_tokens", "needs_signed_request", "needs_signed_response")
_OWN: Final = (
    *("require_pkce", "require_pushed_authorization_requests", "require_signed_request_object"),
    *("dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"),
)
_PASSWORD: Final = "password"  # noqa: S105 - the name of a factor


@dataclass(frozen=True, slots=True)
class Question:
    """Who would come where: our account id, the client, and what it would ask; ``scope`` "" for all that it may, ``acr`` "" for no wish."""

    account_id: str
    client_id: str
    scope: str = ""
    acr: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """One step: what would be shown, why, the level aimed at ("" for none), and of a step-up the enrolled factors each of which is enough."""

    step: str
    reason: str
    acr: str = ""
    factors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Simulated:
    """The answer. ``obstacles`` are what stops the person or the system before any step; ``outcome`` is the last step's name.

    ``needed`` is the level that the request and the system's floor ask for ("" for none), ``reached`` what the session would have in the end,
    ``reachable`` the most that the person's factors give. ``screen`` is ``ask``, ``notice`` or ``none``. ``demands`` are on the request.
    """

    account: AccountView
    client: ClientView
    obstacles: tuple[str, ...]
    passages: tuple[Passage, ...]
    outcome: str
    needed: str
    reached: str
    reachable: str
    factors: tuple[str, ...]
    screen: str
    claims: tuple[ClaimFate, ...]
    demands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """What the sign-in itself decides with: how requests are parsed, which factors there are, what sessions can come to, as whom people act."""

    parse: Parse
    factors: Factors
    can_reach: Callable[[Session], str]
    attainable: Callable[[], str]
    enrol_within: int
    capacity_of: CapacityOf
    attributes: Callable[[str], Mapping[str, object]]


@dataclass(slots=True)
class _Walk:
    """The way through the steps, as far as it was gone."""

    passages: list[Passage] = field(default_factory=list)
    screen: str = "none"
    outcome: str = Step.SIGN_IN.value


class Simulation:
    """Answers for who may see both the person and the system."""

    def __init__(
        self,
        people: AccountAdministration,
        clients: ClientAdministration,
        consents: ConsentService,
        locks: AccountLocks,
        sources: Sources,
        clock: Clock,
    ) -> None:
        """Take collaborators."""
        self._people = people
        self._clients = clients
        self._consents = consents
        self._locks = locks
        self._sources = sources
        self._clock = clock

    def enter(self, who: Administrator) -> None:
        """Let somebody in who may look at people at all; raises ``Refused``, which is recorded."""
        self._people.enter(who)

    def ask(self, who: Administrator, question: Question) -> Simulated:
        """Return what would happen. Raises ``NotFound`` and ``Refused`` for either side, ``InvalidInput`` for a request that would be refused."""
        client = self._clients.show(who, question.client_id)
        self._clients.seen(who, Action.CONSENT_READ, question.client_id)  # The answer tells what was agreed to there.
        account = self._people.show(who, question.account_id, f"simulation {question.client_id}")
        if question.acr and question.acr not in LEVELS:
            raise InvalidInput("must be one of the levels", field="acr")
        request = self._sources.parse(client.client, _parameters(client.client, question))
        own = self._sources.factors.of(account.account.id)
        enrolled = tuple(name for name in self._sources.factors.table if name in own)
        snapshot = self._snapshot(account, client.client, enrolled)
        walk, facts = self._walked(request, client.client, snapshot, enrolled)
        session = facts.snapshot.session if facts.snapshot is not None else snapshot.session
        return Simulated(
            account=account,
            client=client,
            obstacles=self._obstacles(account, client, enrolled),
            passages=tuple(walk.passages),
            outcome=walk.outcome,
            needed=_needed(facts),
            reached=session.acr,
            reachable=self._sources.can_reach(snapshot.session),
            factors=enrolled,
            screen=walk.screen,
            claims=fates(request, client.client, snapshot.consent, self._sources.attributes(account.account.id)),
            demands=_demands(client.client),
        )

    def _snapshot(self, account: AccountView, client: Client, enrolled: tuple[str, ...]) -> Snapshot:
        """Return the facts of a sign-in that has just been made with the password, or with what else the person has."""
        table, now = self._sources.factors.table, self._clock.now()
        begun = (_PASSWORD,) if _PASSWORD in enrolled else enrolled[:1]
        acr, amr = (assurance.reached(begun, table), assurance.amr(begun, table)) if begun else ("", ())
        session = Session(_NOBODY, account.account.id, now, now, now + 1, now, acr, amr)
        given = next(
            (
                ConsentState(one.kind, one.scope, one.claims, one.declined, one.text_version)
                for one in self._consents.of_account(account.account.id)
                if one.client_id == client.client_id and not one.mandate_id
            ),
            None,
        )
        return Snapshot(session, account.account.state, account.account.identity_level, None, given, client.version)

    def _walked(
        self, request: AuthorizationRequest, client: Client, snapshot: Snapshot, enrolled: tuple[str, ...]
    ) -> tuple[_Walk, Facts]:
        """Go through the steps as a browser would, until there is an answer or no way on."""
        now, sources, walk = self._clock.now(), self._sources, _Walk()
        pending = PendingRequest(_NOBODY, request, "", now, now + 1)
        beside = (sources.attainable(), sources.enrol_within)
        first = Facts(request, client, None, now, sources.can_reach, pending, None, *beside)
        self._note(walk, decide(first), first, enrolled)
        facts = replace(first, snapshot=snapshot, pending=replace(pending, signed_in_at=now, account_chosen=True))
        for _ in range(_MOST_STEPS if snapshot.session.acr else 0):
            assert facts.pending is not None  # noqa: S101 - set above, and never taken away
            assert facts.snapshot is not None  # noqa: S101 - set above, and never taken away
            facts = replace(facts, capacity=sources.capacity_of(request, client, facts.snapshot, facts.pending))
            decision = decide(facts)
            self._note(walk, decision, facts, enrolled)
            following = self._following(facts, decision, enrolled)
            if following is None:
                break
            facts = following
        return walk, facts

    def _note(self, walk: _Walk, decision: Decision, facts: Facts, enrolled: tuple[str, ...]) -> None:
        if decision.ask is not None:
            walk.screen = decision.ask.step.value
        enough = self._enough(facts, decision, enrolled) if decision.step is Step.STEP_UP else ()
        # Whoever is told that a level is out of reach is refused, whichever of the two hears it first.
        step = Step.UNMET if decision.step is Step.EXPLAIN else decision.step
        walk.passages.append(Passage(step.value, decision.reason, decision.acr or "", enough))
        walk.outcome = step.value

    def _enough(self, facts: Facts, decision: Decision, enrolled: tuple[str, ...]) -> tuple[str, ...]:
        if facts.snapshot is None or decision.acr is None:
            return ()
        session = facts.snapshot.session
        return factors.missing_factors(session.acr, session.amr, decision.acr, enrolled, self._sources.factors.table)

    def _following(self, facts: Facts, decision: Decision, enrolled: tuple[str, ...]) -> Facts | None:
        """Return the facts after the person did what a step asks; None where that is the end."""
        snapshot, pending = facts.snapshot, facts.pending
        if snapshot is None or pending is None:
            return None
        if decision.step is Step.STEP_UP:
            enough = self._enough(facts, decision, enrolled)
            if not enough:
                return None
            table, session = self._sources.factors.table, snapshot.session
            acr, amr = factors.raised(session.acr, session.amr, enough[0], table)
            return replace(facts, snapshot=replace(snapshot, session=replace(session, acr=acr, amr=amr)))
        if decision.step is Step.CAPACITY:
            return replace(facts, pending=replace(pending, capacity=PERSON))
        if decision.step is Step.CONSENT:
            wanted = wanted_consent(facts.request, facts.client, answered=False)
            kind = "notice" if wanted.mode == "notice" else "consent"
            state = ConsentState(kind, " ".join(facts.request.scope), wanted.claims, 0, wanted.text_version)
            return replace(facts, snapshot=replace(snapshot, consent=state), pending=replace(pending, consented=True))
        return None

    def _obstacles(self, account: AccountView, client: ClientView, enrolled: tuple[str, ...]) -> tuple[str, ...]:
        found = [f"account_{account.account.state}"] if account.account.state != "active" else []
        found += [f"lock_{row.reason_code}" for row in self._locks.live(account.account.id)]
        if client.client.state != "active":
            found.append(f"client_{client.client.state}")
        if not client.unit_names:
            found.append("client_without_unit")
        return (*found, *(() if enrolled else ("no_factor",)))


def _needed(facts: Facts) -> str:
    """Return the level that a sign-in aims at: the client's floor, or what the request asks."""
    return assurance.needed(demanded(facts), None, facts.now).acr or ""


def _demands(client: Client) -> tuple[str, ...]:
    profile = PROFILES[client.profile]
    return (
        *(name for name in _PROFILED if getattr(profile, name)),
        *(name for name in _OWN if getattr(client, name)),
    )


def _parameters(client: Client, question: Question) -> dict[str, str]:
    """Return what the request would hold; ``acr`` as the voluntary wish that ``acr_values`` is."""
    scope = question.scope.strip() or " ".join(sorted(client.scope))
    wish = {"acr_values": question.acr} if question.acr else {}
    return {"scope": scope, **wish}
