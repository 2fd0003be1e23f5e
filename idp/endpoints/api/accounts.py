"""Operations on accounts. An identity code is never in an address: what is looked for is in the body."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from idp.endpoints.api.account_documents import account, lock, session
from idp.endpoints.api.operation import (
    MOMENT,
    PAGED,
    REASON,
    WHY,
    Call,
    Operation,
    Parameter,
    Reply,
    listed,
    page_of,
    waiting,
)
from idp.endpoints.api.schema import choice, members, ref, text
from idp.flows.administration.account_states import AccountStates
from idp.flows.administration.accounts import AccountAdministration
from idp.flows.administration.unused import STATES, UnusedAccounts
from idp.model.account import Account
from idp.model.approval import Approval
from idp.services import locks
from policies.locks import OF_THE_PRODUCT, Reason

READ: Final = ("admin:accounts:read",)
WRITE: Final = ("admin:accounts:write",)
_ONE: Final = "/accounts/{account_id}"
_WHY: Final = members(("reason",), reason=REASON)
_LOCK: Final = members(
    ("reason_code", "reason"),
    reason_code=choice(*(one for one in Reason if one not in OF_THE_PRODUCT)),
    reason=REASON,
    reference=text(200),
    until=MOMENT,
)


class AccountOperations:
    """The handlers."""

    def __init__(self, accounts: AccountAdministration, states: AccountStates, unused: UnusedAccounts) -> None:
        """Take the use cases."""
        self._unused = unused
        self._accounts = accounts
        self._states = states

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        return (*self._looking(), *self._changing(), *self._of_sessions())

    def _looking(self) -> tuple[Operation, ...]:
        find = "Accounts that a code or id names, masked"
        wanted = members(("q",), q=text(200, 1, description="An identity code, an account id or an external id."))
        one = _ONE
        return (
            Operation("POST", "/accounts/search", "findAccounts", find, READ, self.find, ref("Accounts"), body=wanted),
            Operation(
                *("GET", "/accounts/unused", "listUnusedAccounts", "Accounts of staff that nobody uses", READ),
                *(self.unused, page_of("UnusedAccount"), 200, (Parameter("state", choice(*STATES)), *PAGED)),
            ),
            Operation("GET", one, "getAccount", "An account, masked", READ, self.show, ref("Account")),
            Operation(
                *("POST", f"{one}/reveal", "revealAccount", "An account with codes and profile", READ, self.reveal),
                *(ref("Account"), 200, (), _WHY),
            ),
            Operation(
                "GET",
                f"{one}/history",
                "getAccountHistory",
                "What happened",
                READ,
                self.history,
                ref("Events"),
                query=PAGED[1:],
            ),
            Operation("GET", f"{one}/locks", "getLocks", "Its locks, newest first", READ, self.locks, ref("Locks")),
        )

    def _changing(self) -> tuple[Operation, ...]:
        merge = members(("into", "reason"), into=text(64, 1), reason=REASON)
        one, state = _ONE, ref("AccountState")
        return (
            Operation("POST", f"{one}/lock", "lockAccount", "Lock", WRITE, self.lock, state, body=_LOCK),
            Operation(
                "POST",
                f"{one}/unlock",
                "unlockAccount",
                "Unlock or restore",
                WRITE,
                self.unlock,
                state,
                body=_WHY,
                waits=True,
            ),
            Operation(
                *("POST", f"{one}/factors/{{factor}}/reset", "resetFactor", "Take a factor away", WRITE, self.reset),
                *(state, 200, (), _WHY),
                waits=True,
            ),
            Operation(
                "POST",
                f"{one}/merge",
                "mergeAccount",
                "Merge into another, by two",
                WRITE,
                self.merge,
                None,
                202,
                (),
                merge,
                waits=True,
            ),
        )

    def _of_sessions(self) -> tuple[Operation, ...]:
        sessions = f"{_ONE}/sessions"
        return (
            Operation("GET", sessions, "listSessions", "Live sessions", READ, self.sessions, ref("Sessions")),
            Operation(
                "DELETE", sessions, "endSessions", "End every session", WRITE, self.end, ref("Ended"), 200, (WHY,)
            ),
            Operation(
                *("DELETE", f"{sessions}/{{session_id}}", "endSession", "End a session", WRITE, self.end, ref("Ended")),
                *(200, (WHY,)),
            ),
        )

    def find(self, call: Call) -> Reply:
        """Find."""
        return Reply({"items": [account(one) for one in self._accounts.find(call.who, call.body["q"])]})

    def unused(self, call: Call) -> Reply:
        """List unused accounts of staff."""
        return listed(self._unused.search(call.who, call.window, call.query.get("state", "")), asdict)

    def show(self, call: Call) -> Reply:
        """Show."""
        return Reply(account(self._accounts.show(call.who, call.path["account_id"])))

    def reveal(self, call: Call) -> Reply:
        """Reveal."""
        return Reply(account(self._accounts.reveal(call.who, call.path["account_id"], call.body["reason"])))

    def history(self, call: Call) -> Reply:
        """List what happened."""
        limit = call.query.get("limit", 50)
        return Reply({"items": self._accounts.history(call.who, call.path["account_id"], limit)})

    def locks(self, call: Call) -> Reply:
        """List locks."""
        return Reply({"items": [lock(row) for row in self._states.grounds(call.who, call.path["account_id"])]})

    def lock(self, call: Call) -> Reply:
        """Lock."""
        body = call.body
        why = locks.ground(body["reason_code"], body["reason"], body.get("reference", ""), body.get("until"))
        return _state(self._states.lock(call.who, call.path["account_id"], why))

    def unlock(self, call: Call) -> Reply:
        """Unlock."""
        return _state(self._states.unlock(call.who, call.path["account_id"], call.body["reason"]))

    def reset(self, call: Call) -> Reply:
        """Take a factor away."""
        path = call.path
        return _state(self._states.reset_factor(call.who, path["account_id"], path["factor"], call.body["reason"]))

    def merge(self, call: Call) -> Reply:
        """Ask for a merger."""
        path, body = call.path, call.body
        return waiting(self._states.merge(call.who, path["account_id"], body["into"], body["reason"]))

    def sessions(self, call: Call) -> Reply:
        """List sessions."""
        return Reply({"items": [session(one) for one in self._accounts.sessions(call.who, call.path["account_id"])]})

    def end(self, call: Call) -> Reply:
        """End sessions."""
        path, reason = call.path, call.query["reason"]
        only = path.get("session_id", "")
        return Reply({"ended": self._states.end_sessions(call.who, path["account_id"], reason, only)})


def _state(done: Account | Approval) -> Reply:
    if isinstance(done, Approval):
        return waiting(done)
    return Reply({"account_id": done.id, "state": done.state})
