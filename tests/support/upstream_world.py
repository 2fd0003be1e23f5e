"""A deployment in process with simulated upstream providers on loopback, and a browser that goes between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from bs4 import Tag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from werkzeug.serving import WSGIRequestHandler, make_server

from examples.upstream_simulators.oidc import OidcSimulator
from examples.upstream_simulators.provider import Simulator
from examples.upstream_simulators.vnconnect import VnConnectSimulator
from examples.upstream_simulators.vneid import VneIdSimulator
from idp.storage.database import Database
from tests.support import in_process
from tests.support.browser import Browser, Page
from tests.support.clock import FrozenClock
from tests.support.token_world import CHALLENGE, ISSUER, NONCE, REDIRECT, Registered, TokenWorld

SECRET: Final = "bí mật mẫu+/=&"
LOA_3: Final = "urn:dinhdanh:loa:3"
KEY: Final = generate_private_key(65537, 2048)
"""Our decryption key; one for the whole run, as making one takes a while."""
SIGNING_KEY: Final = generate_private_key(65537, 2048)


class _Quiet(WSGIRequestHandler):
    def log(self, *_arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def served(simulator: Simulator) -> Iterator[Simulator]:
    """Serve a simulator on a free loopback port."""
    server = make_server("127.0.0.1", 0, simulator.app(), threaded=True, request_handler=_Quiet)
    simulator.base = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield simulator
    finally:
        simulator.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


def levels(field: str = "loAs", prefix: str = "") -> list[dict[str, Any]]:
    """Return the table of levels that the tests believe."""
    return [
        {"field": field, "value": f"{prefix}2", "acr": "urn:dinhdanh:loa:2", "amr": ["pwd", "otp", "mfa"]},
        {"field": field, "value": f"{prefix}3", "acr": LOA_3, "amr": ["pwd", "face", "mfa"]},
    ]


def vneid_settings(simulator: Simulator, key_file: Path | None = None, **changes: Any) -> dict[str, Any]:
    """Return the settings of a VNeID-like upstream that vouches for codes."""
    return {
        "connector": "vneid",
        "label": {"vi": "VNeID"},
        "client_id": "dinh-danh",
        "client_secret": SECRET,
        "authorization_endpoint": f"{simulator.base}/auth",
        "token_endpoint": f"{simulator.base}/token",
        "userinfo_endpoint": f"{simulator.base}/userinfo",
        "levels": [*levels(), {"field": "accountLevel", "value": "2", "identity_level": 2}],
        "vouches_for_code": True,
        "creates": True,
        **({"decryption_key_file": str(key_file)} if key_file else {}),
        **changes,
    }


def vnconnect_settings(simulator: Simulator, **changes: Any) -> dict[str, Any]:
    """Return the settings of a VNConnect-like upstream that vouches for codes."""
    return {
        "connector": "vnconnect",
        "label": {"vi": "Cổng Dịch vụ công quốc gia", "en": "the National Public Service Portal"},
        "client_id": "dinh-danh",
        "client_secret": SECRET,
        "issuer": simulator.base,
        "authorization_endpoint": f"{simulator.base}/oauth2/authorize",
        "token_endpoint": f"{simulator.base}/oauth2/token",
        "userinfo_endpoint": f"{simulator.base}/oauth2/userinfo",
        "end_session_endpoint": f"{simulator.base}/logout",
        "levels": levels(),
        "vouches_for_code": True,
        "creates": True,
        **changes,
    }


def oidc_settings(simulator: Simulator, **changes: Any) -> dict[str, Any]:
    """Return the settings of a standard provider that vouches for nothing."""
    return {
        "connector": "oidc",
        "label": {"vi": "tài khoản mẫu", "en": "a sample account"},
        "client_id": "dinh-danh",
        "client_secret": SECRET,
        "issuer": simulator.base,
        "discovery": True,
        "algorithms": ["RS256"],
        "levels": levels("acr", "level-"),
        **changes,
    }


def key_file(home: Path, key: RSAPrivateKey = KEY) -> Path:
    """Write our decryption key."""
    path = home / "upstream.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


class UpstreamWorld:
    """A deployment, its simulators by name, and what people do."""

    def __init__(
        self,
        home: Path,
        database: Database,
        clock: FrozenClock,
        simulators: dict[str, Simulator],
        upstreams: dict[str, Any],
    ) -> None:
        ports = [urlsplit(one.base).netloc for one in simulators.values()]
        self.simulators = simulators
        self.world = TokenWorld(home, database, clock, upstreams=upstreams, outbound={"allow": ports})
        self.client = self.world.add_client(consent="notice", legal_basis="public_duty")

    def browser(self, **options: str) -> Browser:
        """Return a new browser."""
        return in_process.browser(self.world, **options)

    def begin(self, browser: Browser, client: Registered | None = None, **parameters: Any) -> Page:
        """Open an authorization request; returns the sign-in page."""
        return browser.open(authorization_url(client or self.client, **parameters))

    def at_upstream(self, browser: Browser, name: str, **parameters: Any) -> Page:
        """Begin, and press the upstream's button; returns the upstream's page."""
        return browser.submit(self.begin(browser, **parameters), "upstream-form", f"upstream-{name}")

    def through(
        self, browser: Browser, name: str, citizen: str = "mau-21", level: str = "1", **parameters: Any
    ) -> Page:
        """Sign in upstream; returns where the browser lands."""
        page = self.at_upstream(browser, name, **parameters)
        return browser.submit(page, "simulator-form", "simulator-allow", citizen=citizen, level=level)

    def callback(self, browser: Browser, name: str, citizen: str = "mau-21", level: str = "1") -> str:
        """Sign in upstream, and return the address of the callback instead of opening it."""
        browser.stops.append(f"{ISSUER}/upstream/")
        page = self.at_upstream(browser, name)
        landed = browser.submit(page, "simulator-form", "simulator-allow", citizen=citizen, level=level)
        browser.stops.pop()
        return landed.url

    def onward(self, browser: Browser, page: Page) -> Page:
        """Press the button of a notice."""
        button = page.soup.find(id="upstream-continue")
        assert isinstance(button, Tag), page.text
        return browser.open(urljoin(page.url, str(button["href"])))

    def finish(self, browser: Browser, page: Page) -> dict[str, Any]:
        """Take notice of what is shared, come back to the client, and redeem; returns the ID token's claims."""
        if page.form("consent-form"):
            page = browser.submit(page, "consent-form", "consent-allow")
        assert page.callback is not None, page.text
        answer = self.world.redeem(self.client, page.callback["code"])
        assert answer.status == 200, answer.body
        return self.world.verified(answer.json["id_token"])

    def refusals(self) -> list[str]:
        """Return why upstream sign-ins were refused or failed, in order."""
        rows = self.world.events("upstream:sign-in")
        return [str(row["reason"]) for row in rows if row["outcome"] != "done"]


def authorization_url(client: Registered, **parameters: str) -> str:
    """Return an authorization request."""
    return f"{ISSUER}/authorize?" + urlencode(
        {
            "client_id": client.client.client_id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "openid profile",
            "state": "trạng-thái",
            "nonce": NONCE,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **parameters,
        }
    )


def query_of(address: str) -> dict[str, str]:
    """Return the parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def simulator(kind: str, clock: FrozenClock, **options: Any) -> Simulator:
    """Return a simulator of a kind, not yet served."""
    made: dict[str, Any] = {"vneid": VneIdSimulator, "vnconnect": VnConnectSimulator, "oidc": OidcSimulator}
    if kind != "vneid":
        options.setdefault("key", SIGNING_KEY)
    simulated: Simulator = made[kind]("dinh-danh", SECRET, title=kind, clock=clock.now, **options)
    return simulated
