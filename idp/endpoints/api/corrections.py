"""The operation by which a text that people read is spelt otherwise; what of it is a correction is told by ``policies.corrections``."""

from __future__ import annotations

from typing import Final

from clients.corrections import WHOLE
from idp.endpoints.api.clients import WRITE
from idp.endpoints.api.operation import REASON, Call, Operation, Reply, waiting
from idp.endpoints.api.schema import members, text
from idp.flows.administration.clients import ClientAdministration
from idp.flows.administration.purpose_corrections import PurposeCorrections

_CORRECTION: Final = members(
    ("text", "reason"),
    purpose=text(32, description="Id of a purpose; without it that of the system as a whole."),
    text=members(("vi",), vi=text(1000), en=text(1000)),
    reason=REASON,
)


class CorrectionOperations:
    """The handler."""

    def __init__(self, clients: ClientAdministration, corrections: PurposeCorrections) -> None:
        """Take the use cases."""
        self._clients = clients
        self._corrections = corrections

    def table(self) -> tuple[Operation, ...]:
        """Return the row."""
        name, what = "correctPurpose", "Ask that a purpose be spelt otherwise, by two persons; nobody is asked anew"
        return (
            Operation(
                *("POST", "/clients/{client_id}/corrections", name, what, WRITE),
                *(self.correct, None, 202, (), _CORRECTION),
                waits=True,
                is_versioned=True,
            ),
        )

    def correct(self, call: Call) -> Reply:
        """Ask for a correction."""
        client_id = call.path["client_id"]
        version = call.version(self._clients.show(call.who, client_id).client.version)
        asked = self._corrections.ask(
            *(call.who, client_id, call.body.get("purpose", WHOLE), call.body["text"]),
            version=version,
            reason=call.body["reason"],
        )
        return waiting(asked)
