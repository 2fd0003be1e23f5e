"""Cookies: names, attributes and bounded parsing.

Under https every cookie is ``__Host-`` prefixed: no subdomain can set or overwrite it (fixation). On loopback http browsers would refuse the
prefix, so plain names serve development.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MAX_HEADER: Final = 8192
_MAX_VALUE: Final = 256


@dataclass(frozen=True, slots=True)
class Cookies:
    """The names and attributes of our cookies for one deployment."""

    is_https: bool

    @property
    def session(self) -> str:
        """Return the name of the SSO session's cookie."""
        return self._name("session")

    @property
    def binding(self) -> str:
        """Return the name of the cookie that binds pending transactions and forms to a browser."""
        return self._name("browser")

    @property
    def device(self) -> str:
        """Return the name of the long-lived cookie by which a browser is known again."""
        return self._name("device")

    @property
    def trust(self) -> str:
        """Return the name of the cookie by which a trusted browser stands in for a second factor."""
        return self._name("trust")

    @property
    def clerk(self) -> str:
        """Return the name of the cookie that keeps a clerk's own session while he assists somebody."""
        return self._name("clerk")

    @property
    def language(self) -> str:
        """Return the name of the cookie that remembers the language chosen."""
        return self._name("lang")

    @property
    def state(self) -> str:
        """Return the name of the cookie by which the session frame sees that a session began or ended; it proves nothing."""
        return self._name("state")

    def make_state(self, value: str) -> tuple[str, str]:
        """Return the header that sets the browser's state, "" to drop it: readable by our frame's script, also within another site's page.

        ``SameSite=None`` needs https; browsers that block third-party cookies keep it from the frame all the same.
        """
        secure = "SameSite=None; Secure" if self.is_https else "SameSite=Lax"
        return "Set-Cookie", f"{self.state}={value}; Path=/; {secure}{'' if value else '; Max-Age=0'}"

    def read(self, header: str, name: str) -> str | None:
        """Return one cookie of a ``Cookie`` header; None when it is absent, over-long, or there twice with different values."""
        if len(header) > _MAX_HEADER:
            return None
        prefix = f"{name}="
        if prefix not in header:
            return None
        found = {
            part.strip()[len(prefix) :]
            for part in header.split(";")
            if prefix in part and part.strip().startswith(prefix)
        }
        value = found.pop() if len(found) == 1 else None
        return value if value and len(value) <= _MAX_VALUE else None

    def make(self, name: str, value: str, max_age: int | None = None) -> tuple[str, str]:
        """Return the header that sets a cookie, for the browser's session unless ``max_age`` (seconds) is given."""
        age = f"; Max-Age={max_age}" if max_age is not None else ""
        secure = "; Secure" if self.is_https else ""
        return "Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}"

    def drop(self, name: str) -> tuple[str, str]:
        """Return the header that removes a cookie."""
        return self.make(name, "", 0)

    def _name(self, name: str) -> str:
        return f"__Host-idp_{name}" if self.is_https else f"idp_{name}"
