"""Accounts: locking and unlocking, restoring, merging, factors, sessions. What could hand over somebody's rights waits for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.authn.credentials import CredentialService
from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.flows.administration import targets
from idp.flows.administration.accounts import AccountAdministration
from idp.flows.administration.acts import Act, Arguments, Parties
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.client_changes import strictest
from idp.flows.administration.gate import Gate, needs_second
from idp.model.account import Account
from idp.model.approval import Approval
from idp.ports.locks import LockRow
from idp.services.accounts import AccountService
from idp.services.approvals import Request
from idp.services.locks import AccountLocks, Ground
from idp.services.sessions import SessionService
from policies.delegation import Action, Actor, Decision
from policies.locks import OF_THE_PRODUCT, Reason, needs_two

UNLOCK: Final = "account:unlock"
RESTORE: Final = "account:restore"
RESET: Final = "account:reset-factor"
MERGE: Final = "account:merge"


class AccountStates:
    """Changes accounts."""

    def __init__(
        self,
        gate: Gate,
        people: AccountAdministration,
        accounts: AccountService,
        credentials: CredentialService,
        sessions: SessionService,
        locks: AccountLocks,
    ) -> None:
        """Take collaborators."""
        self._locks = locks
        self._gate = gate
        self._people = people
        self._accounts = accounts
        self._credentials = credentials
        self._sessions = sessions

    def acts(self) -> Mapping[str, Act]:
        """Return the acts that may wait."""
        return {
            UNLOCK: Act(self._decide_unlock, self._unlock),
            RESTORE: Act(lambda actor, what: self._decide(actor, Action.ACCOUNT_RESTORE, what), self._restore),
            RESET: Act(lambda actor, what: self._decide(actor, Action.ACCOUNT_RESET, what), self._reset),
            MERGE: Act(self._decide_merge, self._merge),
        }

    def lock(self, who: Administrator, account_id: str, why: Ground) -> Account:
        """Lock an account on a legal ground (``services.locks.ground``); its sessions and tokens end at once.

        Raises ``InvalidInput`` for a ground that is the product's own to give.
        """
        account, _ = self._people.seen(who, Action.ACCOUNT_LOCK, account_id)
        if why.code in OF_THE_PRODUCT:
            raise InvalidInput(f"is the product's own to give: {why.code}", field="reason_code")
        self._locks.lock(account.id, why, actor=who.principal)
        return self._accounts.get(account.id)

    def grounds(self, who: Administrator, account_id: str) -> list[LockRow]:
        """Return the locks of an account, newest first."""
        account, _ = self._people.seen(who, Action.ACCOUNT_READ, account_id)
        return self._locks.history(account.id)

    def is_locked(self, who: Administrator, account_id: str) -> bool:
        """Tell whether a lock of an account counts now, also one of the sign-in only, which leaves the account active."""
        account, _ = self._people.seen(who, Action.ACCOUNT_READ, account_id)
        return bool(self._locks.live(account.id))

    def unlock(self, who: Administrator, account_id: str, reason: str) -> Account | Approval:
        """End every lock of an account. What the law lets two persons end, and what was closed, is restored by two."""
        account, _ = self._people.seen(who, Action.ACCOUNT_READ, account_id)
        act, action = (RESTORE, Action.ACCOUNT_RESTORE) if self._by_two(account) else (UNLOCK, Action.ACCOUNT_UNLOCK)
        seen = {"locks": [lock.id for lock in self._locks.live(account.id)], "closed": account.state == "closed"}
        arguments = {"account_id": account.id, **seen}
        waiting = self._waiting(who, act, action, arguments, reason)
        if waiting is not None:
            return waiting
        self._locks.unlock(account.id, reason=reason, actor=who.principal)
        return self._accounts.get(account.id)

    def reset_factor(self, who: Administrator, account_id: str, kind: str, reason: str) -> Account | Approval:
        """Take a factor away, as for a lost telephone; sessions end. The factors of an administrator are taken away by two."""
        account, _ = self._people.seen(who, Action.ACCOUNT_RESET, account_id)
        if kind not in self._credentials.kinds(account.id):
            raise NotFound("the account has no such factor", field="factor")
        arguments = {"account_id": account.id, "kind": kind}
        waiting = self._waiting(who, RESET, Action.ACCOUNT_RESET, arguments, reason)
        if waiting is not None:
            return waiting
        self._take_factor(account.id, kind, who.principal)
        return self._accounts.get(account.id)

    def merge(self, who: Administrator, loser: str, winner: str, reason: str) -> Approval:
        """Ask that one account become part of another."""
        lost, _ = self._people.seen(who, Action.ACCOUNT_MERGE, loser)
        won, _ = self._people.seen(who, Action.ACCOUNT_MERGE, winner)
        if lost.id == won.id:
            raise InvalidInput("must be another account", field="into")
        arguments = {"loser": lost.id, "winner": won.id}
        waiting = self._waiting(who, MERGE, Action.ACCOUNT_MERGE, arguments, reason)
        if waiting is None:
            raise Refused("two accounts are merged by two persons")
        return waiting

    def end_sessions(self, who: Administrator, account_id: str, reason: str, session_id: str = "") -> int:
        """End one session of an account, or all; returns how many."""
        account, _ = self._people.seen(who, Action.SESSION_END, account_id)
        live = [view.session for view in self._sessions.of_account(account.id)]
        chosen = [one for one in live if session_id in {"", one.id}]
        if session_id and not chosen:
            raise NotFound("the account has no such live session")
        for session in chosen:
            self._sessions.end(session, reason or "administrator", who.principal, case_code=who.case_code)
        return len(chosen)

    def _waiting(
        self, who: Administrator, act: str, action: Action, arguments: Arguments, reason: str
    ) -> Approval | None:
        """Ask for a second person where one is needed; raises ``Refused``."""
        if not reason.strip():
            raise InvalidInput("is required", field="reason")
        name = f"account:{arguments.get('account_id') or arguments['loser']}"
        self._gate.enter(who, action, name)
        decision = self.acts()[act].decide(who.actor, arguments)
        if decision.is_denied:
            # The account was shown to be in sight before this was asked.
            self._gate.refuse(who, action, name, decision.reason, visible=True)
        return self._gate.wait(who, Request(act, action, name, arguments, reason)) if needs_second(decision) else None

    def _decide(self, actor: Actor, action: Action, arguments: Arguments) -> Decision:
        account = self._accounts.get(arguments["account_id"])
        return self._gate.decide(actor, action, self._people.target(account))

    def _decide_unlock(self, actor: Actor, arguments: Arguments) -> Decision:
        """What was locked meanwhile on a ground that two of a higher right end is not opened along with what was seen."""
        is_more = self._by_two(self._accounts.get(arguments["account_id"]))
        both = (Action.ACCOUNT_UNLOCK, *((Action.ACCOUNT_RESTORE,) if is_more else ()))
        return strictest([self._decide(actor, action, arguments) for action in both])

    def _by_two(self, account: Account) -> bool:
        return account.state == "closed" or any(needs_two(lock.reason_code) for lock in self._locks.live(account.id))

    def _decide_merge(self, actor: Actor, arguments: Arguments) -> Decision:
        both = [self._accounts.get(arguments[name]) for name in ("loser", "winner")]
        found = [self._people.target(account) for account in both]
        one_by_one = [self._gate.decide(actor, Action.ACCOUNT_MERGE, target) for target in found]
        return strictest([*one_by_one, self._gate.decide(actor, Action.ACCOUNT_MERGE, targets.together(*found))])

    def _check_seen(self, arguments: Arguments) -> None:
        # Locks for failed tries are anybody's to cause. A request of an earlier release does not say which locks were seen.
        found = self._locks.live(arguments["account_id"])
        live = {lock.id for lock in found if lock.reason_code != Reason.FAILED_TRIES}
        if not live <= {*arguments.get("locks", live)}:
            raise Conflict("the account was locked once more since this was asked", code="changed")
        if self._accounts.get(arguments["account_id"]).state == "closed" and not arguments.get("closed", True):
            raise Conflict("the account was closed since this was asked", code="changed")

    def _unlock(self, arguments: Arguments, parties: Parties) -> None:
        self._check_seen(arguments)
        actor, approver = parties.requester.principal, parties.approver
        self._locks.unlock(arguments["account_id"], reason=parties.reason, actor=actor, approver=approver)

    def _restore(self, arguments: Arguments, parties: Parties) -> None:
        self._check_seen(arguments)
        if self._accounts.get(arguments["account_id"]).state == "closed":
            self._accounts.restore(arguments["account_id"], reason=parties.reason, actor=parties.requester.principal)
            if not self._locks.live(arguments["account_id"]):
                return
        self._unlock(arguments, parties)

    def _reset(self, arguments: Arguments, parties: Parties) -> None:
        self._take_factor(arguments["account_id"], arguments["kind"], parties.requester.principal)

    def _merge(self, arguments: Arguments, parties: Parties) -> None:
        actor = parties.requester.principal
        self._sessions.end_all(arguments["loser"], "merged", actor)
        self._accounts.merge(arguments["loser"], arguments["winner"], reason=parties.reason, actor=actor)
        gone = self._gate.admins.held(f"account:{arguments['loser']}")
        self._gate.admins.revoke(gone, by=actor, reason="merged", approved_by=parties.approver)

    def _take_factor(self, account_id: str, kind: str, actor: str) -> None:
        self._credentials.remove(account_id, kind, actor=actor)
        self._sessions.end_all(account_id, "factor_reset", actor)
