"""VNeID-like (Ministry of Public Security): no ID token, no nonce, optionally encrypted envelopes around code, tokens and userinfo.

As one integrator reports it; the real one was never reached. What makes up for the missing nonce and ID token is in the frame and the flow:
single-use ``state`` bound to browser and transaction, each code, token and envelope taken once, all of it fetched over TLS from the
provider itself; see ``docs/upstreams.md`` and decision 0025.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.errors import SettingsError
from idp.model.upstream import Departure
from idp.ports.upstreams import Once, Told, UpstreamRefused
from idp.upstream.code_flow import CodeFlow
from idp.upstream.envelopes import Envelopes
from idp.upstream.exchange import read_json, unasked
from idp.upstream.setup import Setup
from policies.upstreams.mapping import ClaimRule

CLAIMS: Final = (
    ClaimRule("accountType", "account_type", "account_type"),
    ClaimRule("LoaiTaiKhoan", "account_type", "account_type"),
    ClaimRule("citizenPid", "cccd"),
    ClaimRule("SoDinhDanh", "cccd"),
    ClaimRule("fullName", "name"),
    ClaimRule("HoVaTen", "name"),
    ClaimRule("birthDate", "birthdate", "date_ddMMyyyy"),
    ClaimRule("birthDate", "birthdate", "date_dd/MM/yyyy"),
    ClaimRule("NgayThangNamSinh", "birthdate", "date_dd/MM/yyyy"),
)
"""Both generations of field names that public code shows."""
_LONGEST_CODE: Final = 2048


class VneId(CodeFlow):
    """``ports.upstreams.Connector`` for VNeID."""

    keeps_plus = True
    authentication = "client_secret_post"

    def __init__(self, setup: Setup) -> None:
        """Read our decryption key, if there is one."""
        super().__init__(setup)
        key = setup.decryption_key
        self._mode = setup.settings.encrypted or ("required" if key is not None else "off")
        if self._mode != "off" and key is None:
            raise SettingsError(f"upstream {setup.name}: encrypted answers need decryption_key_file")
        self._envelopes = Envelopes(key, setup.settings.key_wrapping) if key is not None else None

    def redeem(self, parameters: Mapping[str, str], departure: Departure, once: Once) -> Told:
        """Open the code, redeem it, ask userinfo; each envelope and token counts once."""
        with unasked():
            code = self._code(parameters, once)
        response = self.tokens(code, departure, lambda body: self._document(body, once))
        token = response["access_token"]
        once("access-token", token.encode())
        address = self.published.needed("userinfo_endpoint")
        fields = self.exchange.userinfo(address, token, lambda body: self._document(body, once))
        subject = fields.get(self.setup.settings.subject_field)
        if not isinstance(subject, str):
            raise UpstreamRefused("sub")
        stated = response.get("sub")
        if stated is not None and stated != fields.get("sub"):
            raise UpstreamRefused("userinfo_sub")
        return Told(subject, fields)

    def _code(self, parameters: Mapping[str, str], once: Once) -> str:
        code, wrapped = parameters["code"], parameters.get("encrypt_key", "")
        if self._envelopes is None or (not wrapped and self._mode != "required"):
            if wrapped:
                raise UpstreamRefused("envelope")
            return code
        plain = self._envelopes.open(code, wrapped, once)
        if not plain or len(plain) > _LONGEST_CODE or any(byte < 0x21 or byte > 0x7E for byte in plain):  # noqa: PLR2004 - printable ASCII
            raise UpstreamRefused("envelope")
        return plain.decode("ascii")

    def _document(self, body: bytes, once: Once) -> dict[str, Any]:
        if self._envelopes is None:
            return read_json(body)
        if self._mode != "required":
            plain = read_json(body)
            if not {"data", "key"} <= plain.keys():
                return plain
        return self._envelopes.open_document(body, once, self.setup.clock.now())
