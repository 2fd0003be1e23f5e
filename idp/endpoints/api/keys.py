"""Operations on signing keys."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from idp.endpoints.api.operation import PAGED, REASON, Call, Operation, Parameter, Reply, listed, page_of, waiting
from idp.endpoints.api.schema import Schema, choice, items, members, number, ref, text
from idp.flows.administration.keys import KeyAdministration, KeySearch
from keys.model import KeyState
from keys.service import Outcome

READ: Final = ("admin:keys:read",)
WRITE: Final = ("admin:keys:write",)
_STRING: Final[Schema] = {"type": "string"}
_INTEGER: Final[Schema] = {"type": "integer"}
_NUMBER: Final[Schema] = {"type": "number"}
_MAYBE: Final[Schema] = {"type": ["integer", "null"]}

_BEGINNING: Final = Parameter("q", text(200, description="How the key id begins."))
_SEARCH: Final = (Parameter("alg", text(40)), Parameter("state", choice(*KeyState)), _BEGINNING, *PAGED)

SHAPES: Final[dict[str, Schema]] = {
    "Key": members(
        (*("kid", "alg", "use", "state", "created", "activates", "retires"), *("moved_from", "earliest", "latest")),
        kid=_STRING,
        alg=_STRING,
        use=_STRING,
        state=_STRING,
        created={"type": "integer"},
        activates=_MAYBE,
        retires=_MAYBE,
        moved_from=_MAYBE,
        earliest=_MAYBE,
        latest=_MAYBE,
    ),
    "KeyDrill": members(
        (
            *("alg", "kid", "successor", "at", "max_age", "published_for", "accepted_for", "known_after"),
            *("cached_after", "answers", "stale"),
        ),
        alg=_STRING,
        kid=_STRING,
        successor=_STRING,
        at=_INTEGER,
        max_age=_INTEGER,
        published_for=_NUMBER,
        accepted_for=_NUMBER,
        known_after=_NUMBER,
        cached_after=_NUMBER,
        answers=_INTEGER,
        stale=_INTEGER,
    ),
    "KeyDrillOrder": members(
        ("alg", "actor", "note", "state", "since"),
        alg=_STRING,
        actor=_STRING,
        note=_STRING,
        state=_STRING,
        since=_INTEGER,
    ),
    "KeyDrills": members(
        ("last", "pending"),
        last={"anyOf": [ref("KeyDrill"), {"type": "null"}]},
        pending={"anyOf": [ref("KeyDrillOrder"), {"type": "null"}]},
    ),
    "KeyChange": members(
        ("version", "events"),
        version={"type": "integer"},
        events=items(members(("action", "kid", "alg"), action=_STRING, kid=_STRING, alg=_STRING)),
    ),
}


class KeyOperations:
    """The handlers."""

    def __init__(self, keys: KeyAdministration) -> None:
        """Take the use cases."""
        self._keys = keys

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        reason = members(("reason",), reason=REASON)
        return (
            Operation(
                *("GET", "/keys", "listKeys", "Keys, oldest first", READ, self.rows, page_of("Key"), 200, _SEARCH),
            ),
            Operation("GET", "/keys/{kid}", "getKey", "A key", READ, self.show, ref("Key")),
            Operation(
                *(
                    "POST",
                    "/key-rotations",
                    "rotateKeys",
                    "Make the next key of an algorithm active",
                    WRITE,
                    self.rotate,
                ),
                *(ref("KeyChange"), 200, (), members(("alg", "reason"), alg=text(40, 1), reason=REASON)),
            ),
            *self._schedule_table(),
            *self._drill_table(),
            Operation(
                *("POST", "/keys/{kid}/retire", "retireKey", "Stop a key from signing", WRITE, self.retire),
                *(ref("KeyChange"), 200, (), reason),
            ),
            Operation(
                *(
                    "POST",
                    "/keys/{kid}/revoke",
                    "revokeKey",
                    "Void a key and all that it signed, by two persons",
                    WRITE,
                ),
                *(self.revoke, None, 202, (), reason),
                waits=True,
            ),
        )

    def _schedule_table(self) -> tuple[Operation, ...]:
        """Return the rows about one rotation that is moved."""
        at, change = number(1, 2**53, description="Seconds since the epoch."), ref("KeyChange")
        told = "Move the next rotation of an active key, between its earliest and latest moment"
        back = "Give the next rotation of an active key its planned moment back"
        body, why = members(("at", "reason"), at=at, reason=REASON), members(("reason",), reason=REASON)
        return (
            Operation(
                *("POST", "/keys/{kid}/schedule", "scheduleRotation", told, WRITE, self.move, change, 200, (), body)
            ),
            Operation(
                *(
                    "POST",
                    "/keys/{kid}/unschedule",
                    "unscheduleRotation",
                    back,
                    WRITE,
                    self.unmove,
                    change,
                    200,
                    (),
                    why,
                )
            ),
        )

    def _drill_table(self) -> tuple[Operation, ...]:
        """Return the rows about drills of the emergency."""
        return (
            Operation(
                "GET",
                "/key-drills",
                "getKeyDrills",
                "What the last drill of the emergency found, and the one under way",
                READ,
                self.drills,
                ref("KeyDrills"),
            ),
            Operation(
                "POST",
                "/key-drills",
                "orderKeyDrill",
                "Rehearse the emergency on a key that has signed nothing",
                WRITE,
                self.drill,
                ref("KeyDrillOrder"),
                201,
                (),
                members(("alg", "reason"), alg=text(40, 1), reason=REASON),
            ),
        )

    def rows(self, call: Call) -> Reply:
        """List."""
        wanted = KeySearch(*(call.query.get(name, "") for name in ("alg", "state", "q")))
        return listed(self._keys.search(call.who, wanted, call.window), asdict)

    def show(self, call: Call) -> Reply:
        """Show."""
        return Reply(asdict(self._keys.show(call.who, call.path["kid"])))

    def rotate(self, call: Call) -> Reply:
        """Rotate."""
        return Reply(_changed(self._keys.rotate(call.who, call.body["alg"], call.body["reason"])))

    def move(self, call: Call) -> Reply:
        """Move a rotation."""
        return Reply(_changed(self._keys.move(call.who, call.path["kid"], call.body["at"], call.body["reason"])))

    def unmove(self, call: Call) -> Reply:
        """Take a move back."""
        return Reply(_changed(self._keys.unmove(call.who, call.path["kid"], call.body["reason"])))

    def drills(self, call: Call) -> Reply:
        """Show drills."""
        last, pending = self._keys.last_drill(call.who)
        return Reply({"last": asdict(last) if last else None, "pending": asdict(pending) if pending else None})

    def drill(self, call: Call) -> Reply:
        """Order a drill."""
        return Reply(asdict(self._keys.drill(call.who, call.body["alg"], call.body["reason"])), 201)

    def retire(self, call: Call) -> Reply:
        """Retire."""
        return Reply(_changed(self._keys.retire(call.who, call.path["kid"], call.body["reason"])))

    def revoke(self, call: Call) -> Reply:
        """Ask for a revocation."""
        return waiting(self._keys.revoke(call.who, call.path["kid"], call.body["reason"]))


def _changed(outcome: Outcome) -> dict[str, Any]:
    events = [{"action": event.action.value, "kid": event.kid, "alg": event.alg} for event in outcome.events]
    return {"version": outcome.version, "events": events}
