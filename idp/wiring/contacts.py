"""Codes that are sent to people, and the addresses that they are sent to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from idp.authn.factors.sent_code import CodesByChannel, MailCodeFactor, SmsCodeFactor
from idp.authn.sent_codes import Ephemeral, Limits, SentCodes
from idp.flows.contacts import ContactFlow
from idp.model.message import Channel
from idp.services.account_records import AccountRecords
from idp.services.contacts import ContactWriter
from idp.storage.contacts import SqlContactStore
from idp.storage.credentials import SqlCredentialStore
from idp.wiring.guarding import Guarding


class Contacts(Guarding):
    """Sent codes and verified contacts, over accounts and messages."""

    @cached_property
    def sent_codes(self) -> SentCodes:
        """One-time codes that are sent."""
        stores = Ephemeral(self.ephemeral.transactions, self.ephemeral.counters, self.ephemeral.single_use)
        key = self.vault.data_key("factors").derive("sent-code")
        limits, lifetime = Limits(self.settings.sms.per_day), self.settings.lifetimes.sent_code
        return SentCodes(stores, self.postbox, self.audit, self.clock, key, limits, lifetime)

    @cached_property
    def code_factors(self) -> Mapping[Channel, CodesByChannel]:
        """The factors whose codes are sent, by channel."""
        store, shared = SqlCredentialStore(self.database), (self.audit, self.clock)
        wanted = {Channel.MAIL: self.settings.mail.factor, Channel.SMS: self.settings.sms.factor}
        kinds = {Channel.MAIL: MailCodeFactor, Channel.SMS: SmsCodeFactor}
        return {
            channel: kind(
                *(channel, self.sent_codes, self.contact_reader, store, *shared),
                is_on=wanted[channel] and channel in self.channels,
            )
            for channel, kind in kinds.items()
        }

    @cached_property
    def contact_flow(self) -> ContactFlow:
        """How people change where they can be reached."""
        writer = ContactWriter(
            SqlContactStore(self.database, self.outbox_writer),
            self.account_store,
            AccountRecords(self.vault),
            self.notices,
            self.audit,
            self.clock,
            self.sent_codes.binding,
        )
        box = self.vault.seal("transaction")
        return ContactFlow(
            *(self.sent_codes, self.contact_reader, writer, self.ephemeral.transactions),
            *(self.audit, self.clock, box.seal, box.unseal),
        )
