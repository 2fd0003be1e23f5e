"""``sector_identifier_uri`` (OpenID Connect Registration section 5): the owner of a host lists there which redirect URIs share a sector.

Fetched only through the guarded fetcher, since anybody who may register may write any address there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from clients.errors import MetadataError, RegistrationRefused
from idp.errors import DomainError
from idp.ports.fetcher import Fetcher

_FIELD = "sector_identifier_uri"
_OK = 200


class SectorDocuments:
    """Checks that a sector's document names every redirect URI of a registration."""

    def __init__(self, fetcher: Fetcher) -> None:
        """Take the guarded fetcher."""
        self._fetcher = fetcher

    def check(self, values: Mapping[str, Any]) -> None:
        """Check a registration whose fields are checked already; raises ``RegistrationRefused``. Without the field nothing is fetched."""
        uri = values.get(_FIELD)
        if uri is None:
            return
        listed = self._listed(uri)
        if not set(values["redirect_uris"]) <= listed:
            raise _refused("not_listed", "must list every redirect URI of the registration")

    def _listed(self, uri: str) -> set[str]:
        try:
            answer = self._fetcher.get(uri, "application/json")
        except DomainError as error:
            raise _refused("not_fetched", "must be reachable for us by https") from error
        if answer.status != _OK:
            raise _refused("not_fetched", "must answer 200, without a redirect")
        try:
            entries = orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise _refused("not_json", "must be a JSON array of redirect URIs") from error
        if not isinstance(entries, list) or not all(isinstance(one, str) for one in entries):
            raise _refused("not_json", "must be a JSON array of redirect URIs")
        return set(entries)


def _refused(reason: str, detail: str) -> RegistrationRefused:
    return RegistrationRefused([MetadataError(_FIELD, reason, detail)])
