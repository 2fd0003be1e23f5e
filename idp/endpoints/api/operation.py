"""One row of the table of operations, what its handler gets, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.endpoints.api.schema import Schema, number, ref, text
from idp.errors import Conflict
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.paging import MOST, USUAL, Page, Window, window
from idp.model.approval import Approval
from idp.protocol.wire import Headers

JSON: Final = "application/json"
JSON_LINES: Final = "application/jsonl"

REASON: Final = text(500, 1, description="Goes into the audit log.")
MOMENT: Final[Schema] = number(0, 2**53, description="Seconds since the epoch.")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter."""

    name: str
    schema: Schema
    is_required: bool = False


LIMIT: Final = Parameter("limit", number(1, MOST, default=USUAL, description="Rows of a page."))
CURSOR: Final = Parameter("cursor", text(400, description="`next` of the page before."))
WORDS: Final = Parameter("q", text(100, description="Words, each of which must occur; accents do not matter."))
PAGED: Final = (CURSOR, LIMIT)
WHY: Final = Parameter("reason", REASON, is_required=True)


@dataclass(frozen=True, slots=True)
class Call:
    """A checked request. ``versions`` are those that ``If-Match`` names, None where any will do."""

    who: Administrator
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    versions: frozenset[int] | None = None

    @property
    def window(self) -> Window:
        """Return which rows are wanted."""
        return window(self.query.get("cursor", ""), self.query.get("limit", USUAL))

    def version(self, current: int) -> int:
        """Return the version on which an act builds; raises ``Conflict`` where the caller has seen another."""
        if self.versions is not None and current not in self.versions:
            raise Conflict("it was changed meanwhile: look again", code="changed")
        return current


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; ``document`` None is no content, unless there are ``lines``, which leave one by one."""

    document: Any = None
    status: int = 200
    headers: Headers = ()
    lines: Iterable[bytes] | None = None


Handler = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. ``scopes`` are those of which the acts behind it need one each; ``result`` is the schema of the answer.

    ``waits`` tells that the answer may be 202 with an approval; ``is_versioned`` that ``If-Match`` is required.
    """

    method: str
    path: str
    name: str
    summary: str
    scopes: tuple[str, ...]
    handler: Handler
    result: Schema | None = None
    status: int = 200
    query: tuple[Parameter, ...] = ()
    body: Schema | None = None
    waits: bool = False
    is_versioned: bool = False
    media: str = JSON

    @property
    def variables(self) -> tuple[str, ...]:
        """Return the names in the path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))


def listed(found: Page[Any], view: Callable[[Any], Any]) -> Reply:
    """Return a page of rows."""
    document: dict[str, Any] = {"items": [view(row) for row in found.rows]}
    if found.following:
        document["next"] = found.following
    return Reply(document)


def page_of(name: str) -> Schema:
    """Return the schema of a page of rows."""
    rows = {"type": "array", "items": ref(name)}
    return {"type": "object", "required": ["items"], "properties": {"items": rows, "next": {"type": "string"}}}


def waiting(approval: Approval) -> Reply:
    """Return the answer of an act that waits for a second person."""
    return Reply({"approval": approval_view(approval)}, 202, (("Location", f"/api/v1/approvals/{approval.id}"),))


def approval_view(one: Approval, *, is_opened: bool = False) -> dict[str, Any]:
    """Return an approval as JSON: without what is sealed, unless it was opened for whoever asks for this one."""
    names = ("id", "act", "target", "arguments", "requester", "reason", "state", "created_at", "expires_at")
    found = {name: getattr(one, name) for name in (*names, "decided_by", "decided_at", "outcome")}
    return found if is_opened else {**found, "arguments": one.open_arguments}
