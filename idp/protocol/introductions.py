"""Unknown clients that an https ``client_id`` introduces: the registry of sources is asked, refusals become protocol errors.

OpenID Federation 1.0 section 12.1 (automatic registration) and OAuth client ID metadata documents come in here. What is known costs nothing:
endpoints ask only after their own look-up has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from clients.errors import ClientConflict, RegistrationRefused
from clients.model import EXPIRED, Client
from idp.errors import DomainError, Refused
from idp.ports.client_sources import ClientSource, Introduction
from idp.protocol.errors import (
    InvalidClientMetadata,
    InvalidMetadata,
    InvalidRequest,
    InvalidTrustAnchor,
    InvalidTrustChain,
    ProtocolError,
    TemporarilyUnavailable,
)

ERRORS: Final[Mapping[str, type[ProtocolError]]] = MappingProxyType(
    {
        "invalid_trust_anchor": InvalidTrustAnchor,
        "invalid_trust_chain": InvalidTrustChain,
        "invalid_metadata": InvalidMetadata,
        "invalid_client_metadata": InvalidClientMetadata,
        "temporarily_unavailable": TemporarilyUnavailable,
    }
)
"""What a source may refuse with, by the code of its ``Refused``."""
_CARRIERS: Final = ("request", "client_assertion")
_LONGEST_ID: Final = 2048


class Introductions:
    """Asks the sources in their order."""

    def __init__(self, find: Callable[[str], Client | None], sources: tuple[ClientSource, ...] = ()) -> None:
        """Take the registry's look-up and the sources; none: every id stays unknown."""
        self._find = find
        self._sources = sources

    def introduce(self, parameters: Mapping[str, str]) -> bool:
        """Tell whether a source knows the request's client now; raises ``ProtocolError`` for one that may not come in.

        An error from here is never redirected: nothing about the redirect URI is proven (OpenID Federation 1.0 section 12.1.3).
        """
        client_id = parameters.get("client_id", "")
        if not self._sources or not client_id.startswith(("https://", "http://")) or len(client_id) > _LONGEST_ID:
            return False
        known = self._find(client_id)
        if known is not None and known.state != EXPIRED:
            # Suspended by us, or removed for good: whoever vouches for it elsewhere has no say in that.
            return False
        carried = tuple(parameters[name] for name in _CARRIERS if name in parameters)
        introduction = Introduction(client_id, carried)
        try:
            return any(source.introduce(introduction) for source in self._sources)
        except RegistrationRefused as error:
            raise InvalidClientMetadata("the client's metadata is not acceptable here", reason=error.code) from error
        except ClientConflict as error:
            raise TemporarilyUnavailable("another request is registering this client: try again") from error
        except Refused as error:
            raise _mapped(error) from error


def _mapped(error: DomainError) -> ProtocolError:
    kind = ERRORS.get(error.code, InvalidRequest)
    return kind("the client cannot be trusted", reason=error.field or error.code)
