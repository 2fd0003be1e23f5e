"""Clients whose person is at another device: the device grant and CIBA."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk
from idp.endpoints.device import DevicePages
from idp.endpoints.routes import Route
from idp.endpoints.waiting import WaitingRequests
from idp.flows.decoupled import DecoupledRequests
from idp.flows.hourly import HourlyLimit, Wait
from idp.flows.inbox import Inbox
from idp.flows.throttling import SignInThrottle
from idp.flows.user_codes import LIMITS as GUESSES
from idp.flows.user_codes import UserCodes
from idp.protocol.authorization.decoupled import DecoupledAnswers
from idp.protocol.backchannel.endpoint import BackchannelAuthenticationEndpoint
from idp.protocol.backchannel.endpoint import People as PeopleByHint
from idp.protocol.backchannel.requests import SignedRequests
from idp.protocol.cors import open_to_scripts
from idp.protocol.device_authorization import DeviceAuthorizationEndpoint
from idp.protocol.grants import ciba, device_code
from idp.protocol.wire import WireRequest, WireResponse
from idp.storage.outbox import OutboxWriter, SqlPostbox
from idp.wiring.registration import RegistrationDesk
from policies.places import place


class OtherDevices(RegistrationDesk):
    """The device grant and CIBA, over the protocol."""

    @cached_property
    def decoupled(self) -> DecoupledRequests:
        """Requests that wait for a person at another device."""
        box = self.vault.seal("transaction")
        return DecoupledRequests(self.ephemeral.transactions, self.clock, box.seal, box.unseal)

    @cached_property
    def user_codes(self) -> UserCodes:
        """The codes that people type for another device."""
        blind = self.vault.index("throttle", "user-code").digest
        is_on = self.settings.throttle.enabled
        guard = SignInThrottle(self.ephemeral.counters, self.clock, blind, GUESSES, enabled=is_on, lane="device")
        return UserCodes(self.ephemeral.transactions, self.clock, blind, guard)

    @cached_property
    def device_authorization(self) -> DeviceAuthorizationEndpoint:
        """The device authorization endpoint."""
        return DeviceAuthorizationEndpoint(
            authenticator=self.authenticator,
            decoupled=self.decoupled,
            user_codes=self.user_codes,
            audit=self.audit,
            clock=self.clock,
            refusals=self.refusals,
            resources=self.resources,
            issuer=self.settings.issuer,
            lifetime=self.settings.lifetimes.device,
            by_address=self._devices_by_address(),
        )

    def _devices_by_address(self) -> Callable[[str], Wait]:
        """Return what counts requests of devices by where they come from, over as long as a request lives."""
        settings, index = self.settings.throttle, self.vault.index("throttle", "device-request")
        if not settings.enabled:
            return lambda _address: Wait()
        stretch = self.settings.lifetimes.device
        limit = HourlyLimit(
            self.ephemeral.counters, self.clock, "device-request", settings.device_requests, stretch=stretch
        )
        return lambda address: limit.weigh(index.digest("address", place(address).address).hex()[:32])

    @cached_property
    def decoupled_answers(self) -> DecoupledAnswers:
        """How a person answers another device."""
        postbox = SqlPostbox(self.database, OutboxWriter(self.database, self.vault.seal("outbox").seal))
        return DecoupledAnswers(
            self.authorization, self.decoupled, self.pending, self.codes, postbox, self.audit, self.clock
        )

    @cached_property
    def inbox(self) -> Inbox:
        """Which requests wait for a person."""
        blind = self.vault.index("throttle", "inbox").digest
        return Inbox(self.ephemeral.transactions, self.ephemeral.counters, self.decoupled, self.clock, blind)

    @cached_property
    def backchannel_authentication(self) -> BackchannelAuthenticationEndpoint:
        """The backchannel authentication endpoint."""
        return BackchannelAuthenticationEndpoint(
            authenticator=self.authenticator,
            signed=SignedRequests(self.client_keys, self.replays, self.settings.issuer, self.clock),
            people=PeopleByHint(self.accounts, self.subjects, self.hints),
            decoupled=self.decoupled,
            inbox=self.inbox,
            audit=self.audit,
            refusals=self.refusals,
            resources=self.resources,
            lifetime=self.settings.lifetimes.backchannel,
        )

    def other_devices_hot(self) -> Mapping[str, Callable[[WireRequest], WireResponse]]:
        """Return the paths for machines."""
        return {
            device_code.PATH: open_to_scripts(self.device_authorization.handle),
            ciba.PATH: self.backchannel_authentication.handle,
        }

    def other_devices_pages(self, desk: Desk) -> tuple[Route, ...]:
        """Return the pages on which a code is typed."""
        device = DevicePages(desk, self.user_codes, self.decoupled, self.pending, self.audit)
        return (
            Route("/device", ("GET", "POST"), device.handle),
            Route("/device/done", ("GET",), device.done),
            Route("/device/declined", ("GET",), device.declined),
        )

    def waiting_requests(self, departments: Departments) -> WaitingRequests:
        """Return what the account page shows of requests that wait."""
        return WaitingRequests(self.inbox, self.pending, self.subjects, departments)
