"""Operations on directories of departments and on upstream identity providers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from idp.endpoints.api.operation import PAGED, REASON, WORDS, Call, Operation, Parameter, Reply, listed, page_of
from idp.endpoints.api.schema import Schema, choice, items, members, nullable, ref, text
from idp.errors import NotFound
from idp.flows.administration.connections import STATES, ConnectionSearch
from idp.flows.administration.directories import ASKED, DONE, RUNNING, DirectoryView, DryRun
from idp.flows.administration.upstreams import UpstreamView
from idp.flows.administration.use_cases import UseCases

READ: Final = ("admin:settings:read",)
TEST: Final = ("admin:settings:test",)
_STRING: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "integer"}
_YES: Final[Schema] = {"type": "boolean"}
_MAYBE: Final[Schema] = {"type": ["integer", "null"]}
_COUNTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "integer"}}
_TITLE: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}

_FOUND: Final = (WORDS, Parameter("state", choice(*STATES)), *PAGED)

SHAPES: Final[dict[str, Schema]] = {
    "Directory": members(
        ("name", "title", "dialect", "servers", "unit", "last"),
        name=_STRING,
        title=_TITLE,
        dialect=_STRING,
        unit=_STRING,
        servers=items(members(("url", "is_left_alone", "failure"), url=_STRING, is_left_alone=_YES, failure=_STRING)),
        last=nullable(
            members(
                ("day", "started_at", "finished_at", "outcome", "counts"),
                day=_STRING,
                started_at=_NUMBER,
                finished_at=_MAYBE,
                outcome=_STRING,
                counts=_COUNTS,
            )
        ),
    ),
    "Checks": members(
        ("items",),
        items=items(
            members(
                ("step", "state", "detail", "server", "advice"),
                step=_STRING,
                state=_STRING,
                detail=_STRING,
                server=_STRING,
                advice=_STRING,
            )
        ),
    ),
    "DryRun": members(
        ("state", "asked_at", "asked_by", "finished_at", "outcome", "why", "counts"),
        state=choice(ASKED, RUNNING, DONE),
        asked_at=_NUMBER,
        asked_by=_STRING,
        finished_at=_MAYBE,
        outcome=_STRING,
        why=_STRING,
        counts=_COUNTS,
    ),
    "Touched": members(("account_id", "what", "detail"), account_id=_STRING, what=_STRING, detail=_STRING),
    "Upstream": members(
        (
            "name",
            "label",
            "connector",
            "is_enabled",
            "fault",
            "failures",
            "open_until",
            "failed_at",
            "answered_at",
            "why",
        ),
        closed=False,
        name=_STRING,
        label=_TITLE,
        connector=_STRING,
        is_enabled=_YES,
        fault=_STRING,
        failures=_NUMBER,
        open_until=_NUMBER,
        failed_at=_MAYBE,
        answered_at=_MAYBE,
        why=_STRING,
        highest_acr=_STRING,
        keys=items(_STRING),
    ),
    "Findings": members(
        ("items",), items=items(members(("check", "ok", "text"), check=_STRING, ok=_YES, text=_STRING))
    ),
    "UpstreamReading": members(
        ("attributes", "code_type", "code", "account_type", "unread", "acr", "amr", "identity_level"),
        attributes={"type": "object", "additionalProperties": {"type": "string"}},
        code_type=_STRING,
        code=_STRING,
        account_type=_STRING,
        unread=items(_STRING),
        acr=_STRING,
        amr=items(_STRING),
        identity_level=_NUMBER,
    ),
}


class ConnectionOperations:
    """The handlers."""

    def __init__(self, acts: UseCases) -> None:
        """Take the use cases."""
        self._directories = acts.directories
        self._upstreams = acts.upstreams

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        return (*self._of_directories(), *self._of_upstreams())

    def _of_directories(self) -> tuple[Operation, ...]:
        one, run = "/directories/{name}", "/directories/{name}/dry-run"
        examined = members((), username=text(200, 1, description="Follow this person's sign-in down to the roles."))
        reason = members(("reason",), reason=REASON)
        return (
            Operation(
                *("GET", "/directories", "listDirectories", "Directories in the order of the settings", READ),
                *(self.all, page_of("Directory"), 200, _FOUND),
            ),
            Operation(
                "GET", one, "getDirectory", "A directory as this process knows it", READ, self.show, ref("Directory")
            ),
            Operation(
                *("POST", f"{one}/examine", "examineDirectory", "Go through the configuration, step by step", TEST),
                *(self.examine, ref("Checks"), 200, (), examined),
            ),
            Operation(
                *("POST", run, "askDryRun", "Ask the worker for a dry run of the comparison", TEST, self.ask),
                *(ref("DryRun"), 202, (), reason),
            ),
            Operation(
                "GET", run, "getDryRun", "The dry run that was asked for last", TEST, self.dry_run, ref("DryRun")
            ),
            Operation(
                *("GET", f"{run}/people", "listTouched", "Whom the dry run would touch, by our own ids", TEST),
                *(self.people, page_of("Touched"), 200, PAGED),
            ),
        )

    def _of_upstreams(self) -> tuple[Operation, ...]:
        one = "/upstreams/{name}"
        fields = members(("fields",), fields={"type": "object", "description": "An answer as the provider gives it."})
        return (
            Operation(
                *("GET", "/upstreams", "listUpstreams", "Upstreams in the order of the settings", READ),
                *(self.upstreams, page_of("Upstream"), 200, _FOUND),
            ),
            Operation(
                "GET", one, "getUpstream", "An upstream as this process knows it", READ, self.upstream, ref("Upstream")
            ),
            Operation(
                *("POST", f"{one}/examine", "examineUpstream", "Look at what the provider publishes", TEST),
                *(self.findings, ref("Findings"), 200, (), members(())),
            ),
            Operation(
                *("POST", f"{one}/read", "readUpstreamAnswer", "What we would make of an answer", TEST, self.read),
                *(ref("UpstreamReading"), 200, (), fields),
            ),
        )

    def all(self, call: Call) -> Reply:
        """List directories."""
        return listed(self._directories.search(call.who, _wanted(call), call.window), _directory)

    def show(self, call: Call) -> Reply:
        """Show a directory."""
        return Reply(_directory(self._directories.show(call.who, call.path["name"])))

    def examine(self, call: Call) -> Reply:
        """Examine a directory."""
        checks = self._directories.examine(call.who, call.path["name"], call.body.get("username", ""))
        return Reply({"items": [asdict(one) for one in checks]})

    def ask(self, call: Call) -> Reply:
        """Ask for a dry run."""
        return Reply(_dry_run(self._directories.ask(call.who, call.path["name"], call.body["reason"])), 202)

    def dry_run(self, call: Call) -> Reply:
        """Show the dry run."""
        found = self._directories.dry_run(call.who, call.path["name"])
        if found is None:
            raise NotFound("no dry run was asked for of late")
        return Reply(_dry_run(found))

    def people(self, call: Call) -> Reply:
        """List whom the dry run would touch."""
        found = self._directories.people(call.who, call.path["name"], call.window)
        return listed(found, lambda row: dict(zip(("account_id", "what", "detail"), row, strict=True)))

    def upstreams(self, call: Call) -> Reply:
        """List upstreams."""
        return listed(self._upstreams.search(call.who, _wanted(call), call.window), _upstream)

    def upstream(self, call: Call) -> Reply:
        """Show an upstream."""
        return Reply(_upstream(self._upstreams.show(call.who, call.path["name"])))

    def findings(self, call: Call) -> Reply:
        """Examine an upstream."""
        return Reply({"items": [asdict(one) for one in self._upstreams.examine(call.who, call.path["name"])]})

    def read(self, call: Call) -> Reply:
        """Show what we would make of an answer."""
        found = self._upstreams.read(call.who, call.path["name"], call.body["fields"])
        return Reply({**asdict(found.mapped), **asdict(found.assessed)})


def _wanted(call: Call) -> ConnectionSearch:
    return ConnectionSearch(call.query.get("q", ""), call.query.get("state", ""))


def _directory(view: DirectoryView) -> dict[str, Any]:
    names = ("name", "title", "dialect", "unit")
    last = asdict(view.last) if view.last is not None else None
    if last is not None:
        del last["directory"]
    return {
        **{name: getattr(view.source, name) for name in names},
        "servers": [asdict(one) for one in view.servers],
        "last": last,
    }


def _dry_run(found: DryRun) -> dict[str, Any]:
    return {name: value for name, value in asdict(found).items() if name != "people"}


def _upstream(view: UpstreamView) -> dict[str, Any]:
    settings = view.settings
    about = {
        "name": view.name,
        "label": settings.label,
        "connector": settings.connector,
        "is_enabled": settings.enabled,
    }
    rules = {"claims": [asdict(one) for one in view.rules], "levels": [asdict(one) for one in view.levels]}
    found = {"fault": view.fault, "highest_acr": view.highest_acr, "keys": list(view.keys)}
    return {**about, **asdict(view.standing), **found, **rules}
