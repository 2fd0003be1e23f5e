"""VNConnect-like (the national portal on WSO2 Identity Server): an ID token that portals do not read, and userinfo with many fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask

from examples.upstream_simulators.provider import Grant
from examples.upstream_simulators.signing import SigningSimulator


@dataclass
class VnConnectSimulator(SigningSimulator):
    """Further fields stand for the 35 that the real userinfo is reported to send."""

    def app(self) -> Flask:
        """Return the application at WSO2's paths too."""
        app = super().app()
        app.add_url_rule("/oauth2/authorize", "wso2_authorize", self.authorize, methods=["GET", "POST"])
        app.add_url_rule("/oauth2/token", "wso2_token", self.token, methods=["POST"])
        app.add_url_rule("/oauth2/userinfo", "wso2_userinfo", self.userinfo, methods=["GET", "POST"])
        app.add_url_rule("/oauth2/jwks", "wso2_jwks", self.jwks)
        return app

    def fields(self, grant: Grant) -> dict[str, Any]:
        """Return the portal's fields."""
        citizen = grant.citizen
        subject = f"techid-{citizen.key}"
        return {
            "sub": subject,
            "TechID": subject,
            "LoaiTaiKhoan": "2" if citizen.tax_code else "1",
            "SoDinhDanh": citizen.pid,
            "MaSoThue": citizen.tax_code,
            "HoVaTen": citizen.name,
            "NgayThangNamSinh": citizen.spelled_birth_date,
            "GioiTinh": citizen.gender,
            "loAs": grant.level,
            "DanToc": "Kinh",
            "TonGiao": "Không",
            "TinhTrangHonNhan": "Độc thân",
            "Cha": "Người mẫu",
            "SoDienThoai": "0905000021",
        }
