"""``/bc-authorize`` (CIBA sections 7 and 13).

The answer says nothing about the person: a code that nobody has gets the same acknowledgement as any other and runs out in the end, or this
endpoint would tell every department who has an account (``docs/divergences.md``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clients.model import Client
from idp.flows.decoupled import DecoupledRequests
from idp.flows.inbox import Inbox
from idp.model.audit import AuditEvent, Event
from idp.protocol.authorization import parsing
from idp.protocol.backchannel import parameters as read
from idp.protocol.backchannel.requests import SignedRequests
from idp.protocol.client_authentication import ClientAuthenticator
from idp.protocol.errors import InvalidRequest, ProtocolError, UnauthorizedClient
from idp.protocol.grants import ciba
from idp.protocol.hints import HintReader
from idp.protocol.parameters import form_parameters
from idp.protocol.refusals import Refusals
from idp.protocol.resources import Resources
from idp.protocol.wire import WireRequest, WireResponse, json_response
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.subjects import SubjectService

INTERVAL: Final = 5
"""Seconds between polls at the least."""
_LONGEST_CODE: Final = 64


@dataclass(frozen=True, slots=True)
class People:
    """How a hint becomes an account."""

    accounts: AccountService
    subjects: SubjectService
    hints: HintReader

    def named(self, client: Client, name: str, hint: str) -> tuple[str, str]:
        """Return the active account that a hint names ("" for nobody), and the name under which the request is filed."""
        if name == "id_token_hint":
            found = self.subjects.account_of(self.hints.for_client(hint, client).sub)
            account = self.accounts.get(found) if found is not None else None
        else:
            account = self.accounts.for_sign_in(hint.strip()[:_LONGEST_CODE])
        account_id = account.id if account is not None and account.state == "active" else ""
        return account_id, account_id or f"nobody:{hint}"


class BackchannelAuthenticationEndpoint:
    """Takes a request, puts it before its person, and gives the client what to poll with."""

    def __init__(
        self,
        *,
        authenticator: ClientAuthenticator,
        signed: SignedRequests,
        people: People,
        decoupled: DecoupledRequests,
        inbox: Inbox,
        audit: AuditLog,
        refusals: Refusals,
        resources: Resources,
        lifetime: int,
    ) -> None:
        """Take collaborators; ``lifetime`` in seconds is for requests that ask for none."""
        self._authenticator = authenticator
        self._signed = signed
        self._people = people
        self._decoupled = decoupled
        self._inbox = inbox
        self._audit = audit
        self._refusals = refusals
        self._resources = resources
        self._lifetime = lifetime

    def handle(self, request: WireRequest) -> WireResponse:
        """Return the acknowledgement or the error."""
        client: Client | None = None
        try:
            if request.method != "POST":
                raise InvalidRequest("the backchannel authentication endpoint takes POST only", reason="method")
            parameters = form_parameters(request)
            client = self._authenticator.confidential(request, parameters)
            if ciba.NAME not in client.grant_types:
                raise UnauthorizedClient("the client is not registered for CIBA", reason="grant_not_registered")
            return json_response(self._opened(client, self._signed.opened(client, parameters), request))
        except ProtocolError as error:
            return self._refusals.answer(
                Event.BACKCHANNEL_AUTHENTICATE, request, error, client.client_id if client else None
            )

    def _opened(self, client: Client, parameters: read.Parameters, request: WireRequest) -> dict[str, object]:
        """Consent is asked each time: the person did not start this."""
        asked = parsing.decoupled(client, parameters, frozenset({"consent"}), self._resources)
        name, hint = read.hint(parameters)
        message = read.binding_message(parameters)
        token = read.notification_token(client, parameters)
        lifetime = read.lifetime(parameters, self._lifetime)
        account_id, owner = self._people.named(client, name, hint)
        secret, opened = self._decoupled.open(
            ciba.KIND, asked, lifetime, INTERVAL, notification_token=token, message=message, account_id=account_id
        )
        self._inbox.put(owner, opened)
        self._audit.write(
            AuditEvent(
                Event.BACKCHANNEL_AUTHENTICATE,
                actor=f"client:{client.client_id}",
                account_id=account_id or None,
                client_id=client.client_id,
                case_code=request.case_code,
                detail={"scope": " ".join(asked.scope), "hint": name, "known": bool(account_id)},
                private={"address": request.address},
            )
        )
        return {"auth_req_id": secret, "expires_in": lifetime, "interval": INTERVAL}
