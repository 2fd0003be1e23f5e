"""A deployment in process with department directories behind it, and a browser in front."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from idp.storage.database import Database
from tests.support.browser import Browser, Page
from tests.support.clock import FrozenClock
from tests.support.in_process import browser
from tests.support.slapd import PASSWORD
from tests.support.token_world import CHALLENGE, ISSUER, REDIRECT, Registered, TokenWorld

OLD, COMMUNE, OTHER = "20150", "20194", "20341"
UNITS: Final = {
    "format": "dinhdanh-units/1",
    "source": "Danh mục mẫu",
    "as_of": "2024-06-30",
    "units": [
        {"code": "49", "level": "province", "type": "tỉnh", "name": "Mẫu", "full_name": "Tỉnh Mẫu", "parent": None},
        *(
            {"code": code, "level": "commune", "type": "xã", "name": name, "full_name": f"Xã {name}", "parent": "49"}
            for code, name in ((OLD, "Cũ"), (COMMUNE, "Đông"), (OTHER, "Tây"))
        ),
        {"code": COMMUNE, "level": "commune", "type": "xã", "name": "Đông Mới", "full_name": "Xã Đông Mới", "parent": "49",
         "valid_from": "2025-07-01"},
    ],
    "events": [
        {"kind": "merge", "effective": "2025-07-01", "from": [OLD, COMMUNE], "to": [COMMUNE], "legal_basis": "NQ mẫu"}
    ],
}  # fmt: skip


class StaffWorld(TokenWorld):
    """A deployment whose units are known, with some ways in."""

    def __init__(self, home: Path, database: Database, clock: FrozenClock, *directories: dict[str, Any]) -> None:
        super().__init__(home, database, clock, directories={"sources": list(directories)})
        (home / "units.json").write_bytes(orjson.dumps(UNITS))
        self.wiring.units.load(str(home / "units.json"))

    def department(self, **metadata: Any) -> Registered:
        """Register a department system whose users are officials."""
        duty = {"legal_basis": "public_duty", "consent": "notice", "scope": "openid profile email roles"}
        return self.add_client(**{**duty, **metadata})

    def authorize_url(self, of: Registered, scope: str = "", **changes: str) -> str:
        """Return the address of an authorization request."""
        scope = scope or " ".join(sorted(of.client.scope))
        query = {
            "client_id": of.client.client_id, "redirect_uri": REDIRECT, "response_type": "code", "scope": scope,
            "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "s", **changes,
        }  # fmt: skip
        return f"{ISSUER}/authorize?{urlencode(query)}"

    def staff_page(self, of: Registered, visitor: Browser | None = None, **changes: str) -> tuple[Browser, Page]:
        """Open the page of officials as a link on the sign-in page leads there."""
        visitor = visitor or browser(self)
        page = visitor.open(self.authorize_url(of, **changes))
        if page.form("staff-login-form"):
            return visitor, page
        link = page.soup.find("a", href="?way=directory")
        assert link is not None, page.text
        return visitor, visitor.open(f"{page.url.partition('?')[0]}?way=directory")

    def type_in(
        self,
        of: Registered,
        username: str,
        password: str = PASSWORD,
        visitor: Browser | None = None,
        directory: str = "qoffice",
    ) -> Page:
        """Fill in and send the form of officials; a notice that follows is taken notice of."""
        visitor, page = self.staff_page(of, visitor)
        fields = {"username": username, "password": password, "directory": directory}
        page = visitor.submit(page, "staff-login-form", "staff-login-submit", **fields)
        return visitor.submit(page, "consent-form", "consent-allow") if page.form("consent-form") else page

    def claims_of(self, of: Registered, page: Page) -> dict[str, Any]:
        """Return what userinfo tells the department after a sign-in."""
        assert page.callback is not None, page.text
        tokens = self.redeem(of, page.callback["code"]).json
        return self.userinfo(tokens["access_token"]).json

    def reasons(self) -> list[str]:
        """Return the reasons of refused sign-ins, in order."""
        rows = sorted(self.events("session:sign-in"), key=lambda row: str(row["id"]))
        return [str(row["reason"]) for row in rows if row["outcome"] != "done"]
