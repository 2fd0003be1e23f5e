"""The composition root: pages, routes and regular tasks over everything below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

from idp.endpoints.account import AccountPages, AccountServices
from idp.endpoints.authorize import AuthorizePage
from idp.endpoints.developers import DevelopersPage
from idp.endpoints.disclosure import PATH as SECURITY_TXT
from idp.endpoints.disclosure import DisclosureEndpoint
from idp.endpoints.end_session import EndSessionPages
from idp.endpoints.health import HealthEndpoints
from idp.endpoints.home import HomePage
from idp.endpoints.routes import Route
from idp.endpoints.signin import SignInPages
from idp.flows.housekeeping import Housekeeper, Task
from idp.flows.notify import PING, Courier, logout_sender, ping_sender
from idp.protocol import metadata
from idp.protocol.challenges import Challenges
from idp.protocol.cors import open_to_scripts
from idp.protocol.end_session import EndSessionEndpoint
from idp.protocol.grants.frame import GrantServices
from idp.protocol.introspection import TokenStatusEndpoints
from idp.protocol.metadata import MetadataEndpoints
from idp.protocol.protected_resources import RESOURCES, metadata_url
from idp.protocol.status_list import StatusListEndpoint
from idp.protocol.token import TokenEndpoint
from idp.protocol.userinfo import UserinfoEndpoint
from idp.protocol.wire import WireRequest, WireResponse
from idp.services.sessions import BACKCHANNEL_LOGOUT
from idp.storage.outbox import SqlOutbox
from idp.storage.purge import Purger
from idp.web.i18n import LANGUAGES
from idp.wiring.auditing import audit_routes, audit_tasks
from idp.wiring.drilling import drill_tasks
from idp.wiring.measuring import indicators_of
from idp.wiring.own_data import OwnData
from idp.wiring.watching import watch_tasks
from keys.ring import KeyRing

Handler = Callable[[WireRequest], WireResponse]
Ready = Callable[[str], WireResponse | None]
"""The answer to a GET with this ``If-None-Match``, or None if something must be asked for it first."""
_DISCOVERY: Final = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


class Wiring(OwnData):
    """One process's objects over one deployment."""

    def hot_routes(self) -> Mapping[str, Handler]:
        """Return the paths that are answered without Flask."""
        userinfo, status = self._userinfo(), self._token_status()
        published = self.published
        health = HealthEndpoints((self.ring.refresh, self.audit_tree.size))
        resources = self.resource_metadata
        return {
            **dict.fromkeys(resources.paths, resources.handle),
            "/authorize": AuthorizePage(self.authorization, self.desk).handle,
            "/par": open_to_scripts(self.par.handle),
            "/token": open_to_scripts(self._token_endpoint().handle),
            **self.other_devices_hot(),
            "/userinfo": open_to_scripts(userinfo.handle),
            "/introspect": status.introspect,
            "/revoke": open_to_scripts(status.revoke),
            "/jwks": published.jwks,
            **dict.fromkeys(self._discovery_paths(), published.discovery),
            "/healthz/live": health.live,
            "/healthz/ready": health.ready,
        }

    def ready_routes(self) -> Mapping[str, Ready]:
        """Return the paths whose answers mostly lie ready: a GET of them needs no fiber then."""
        published = self.published
        return {
            "/jwks": published.ready_jwks,
            **dict.fromkeys(self._discovery_paths(), published.ready_discovery),
        }

    @cached_property
    def published(self) -> MetadataEndpoints:
        """Discovery and JWKS."""
        return MetadataEndpoints(self._discovery, self.young_ring, self.settings.jwks_max_age)

    def _userinfo(self) -> UserinfoEndpoint:
        return UserinfoEndpoint(
            self.tokens,
            self.access_tokens,
            self.claims,
            self.clients,
            self.mint,
            self.ring,
            self.refusals,
            self.encrypter,
            self.senders,
            Challenges(metadata_url(self.settings.issuer, "/userinfo")),
            self.acting,
        )

    def _token_status(self) -> TokenStatusEndpoints:
        return TokenStatusEndpoints(
            self.tokens,
            self.access_tokens,
            self.authenticator,
            self.settings.issuer,
            self.refusals,
            self.mint,
            self.ring,
            self.acting,
        )

    def _token_endpoint(self) -> TokenEndpoint:
        services = GrantServices(
            tokens=self.tokens,
            codes=self.codes,
            claims=self.claims,
            mint=self.mint,
            ring=self.ring,
            authenticator=self.authenticator,
            resources=self.resources,
            decoupled=self.decoupled,
            access_tokens=self.access_tokens,
            subjects=self.subjects,
            consents=self.consents,
            client_keys=self.client_keys,
            replays=self.replays,
            issuer=self.settings.issuer,
            find_client=self.clients.find,
            acting=self.acting,
        )
        return TokenEndpoint(self.grants, services, self.refusals, self.senders, self.encrypter.prepare)

    def page_routes(self) -> tuple[Route, ...]:
        """Return the pages, which Flask dispatches."""
        signin = SignInPages(
            *(self.desk, self.ways(), self.authorization, self.decoupled_answers, self.pending, self.sessions),
            self.clock,
            *(self.can_reach, self.attainable),
        )
        end_session = EndSessionPages(
            self.desk,
            EndSessionEndpoint(self.clients, self.sessions, self.sids, self.hints),
            self.sessions,
            self.pending,
            self.goodbye,
            self.upstream_sign_out,
        )
        both, post = ("GET", "POST"), ("POST",)
        recovery = self.recovery_pages(self.desk)
        return (
            Route("/", ("GET",), HomePage(self.desk).handle),
            *self._notices_to_strangers(),
            Route("/signin/<transaction>", both, signin.handle),
            *self.qr_routes(self.desk, self.door, self.departments, self.person),
            *(*self.recovery_routes(recovery), *self.not_me_routes(self.desk, self.door)),
            *self.counter_routes(self.desk, self.door),
            *self.other_devices_pages(self.desk),
            Route("/end_session", both, end_session.handle),
            Route("/end_session/confirm", post, end_session.confirm),
            *self._account_routes(),
            *self.contact_routes(),
            *self.security_routes(),
            *(*self._registration_routes(), *self._session_routes(), *self._status_routes()),
            *self.mandate_routes(),
            *self.api_routes(),
            *self.federation_routes(),
            *self.own_data_routes(),
            *self.console_routes(),
            *self.signal_routes(),
            *self.upstream_routes(self.desk, self.departments, self._sign_in_cookies, self.goodbye, recovery.arrived),
            *audit_routes(self, self.ephemeral.counters),
        )

    def _notices_to_strangers(self) -> tuple[Route, ...]:
        settings, developers = self.settings, DevelopersPage(self.desk, self.provider_metadata)
        routes = (Route("/developers", ("GET",), developers.handle),)
        if not settings.security_contacts:
            return routes
        disclosure = DisclosureEndpoint(settings.issuer, settings.security_contacts, self.clock)
        return (*routes, Route(SECURITY_TXT, ("GET",), disclosure.handle))

    def _account_routes(self) -> tuple[Route, ...]:
        account, post = self._account(), ("POST",)
        return (
            Route("/account", ("GET",), account.home),
            Route("/account/sessions/end", post, account.end_session),
            Route("/account/sessions/end-all", post, account.end_all),
            Route("/account/requests", post, account.review),
            Route("/account/consents/<path:client_id>", ("GET", "POST"), account.withdraw),
        )

    def _status_routes(self) -> tuple[Route, ...]:
        status = StatusListEndpoint(self.status_lists, self.ring.refresh)
        return (Route("/status", ("GET",), status.all), Route("/status/<list_id>", ("GET",), status.one))

    def _session_routes(self) -> tuple[Route, ...]:
        if not self.settings.session_management:
            return ()
        name = self.desk.cookies.state
        return (Route("/check_session", ("GET",), lambda _wire: self.renderer.check_session(name)),)

    def _registration_routes(self) -> tuple[Route, ...]:
        if self.settings.registration.mode == "closed":
            return ()
        endpoint = self.registration
        return (
            Route("/register", ("GET", "POST", "PUT", "DELETE"), endpoint.register),
            Route("/register/<client_id>", ("GET", "PUT", "DELETE"), endpoint.manage),
        )

    def _account(self) -> AccountPages:
        services = AccountServices(
            self.sessions,
            self.consents,
            self.audit,
            self.door,
            self.owner,
            self.provenance,
            self.upstream_closing.label,
            self.departments,
            self.waiting_requests(self.departments),
            self.goodbye,
            self.recoveries,
        )
        return AccountPages(self.desk, services)

    @cached_property
    def housekeeper(self) -> Housekeeper:
        """Regular tasks."""
        senders = {
            BACKCHANNEL_LOGOUT: logout_sender(
                self.fresh_client,
                lambda client, sub, session_id: self.mint.logout_token(self.ring.refresh(), client, sub, session_id),
                self.guarded_fetcher,
            ),
            PING: ping_sender(self.fresh_client, self.guarded_fetcher),
        }
        outbox = SqlOutbox(self.database, self.vault.seal("outbox").unseal, tuple(senders))
        courier = Courier(outbox, senders, self.audit, self.clock)
        purger = Purger(self.database)
        tasks = (
            Task("outbox", 1, courier.run),
            *audit_tasks(self, self.guarded_fetcher),
            Task("indicators", 300, indicators_of(self).run),
            Task(
                "keys",
                min(60, self.settings.keys.rotation),
                lambda: len(self.key_service.tick(self.clock.now()).events),
            ),
            *drill_tasks(self),
            Task("approvals", 300, self.approvals.close_interrupted),
            Task("purge", 300, lambda: purger.run(self.clock.now())),
            *self.mandate_tasks(),
            *self.federation_tasks(),
            *self.staff_tasks(),
            *self.guarding_tasks(),
            *watch_tasks(self, self.gate, self.administration.accounts),
            *self.message_tasks(),
            *self.unit_tasks(),
            *self.data_right_tasks(self.gate, self.administration.data_requests),
            *self.signal_tasks(),
        )
        return Housekeeper(tasks, self.clock)

    def provider_metadata(self) -> Mapping[str, Any]:
        """Return the discovery document of this moment, for the entity configuration and the page for developers."""
        return self._discovery(self.young_ring())

    def _discovery_paths(self) -> tuple[str, ...]:
        return tuple(path for name in _DISCOVERY for path in metadata.published_at(name, self.settings.issuer))

    def _discovery(self, ring: KeyRing) -> Mapping[str, Any]:
        settings = self.settings
        offer = metadata.Offer(
            *(self.grants.values(), self.auth_methods, tuple(ring.algorithms), LANGUAGES),
            require_pushed=settings.requests.require_pushed,
            with_legacy=settings.requests.legacy_responses,
            decryption=settings.keys.encryption,
            mtls_url=settings.mtls_url,
            has_certificates=settings.has_client_certificates,
            resources=tuple(one.path for one in RESOURCES),
        )
        document = metadata.document(self.settings.issuer, offer)
        if self.settings.registration.metadata_documents:
            document["client_id_metadata_document_supported"] = True
        if self.settings.session_management:
            document["check_session_iframe"] = f"{self.settings.issuer}/check_session"
        if self.settings.registration.mode != "closed":
            document["registration_endpoint"] = f"{self.settings.issuer}/register"
        return {**document, **self.federation_metadata()}
