"""A standard OpenID Connect provider: discovery or explicit addresses, ID token in full, PKCE, nonce, userinfo of the same subject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.model.upstream import Departure
from idp.ports.upstreams import LogoutNotice, Once, Told, UpstreamRefused
from idp.upstream.code_flow import CodeFlow
from idp.upstream.exchange import read_json, unasked
from policies.upstreams.mapping import ClaimRule

CLAIMS: Final = tuple(ClaimRule(name, name) for name in ("name", "family_name", "given_name", "gender", "birthdate"))

_NAMES_ITSELF: Final = "authorization_response_iss_parameter_supported"


class Oidc(CodeFlow):
    """``ports.upstreams.Connector`` for OpenID Connect Core."""

    states_auth_time = True
    with_pkce = True
    with_nonce = True

    def further(self, departure: Departure, language: str) -> dict[str, str]:
        """Ask freshness and our person's language."""
        age = {"max_age": str(departure.max_age)} if departure.max_age is not None else {}
        return {"ui_locales": language, **age}

    def redeem(self, parameters: Mapping[str, str], departure: Departure, once: Once) -> Told:  # noqa: ARG002 - the nonce makes it once
        """Redeem the code; the ID token says who and how surely, userinfo only adds fields."""
        self._check_named(parameters)
        response = self.tokens(parameters["code"], departure, read_json)
        claims = self.id_tokens.checked(response.get("id_token"), departure, response["access_token"])
        subject, auth_time, sid = claims.get("sub"), claims.get("auth_time"), claims.get("sid", "")
        if not isinstance(subject, str):
            raise UpstreamRefused("sub")
        fields = {**self._userinfo(response["access_token"], subject), **claims}
        moment = auth_time if isinstance(auth_time, int) and not isinstance(auth_time, bool) else None
        return Told(subject, fields, moment, sid if isinstance(sid, str) else "", str(response["id_token"]))

    def _check_named(self, parameters: Mapping[str, str]) -> None:
        """Refuse an answer that does not name its issuer though the provider says it always does (RFC 9207 section 2.4)."""
        promised = self.setup.settings.discovery and self.published.metadata().get(_NAMES_ITSELF) is True
        if promised and "iss" not in parameters:
            with unasked():
                raise UpstreamRefused("iss_missing")

    def logout_notice(self, token: str, once: Once) -> LogoutNotice:
        """Validate a logout token."""
        return self.id_tokens.logout_notice(token, once)

    def _userinfo(self, token: str, subject: str) -> dict[str, Any]:
        """Return userinfo, which has to be of the ID token's subject (section 5.3.2: token substitution)."""
        address = self.published.address("userinfo_endpoint")
        if not address:
            return {}
        fields = self.exchange.userinfo(address, token, read_json)
        if fields.get("sub") != subject:
            raise UpstreamRefused("userinfo_sub")
        return fields
