"""The test sign-in of a client: an administrator, as himself, sees what the client would get.

Nobody gets anything that works anywhere: no code is sealed, no grant is stored, and of a token its header and claims leave this process alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients.model import Client
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.clients import ClientAdministration, ClientView
from idp.flows.administration.gate import Gate
from idp.model.audit import Outcome
from policies.delegation import Action


@dataclass(frozen=True, slots=True)
class TrialWish:
    """What the client would send: one of its redirect URIs, some of its scopes, a level as ``acr_values`` ("" for no wish)."""

    redirect_uri: str
    scope: str
    acr: str = ""


@dataclass(frozen=True, slots=True)
class TrialCheck:
    """One check by its name; ``detail`` says what was compared, in protocol words."""

    name: str
    is_passed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TrialToken:
    """A token without its signature: ``kind`` is ``id_token`` or ``access_token``."""

    kind: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TrialRun:
    """The protocol of one test. ``steps`` are step and reason of each decision; ``response`` and ``tokens`` are empty where it ended before."""

    request: Mapping[str, str]
    steps: tuple[tuple[str, str], ...] = ()
    response: Mapping[str, str] | None = None
    tokens: tuple[TrialToken, ...] = ()
    checks: tuple[TrialCheck, ...] = ()

    @property
    def is_good(self) -> bool:
        """Tell whether there are checks, and every one holds."""
        return bool(self.checks) and all(one.is_passed for one in self.checks)


Run = Callable[[Client, str, str, TrialWish], TrialRun]
"""Takes the client, the account, the secret of the browser's session and the wish."""
_BY_TOKEN: Final = "not_by_token"  # noqa: S105 - a reason id


class ClientTests:
    """Tests clients in the name of whoever may change them."""

    def __init__(self, gate: Gate, clients: ClientAdministration, run: Run) -> None:
        """Take collaborators; ``run`` is the authorization endpoint's part."""
        self._gate = gate
        self._clients = clients
        self._run = run

    def enter(self, who: Administrator, client_id: str) -> ClientView:
        """Return a client that somebody may test; raises ``NotFound`` and ``Refused``. Only a person before the console, never a token."""
        self._clients.seen(who, Action.CLIENT_UPDATE, client_id)
        if not who.actor.is_person or who.scopes is not None:
            self._gate.refuse(who, Action.CLIENT_UPDATE, f"client:{client_id}", _BY_TOKEN, visible=True)
        return self._clients.show(who, client_id)

    def run(self, who: Administrator, client_id: str, session_secret: str, wish: TrialWish) -> TrialRun:
        """Test a client with the session that the administrator has in this browser; recorded, whatever comes of it."""
        client = self.enter(who, client_id).client
        account_id = who.principal.partition(":")[2]
        made = self._run(client, account_id, session_secret, wish)
        failed = [one.name for one in made.checks if not one.is_passed]
        outcome = Outcome.DONE if made.is_good else Outcome.FAILED
        self._gate.note_test(who, client_id, outcome, {"failed": failed, "steps": [step for step, _ in made.steps]})
        return made
