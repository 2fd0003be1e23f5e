"""Upstream identity providers over the services: the doors, the flows, the pages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk
from idp.endpoints.routes import Route
from idp.endpoints.signed_out import SignedOutPage
from idp.endpoints.steps.upstream import UpstreamStepUpWay, UpstreamWay
from idp.endpoints.steps.way import StepDesk
from idp.endpoints.upstream import Recover, SessionCookies, UpstreamPages
from idp.endpoints.upstream_offers import UpstreamOffers
from idp.errors import SettingsError
from idp.flows.recovery import RecoveryFlow
from idp.flows.upstream import closing, recovering, sign_in, sign_out
from idp.flows.upstream.breaker import Breakers
from idp.flows.upstream.departures import Departures
from idp.flows.upstream.matching import Matching
from idp.flows.upstream.proofs import WaitingProofs
from idp.flows.upstream.recovering import UpstreamRecovery
from idp.model.session import Session
from idp.outbound.sharing import TokenFetcher
from idp.services.upstream_links import UpstreamLinks
from idp.services.upstream_sessions import UpstreamSessions
from idp.services.vouched_accounts import VouchedAccounts
from idp.storage.upstreams import SqlUpstreamLinkStore, SqlUpstreamSessionStore
from idp.upstream.frame import FramedUpstream
from idp.upstream.registry import CONNECTORS, Kind
from idp.upstream.setup import Setup
from idp.wiring.signals import Signals
from policies import assurance


class Upstreams(Signals):
    """Upstream identity providers of one process; without any configured nothing here reads or holds anything."""

    @cached_property
    def connectors(self) -> Mapping[str, Kind]:
        """The dialects that an upstream may speak."""
        return CONNECTORS

    @cached_property
    def doors(self) -> Mapping[str, FramedUpstream]:
        """The upstreams that are offered, by name; raises ``SettingsError`` for one that cannot work."""
        return {name: self.upstream_door(name) for name, one in self.settings.upstreams.items() if one.enabled}

    def upstream_door(self, name: str) -> FramedUpstream:
        """Return one upstream, enabled or not; raises ``SettingsError``."""
        settings = self.settings.upstreams[name]
        kind = self.connectors.get(settings.connector)
        if kind is None:
            known = ", ".join(self.connectors)
            raise SettingsError(f"upstream {name}: connector {settings.connector!r} is none of {known}")
        setup = Setup(name, settings, f"{self._upstream_base(name)}/callback", self.upstream_fetcher, self.clock)
        return FramedUpstream(setup, kind, self.ephemeral.single_use)

    @cached_property
    def upstream_fetcher(self) -> TokenFetcher:
        """The guarded way out to upstreams, on threads of its own: one that hangs holds up its own people only."""
        return TokenFetcher(self.guarded_fetcher, self.fibers)

    @cached_property
    def upstream_links(self) -> UpstreamLinks:
        """Links between upstream subjects and accounts."""
        return UpstreamLinks(SqlUpstreamLinkStore(self.database), self.accounts, self.vault, self.audit, self.clock)

    @cached_property
    def upstream_sessions(self) -> UpstreamSessions:
        """Which session came from which upstream."""
        return UpstreamSessions(SqlUpstreamSessionStore(self.database), self.vault)

    @cached_property
    def upstream_sign_in(self) -> sign_in.UpstreamSignIn:
        """The sign-in by an upstream."""
        box = self.vault.seal("transaction")
        tools = sign_in.Tools(
            self._departures,
            WaitingProofs(self.ephemeral.transactions, self.clock, box.seal, box.unseal),
            self._matching,
            self.sessions,
            self.upstream_sessions,
            self.pending,
            self._breakers,
            self.notices,
            self.audit,
        )
        return sign_in.UpstreamSignIn(self.doors, tools)

    def upstream_recovery(self, flow: RecoveryFlow) -> UpstreamRecovery:
        """Return the recoveries that begin at an upstream; none are offered where none are from afar."""
        doors = self.doors if self.settings.recovery.remote else {}
        return UpstreamRecovery(doors, recovering.Tools(self._departures, self._matching, self._breakers, flow))

    @cached_property
    def _departures(self) -> Departures:
        box, blind = self.vault.seal("transaction"), self.vault.index("throttle", "upstream").digest
        store, counters = self.ephemeral.transactions, self.ephemeral.counters
        is_on = self.settings.throttle.enabled
        return Departures(store, counters, self.clock, box.seal, box.unseal, blind, throttled=is_on)

    @cached_property
    def _matching(self) -> Matching:
        vouched = VouchedAccounts(self.account_store, self.vault, self.audit, self.clock)
        return Matching(self.accounts, vouched, self.upstream_links)

    @cached_property
    def _breakers(self) -> Breakers:
        """What sign-ins and recoveries find of an upstream, both know."""
        return Breakers(self.clock)

    @cached_property
    def upstream_sign_out(self) -> sign_out.UpstreamSignOut:
        """Sign-out both ways."""
        box = self.vault.seal("transaction")
        tools = sign_out.Tools(
            self.sessions,
            self.upstream_sessions,
            self.ephemeral.transactions,
            box.seal,
            box.unseal,
            self.audit,
            self.clock,
        )
        return sign_out.UpstreamSignOut(self.doors, tools, lambda name: f"{self._upstream_base(name)}/signed_out")

    @cached_property
    def upstream_closing(self) -> closing.UpstreamClosing:
        """How people close a linked upstream as a way in."""
        tools = closing.Tools(
            self.upstream_links, self.upstream_sessions, self.factors, self.sessions, self.notices, self.audit
        )
        offices = self.official_store
        return closing.UpstreamClosing(self.doors, tools, lambda account_id: bool(offices.of_account(account_id)))

    @property
    def attainable(self) -> str:
        """The level that anybody could reach by signing in at an upstream that vouches for identity codes."""
        vouching = (door.highest_acr for door in self.doors.values() if door.terms.vouches_for_code)
        return max(vouching, key=assurance.rank, default="")

    def can_reach(self, session: Session) -> str:
        """Return the level that a session can come to with its person's own factors and linked upstreams."""
        by_factors = super().can_reach(session)
        if not self.doors:
            return by_factors
        linked = {link.upstream for link in self.upstream_links.of_account(session.account_id)}
        levels = [door.highest_acr for name, door in self.doors.items() if name in linked]
        return max((by_factors, *levels), key=assurance.rank)

    def upstream_offers(self) -> UpstreamOffers:
        """Return what pages offer."""
        offered = {name: one for name, one in self.settings.upstreams.items() if one.enabled}
        simulators = frozenset(name for name, one in offered.items() if one.is_simulator)
        addresses = {name: one.authorization_endpoint or one.issuer for name, one in offered.items()}
        return UpstreamOffers(self.upstream_sign_in, simulators, addresses)

    def upstream_ways(self, desk: StepDesk) -> tuple[UpstreamStepUpWay, UpstreamWay]:
        """Return the ways through a step by an upstream."""
        flow = self.upstream_sign_in
        return UpstreamStepUpWay(desk, flow, self.sign_in.reachable), UpstreamWay(desk, flow)

    def upstream_routes(
        self, desk: Desk, departments: Departments, state: SessionCookies, goodbye: SignedOutPage, recover: Recover
    ) -> tuple[Route, ...]:
        """Return the paths of upstreams, none where none is configured."""
        if not self.doors:
            return ()
        pages = UpstreamPages(
            *(desk, self.upstream_sign_in, self.upstream_sign_out, self.sign_in, self.pending, self.sessions),
            departments,
            state,
            goodbye,
            recover,
        )
        return (
            Route("/upstream/<name>/callback", ("GET",), pages.callback),
            Route("/upstream/<name>/link/<transaction>", ("GET", "POST"), pages.link),
            Route("/upstream/<name>/signed_out", ("GET",), pages.signed_out),
            Route("/upstream/<name>/backchannel_logout", ("POST",), pages.backchannel_logout),
        )

    def _upstream_base(self, name: str) -> str:
        return f"{self.settings.issuer}/upstream/{name}"
