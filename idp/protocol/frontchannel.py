"""Front-channel logout (OpenID Connect Front-Channel Logout 1.0): pages of departments, loaded in frames when the person signs out here.

A browser that keeps cookies from frames of other sites keeps the department from finding its session: departments should register
``backchannel_logout_uri`` as well, which does not depend on the browser.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from clients.model import Client
from clients.redirects import form_action_origin
from idp.model.session import Session
from idp.ports.sessions import SessionClient
from idp.services.sids import SessionIds
from idp.services.subjects import sector_of


@dataclass(frozen=True, slots=True)
class Frame:
    """One department's logout page, and the origin that the Content-Security-Policy has to let through."""

    client_id: str
    url: str
    origin: str


class FrontChannel:
    """Builds the frames of a session."""

    def __init__(
        self,
        issuer: str,
        find: Callable[[str], Client | None],
        clients_of: Callable[[Session], list[SessionClient]],
        sids: SessionIds,
    ) -> None:
        """Take the issuer, the registry's look-up, the clients of a session, and the maker of ``sid``."""
        self._issuer = issuer
        self._find = find
        self._clients_of = clients_of
        self._sids = sids

    def frames(self, session: Session) -> tuple[Frame, ...]:
        """Return a frame for each client of the session that registered a page, with ``iss`` and ``sid`` (section 3)."""
        known = dict.fromkeys(one.client_id for one in self._clients_of(session))
        clients = [client for client_id in known if (client := self._find(client_id)) is not None and client.is_active]
        return tuple(
            self._frame(client, client.frontchannel_logout_uri, session)
            for client in clients
            if client.frontchannel_logout_uri is not None
        )

    def _frame(self, client: Client, uri: str, session: Session) -> Frame:
        query = urlencode({"iss": self._issuer, "sid": self._sids.sid(session.id, sector_of(client))})
        return Frame(client.client_id, f"{uri}{'&' if '?' in uri else '?'}{query}", form_action_origin(uri))
