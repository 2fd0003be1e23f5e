"""The audit log as an administrator may search it: everything from the top, else what happened to a client or an account within reach."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clients.registry import ClientRegistry
from idp.errors import InvalidInput, NotFound
from idp.flows.administration import targets
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, page
from idp.model.audit import Event, Outcome
from idp.ports.audit import AuditQuery
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from policies.delegation import DEPLOYMENT, Action, Target


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """A search by our ids, event, outcome, case code, time (epoch seconds), who acted (``account:…``, ``client:…``, ``operator:…``) and on what."""

    account_id: str = ""
    client_id: str = ""
    event: str = ""
    outcome: str = ""
    case_code: str = ""
    since: int | None = None
    until: int | None = None
    actor: str = ""
    target: str = ""


class AuditAdministration:
    """Searches; addresses and browsers stay sealed."""

    def __init__(self, gate: Gate, registry: ClientRegistry, accounts: AccountService, audit: AuditLog) -> None:
        """Take collaborators."""
        self._gate = gate
        self._registry = registry
        self._accounts = accounts
        self._audit = audit

    def search(
        self, who: Administrator, wanted: AuditSearch, window: Window, *, action: Action = Action.AUDIT_READ
    ) -> Page[dict[str, object]]:
        """Return records, newest first; ``action`` is ``AUDIT_EXPORT`` where they leave as a file."""
        _check(wanted)
        self._gate.anywhere(who, action, "audit")
        self._gate.require(who, action, self._about(wanted), "audit", hidden=False)
        query = AuditQuery(
            account_id=wanted.account_id or None,
            client_id=wanted.client_id or None,
            events=(wanted.event,) if wanted.event else (),
            outcome=wanted.outcome or None,
            case_code=wanted.case_code or None,
            actor=wanted.actor or None,
            target=wanted.target or None,
            since_us=wanted.since * 1_000_000 if wanted.since is not None else None,
            until_us=wanted.until * 1_000_000 if wanted.until is not None else None,
            before_id=window.after or None,
        )
        rows = self._audit.search(replace(query, limit=window.limit + 1))
        shown = [{name: value for name, value in row.items() if name != "private"} for row in rows]
        return page(shown, [str(row["id"]) for row in shown], window.limit)

    def _about(self, wanted: AuditSearch) -> Target:
        """Return what a search is about: of the ids that it names, each has to be within reach.

        Who acted says nothing of on what: a colleague's acts are about everybody's systems and people, so that alone is the whole log's.
        """
        kind, _, name = wanted.target.partition(":")
        clients = [wanted.client_id, name if kind == "client" else ""]
        accounts = [wanted.account_id, name if kind == "account" else ""]
        found = [
            *(self._of_client(client_id) for client_id in clients if client_id),
            *(self._of_account(account_id) for account_id in accounts if account_id),
        ]
        return targets.together(*found) if found else DEPLOYMENT

    def _of_client(self, client_id: str) -> Target:
        client = self._registry.find(client_id)
        return targets.of_client(client, self._gate.ground()) if client is not None else DEPLOYMENT

    def _of_account(self, account_id: str) -> Target:
        try:
            account = self._accounts.get(account_id)
        except NotFound:
            return DEPLOYMENT
        return targets.of_account(account, self._gate.admins, self._gate.ground())


def _check(wanted: AuditSearch) -> None:
    if wanted.event and wanted.event not in set(Event):
        raise InvalidInput("names no event", field="event")
    if wanted.outcome and wanted.outcome not in set(Outcome):
        raise InvalidInput(f"must be one of {', '.join(Outcome)}", field="outcome")
