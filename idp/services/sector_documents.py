"""``sector_identifier_uri`` (OpenID Connect Registration section 5): the owner of a host lists there which redirect URIs share a sector.

A client of CIBA has no redirect URI that would tell whose it is: there its ``jwks_uri`` is listed, and its requests have to be proven by the keys
behind it (CIBA Core section 4). Who has neither shares no sector: nobody would have to list him, and any list would let him in.

Fetched only through the guarded fetcher, since anybody who may register may write any address there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from clients.errors import MetadataError, RegistrationRefused
from clients.rules import CIBA
from idp.errors import DomainError
from idp.ports.fetcher import Fetcher

_FIELD = "sector_identifier_uri"
_OK = 200
_BY_OWN_KEY = frozenset({"private_key_jwt", "self_signed_tls_client_auth"})


class SectorDocuments:
    """Checks that a sector's document names everything by which a registration would belong to the sector."""

    def __init__(self, fetcher: Fetcher) -> None:
        """Take the guarded fetcher."""
        self._fetcher = fetcher

    def check(self, values: Mapping[str, Any]) -> None:
        """Check a registration whose fields are checked already; raises ``RegistrationRefused``. Without the field nothing is fetched."""
        uri = values.get(_FIELD)
        if uri is None:
            return
        named = _to_be_listed(values)
        if not named <= self._listed(uri):
            raise _refused("not_listed", "must list every redirect URI of the registration, and with CIBA its jwks_uri")

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


def _to_be_listed(values: Mapping[str, Any]) -> set[str]:
    named = set(values["redirect_uris"])
    if CIBA in values["grant_types"]:
        signs = values["backchannel_authentication_request_signing_alg"] is not None
        if values["jwks_uri"] is None or not (signs or values["token_endpoint_auth_method"] in _BY_OWN_KEY):
            raise _refused("not_proven", "needs a jwks_uri with CIBA, by whose keys the client proves its requests")
        named.add(values["jwks_uri"])
    if not named:
        raise _refused("nothing_listed", "is for clients with redirect URIs, or with CIBA and a jwks_uri")
    return named


def _refused(reason: str, detail: str) -> RegistrationRefused:
    return RegistrationRefused([MetadataError(_FIELD, reason, detail)])
