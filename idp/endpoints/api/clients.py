"""Operations on clients. A client is versioned: who replaces or removes one says which version they have seen."""

from __future__ import annotations

from typing import Any, Final

from clients.differences import ClientChange
from clients.documents import to_metadata
from clients.metadata import FIELDS
from clients.model import Client
from idp.endpoints.api.operation import (
    PAGED,
    REASON,
    WHY,
    Call,
    Operation,
    Parameter,
    Reply,
    approval_view,
    listed,
    page_of,
    waiting,
)
from idp.endpoints.api.schema import Schema, choice, items, members, nullable, number, ref, text
from idp.flows.administration.client_changes import ClientChanges
from idp.flows.administration.clients import STATES, ClientAdministration, ClientQuery, ClientView
from idp.model.approval import Approval
from idp.protocol.wire import Headers

_ONE: Final = "/clients/{client_id}"
READ: Final = ("admin:clients:read",)
WRITE: Final = ("admin:clients:write",)
_METADATA: Final = members(
    ("client_name", "unit", "legal_basis", "purpose"), closed=False, **{name: {} for name in FIELDS}
)
_STRING: Final[Schema] = {"type": "string"}
_SECRET: Final = members(
    ("created_at", "expires_at"), created_at={"type": "integer"}, expires_at={"type": ["integer", "null"]}
)

SHAPES: Final[dict[str, Schema]] = {
    "ClientMetadata": {**_METADATA, "description": "Registration metadata, docs/clients.md."},
    "ClientSummary": members(
        ("client_id", "client_name", "unit", "state", "version"),
        client_id=_STRING,
        client_name={"type": "object", "additionalProperties": _STRING},
        unit=_STRING,
        state=choice(*STATES),
        scope=_STRING,
        version={"type": "integer"},
        updated_at={"type": "integer"},
    ),
    "ClientChange": members(
        ("version", "at", "actor", "action", "reason", "fields"),
        version={"type": "integer"},
        at={"type": "integer"},
        actor=_STRING,
        action=_STRING,
        reason=_STRING,
        fields=items(members(("field", "before", "after"), field=_STRING, before={}, after={})),
    ),
    "Client": members(
        ("metadata", "version", "unit_names", "secrets", "may", "powerful"),
        metadata=ref("ClientMetadata"),
        version={"type": "integer"},
        unit_names=items(_STRING),
        secrets=items(_SECRET),
        may=items(_STRING),
        powerful={"type": "boolean"},
    ),
    "NewClient": members(
        ("client_id", "client_secret", "ignored", "client", "approval"),
        client_id=_STRING,
        client_secret=nullable(_STRING),
        ignored=items(_STRING),
        client=ref("ClientMetadata"),
        approval={"oneOf": [ref("Approval"), {"type": "null"}]},
    ),
    "NewSecret": members(("client_id", "client_secret"), client_id=_STRING, client_secret=_STRING),
    "Checked": members(("valid",), valid={"type": "boolean"}),
}


class ClientOperations:
    """The handlers."""

    def __init__(self, clients: ClientAdministration, changes: ClientChanges) -> None:
        """Take the use cases."""
        self._clients = clients
        self._changes = changes

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        return (*self._registering(), *self._running())

    def _registering(self) -> tuple[Operation, ...]:
        one, filters = _ONE, (*_FILTERS, *PAGED)
        return (
            Operation(
                "GET",
                "/clients",
                "listClients",
                "Clients by id",
                READ,
                self.search,
                page_of("ClientSummary"),
                query=filters,
            ),
            Operation(
                *("POST", "/clients", "createClient", "Register a client; its secret is in the answer, this once"),
                scopes=WRITE,
                handler=self.create,
                result=ref("NewClient"),
                status=201,
                query=(_DRY_RUN, _WHY),
                body=ref("ClientMetadata"),
            ),
            Operation("GET", one, "getClient", "A client", READ, self.show, ref("Client")),
            Operation(
                *("PUT", one, "replaceClient", "Replace a client's metadata as a whole", WRITE),
                *(self.replace, ref("Client"), 200, (_WHY,)),
                body=ref("ClientMetadata"),
                waits=True,
                is_versioned=True,
            ),
            Operation(
                *("DELETE", one, "removeClient", "Remove a client for good", WRITE, self.remove, None, 204, (WHY,)),
                is_versioned=True,
            ),
        )

    def _running(self) -> tuple[Operation, ...]:
        one, reason = _ONE, members((), reason=REASON)
        return (
            Operation(
                *("GET", f"{one}/history", "getClientHistory", "What was done with a client, newest first", READ),
                *(self.history, page_of("AuditRecord"), 200, PAGED),
            ),
            Operation(
                *("GET", f"{one}/changes", "listClientChanges", "Each change, field by field, newest first", READ),
                *(self.changes, page_of("ClientChange"), 200, PAGED),
            ),
            Operation(
                *("POST", f"{one}/secret", "rotateClientSecret", "A new secret, shown this once", WRITE, self.secret),
                *(ref("NewSecret"), 200, (), members((), overlap=number(0, 30 * 86400), reason=REASON)),
            ),
            Operation(
                *("POST", f"{one}/suspend", "suspendClient", "Stop a client at once", WRITE, self.suspend),
                *(ref("ClientSummary"), 200, (), reason),
            ),
            Operation(
                *("POST", f"{one}/resume", "resumeClient", "Let a suspended client work again", WRITE, self.resume),
                *(ref("ClientSummary"), 200, (), reason),
                waits=True,
            ),
        )

    def search(self, call: Call) -> Reply:
        """List."""
        query = ClientQuery(call.query.get("q", ""), call.query.get("state", ""), call.query.get("unit", ""))
        return listed(self._clients.search(call.who, query, call.window), summary)

    def create(self, call: Call) -> Reply:
        """Register, or only check."""
        if call.query.get("dry_run"):
            self._changes.preview(call.who, call.body)
            return Reply({"valid": True}, 200)
        made = self._changes.create(call.who, call.body, call.query.get("reason", ""))
        document = {
            "client_id": made.client.client_id,
            "client_secret": made.secret,
            "ignored": list(made.ignored),
            "client": to_metadata(made.client),
            "approval": approval_view(made.waiting) if made.waiting is not None else None,
        }
        place = (("Location", f"/api/v1/clients/{made.client.client_id}"),)
        return Reply(document, 201, (*place, *tag(made.client)))

    def show(self, call: Call) -> Reply:
        """Show."""
        return self._shown(self._clients.show(call.who, call.path["client_id"]))

    def replace(self, call: Call) -> Reply:
        """Replace."""
        client_id = call.path["client_id"]
        version = call.version(self._clients.show(call.who, client_id).client.version)
        reason = call.query.get("reason", "")
        done = self._changes.update(call.who, client_id, call.body, version=version, reason=reason)
        if isinstance(done, Approval):
            return waiting(done)
        return self._shown(self._clients.show(call.who, client_id))

    def remove(self, call: Call) -> Reply:
        """Remove."""
        client_id = call.path["client_id"]
        call.version(self._clients.show(call.who, client_id).client.version)
        self._clients.remove(call.who, client_id, call.query["reason"])
        return Reply(None, 204)

    def history(self, call: Call) -> Reply:
        """List what happened."""
        return listed(self._clients.history(call.who, call.path["client_id"], call.window), dict)

    def changes(self, call: Call) -> Reply:
        """List what each change changed."""
        return listed(self._clients.changes(call.who, call.path["client_id"], call.window), _change)

    def secret(self, call: Call) -> Reply:
        """Rotate."""
        more = {"overlap": call.body["overlap"]} if "overlap" in call.body else {}
        reason = call.body.get("reason", "")
        client, secret = self._clients.rotate_secret(call.who, call.path["client_id"], **more, reason=reason)
        return Reply({"client_id": client.client_id, "client_secret": secret}, 200, tag(client))

    def suspend(self, call: Call) -> Reply:
        """Suspend."""
        client = self._clients.suspend(call.who, call.path["client_id"], call.body.get("reason", ""))
        return Reply(summary(client), 200, tag(client))

    def resume(self, call: Call) -> Reply:
        """Resume."""
        done = self._clients.resume(call.who, call.path["client_id"], call.body.get("reason", ""))
        return waiting(done) if isinstance(done, Approval) else Reply(summary(done), 200, tag(done))

    def _shown(self, view: ClientView) -> Reply:
        client = view.client
        document = {
            "metadata": to_metadata(client),
            "version": client.version,
            "unit_names": list(view.unit_names),
            "secrets": [{"created_at": one.created_at, "expires_at": one.expires_at} for one in client.secrets],
            "may": sorted(view.may),
            "powerful": view.is_powerful,
        }
        return Reply(document, 200, tag(client))


def tag(client: Client) -> Headers:
    """Return the header that names a client's version."""
    return (("ETag", f'"{client.version}"'),)


def _change(one: ClientChange) -> dict[str, Any]:
    fields = [{"field": name, "before": old, "after": new} for name, (old, new) in one.fields.items()]
    names = ("version", "at", "actor", "action", "reason")
    return {**{name: getattr(one, name) for name in names}, "fields": fields}


def summary(client: Client) -> dict[str, Any]:
    """Return a row of a list."""
    return {
        "client_id": client.client_id,
        "client_name": dict(client.client_name),
        "unit": client.unit,
        "state": client.state,
        "scope": " ".join(sorted(client.scope)),
        "version": client.version,
        "updated_at": client.updated_at,
    }


_FILTERS: Final = (
    Parameter("q", text(100, description="Words of the name, without diacritics, or how the id begins.")),
    Parameter("state", choice(*STATES)),
    Parameter("unit", text(64, description="Code of a unit; what is below it belongs to it.")),
)
_WHY: Final = Parameter("reason", REASON)
_DRY_RUN: Final = Parameter("dry_run", {"type": "boolean", "description": "Only check; nothing is registered."})
