"""What reaches people outside of the browser: mail, SMS, notices, and the browsers that they are told of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from idp.flows.housekeeping import Task
from idp.flows.messages import MessageTester, PersonSender
from idp.flows.notify import Courier
from idp.messaging.plain import ConsoleCarrier, FileCarrier
from idp.messaging.sms_gateway import Gateway, GatewayCarrier
from idp.messaging.texts import LocaleTexts
from idp.model.message import Channel
from idp.outbound.fetcher import GuardedFetcher, OutboundPolicy
from idp.ports.carriers import Carrier
from idp.ports.notices import Notices
from idp.services.consents import ConsentService
from idp.services.contacts import ContactReader
from idp.services.devices import DeviceService
from idp.services.notices import NoticeService
from idp.services.sessions import SessionPolicy, SessionService
from idp.storage.consents import SqlConsentStore
from idp.storage.devices import SqlDeviceStore
from idp.storage.outbox import OutboxWriter, SqlOutbox, SqlPostbox
from idp.storage.sessions import SqlSessionStore
from idp.wiring.people import People

_BATCH: Final = 3
"""Messages that one courier takes at a time: all of them are surely sent, or given back, before their lease runs out."""
_COURIERS: Final = 3
"""Couriers of one channel, each with a connection of its own at a time."""
_MARGIN: Final = 30
"""Seconds of a lease beyond the time limits of all its messages."""


class Messages(People):
    """Messages to people, over their accounts."""

    @cached_property
    def guarded_fetcher(self) -> GuardedFetcher:
        """The one way out, for whoever may wait: the regular tasks."""
        outbound = self.settings.outbound
        policy = OutboundPolicy(frozenset(outbound.allow), float(outbound.timeout), self.settings.is_loopback)
        return GuardedFetcher(policy)

    @cached_property
    def outbox_writer(self) -> OutboxWriter:
        """Puts messages into the transactions of stores."""
        return OutboxWriter(self.database, self.vault.seal("outbox").seal)

    @cached_property
    def postbox(self) -> SqlPostbox:
        """Puts messages into transactions of their own."""
        return SqlPostbox(self.database, self.outbox_writer)

    @cached_property
    def carriers(self) -> Mapping[Channel, Carrier]:
        """What takes messages out of the house, by channel; a channel that is off is not there."""
        found = {Channel.MAIL: self._mail(), Channel.SMS: self._sms()}
        return {channel: carrier for channel, carrier in found.items() if carrier is not None}

    @cached_property
    def channels(self) -> frozenset[Channel]:
        """The channels on which this deployment can send."""
        chosen = {Channel.MAIL: self.settings.mail.carrier, Channel.SMS: self.settings.sms.carrier}
        return frozenset(channel for channel, carrier in chosen.items() if carrier != "off")

    @cached_property
    def contact_reader(self) -> ContactReader:
        """How people can be reached."""
        return ContactReader(self.accounts)

    @cached_property
    def notices(self) -> NoticeService:
        """Tells people what happened with their account."""
        return NoticeService(
            self.contact_reader, self.postbox, self.ephemeral.counters, self.audit, self.clock, self.channels
        )

    @property
    def told_by(self) -> Notices:
        """Return what tells people."""
        return self.notices

    @cached_property
    def devices(self) -> DeviceService:
        """Browsers in which people have signed in before."""
        store, origin = SqlDeviceStore(self.database, self.outbox_writer), self.vault.seal("session-origin")
        return DeviceService(store, self.notices, self.audit, self.clock, origin.seal, origin.unseal)

    @cached_property
    def message_tester(self) -> MessageTester:
        """Sends an operator's test messages."""
        return MessageTester(self.carriers, LocaleTexts(), self.audit, self.clock)

    @cached_property
    def sessions(self) -> SessionService:
        """SSO sessions; their person is told when all of them end."""
        lifetimes, origin = self.settings.lifetimes, self.vault.seal("session-origin")
        policy = SessionPolicy(lifetimes.session, lifetimes.session_idle)
        store = SqlSessionStore(self.database, self.outbox_writer)
        return SessionService(
            *(store, self.audit, self.clock, policy, origin.seal, origin.unseal, self.wants_logout),
            self.notices,
            self._sessions_ended,
        )

    def _sessions_ended(self, account_id: str, reason: str, actor: str) -> None:
        """Hear whose sessions all end: what follows from it is above this layer."""

    @cached_property
    def consents(self) -> ConsentService:
        """Consents and notices of processing; their person is told of a withdrawal."""
        terms = self.settings.data_rights.terms()
        return ConsentService(SqlConsentStore(self.database), self.audit, self.clock, self.notices, terms)

    def message_tasks(self) -> tuple[Task, ...]:
        """Return couriers for each channel, apart: a slow gateway holds up neither mail nor sign-outs, and a long message no code."""
        return tuple(
            Task(f"messages by {channel.value} {number}", 1, self._courier(channel, carrier).run, apart=True)
            for channel, carrier in self.carriers.items()
            for number in range(1, _COURIERS + 1)
        )

    def _courier(self, channel: Channel, carrier: Carrier) -> Courier:
        outbox = SqlOutbox(self.database, self.vault.seal("outbox").unseal, (channel.value,))
        senders = {channel.value: PersonSender(carrier, LocaleTexts(), self.clock)}
        longest = {Channel.MAIL: self.settings.mail.timeout, Channel.SMS: self.settings.outbound.timeout}[channel]
        return Courier(outbox, senders, self.audit, self.clock, batch=_BATCH, lease=_BATCH * longest + _MARGIN)

    def _mail(self) -> Carrier | None:
        mail = self.settings.mail
        if mail.carrier != "smtp":
            return self._plain(mail.carrier)
        # Only the worker sends: processes that serve do without the two megabytes of the mail library.
        from idp.messaging.smtp import SmtpCarrier, SmtpServer  # noqa: PLC0415

        server = SmtpServer(
            mail.host,
            mail.port,
            mail.security,
            mail.sender,
            mail.sender_name,
            mail.timeout,
            mail.username,
            mail.password_file,
            mail.authorities,
        )
        return SmtpCarrier(server, self.clock)

    def _sms(self) -> Carrier | None:
        sms = self.settings.sms
        if sms.carrier != "http":
            return self._plain(sms.carrier)
        gateway = Gateway(
            sms.url,
            sms.format == "form",
            sms.body,
            sms.number,
            sms.header,
            sms.secret_file,
            sms.secret_prefix,
            sms.success_field,
            sms.success_values,
            sms.diacritics,
        )
        return GatewayCarrier(gateway, self.guarded_fetcher)

    def _plain(self, carrier: str) -> Carrier | None:
        if carrier == "console":
            return ConsoleCarrier()
        return FileCarrier(self.settings.home) if carrier == "file" else None
