"""Requests of people about their data, as the officers see them: what is overdue first, with the time that is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from idp.clock import Clock
from idp.errors import InvalidInput
from idp.flows.administration import targets
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, key_of, page
from idp.flows.administration.words import ClientNames
from idp.model.data_request import DataRequest
from idp.model.notice import Topic
from idp.ports.data_requests import RequestQuery
from idp.ports.notices import Notices
from idp.services.accounts import AccountService
from idp.services.data_requests import DataRequestService
from policies import data_requests
from policies.data_requests import OPEN, Kind, Standing, State
from policies.delegation import Action, Actor, Target, may

_MOST_NAMED: Final = 500
_CHUNK: Final = 100
_CLOSED: Final = tuple(sorted(set(State) - OPEN))


@dataclass(frozen=True, slots=True)
class RequestSearch:
    """A search: ``state`` is ``open`` (also ""), ``closed``, or one of the states; ``kind`` one of the kinds, "" for all.

    ``text`` are words of the system's name.
    """

    state: str = ""
    kind: str = ""
    client_id: str = ""
    account_id: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request, how it stands to the clock that ends next, and the whole days that are left (negative once it is over)."""

    request: DataRequest
    standing: Standing
    days_left: int
    may_answer: bool = False


class DataRequestAdministration:
    """A request about a system belongs to the unit of the system; any other to where the person lives."""

    def __init__(
        self,
        gate: Gate,
        names: ClientNames,
        accounts: AccountService,
        requests: DataRequestService,
        clock: Clock,
    ) -> None:
        """Take collaborators."""
        self._gate = gate
        self._names = names
        self._registry = names.registry
        self._accounts = accounts
        self._requests = requests
        self._clock = clock

    def search(self, who: Administrator, wanted: RequestSearch, window: Window) -> Page[RequestView]:
        """Return requests within reach, the clock that ends next first: so what is overdue comes before what is not."""
        reach = self._gate.anywhere(who, Action.DATA_REQUEST_READ, "data-requests")
        states, meant = _states(wanted.state), self._names.found(wanted.text)
        kind, after = _kind(wanted.kind), key_of(window.after)
        if meant is not None and not meant:
            # Otherwise every request there is would be opened, to find that it is about none of them.
            return Page(())
        query = RequestQuery(
            wanted.account_id,
            wanted.client_id,
            # Words that mean more systems than this are no search; then rows are passed over one by one.
            tuple(sorted(meant)) if meant is not None and len(meant) <= _MOST_NAMED else (),
            kind,
            states,
            after,
            limit=_CHUNK,
            is_newest_first=OPEN.isdisjoint(states),
        )
        found: list[DataRequest] = []
        while len(found) <= window.limit:
            rows = self._requests.search(query)
            found += [
                row for row in rows if (meant is None or row.client_id in meant) and reach.covers(self.target(row))
            ]
            if len(rows) < _CHUNK:
                break
            query = replace(query, after=(rows[-1].next_at, rows[-1].id))
        views = [self._view(row) for row in found[: window.limit + 1]]
        return page(views, [f"{one.request.next_at}.{one.request.id}" for one in views], window.limit)

    def show(self, who: Administrator, request_id: str) -> RequestView:
        """Return one with the person's own words; recorded."""
        found = self._seen(who, Action.DATA_REQUEST_READ, request_id)
        self._requests.note_shown(found, who.principal)
        may_answer = not self._gate.decide(who.actor, Action.DATA_REQUEST_ANSWER, self.target(found)).is_denied
        return replace(self._view(found), may_answer=may_answer)

    def take(self, who: Administrator, request_id: str) -> RequestView:
        """Take one up."""
        found = self._seen(who, Action.DATA_REQUEST_ANSWER, request_id)
        return self._view(self._requests.take(found, who.principal))

    def extend(self, who: Administrator, request_id: str, days: int, reason: str) -> RequestView:
        """Give one more days, once."""
        found = self._seen(who, Action.DATA_REQUEST_ANSWER, request_id)
        return self._view(self._requests.extend(found, days, reason, who.principal))

    def answer(self, who: Administrator, request_id: str, text: str) -> RequestView:
        """Say that it was done, and how."""
        return self._decided(who, request_id, State.ANSWERED, text)

    def refuse(self, who: Administrator, request_id: str, text: str) -> RequestView:
        """Say no, with the reasons that the person reads."""
        return self._decided(who, request_id, State.REFUSED, text)

    def target(self, request: DataRequest) -> Target:
        """Return what a request is to the policy."""
        if request.client_id:
            client = self._registry.find(request.client_id)
            return targets.of_client(client, self._gate.ground()) if client is not None else Target()
        account = self._accounts.get(request.account_id)
        # The rights of who asks do not matter here: an answer takes nothing over.
        return Target(targets.of_account(account, self._gate.admins, self._gate.ground()).units)

    def _decided(self, who: Administrator, request_id: str, state: State, text: str) -> RequestView:
        found = self._seen(who, Action.DATA_REQUEST_ANSWER, request_id)
        if who.principal == f"account:{found.account_id}":
            self._gate.refuse(who, Action.DATA_REQUEST_ANSWER, f"data-request:{found.id}", "oneself", visible=True)
        return self._view(self._requests.decide(found, state, text, who.principal))

    def _seen(self, who: Administrator, action: Action, request_id: str) -> DataRequest:
        found, name = self._requests.get(request_id), f"data-request:{request_id}"
        if found is None:
            self._gate.enter(who, action, name)
            self._gate.refuse(who, action, name, "unknown", visible=False)
        self._gate.require(who, action, self.target(found), name)
        return found

    def _view(self, request: DataRequest) -> RequestView:
        now = self._clock.now()
        standing = data_requests.standing(request.state, request.next_at, request.ended_at, now, self._requests.terms)
        return RequestView(request, standing, data_requests.days_left(request.next_at, now))


class DueWarnings:
    """Tells the officers within whose reach a request is that its time ends soon: each once a run, without saying whose it is."""

    def __init__(self, gate: Gate, administration: DataRequestAdministration, requests: DataRequestService) -> None:
        """Take collaborators."""
        self._gate = gate
        self._administration = administration
        self._requests = requests

    def run(self, tell: Callable[[str], None], now: int) -> int:
        """Warn of what is due; returns of how many requests. ``tell`` takes an account id."""
        due = self._requests.warn_due()
        if not due:
            return 0
        everybody, ground, told = self._gate.admins.everybody(), self._gate.ground(), set[str]()
        for request in due:
            target = self._administration.target(request)
            for principal, grants in everybody.items():
                kind, _, account_id = principal.partition(":")
                if kind != "account" or account_id in told:
                    continue
                if not may(Actor(principal, grants), Action.DATA_REQUEST_ANSWER, target, ground, now).is_denied:
                    told.add(account_id)
        for account_id in sorted(told):
            tell(account_id)
        return len(due)


def telling(notices: Notices) -> Callable[[str], None]:
    """Return what tells an officer."""
    return lambda account_id: notices.tell(account_id, Topic.DATA_REQUEST_DUE)


def _kind(kind: str) -> str:
    if kind and kind not in set(Kind):
        raise InvalidInput(f"must be one of {', '.join(Kind)}", field="kind")
    return kind


def _states(state: str) -> tuple[State, ...]:
    if state in {"", "open"}:
        return tuple(sorted(OPEN))
    if state == "closed":
        return _CLOSED
    if state not in set(State):
        raise InvalidInput(f"must be open, closed, or one of {', '.join(State)}", field="state")
    return (State(state),)
