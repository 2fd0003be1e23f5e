"""Metadata of our own protected resources (RFC 9728): where tokens for them come from, and how they are presented."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from idp.protocol.metadata import Published
from idp.protocol.resources import API_PATH
from idp.protocol.wire import WireRequest, WireResponse
from keys.dpop import ALGS
from policies import claims as claim_policy
from policies import delegation, signals

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
_MAX_AGE: Final = 300
_METHODS: Final = ("header", "body")


@dataclass(frozen=True, slots=True)
class ProtectedResource:
    """One resource: its path below the issuer, its name by language, the scopes that it knows, and how a token gets there."""

    path: str
    name: Mapping[str, str]
    scopes: tuple[str, ...] = ()
    methods: tuple[str, ...] = _METHODS


RESOURCES: Final = (
    ProtectedResource("", {"vi": "Định Danh", "en": "Định Danh"}, (*claim_policy.SCOPES, *signals.SCOPES)),
    ProtectedResource(
        API_PATH, {"vi": "Giao diện lập trình quản trị", "en": "Admin API"}, tuple(delegation.SCOPES), ("header",)
    ),
    ProtectedResource("/userinfo", {"vi": "Thông tin người dùng", "en": "User information"}, claim_policy.SCOPES),
    ProtectedResource("/ssf", {"vi": "Tín hiệu an toàn", "en": "Security signals"}, signals.SCOPES),
)
"""Every resource of ours; another one is a row."""


def metadata_url(issuer: str, path: str) -> str:
    """Return where a resource's metadata is: the well-known part comes between host and path (RFC 9728 section 3.1)."""
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{parts.path}{path}"


def document(issuer: str, resource: ProtectedResource, algorithms: Iterable[str], *, has_mtls: bool) -> dict[str, Any]:
    """Return the metadata of a resource (RFC 9728 section 2)."""
    names = {f"resource_name#{language}": name for language, name in resource.name.items()}
    return {
        "resource": issuer + resource.path,
        "authorization_servers": [issuer],
        "jwks_uri": f"{issuer}/jwks",
        "scopes_supported": list(resource.scopes),
        "bearer_methods_supported": list(resource.methods),
        "resource_signing_alg_values_supported": sorted(algorithms),
        "resource_name": resource.name["en"],
        **names,
        "tls_client_certificate_bound_access_tokens": has_mtls,
        "dpop_signing_alg_values_supported": list(ALGS),
        "dpop_bound_access_tokens_required": False,
    }


class ResourceMetadata:
    """Answers with ready bytes."""

    def __init__(self, issuer: str, algorithms: Iterable[str], *, has_mtls: bool) -> None:
        """Take the issuer, the algorithms that answers may be signed with, and whether certificates reach us."""
        algs = tuple(algorithms)
        self.paths: Final[Mapping[str, Published]] = MappingProxyType(
            {
                urlsplit(metadata_url(issuer, one.path)).path: Published(
                    orjson.dumps(document(issuer, one, algs, has_mtls=has_mtls)), _MAX_AGE
                )
                for one in RESOURCES
            }
        )

    def handle(self, request: WireRequest) -> WireResponse:
        """Return the metadata of the resource that the path names."""
        return self.paths[request.path].answer(request)
