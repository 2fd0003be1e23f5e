"""Operations on requests of people about their data."""

from __future__ import annotations

from typing import Any, Final

from idp.endpoints.api.consents import READ, WRITE
from idp.endpoints.api.operation import MOMENT, PAGED, REASON, WORDS, Call, Operation, Parameter, Reply, listed, page_of
from idp.endpoints.api.schema import Schema, choice, members, nullable, number, ref, text
from idp.flows.administration.data_requests import DataRequestAdministration, RequestSearch, RequestView
from idp.services.data_requests import LONGEST
from policies.data_requests import Kind, Standing, State

_STRING: Final[Schema] = {"type": "string"}
_PLAIN: Final = (
    *("id", "number", "account_id", "client_id", "received_at", "take_by", "due_at", "taken_at", "taken_by"),
    *("extension_reason", "ended_at", "ended_by"),
)
_ANSWER: Final = members(("answer",), answer=text(LONGEST, 1, description="The person reads it."))

_PROPERTIES: Final[dict[str, Schema]] = {
    **dict.fromkeys(("id", "number", "account_id", "client_id", "taken_by", "extension_reason", "ended_by"), _STRING),
    **dict.fromkeys(("received_at", "take_by", "due_at"), MOMENT),
    **dict.fromkeys(("taken_at", "ended_at"), nullable(MOMENT)),
    "kind": choice(*Kind),
    "state": choice(*State),
    "standing": choice(*Standing),
    "days_left": {"type": "integer", "description": "Until the clock that ends next; negative once it is over."},
    "text": {**_STRING, "description": "The person's own words; of one request, not in lists."},
    "answer": _STRING,
}
SHAPES: Final[dict[str, Schema]] = {
    "DataRequest": {
        "type": "object",
        "properties": _PROPERTIES,
        "required": [name for name in _PROPERTIES if name not in {"text", "answer"}],
        "additionalProperties": False,
    }
}


class DataRequestOperations:
    """The handlers."""

    def __init__(self, requests: DataRequestAdministration) -> None:
        """Take the use cases."""
        self._requests = requests

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        filters = (
            Parameter("state", choice("open", "closed", *State)),
            Parameter("kind", choice(*Kind)),
            Parameter("client_id", text(512)),
            Parameter("account_id", text(64)),
            WORDS,
            *PAGED,
        )
        one, shape = "/data-requests/{request_id}", ref("DataRequest")
        more = members(("days", "reason"), days=number(1, 180), reason=REASON)
        return (
            Operation(
                *("GET", "/data-requests", "listDataRequests", "Requests of people, what is overdue first", READ),
                *(self.search, page_of("DataRequest"), 200, filters),
            ),
            Operation("GET", one, "getDataRequest", "A request with the person's words", READ, self.show, shape),
            Operation("POST", f"{one}/take", "takeDataRequest", "Take it up", WRITE, self.take, shape),
            Operation(
                *("POST", f"{one}/extend", "extendDataRequest", "Give it more days, once", WRITE, self.extend),
                *(shape, 200, (), more),
            ),
            Operation(
                *("POST", f"{one}/answer", "answerDataRequest", "Say that it was done", WRITE, self.answer),
                *(shape, 200, (), _ANSWER),
            ),
            Operation(
                *("POST", f"{one}/refuse", "refuseDataRequest", "Refuse it with reasons", WRITE, self.refuse),
                *(shape, 200, (), _ANSWER),
            ),
        )

    def search(self, call: Call) -> Reply:
        """List."""
        wanted = RequestSearch(
            *(call.query.get(name, "") for name in ("state", "kind", "client_id", "account_id", "q"))
        )
        return listed(self._requests.search(call.who, wanted, call.window), view)

    def show(self, call: Call) -> Reply:
        """Show."""
        return Reply(_whole(self._requests.show(call.who, call.path["request_id"])))

    def take(self, call: Call) -> Reply:
        """Take up."""
        return Reply(_whole(self._requests.take(call.who, call.path["request_id"])))

    def extend(self, call: Call) -> Reply:
        """Extend."""
        days, reason = call.body["days"], call.body["reason"]
        return Reply(_whole(self._requests.extend(call.who, call.path["request_id"], days, reason)))

    def answer(self, call: Call) -> Reply:
        """Answer."""
        return Reply(_whole(self._requests.answer(call.who, call.path["request_id"], call.body["answer"])))

    def refuse(self, call: Call) -> Reply:
        """Refuse."""
        return Reply(_whole(self._requests.refuse(call.who, call.path["request_id"], call.body["answer"])))


def view(one: RequestView) -> dict[str, Any]:
    """Return a request as JSON, without what the person and the officer wrote."""
    request = one.request
    shown = {name: getattr(request, name) for name in _PLAIN}
    words = {"kind": request.kind, "state": request.state, "standing": one.standing, "days_left": one.days_left}
    return {**shown, **words}


def _whole(one: RequestView) -> dict[str, Any]:
    return {**view(one), "text": one.request.text, "answer": one.request.answer}
