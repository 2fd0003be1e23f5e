"""Requests of people about their data: filed, taken up, extended once, answered or refused. The only writer.

What is asked for is done elsewhere, by those who may do it; here is kept that it was asked, when, by when it must be done, and how it ended.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from idp import handles
from idp.clock import Clock, local_day
from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.data_request import DataRequest
from idp.model.notice import Detail, Topic
from idp.ports.data_requests import DataRequestStore, RequestQuery
from idp.ports.notices import Notices
from idp.services.audit import AuditLog
from policies import data_requests
from policies.data_requests import OPEN, Kind, State, Terms

MOST_OPEN: Final = 10
"""Requests of one person that are open at a time."""
LONGEST: Final = 2000
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DRAWN: Final = 6
_DAY: Final = 86400


class DataRequestService:
    """Keeps requests."""

    def __init__(self, store: DataRequestStore, notices: Notices, audit: AuditLog, clock: Clock, terms: Terms) -> None:
        """Take collaborators and the operator's figures."""
        self._store = store
        self._notices = notices
        self._audit = audit
        self._clock = clock
        self.terms = terms

    def file(self, account_id: str, kind: str, client_id: str, text: str, session_id: str = "") -> DataRequest:
        """File a request; the person gets its number. ``client_id`` is the system that it is about, "" for what is kept here.

        Raises ``InvalidInput``, and ``Refused`` (``too_many_requests``) for one open request too many.
        """
        text = text.strip()
        if kind not in set(Kind):
            raise InvalidInput(f"must be one of {', '.join(Kind)}", field="kind")
        _checked(text, "text", is_required=kind != Kind.ACCESS)
        mine = RequestQuery(account_id=account_id, states=tuple(sorted(OPEN)), limit=MOST_OPEN)
        if len(self._store.search(mine)) >= MOST_OPEN:
            raise Refused(f"at most {MOST_OPEN} requests are open at a time", code="too_many_requests")
        now = self._clock.now()
        clocks = data_requests.clocks(Kind(kind), now, self.terms, with_others=bool(client_id))
        request = DataRequest(
            *(handles.new_id(), _number(now), account_id, client_id, Kind(kind), text, now),
            take_by=clocks.take_by,
            due_at=clocks.due_at,
        )
        actor = f"account:{account_id}"
        self._store.add(request, self._record(Event.DATA_REQUEST_FILE, request, actor, session_id=session_id))
        self._tell(request, Topic.DATA_REQUEST_RECEIVED)
        return request

    def get(self, request_id: str) -> DataRequest | None:
        """Return one."""
        return self._store.get(request_id)

    def search(self, query: RequestQuery) -> list[DataRequest]:
        """Return those that match, the clock that ends next first."""
        return self._store.search(query)

    def of_account(self, account_id: str, limit: int = 200) -> list[DataRequest]:
        """Return a person's requests, newest first."""
        found = self._store.search(RequestQuery(account_id=account_id, limit=limit))
        return sorted(found, key=lambda one: one.id, reverse=True)

    def note_shown(self, request: DataRequest, actor: str) -> None:
        """Record that a member of staff read a request."""
        self._audit.write(self._event(Event.DATA_REQUEST_SHOW, request, actor))

    def take(self, request: DataRequest, actor: str) -> DataRequest:
        """Take a request up: from now on somebody answers for it. Raises ``Conflict`` (``decided``)."""
        if request.state is not State.RECEIVED:
            raise Conflict("the request was taken up or decided before", code="decided")
        now = self._clock.now()
        taken = replace(request, state=State.TAKEN, taken_at=now, taken_by=actor)
        self._changed(request, taken, Event.DATA_REQUEST_TAKE, actor)
        self._tell(taken, Topic.DATA_REQUEST_TAKEN)
        return taken

    def extend(self, request: DataRequest, days: int, reason: str, actor: str) -> DataRequest:
        """Give a request more days, once. Raises ``InvalidInput`` and ``Refused`` with the reason as its code."""
        reason = _checked(reason, "reason")
        problem = data_requests.may_extend(
            *(request.kind, request.state, request.due_at, self._clock.now(), days, self.terms),
            is_extended=bool(request.extension_reason),
        )
        if problem == "too_long":
            most = data_requests.base_days(request.kind, self.terms)
            raise InvalidInput(f"must be 1 to {most}", field="days")
        if problem:
            raise Refused(f"the request cannot be extended: {problem}", code=problem)
        later = replace(request, due_at=request.due_at + days * _DAY, extension_reason=reason)
        self._changed(request, later, Event.DATA_REQUEST_EXTEND, actor, days=days)
        self._tell(later, Topic.DATA_REQUEST_EXTENDED)
        return later

    def decide(self, request: DataRequest, state: State, answer: str, actor: str) -> DataRequest:
        """Answer or refuse a request; ``answer`` is what the person reads. Raises ``InvalidInput`` and ``Conflict`` (``decided``)."""
        answer = _checked(answer, "answer")
        if request.state not in OPEN:
            raise Conflict("the request was decided before", code="decided")
        now = self._clock.now()
        taken = request if request.taken_at is not None else replace(request, taken_at=now, taken_by=actor)
        ended = replace(taken, state=state, ended_at=now, ended_by=actor, answer=answer)
        event = Event.DATA_REQUEST_ANSWER if state is State.ANSWERED else Event.DATA_REQUEST_REFUSE
        self._changed(request, ended, event, actor)
        self._tell(ended, Topic.DATA_REQUEST_DECIDED)
        return ended

    def cancel(self, account_id: str, request_id: str) -> DataRequest:
        """Take one's own request back. Raises ``NotFound`` and ``Conflict``."""
        request = self._store.get(request_id)
        if request is None or request.account_id != account_id:
            raise NotFound("the person has no such request")
        if request.state not in OPEN:
            raise Conflict("the request was decided before", code="decided")
        actor = f"account:{account_id}"
        ended = replace(request, state=State.CANCELLED, ended_at=self._clock.now(), ended_by=actor)
        self._changed(request, ended, Event.DATA_REQUEST_CANCEL, actor)
        return ended

    def warn_due(self, limit: int = 500) -> list[DataRequest]:
        """Return the open requests whose next clock ends soon, or has, and that nobody was warned of; each is returned once for each clock."""
        before = self._clock.now() + self.terms.warn * _DAY
        query = RequestQuery(states=tuple(sorted(OPEN)), due_before=before, limit=limit)
        return list(self._claimed(self._store.search(query)))

    def _claimed(self, due: Iterable[DataRequest]) -> Iterable[DataRequest]:
        for request in due:
            record = self._record(Event.DATA_REQUEST_WARN, request, "system")
            if self._store.warned(request.id, request.next_at, record):
                yield request

    def _changed(self, before: DataRequest, after: DataRequest, event: Event, actor: str, **detail: object) -> None:
        if not self._store.change(before, after, self._audit.record(self._event(event, after, actor, "", **detail))):
            raise Conflict("the request was changed meanwhile: look again", code="decided")

    def _tell(self, request: DataRequest, topic: Topic) -> None:
        self._notices.tell(request.account_id, topic, Detail(code=request.number))

    def _record(self, event: Event, request: DataRequest, actor: str, session_id: str = "") -> AuditRecord:
        return self._audit.record(self._event(event, request, actor, session_id))

    def _event(
        self, event: Event, request: DataRequest, actor: str, session_id: str = "", **detail: object
    ) -> AuditEvent:
        return AuditEvent(
            event,
            actor=actor,
            account_id=request.account_id,
            client_id=request.client_id or None,
            session_id=session_id or None,
            target=f"data-request:{request.id}",
            detail={"number": request.number, "kind": request.kind.value, **detail},
        )


def _number(now: int) -> str:
    """Return the number of a request: the day on which it came in, and enough that nobody guesses another's."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_DRAWN))
    return f"YC-{local_day(now)[2:].replace('-', '')}-{drawn}"


def _checked(text: str, field: str, *, is_required: bool = True) -> str:
    text = text.strip()
    if is_required and not text:
        raise InvalidInput("is required", field=field)
    if len(text) > LONGEST:
        raise InvalidInput(f"must have at most {LONGEST} characters", field=field)
    return text
