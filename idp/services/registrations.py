"""Clients that register and manage themselves (RFC 7591, RFC 7592): who is let in, on what terms, and what stays his to change.

Everything is checked before a use of an initial access token is taken: a mistake in the metadata must not cost the token. An update goes through
the same checks on the same terms as the registration, and changes the registration access token, so that a copy of it ends with the next update.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients import metadata, terms
from clients.errors import ClientNotFound, MetadataError, RegistrationRefused
from clients.model import Client
from clients.registry import ClientRegistry
from clients.terms import Terms
from idp import handles
from idp.errors import Refused
from idp.model.initial_token import InitialToken
from idp.services.initial_tokens import InitialTokenService
from idp.services.sector_documents import SectorDocuments
from idp.services.software_statements import StatementReader

PREFIX: Final = "rat_"
_NOBODY: Final = "0" * 64
_NOT_SENT: Final = (
    "registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at",
)  # fmt: skip


class NotAdmitted(Refused):
    """Nothing presented lets the asker register, or manage this client."""

    code = "not_admitted"


class LimitReached(Refused):
    """As many clients registered themselves as the deployment allows."""

    code = "registration_limit"


@dataclass(frozen=True, slots=True)
class Registered:
    """A client with its registration access token, and its secret if a new one was made: both are told this once."""

    client: Client
    access_token: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class Policy:
    """``open_terms`` let anybody in, None nobody; ``limit`` is how many clients may be here by themselves."""

    open_terms: Terms | None
    limit: int


class RegistrationService:
    """Registers, reads, updates and removes clients for themselves."""

    def __init__(
        self,
        registry: ClientRegistry,
        tokens: InitialTokenService,
        statements: StatementReader,
        sectors: SectorDocuments,
        policy: Policy,
    ) -> None:
        """Take collaborators."""
        self._registry = registry
        self._tokens = tokens
        self._statements = statements
        self._sectors = sectors
        self._policy = policy

    def register(self, given: Mapping[str, Any], presented: str) -> Registered:
        """Register; ``presented`` is the initial access token, "" for none.

        Raises ``NotAdmitted``, ``StatementInvalid``, ``StatementUnapproved``, ``RegistrationRefused``, ``LimitReached``.
        """
        token = self._token(presented)
        statement = given.get("software_statement")
        vouched = self._statements.read(statement) if statement is not None else None
        agreed = token.terms if token else vouched.terms if vouched else self._policy.open_terms
        if agreed is None:
            raise NotAdmitted(
                "registration needs an initial access token or a software statement", code="token_missing"
            )
        document = terms.apply({**given, **(vouched.values if vouched else {})}, agreed)
        self._check(document)
        if sum(1 for client in self._registry.all() if client.terms) >= self._policy.limit:
            raise LimitReached("too many clients registered themselves")
        if token is not None and not self._tokens.use(token):
            raise NotAdmitted("the initial access token was used up meanwhile", code="token_used_up")
        secret = PREFIX + handles.new_secret()
        own = {
            "terms": agreed.document(),
            "management_digest": _digest(secret),
            "software_statement": statement if vouched else None,
        }
        client, client_secret, _ = self._registry.register(
            document, is_operator=False, actor="anonymous", note=agreed.via, own=own
        )
        return Registered(client, secret, client_secret)

    def authenticated(self, client_id: str, presented: str) -> Client:
        """Return the client that a registration access token manages (RFC 7592 section 2); raises ``NotAdmitted``.

        An unknown client, a removed one and a wrong token are the same, after the same work.
        """
        try:
            client: Client | None = self._registry.known(client_id)
        except ClientNotFound:
            client = None
        kept = (client.management_digest if client else None) or _NOBODY
        if not hmac.compare_digest(kept, _digest(presented)) or client is None:
            code = "token_unknown" if presented else "token_missing"
            raise NotAdmitted("the registration access token does not fit", code=code)
        return client

    def update(self, client: Client, given: Mapping[str, Any]) -> Registered:
        """Replace the metadata as a whole (RFC 7592 section 2.2); raises ``RegistrationRefused``, ``ClientConflict``."""
        faults = [
            MetadataError(name, "not_yours", "must be left out of an update") for name in _NOT_SENT if name in given
        ]
        if given.get("client_id") != client.client_id:
            faults.append(MetadataError("client_id", "immutable", "must be the id of the client that is updated"))
        if faults:
            raise RegistrationRefused(faults)
        kept = self._statements.kept(client.software_statement) if client.software_statement else {}
        document = terms.apply({**given, **kept}, terms.read(client.terms or {}))
        self._check(document)
        access_token = PREFIX + handles.new_secret()
        actor, own = f"client:{client.client_id}", {"management_digest": _digest(access_token)}
        updated = self._registry.update(
            client.client_id, document, is_operator=False, actor=actor, own=own, seen=client
        )
        secret: str | None = None
        if updated.token_endpoint_auth_method.startswith("client_secret_") and not updated.secrets:
            updated, secret = self._registry.rotate_secret(client.client_id, overlap=0, actor=actor)
        return Registered(updated, access_token, secret)

    def remove(self, client: Client) -> None:
        """Remove the client for good (RFC 7592 section 2.3): its tokens count for nothing from now on."""
        self._registry.set_state(client.client_id, "removed", actor=f"client:{client.client_id}")

    def _token(self, presented: str) -> InitialToken | None:
        token = self._tokens.find(presented) if presented else None
        if presented and token is None:
            raise NotAdmitted("the initial access token is not valid", code="token_unknown")
        return token

    def _check(self, document: Mapping[str, Any]) -> None:
        registration, faults = metadata.check(dict(document), is_operator=False, grants=self._registry.grants)
        if faults:
            raise RegistrationRefused(faults)
        self._sectors.check(registration.values)


def _digest(secret: str) -> str:
    return handles.digest(secret).hex()
