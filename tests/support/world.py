"""A running deployment with people and departments in it, on either of the two stacks that we promise.

The operator's hands are in this process (the same services that the command line calls, on the same store): adding a
person costs milliseconds instead of a start of the interpreter. Everything else goes over HTTP.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any, Final, Self

from idp.config import Settings
from idp.wiring import Wiring
from tests.support.browser import Browser, Page, Person
from tests.support.provider import Provider
from tests.support.rp import Attempt, RelyingParty, Tokens
from tests.support.servers import PostgresServer, RedisServer
from tests.support.stores import running

ALL_SCOPES: Final = "openid profile email phone address offline_access identity"
CALLBACK: Final = "http://127.0.0.1:9/callback"
_NUMBERS = count(1)
_VARIABLES: Final = {
    "HOME": "home",
    "ISSUER": "issuer",
    "DATABASE_URL": "database_url",
    "EPHEMERAL_URL": "ephemeral_url",
}


class World:
    """One deployment: its provider, its operator, and makers of people and departments.

    ``sections`` are settings that the operator's hands go by too, as `Settings` takes them.
    """

    def __init__(self, provider: Provider, sections: Mapping[str, Any] | None = None) -> None:
        self.provider = provider.initialise()
        environ = provider._environ
        given: dict[str, Any] = {field: environ.get(f"IDP_{name}", "") for name, field in _VARIABLES.items()}
        self.wiring = Wiring(Settings(**given, **(sections or {})))
        self._client_added_at = 0.0
        self._shared: dict[str, Mapping[str, Any]] = {}
        self.secrets: set[str] = set()

    @property
    def issuer(self) -> str:
        """Return the issuer."""
        return self.provider.issuer

    def start(self) -> Self:
        """Serve."""
        self.provider.start()
        return self

    def person(self, *, must_change: bool = False, **columns: str) -> Person:
        """Add a citizen with a password."""
        number = next(_NUMBERS)
        code, password = f"049499{number:06d}", f"mật khẩu mẫu {secrets.token_hex(6)}"
        values = {
            "code_type": "cccd", "code": code, "name": f"Công dân mẫu {number:02d}", "birthdate": "2199-05-01",
            "gender": "male", "email": f"mau{number}@example.vn", "phone_number": f"+84905{number:06d}", **columns,
        }  # fmt: skip
        draft = self.wiring.accounts.draft(values)
        row = self.wiring.credentials.new_password(password, must_change=must_change)
        self.wiring.accounts.add(draft, (row,))
        return Person(code, password)

    def client(self, **metadata: object) -> dict[str, Any]:
        """Register a department's system over defaults that suit tests."""
        document: dict[str, Any] = {
            "client_name": {"vi": "Hệ thống thử nghiệm", "en": "Test system"},
            "unit": "48",
            "legal_basis": "consent",
            "purpose": {"vi": "Kiểm thử tự động", "en": "Automated tests"},
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": ALL_SCOPES,
            "id_token_signed_response_alg": "ES256",
            **metadata,
        }
        client, secret, _ignored = self.wiring.clients.register(document, is_operator=True)
        self._client_added_at = time.monotonic()
        found = {**document, "client_id": client.client_id}
        return {**found, "client_secret": secret} if secret else found

    def rp(self, **metadata: object) -> RelyingParty:
        """Return a relying party; one with the same metadata is made only once."""
        key = repr(sorted(metadata.items()))
        if key not in self._shared:
            self._shared[key] = self.client(**metadata)
            # A worker that has just loaded the clients looks again a second later.
            time.sleep(1.1)
        return RelyingParty(self.issuer, self._shared[key])

    def browser(self, *stops: str, languages: str = "vi") -> Browser:
        """Return a new browser that stops at the callbacks."""
        return Browser(*(stops or (CALLBACK,)), languages=languages)

    def walk(self, rp: RelyingParty, person: Person, browser: Browser, **changes: str | None) -> tuple[Attempt, Page]:
        """Send the browser off with a request, answer every page; returns the request and where it ended."""
        attempt = rp.begin(**changes)
        return attempt, browser.walk(attempt.url, person)

    def sign_in(
        self, rp: RelyingParty, person: Person, browser: Browser | None = None, **changes: str | None
    ) -> Tokens:
        """Sign in and redeem, all checked."""
        attempt, page = self.walk(rp, person, browser or self.browser(), **changes)
        return rp.redeem(attempt, page.callback)

    def close(self) -> None:
        """Stop."""
        self.wiring.database.close()
        self.provider.close()


STACKS: Final = ("sqlite", "production")


@contextmanager
def deployed(stack: str, **options: Any) -> Iterator[World]:
    """Run a world on SQLite with one worker, or on PostgreSQL and Redis with four; throttling is off unless asked for."""
    settings: dict[str, str] = {"THROTTLE__ENABLED": "false", "OUTBOUND__TIMEOUT": "30", **options.pop("settings", {})}
    prepare: Callable[[World], None] = options.pop("prepare", lambda world: None)
    sections: Mapping[str, Any] = options.pop("sections", {})
    with ExitStack() as stack_of:
        if stack == "production":
            database = stack_of.enter_context(running(PostgresServer(fsync=False, max_connections=200)))
            ephemeral = stack_of.enter_context(running(RedisServer()))
            options = {"database_url": database.url, "ephemeral_url": ephemeral.url, "workers": 4, **options}
        world = World(Provider(settings=settings, **options), sections)
        stack_of.callback(world.close)
        prepare(world)
        yield world.start()
