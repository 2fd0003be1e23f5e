"""``/ssf/subjects/add`` and ``/ssf/subjects/remove`` (Shared Signals Framework 1.0 sections 8.1.3.2 and 8.1.3.3)."""

from __future__ import annotations

from clients.model import Client
from idp.protocol.signals import SignalEndpoints, document
from idp.protocol.wire import NO_STORE, WireRequest, WireResponse
from idp.services.stream_subjects import StreamSubjects


class SubjectEndpoints:
    """One method an endpoint, in the frame of the other signal endpoints."""

    def __init__(self, frame: SignalEndpoints, subjects: StreamSubjects) -> None:
        """Take the frame, which knows who asks, and who keeps the subjects."""
        self._frame = frame
        self._subjects = subjects

    def add(self, request: WireRequest) -> WireResponse:
        """Hear of somebody again."""

        def added(client: Client) -> WireResponse:
            self._subjects.add(client, document(request), request.case_code)
            return WireResponse(200, NO_STORE)

        return self._frame.answered(request, added)

    def remove(self, request: WireRequest) -> WireResponse:
        """Hear of somebody no more."""

        def removed(client: Client) -> WireResponse:
            self._subjects.remove(client, document(request), request.case_code)
            return WireResponse(204, NO_STORE)

        return self._frame.answered(request, removed)
