"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0).

With a hint that fits the browser's session the person is signed out at once; without one, or when it fits another session, they are
asked first: a third party must not be able to sign people out by a link (section 2 and section 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from clients.registry import ClientRegistry
from idp.model.session import Session
from idp.protocol.errors import InvalidRequest, ProtocolError
from idp.protocol.hints import HintClaims, HintReader
from idp.protocol.parameters import form_parameters, query_parameters
from idp.protocol.wire import WireRequest
from idp.services.sessions import SessionService
from idp.services.sids import SessionIds
from idp.services.subjects import sector_of

_MAX_STATE: Final = 2048
_STALE: Final = 1


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A checked request: where to go afterwards ("" for our own page), which client asked, and whether its hint fits the session."""

    client_id: str
    return_uri: str
    is_proven: bool
    ui_locales: tuple[str, ...] = ()


class EndSessionEndpoint:
    """Checks logout requests; ending the session is ``services.sessions``'s work."""

    def __init__(self, registry: ClientRegistry, sessions: SessionService, sids: SessionIds, hints: HintReader) -> None:
        """Take collaborators."""
        self._registry = registry
        self._sessions = sessions
        self._sids = sids
        self._hints = hints

    def read(self, wire: WireRequest, session: Session | None) -> LogoutRequest:
        """Return the checked request; raises ``ProtocolError``, always to be shown: nothing is redirected on error (section 4)."""
        parameters = form_parameters(wire) if wire.method == "POST" else query_parameters(wire)
        # Who is told of the end, and who may be gone back to, is as stored now, though this process may have seen no request for long.
        self._registry.refresh_if_older_than(_STALE)
        hint = self._hint(parameters)
        client_id = _client_id(parameters, hint)
        return_uri = self._return_uri(parameters, client_id)
        if hint is None and "id_token_hint" in parameters:
            # What failed to validate sends nobody to a department (section 4): the person is asked, and stays here.
            return_uri = ""
        return LogoutRequest(
            client_id,
            return_uri,
            session is not None and self._fits(hint, session),
            tuple(parameters.get("ui_locales", "").split()),
        )

    def _hint(self, parameters: Mapping[str, str]) -> HintClaims | None:
        """A hint that cannot be read any more (its key is gone) asks the person instead of failing; a forged one proves nothing either."""
        if "id_token_hint" not in parameters:
            return None
        try:
            return self._hints.read(parameters["id_token_hint"])
        except ProtocolError:
            return None

    def _fits(self, hint: HintClaims | None, session: Session) -> bool:
        client = self._registry.sought(hint.client_id) if hint is not None else None
        if hint is None or client is None or hint.sid is None:
            return False
        return hint.sid == self._sids.sid(session.id, sector_of(client))

    def _return_uri(self, parameters: Mapping[str, str], client_id: str) -> str:
        uri = parameters.get("post_logout_redirect_uri")
        if not uri or not client_id:
            # An address that no department stands behind is passed over (section 3): who wants to sign out still can, and stays here.
            return ""
        client = self._registry.sought(client_id)
        if client is None:
            raise InvalidRequest("client_id is not registered", reason="unknown_client")
        if uri not in client.post_logout_redirect_uris:
            raise InvalidRequest(
                "post_logout_redirect_uri is not registered for this client", reason="redirect_uri_mismatch"
            )
        state = parameters.get("state")
        if state is None:
            return uri
        if len(state) > _MAX_STATE:
            raise InvalidRequest(f"state is longer than {_MAX_STATE} characters", reason="state")
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': state})}"


def _client_id(parameters: Mapping[str, str], hint: HintClaims | None) -> str:
    """Return the client that asks; when both name one they must agree (section 2)."""
    given = parameters.get("client_id", "")
    if hint is not None and given and hint.client_id != given:
        raise InvalidRequest("client_id and id_token_hint name different clients", reason="client_mismatch")
    return hint.client_id if hint is not None else given
