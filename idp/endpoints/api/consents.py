"""Operations on consents and notices."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from idp.endpoints.api.operation import PAGED, REASON, WORDS, Call, Operation, Parameter, Reply, listed, page_of
from idp.endpoints.api.schema import Schema, choice, items, members, ref, text
from idp.endpoints.receipt_purposes import signed
from idp.flows.administration.consents import ConsentAdministration, ConsentSearch, WithdrawalSearch, WithdrawalView
from idp.ports.consents import Consent
from policies import claims

READ: Final = ("admin:consents:read",)
WRITE: Final = ("admin:consents:write",)
_STRING: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "integer"}

SHAPES: Final[dict[str, Schema]] = {
    "Consent": members(
        ("id", "account_id", "client_id", "kind", "scope", "claims", "declined", "text_version", "given_at"),
        id=_STRING,
        account_id=_STRING,
        client_id=_STRING,
        kind=choice("consent", "notice"),
        scope=_STRING,
        claims=items(_STRING),
        declined=items(_STRING),
        text_version=_STRING,
        given_at=_NUMBER,
        ended_at={"type": ["integer", "null"]},
        end_reason={"type": ["string", "null"]},
        purpose={"type": ["object", "null"], "additionalProperties": _STRING},
        legal_basis={"type": ["string", "null"]},
        purposes=items(
            members(
                ("id", "text", "legal_basis", "version", "claims", "declined"),
                id=_STRING,
                text={"type": "object", "additionalProperties": _STRING},
                legal_basis=_STRING,
                version=_STRING,
                claims=items(_STRING),
                declined=items(_STRING),
            )
        ),
    ),
    "Withdrawal": members(
        ("id", "account_id", "client_id", "withdrawn_at", "due_at", "state", "days_left", "is_late"),
        id=_STRING,
        account_id=_STRING,
        client_id=_STRING,
        withdrawn_at=_NUMBER,
        due_at=_NUMBER,
        told_at={"type": ["integer", "null"]},
        told_by=_STRING,
        note=_STRING,
        state=choice("told", "waiting", "paused", "no_way"),
        days_left=_NUMBER,
        is_late={"type": "boolean"},
    ),
    "ConsentCount": members(
        ("client_id", "kind", "current", "ended"),
        client_id=_STRING,
        kind=_STRING,
        current=_NUMBER,
        ended=_NUMBER,
    ),
}

_TELLING: Final = (Parameter("state", choice("open", "told", "all")), Parameter("client_id", text(512)), WORDS, *PAGED)


class ConsentOperations:
    """The handlers."""

    def __init__(self, consents: ConsentAdministration) -> None:
        """Take the use cases."""
        self._consents = consents

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        filters = (
            Parameter("client_id", text(512)),
            Parameter("account_id", text(64)),
            Parameter("state", choice("current", "ended")),
            WORDS,
            *PAGED,
        )
        return (
            Operation(
                *("GET", "/consents", "listConsents", "Consents and notices, newest first", READ, self.search),
                *(page_of("Consent"), 200, filters),
            ),
            Operation(
                *("GET", "/consent-counts", "countConsents", "Numbers by client and kind", READ, self.counts),
                *(page_of("ConsentCount"), 200, (WORDS, *PAGED)),
            ),
            Operation("GET", "/consents/{consent_id}", "getConsent", "A consent", READ, self.show, ref("Consent")),
            Operation(
                *("POST", "/consents/{consent_id}/withdraw", "withdrawConsent", "Withdraw in the person's name", WRITE),
                *(self.withdraw, ref("Consent"), 200, (), members(("reason",), reason=REASON)),
            ),
            Operation(
                *("GET", "/withdrawals", "listWithdrawals", "Withdrawals, due first, until the system was told", READ),
                *(self.withdrawals, page_of("Withdrawal"), 200, _TELLING),
            ),
            Operation(
                *("POST", "/withdrawals/{withdrawal_id}/told", "confirmTold", "The system was told by hand", WRITE),
                *(self.told, ref("Withdrawal"), 200, (), members(("reason",), reason=REASON)),
            ),
        )

    def search(self, call: Call) -> Reply:
        """List."""
        get = call.query.get
        wanted = ConsentSearch(*(get(name, "") for name in ("client_id", "account_id", "state", "q")))
        return listed(self._consents.search(call.who, wanted, call.window), view)

    def counts(self, call: Call) -> Reply:
        """Count."""
        return listed(self._consents.figures(call.who, call.window, call.query.get("q", "")), asdict)

    def show(self, call: Call) -> Reply:
        """Show."""
        found = self._consents.show(call.who, call.path["consent_id"])
        return Reply({**view(found.consent), **signed(found.consent, found.text)})

    def withdraw(self, call: Call) -> Reply:
        """Withdraw."""
        return Reply(view(self._consents.withdraw(call.who, call.path["consent_id"], call.body["reason"])))

    def withdrawals(self, call: Call) -> Reply:
        """List withdrawals."""
        get = call.query.get
        wanted = WithdrawalSearch(*(get(name, "") for name in ("state", "client_id", "q")))
        return listed(self._consents.withdrawals(call.who, wanted, call.window), _withdrawal)

    def told(self, call: Call) -> Reply:
        """Confirm."""
        return Reply(
            _withdrawal(self._consents.confirm_told(call.who, call.path["withdrawal_id"], call.body["reason"]))
        )


def _withdrawal(one: WithdrawalView) -> dict[str, Any]:
    return {**asdict(one.withdrawal), "state": one.state, "days_left": one.days_left, "is_late": one.is_late}


def view(one: Consent) -> dict[str, Any]:
    """Return a consent as JSON."""
    names = ("id", "account_id", "client_id", "kind", "scope", "text_version", "given_at", "ended_at", "end_reason")
    shown = {name: getattr(one, name) for name in names}
    return {**shown, "claims": list(claims.unpack(one.claims)), "declined": list(claims.unpack(one.declined))}
