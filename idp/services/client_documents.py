"""Clients whose ``client_id`` is the address of their metadata (draft-ietf-oauth-client-id-metadata-document).

Nobody vouches for such a client but the host that serves the document, so it gets what anybody may get and no secret. The document is fetched by the
guarded fetcher only, bounded in size, and no more often from one host than a limit says; what cannot be read is not remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from clients import metadata, terms, uris
from clients.errors import RegistrationRefused
from clients.registry import ClientRegistry
from clients.repository import Newcomer
from clients.terms import Terms
from idp.clock import Clock
from idp.errors import DomainError, Refused
from idp.ports.client_sources import Introduction
from idp.ports.fetcher import Fetched, Fetcher
from idp.services.sector_documents import SectorDocuments
from keys.strict_json import read_object

SOURCE: Final = "metadata_document"
MAX_BYTES: Final = 5 * 1024
LEAST_AGE: Final = 60
LONGEST_AGE: Final = 3600
DEFAULT_AGE: Final = 300
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=\"?([0-9]{1,10})", re.IGNORECASE)
_NO_STORE: Final = re.compile(r"(?:^|[\s,])no-(?:store|cache)(?:$|[\s,])", re.IGNORECASE)
_SHARED_SECRETS: Final = frozenset({"client_secret_basic", "client_secret_post", "client_secret_jwt"})
_FORBIDDEN: Final = ("client_secret", "client_secret_expires_at")
_OK: Final = 200


class ClientDocuments:
    """``ports.client_sources.ClientSource`` for metadata documents."""

    def __init__(
        self,
        fetcher: Fetcher,
        registry: ClientRegistry,
        sectors: SectorDocuments,
        agreed: Terms,
        count: Callable[[str], int],
        clock: Clock,
    ) -> None:
        """Take collaborators; ``count`` counts a look at a host and returns the seconds to wait, 0 to go on."""
        self._fetcher = fetcher
        self._registry = registry
        self._sectors = sectors
        self._terms = agreed
        self._count = count
        self._clock = clock

    def introduce(self, introduction: Introduction) -> bool:
        """Fetch the document and make its client known; False for an id that is no address of a document."""
        client_id = introduction.client_id
        if not is_document_address(client_id):
            return False
        if self._count(urlsplit(client_id).hostname or "") > 0:
            raise _refused("too many looks at this host", "document_limit")
        answer = self._answer(client_id)
        document = terms.apply(_document(answer, client_id), self._terms)
        registration, faults = metadata.check(document, is_operator=False, grants=self._registry.grants)
        if faults:
            raise RegistrationRefused(faults)
        self._sectors.check(registration.values)
        until = self._clock.now() + _lifetime(answer.cache_control)
        self._registry.introduce(Newcomer(client_id, SOURCE, until), document)
        return True

    def _answer(self, client_id: str) -> Fetched:
        try:
            answer = self._fetcher.get(client_id, "application/json")
        except DomainError as error:
            raise _refused("the document cannot be fetched", "document_not_fetched") from error
        media_type = answer.content_type.partition(";")[0].strip().lower()
        if answer.status != _OK or len(answer.body) > MAX_BYTES:
            raise _refused("the document must answer 200 and be small", "document_not_fetched")
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise _refused("the document must be JSON", "document_not_json")
        return answer


def is_document_address(client_id: str) -> bool:
    """Tell whether an id may be a document's address: https, a path, no user, no dot segment, no fragment (section 3)."""
    if uris.shape_fault(client_id) is not None:
        return False
    parts = urlsplit(client_id)
    return parts.scheme == "https" and bool(parts.hostname) and parts.path not in {"", "/"}


def _document(answer: Fetched, client_id: str) -> dict[str, Any]:
    """Return the metadata; raises ``Refused`` for a document that is not this id's, or that holds or needs a shared secret (section 4)."""
    try:
        document = read_object(answer.body)
    except ValueError as error:
        raise _refused("the document must be one JSON object", "document_not_json") from error
    if document.get("client_id") != client_id:
        raise _refused("client_id of the document must be its address", "document_of_another")
    method = document.get("token_endpoint_auth_method", "none")
    if method in _SHARED_SECRETS or any(name in document for name in _FORBIDDEN):
        raise _refused("a published document holds no secret", "document_with_secret")
    return {**document, "token_endpoint_auth_method": method}


def _lifetime(cache_control: str) -> int:
    if _NO_STORE.search(cache_control):
        return LEAST_AGE
    found = _MAX_AGE.search(cache_control)
    return min(max(int(found[1]), LEAST_AGE), LONGEST_AGE) if found else DEFAULT_AGE


def _refused(reason: str, code: str) -> Refused:
    return Refused(reason, code="invalid_client_metadata", field=code)
