"""What reaches people outside of the browser: notices, and the browsers that they are told of."""

from __future__ import annotations

from functools import cached_property

from idp.model.message import Channel
from idp.services.contacts import ContactReader
from idp.services.devices import DeviceService
from idp.services.notices import NoticeService
from idp.storage.devices import SqlDeviceStore
from idp.storage.outbox import OutboxWriter, SqlPostbox
from idp.wiring.people import People


class Messages(People):
    """Messages to people, over their accounts."""

    @cached_property
    def outbox_writer(self) -> OutboxWriter:
        """Puts messages into the transactions of stores."""
        return OutboxWriter(self.database, self.vault.seal("outbox").seal)

    @cached_property
    def channels(self) -> frozenset[Channel]:
        """The channels on which this deployment can send."""
        return frozenset()

    @cached_property
    def contact_reader(self) -> ContactReader:
        """How people can be reached."""
        return ContactReader(self.accounts)

    @cached_property
    def notices(self) -> NoticeService:
        """Tells people what happened with their account."""
        postbox = SqlPostbox(self.database, self.outbox_writer)
        return NoticeService(
            self.contact_reader, postbox, self.ephemeral.counters, self.audit, self.clock, self.channels
        )

    @cached_property
    def devices(self) -> DeviceService:
        """Browsers in which people have signed in before."""
        store, origin = SqlDeviceStore(self.database, self.outbox_writer), self.vault.seal("session-origin")
        return DeviceService(store, self.notices, self.audit, self.clock, origin.seal, origin.unseal)
