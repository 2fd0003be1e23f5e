"""Who administers: a person with a session or a token, or a client that acts for itself."""

from __future__ import annotations

from dataclasses import dataclass

from idp.services.admins import AdminService
from policies.delegation import Actor


@dataclass(frozen=True, slots=True)
class Administrator:
    """One request's administrator; made anew for each, so that a right that was taken away is gone at once.

    ``acr`` is the level of the sign-in, "" for a client. ``scopes`` bound what a token may use of the rights; None where there is no token.
    ``client_id`` is the system by which the request came, "" for the console.
    """

    actor: Actor
    acr: str = ""
    scopes: frozenset[str] | None = None
    client_id: str = ""
    session_id: str = ""
    case_code: str = ""
    address: str = ""

    @property
    def principal(self) -> str:
        """Return ``account:<id>`` or ``client:<id>``, which is the ``actor`` of audit records."""
        return self.actor.principal


class Administrators:
    """Makes the administrator of one request, with the grants of that moment."""

    def __init__(self, admins: AdminService) -> None:
        """Take the grants."""
        self._admins = admins

    def rights(self, who: Administrator) -> tuple[str, ...]:
        """Return the grants of somebody that count now, each with the unit for which it stands today."""
        return self._admins.rights(who.actor)

    def person(
        self,
        account_id: str,
        acr: str,
        *,
        session_id: str = "",
        scopes: frozenset[str] | None = None,
        client_id: str = "",
        case_code: str = "",
        address: str = "",
    ) -> Administrator:
        """Return a person who signed in with a level; an account that holds no grant is one to whom everything is refused."""
        actor = self._admins.actor(f"account:{account_id}")
        return Administrator(actor, acr, scopes, client_id, session_id, case_code, address)

    def client(
        self, client_id: str, *, scopes: frozenset[str], case_code: str = "", address: str = ""
    ) -> Administrator:
        """Return a client that acts for itself."""
        actor = self._admins.actor(f"client:{client_id}")
        return Administrator(actor, "", scopes, client_id, "", case_code, address)
