"""VNConnect-like (the national portal, WSO2 Identity Server): userinfo is believed, ``acr_values=LoA1``, Vietnamese field names.

As public integrations show it; the real one was never reached. What makes up for the weak ID token: the code comes only from our own
callback with our own state, tokens and userinfo only over TLS from the provider itself, and where there is an ID token its subject is userinfo's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.model.upstream import Departure
from idp.ports.upstreams import LogoutNotice, Once, Told, UpstreamRefused
from idp.upstream.code_flow import CodeFlow
from idp.upstream.exchange import read_json
from policies.upstreams.mapping import ClaimRule

CLAIMS: Final = (
    ClaimRule("LoaiTaiKhoan", "account_type", "account_type"),
    ClaimRule("SoDinhDanh", "cccd"),
    ClaimRule("MaSoThue", "mst"),
    ClaimRule("MaSoDoanhNghiep", "mst"),
    ClaimRule("HoVaTen", "name"),
    ClaimRule("TenDoanhNghiep", "name"),
    ClaimRule("NgayThangNamSinh", "birthdate", "date_dd/MM/yyyy"),
    ClaimRule("NgayThangNamSinh", "birthdate", "date_ddMMyyyy"),
    ClaimRule("GioiTinh", "gender", "gender"),
)
"""Identity only. Of the 35 fields that userinfo sends, telephone, addresses and family are taken where an operator asks for them."""


class VnConnect(CodeFlow):
    """``ports.upstreams.Connector`` for VNConnect."""

    with_nonce = True
    acr_values = ("LoA1",)

    def redeem(self, parameters: Mapping[str, str], departure: Departure, once: Once) -> Told:
        """Redeem the code and ask userinfo, whose word counts."""
        response = self.tokens(parameters["code"], departure, read_json)
        token = response["access_token"]
        once("access-token", token.encode())
        fields = self.exchange.userinfo(self.published.needed("userinfo_endpoint"), token, read_json)
        subject = fields.get(self.setup.settings.subject_field)
        if not isinstance(subject, str):
            raise UpstreamRefused("sub")
        claims = self._claims(response.get("id_token"), departure, token)
        if claims and claims.get("sub") != fields.get("sub"):
            raise UpstreamRefused("userinfo_sub")
        hint, sid = response.get("id_token"), claims.get("sid", "")
        return Told(subject, fields, None, sid if isinstance(sid, str) else "", hint if isinstance(hint, str) else "")

    def _claims(self, token: object, departure: Departure, access_token: str) -> dict[str, Any]:
        if token is None:
            return {}
        if self.published.has_keys():
            return self.id_tokens.checked(token, departure, access_token)
        if not isinstance(token, str):
            raise UpstreamRefused("id_token_missing")
        return self.id_tokens.unsigned_but_direct(token, departure)

    def logout_notice(self, token: str, once: Once) -> LogoutNotice:
        """Validate a logout token, where the operator has configured the provider's keys."""
        if not self.published.has_keys():
            raise UpstreamRefused("no_logout_tokens")
        return self.id_tokens.logout_notice(token, once)
