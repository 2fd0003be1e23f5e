"""``/status/<list>``: a status list as a signed JWT (draft-ietf-oauth-status-list section 8), for anybody and any cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import orjson

from idp.protocol.wire import JSON, WireRequest, WireResponse
from idp.services.status_lists import StatusListService
from keys.ring import KeyRing

MEDIA_TYPE: Final = "application/statuslist+jwt"
_ANY_ORIGIN: Final = (("Access-Control-Allow-Origin", "*"), ("X-Content-Type-Options", "nosniff"))


class StatusListEndpoint:
    """Publishes status lists."""

    def __init__(self, lists: StatusListService, ring: Callable[[], KeyRing]) -> None:
        """Take the lists, and the source of the current keys."""
        self._lists = lists
        self._ring = ring

    def one(self, _request: WireRequest, list_id: str) -> WireResponse:
        """Return one list; 404 for one that is not there."""
        found = self._lists.published(list_id, self._ring)
        if found is None:
            return WireResponse(404, (("Cache-Control", "no-store"), *_ANY_ORIGIN))
        headers = (("Content-Type", MEDIA_TYPE), ("Cache-Control", f"public, max-age={self._lists.ttl}"), *_ANY_ORIGIN)
        return WireResponse(200, headers, found.jwt)

    def all(self, _request: WireRequest) -> WireResponse:
        """Return where the lists are (section 9.3)."""
        headers = (*JSON, ("Cache-Control", f"public, max-age={self._lists.ttl}"), _ANY_ORIGIN[0])
        return WireResponse(200, headers, orjson.dumps({"status_lists": self._lists.uris()}))
