"""The operation that asks what would happen if a person came to a client now."""

from __future__ import annotations

from typing import Any, Final

from idp.endpoints.api.operation import Call, Operation, Reply
from idp.endpoints.api.schema import Schema, choice, items, members, ref, text
from idp.flows.administration.simulation import Question, Simulated, Simulation
from policies.assurance import LEVELS

_STRING: Final[Schema] = {"type": "string"}
_STRINGS: Final = items(_STRING)
_PLAIN: Final = ("outcome", "needed", "reached", "reachable", "screen")
_LISTS: Final = ("obstacles", "factors", "demands")
_MEMBERS: Final[dict[str, Any]] = {**dict.fromkeys(_PLAIN, _STRING), **dict.fromkeys(_LISTS, _STRINGS)}

SHAPES: Final[dict[str, Schema]] = {
    "Simulation": members(
        (*_PLAIN, *_LISTS, "account_id", "client_id", "steps", "claims"),
        account_id=_STRING,
        client_id=_STRING,
        **_MEMBERS,
        steps=items(
            members(("step", "reason", "acr", "factors"), step=_STRING, reason=_STRING, acr=_STRING, factors=_STRINGS)
        ),
        claims=items(
            members(
                ("name", "scope", "fate"),
                name=_STRING,
                scope=_STRING,
                fate=choice("released", "optional", "declined", "empty", "not_asked"),
            )
        ),
    ),
}
_QUESTION: Final = members(
    ("account_id",),
    account_id=text(64, 1),
    scope=text(1000, description="All that the client may ask, where it is left out."),
    acr=choice(*LEVELS, description="As `acr_values` asks for it."),
)


class SimulationOperations:
    """The handler."""

    def __init__(self, simulation: Simulation) -> None:
        """Take the use case."""
        self._simulation = simulation

    def table(self) -> tuple[Operation, ...]:
        """Return the row."""
        summary = (
            "What would happen if a person came to a client now; changes nothing, recorded as a look at the person"
        )
        return (
            Operation(
                *("POST", "/clients/{client_id}/simulate", "simulateSignIn", summary),
                *(("admin:clients:read", "admin:accounts:read", "admin:consents:read"), self.ask, ref("Simulation")),
                body=_QUESTION,
            ),
        )

    def ask(self, call: Call) -> Reply:
        """Ask."""
        body = call.body
        question = Question(body["account_id"], call.path["client_id"], body.get("scope", ""), body.get("acr", ""))
        return Reply(view(self._simulation.ask(call.who, question)))


def view(found: Simulated) -> dict[str, Any]:
    """Return the answer as JSON."""
    return {
        "account_id": found.account.account.id,
        "client_id": found.client.client.client_id,
        **{name: getattr(found, name) for name in _PLAIN},
        **{name: list(getattr(found, name)) for name in _LISTS},
        "steps": [
            {"step": one.step, "reason": one.reason, "acr": one.acr, "factors": list(one.factors)}
            for one in found.passages
        ],
        "claims": [{"name": one.name, "scope": one.scope, "fate": one.fate} for one in found.claims],
    }
