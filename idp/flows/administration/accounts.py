"""Accounts: looking at people. Masked, and whoever looks is recorded; what is behind the mask takes a right and a reason of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.authn.credentials import CredentialService
from idp.errors import InvalidInput, NotFound
from idp.flows.administration import targets
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.model.account import Account
from idp.ports.audit import AuditQuery
from idp.services.accounts import AccountService, masked
from idp.services.audit import AuditLog
from idp.services.sessions import SessionService, SessionView
from policies.delegation import Action, Target

_LONGEST: Final = 200
_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class CodeView:
    """An identity code; ``value`` is masked unless it was revealed."""

    scheme: str
    value: str
    valid_from: int
    valid_to: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as an administrator sees it: ``name`` with initials only and codes masked, unless ``is_revealed``.

    ``is_administrator`` tells that it holds grants of administration; ``may`` are the acts that the policy would not deny.
    """

    account: Account
    name: str
    codes: tuple[CodeView, ...]
    factors: tuple[str, ...]
    is_administrator: bool
    may: frozenset[Action]
    is_revealed: bool = False


class AccountAdministration:
    """Finds and shows accounts."""

    def __init__(
        self,
        gate: Gate,
        accounts: AccountService,
        credentials: CredentialService,
        sessions: SessionService,
        audit: AuditLog,
    ) -> None:
        """Take collaborators."""
        self._gate = gate
        self._accounts = accounts
        self._credentials = credentials
        self._sessions = sessions
        self._audit = audit

    def enter(self, who: Administrator) -> None:
        """Let somebody in who may look for people at all; raises ``Refused``."""
        self._gate.anywhere(who, Action.ACCOUNT_READ, "accounts")

    def find(self, who: Administrator, text: str) -> list[AccountView]:
        """Return the accounts that a whole identity code, an account id or an external id names, as far as they are within reach.

        Names are sealed, so nothing is found by a part of one. Looking for somebody is recorded like looking at them.
        """
        self._gate.anywhere(who, Action.ACCOUNT_READ, "accounts")
        text = text.strip()
        if not 1 <= len(text) <= _LONGEST:
            raise InvalidInput(f"must be 1 to {_LONGEST} characters", field="q")
        found: dict[str, AccountView] = {}
        for account_id in self._accounts.named_by(text)[:_MOST]:
            account = self._accounts.get(account_id)
            target = self.target(account)
            if not self._gate.decide(who.actor, Action.ACCOUNT_READ, target).is_denied:
                found[account.id] = self._view(who, account, target)
                self._accounts.note_shown(account.id, reveal=False, reason="search", actor=who.principal)
        if not found:
            # Whether nobody has this code or somebody out of reach: the same work, and a trace of who asks for whom.
            self._gate.note(who, Action.ACCOUNT_READ, "accounts", "nothing_found")
        return list(found.values())

    def show(self, who: Administrator, account_id: str, reason: str = "") -> AccountView:
        """Return one account, masked; recorded, with what it was looked at for where that is said."""
        account, target = self.seen(who, Action.ACCOUNT_READ, account_id)
        self._accounts.note_shown(account.id, reveal=False, reason=reason, actor=who.principal)
        return self._view(who, account, target)

    def reveal(self, who: Administrator, account_id: str, reason: str) -> AccountView:
        """Return one account with its codes and profile in full; recorded with the reason."""
        if not reason.strip():
            raise InvalidInput("is required", field="reason")
        account, target = self.seen(who, Action.ACCOUNT_REVEAL, account_id)
        self._accounts.note_shown(account.id, reveal=True, reason=reason, actor=who.principal)
        return self._view(who, account, target, is_revealed=True)

    def sessions(self, who: Administrator, account_id: str, *, is_noted: bool = False) -> list[SessionView]:
        """Return the live sessions of an account; the look is recorded, unless it is part of one that was (``is_noted``)."""
        account, _ = self.seen(who, Action.SESSION_READ, account_id)
        if not is_noted:
            self._accounts.note_shown(account.id, reveal=False, reason="sessions", actor=who.principal)
        return self._sessions.of_account(account.id)

    def history(self, who: Administrator, account_id: str, limit: int = 50) -> list[dict[str, object]]:
        """Return what happened with an account, newest first, without addresses."""
        account, _ = self.seen(who, Action.ACCOUNT_READ, account_id)
        rows = self._audit.search(AuditQuery(account_id=account.id, limit=limit))
        return [{name: value for name, value in row.items() if name != "private"} for row in rows]

    def seen(self, who: Administrator, action: Action, account_id: str) -> tuple[Account, Target]:
        """Return an account on which somebody may do an act, with its target; raises ``NotFound`` and ``Refused``."""
        try:
            account = self._accounts.get(account_id)
        except NotFound:
            self._gate.enter(who, action, f"account:{account_id}")
            self._gate.refuse(who, action, f"account:{account_id}", "unknown", visible=False)
        target = self.target(account)
        self._gate.require(who, action, target, f"account:{account_id}")
        return account, target

    def target(self, account: Account) -> Target:
        """Return what an account is to the policy."""
        return targets.of_account(account, self._gate.admins, self._gate.ground())

    def _view(self, who: Administrator, account: Account, target: Target, *, is_revealed: bool = False) -> AccountView:
        name = str(account.profile.get("name", ""))
        codes = tuple(
            CodeView(
                code.scheme,
                code.value if is_revealed else masked(code.value),
                code.valid_from,
                code.valid_to,
                code.reason,
            )
            for code in self._accounts.codes(account.id)
        )
        held = frozenset(
            action
            for action in Action
            if action.startswith(("account:", "session:"))
            and not self._gate.decide(who.actor, action, target).is_denied
        )
        return AccountView(
            account,
            name if is_revealed else initials(name),
            codes,
            tuple(sorted(self._credentials.kinds(account.id))),
            bool(target.held),
            held,
            is_revealed,
        )


def initials(name: str) -> str:
    """Return a name as it is shown before somebody gave a reason: the last word, which people are called by, the others' first letters."""
    words = name.split()
    return " ".join([*(f"{word[0]}." for word in words[:-1]), *words[-1:]])
