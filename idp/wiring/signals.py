"""Security signals: the streams of departments, what fills them, and who serves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from clients.model import Client
from idp.endpoints.routes import Route
from idp.fibers import in_fiber
from idp.flows.housekeeping import Task
from idp.flows.signals import FanOut, Known, Pusher
from idp.model.signal import QueuedSignal
from idp.protocol.challenges import Challenges
from idp.protocol.metadata import published_at
from idp.protocol.patience import Patience
from idp.protocol.protected_resources import metadata_url
from idp.protocol.signal_subjects import SubjectEndpoints
from idp.protocol.signals import (
    ADD_SUBJECT,
    CONFIGURATION,
    POLL_PATH,
    REMOVE_SUBJECT,
    STATUS,
    STREAMS,
    VERIFY,
    SignalEndpoints,
)
from idp.services.stream_subjects import StreamSubjects
from idp.services.streams import StreamService
from idp.storage.audit import SqlAuditStore
from idp.storage.audit_tree import SqlAuditTree
from idp.storage.sessions import SqlSessionStore
from idp.wiring.administration import AdministrationDesk


class Signals(AdministrationDesk):
    """What streams need."""

    @cached_property
    def streams(self) -> StreamService:
        """The streams of departments."""
        return StreamService(self.signal_store, self.audit, self.clock)

    @cached_property
    def patience(self) -> Patience:
        """How long a department that fetches may wait for something to happen."""
        return Patience(self.fibers.pause, in_fiber, self.settings.signals_wait)

    def signal_routes(self) -> tuple[Route, ...]:
        """Return the endpoints."""
        served = SignalEndpoints(
            self.settings.issuer,
            self.streams,
            self.signal_store,
            self.access_tokens,
            self.tokens,
            self.clients,
            self.senders,
            self._signed_event,
            self.audit,
            self.refusals,
            Challenges(metadata_url(self.settings.issuer, "/ssf")),
            self.patience,
        )
        kept = StreamSubjects(self.streams, self.signal_store, self.subjects, self.audit, self.settings.issuer)
        subjects = SubjectEndpoints(served, kept)
        return (
            Route(ADD_SUBJECT, ("POST",), subjects.add),
            Route(REMOVE_SUBJECT, ("POST",), subjects.remove),
            *(Route(path, ("GET",), served.describe) for path in published_at(CONFIGURATION, self.settings.issuer)),
            Route(STREAMS, ("GET", "POST", "PATCH", "PUT", "DELETE"), served.streams),
            Route(STATUS, ("GET", "POST"), served.status),
            Route(VERIFY, ("POST",), served.verify),
            Route(f"{POLL_PATH}/<stream_id>", ("POST",), served.poll),
        )

    def signal_tasks(self) -> tuple[Task, ...]:
        """Return the regular tasks; pushing runs apart, because a receiver may be slow."""
        sessions = SqlSessionStore(self.database, self.outbox_writer)
        known = Known(self.subjects, sessions, self.sids, self.fresh_client, self.settings.issuer)
        log, tree = SqlAuditStore(self.database), SqlAuditTree(self.database)

        def numbered(after: int, limit: int) -> Sequence[Mapping[str, Any]]:
            # What has its leaf in the tree is surely there: a number below it cannot turn up later.
            end = tree.size()
            return [row for row in log.after(after, limit) if int(str(row["seq"])) <= end]

        fan_out = FanOut(self.signal_store, numbered, tree.size, known, self.clock)
        pusher = Pusher(
            self.signal_store,
            self.streams,
            self.fresh_client,
            self._signed_event,
            self.guarded_fetcher,
            self.audit,
            self.clock,
        )
        return (Task("signals", 2, fan_out.run), Task("signal pushes", 2, pusher.run, apart=True))

    def fresh_client(self, client_id: str) -> Client | None:
        """Return a client as it was a second ago at most, for tasks that no request of its precedes."""
        self.clients.refresh_if_older_than(1)
        return self.clients.find(client_id)

    def _signed_event(self, client: Client, signal: QueuedSignal) -> str:
        return self.mint.security_event(self.ring.refresh(), client, signal)
