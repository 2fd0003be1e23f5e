"""What all pages stand on: the desk, the door, the ways through the steps, and how a person is named on them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from idp.clock import local_day
from idp.endpoints.account import browser_name
from idp.endpoints.consent import ConsentPage
from idp.endpoints.contacts import PATH, ContactPages
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk, Exchange
from idp.endpoints.door import Door
from idp.endpoints.mandate_views import MandateViews
from idp.endpoints.routes import Route
from idp.endpoints.signed_out import SignedOutPage
from idp.endpoints.steps.agree import AgreeWay
from idp.endpoints.steps.choose_account import ChooseAccountWay
from idp.endpoints.steps.choose_capacity import ChooseCapacityWay
from idp.endpoints.steps.one_time_code import OneTimeCodeWay, RecoveryCodeWay
from idp.endpoints.steps.passkey import PasskeyStepUpWay, PasskeyWay
from idp.endpoints.steps.password import KnownPasswordWay, OwnPasswordWay, PasswordWay
from idp.endpoints.steps.sent_code import MailCodeWay, SmsCodeWay
from idp.endpoints.steps.trusting import TrustBox
from idp.endpoints.steps.unmet import StuckWay, UnmetWay
from idp.endpoints.steps.way import StepDesk, Way
from idp.model.message import Channel
from idp.model.session import Session
from idp.protocol.frontchannel import FrontChannel
from idp.services import devices
from idp.services.accounts import masked
from idp.services.provenance import Told, provenance
from idp.web.cookies import Cookies
from idp.web.csrf import Csrf
from idp.web.environ import EnvironReader
from idp.wiring.recovery_desk import RecoveryDesk
from policies.assurance import LOA_2, satisfies
from policies.factors import level_of_changes
from policies.units import UnitReference


class Desks(RecoveryDesk):
    """The pages' common ground."""

    @cached_property
    def reader(self) -> EnvironReader:
        """Reads requests."""
        proxy = self.settings.proxy
        return EnvironReader(proxy.trusted, proxy.client_certificate, proxy.client_certificate_chain)

    @cached_property
    def desk(self) -> Desk:
        """What pages share."""
        csrf = Csrf(self.vault.data_key("csrf").derive("token"))
        return Desk(self.renderer, Cookies(self.settings.is_https), csrf, self.audit, self.clock)

    @cached_property
    def departments(self) -> Departments:
        """How departments are named."""
        return Departments(self.clients.sought, self.units.name)

    @cached_property
    def goodbye(self) -> SignedOutPage:
        """The page after a session has ended in a browser."""
        frames = FrontChannel(self.settings.issuer, self.clients.sought, self.sessions.clients_of, self.sids).frames
        return SignedOutPage(self.desk, self.departments, frames)

    @cached_property
    def step_desk(self) -> StepDesk:
        """What the ways share."""
        return StepDesk(
            *(self.desk, self.sessions, self.departments, self._sign_in_cookies, self.mandate_views),
            self.upstream_offers(),
            self.goodbye,
        )

    def ways(self) -> tuple[Way, ...]:
        """Return every way through a step; another is one line, and the first of a step is the one shown unasked."""
        desk, trust = self.step_desk, TrustBox(self.factor_changes)
        consent = ConsentPage(self.consents, self.claims.attributes, self.acting.attributes)
        passkey = PasskeyWay(desk, self.sign_in, self.passkeys)
        return (
            PasswordWay(desk, self.sign_in, passkey.options),
            passkey,
            *self.upstream_ways(desk),
            *self.qr_ways(desk, self.person),
            *self.staff_ways(desk),
            OwnPasswordWay(desk, self.sign_in),
            OneTimeCodeWay(desk, self.sign_in, trust),
            PasskeyStepUpWay(desk, self.sign_in, self.passkeys),
            KnownPasswordWay(desk, self.sign_in),
            SmsCodeWay(desk, self.sign_in, trust, self.code_factors[Channel.SMS]),
            MailCodeWay(desk, self.sign_in, trust, self.code_factors[Channel.MAIL]),
            RecoveryCodeWay(desk, self.sign_in),
            StuckWay(desk, self.sign_in.reachable, self.pending, self.audit),
            UnmetWay(desk, self.sign_in.reachable, self.pending, self.audit),
            ChooseAccountWay(desk, self.pending, self.sessions, self.person),
            ChooseCapacityWay(desk, self.pending, self.sessions, self.person, self.mandate_views, self.audit),
            AgreeWay(desk, self.pending, consent, self.decoupled_answers.waiting),
        )

    @cached_property
    def mandate_views(self) -> MandateViews:
        """How mandates are shown."""

        def unit_name(code: str, since: int) -> str:
            return self.units.name(UnitReference(code, local_day(since)))

        return MandateViews(self.acting, self.person, unit_name, self.mandates.evidence)

    @cached_property
    def door(self) -> Door:
        """The door to our own pages."""
        return Door(self.desk, self.sessions, self.pending, self.clock)

    def contact_routes(self) -> tuple[Route, ...]:
        """Return the pages on which people say how they can be reached."""
        pages = ContactPages(
            *(self.desk, self.door, self.contact_flow, self.contact_reader, self.code_factors, self.notices),
            self.channels,
            self._level_of_changes,
            self.settings.factors.fresh,
            self.settings.lifetimes.sent_code,
        )
        return (
            Route(PATH, ("GET",), pages.show),
            Route(f"{PATH}/<channel>/remove", ("GET", "POST"), pages.removal),
            Route(f"{PATH}/<channel>/<what>", ("POST",), pages.act),
        )

    def _level_of_changes(self, account_id: str) -> str:
        """Return the level at which a person must have signed in to change what others could get in by."""
        return level_of_changes(self.factors.of(account_id), self.factors.table)

    def _sign_in_cookies(self, exchange: Exchange, session: Session) -> tuple[tuple[str, str], ...]:
        """Return the cookies that go with a sign-in: the one by which the browser is known again, and the session frame's."""
        cookies, origin = self.desk.cookies, exchange.origin
        secret = cookies.read(exchange.wire.header("cookie"), cookies.device)
        is_sure = satisfies(session.acr, LOA_2)
        seen = self.devices.recognise(session.account_id, secret, origin, browser_name(origin.browser), is_sure=is_sure)
        return (cookies.make(cookies.device, seen.secret, devices.LIFETIME), *self._state_cookies(session))

    def _state_cookies(self, session: Session) -> tuple[tuple[str, str], ...]:
        """Return the cookie that tells the session frame of a new session."""
        if not self.settings.session_management:
            return ()
        return (self.desk.cookies.make_state(self.sids.browser_state(session.id)),)

    def person(self, account_id: str) -> Mapping[str, str]:
        """Return name and masked code of a person."""
        owner = self.owner(account_id)
        codes = owner["codes"]
        return {"name": owner["name"], "code": codes[0]["masked"] if codes else ""}

    def provenance(self, account_id: str) -> list[Told]:
        """Return a person's attributes with who told them."""
        account = self.accounts.get(account_id)
        return provenance(account, self.accounts.codes(account.id))

    def owner(self, account_id: str) -> Mapping[str, Any]:
        """Return name, identity level and masked codes of a person."""
        account = self.accounts.get(account_id)
        current = [code for code in self.accounts.codes(account.id) if code.valid_to is None]
        return {
            "name": str(account.profile.get("name", "")),
            "level": account.identity_level,
            "codes": [{"scheme": code.scheme, "masked": masked(code.value)} for code in current],
            "office": None,
            "roles": [],
            **self.roles.released(account.id),
        }
