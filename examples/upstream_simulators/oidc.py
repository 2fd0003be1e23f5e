"""A standard OpenID Connect provider with discovery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.wrappers import Response as AnyResponse

from examples.upstream_simulators.provider import Grant
from examples.upstream_simulators.signing import SigningSimulator


@dataclass
class OidcSimulator(SigningSimulator):
    """Further faults: ``no_iss``, ``mixed_up_iss``, ``wrong_metadata_issuer``."""

    def app(self) -> Flask:
        """Return the application."""
        app = super().app()
        app.add_url_rule("/.well-known/openid-configuration", "discovery", self.discovery)
        app.add_url_rule("/jwks", "jwks", self.jwks)
        return app

    def discovery(self) -> Response:
        """Return the metadata."""
        issuer = "https://other.example.vn" if self.has("wrong_metadata_issuer") else self.issuer
        return jsonify(
            issuer=issuer,
            authorization_endpoint=f"{self.base}/auth",
            token_endpoint=f"{self.base}/token",
            userinfo_endpoint=f"{self.base}/userinfo",
            end_session_endpoint=f"{self.base}/logout",
            jwks_uri=f"{self.base}/jwks",
            authorization_response_iss_parameter_supported=True,
        )

    def _back(self, parameters: Mapping[str, str], answer: Mapping[str, str]) -> AnyResponse:
        """Name the issuer in every answer (RFC 9207)."""
        issuer = "https://other.example.vn" if self.has("mixed_up_iss") else self.issuer
        return super()._back(parameters, answer if self.has("no_iss") else {**answer, "iss": issuer})

    def fields(self, grant: Grant) -> dict[str, Any]:
        """Return standard claims."""
        citizen = grant.citizen
        gender = "female" if citizen.gender == "Nữ" else "male"
        return {
            "sub": f"oidc-{citizen.key}",
            "name": citizen.name,
            "birthdate": citizen.born,
            "gender": gender,
            "national_id": citizen.pid,
            "favourite_colour": "blue",
        }
