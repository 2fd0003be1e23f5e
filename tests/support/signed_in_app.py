"""The whole application with somebody signed in: what tests of the browser's side need beside ``WholeApp``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from bs4 import BeautifulSoup

from idp.model.session import Origin, Session
from idp.ports.sessions import ConsentState
from policies import assurance, consent
from tests.support.token_world import CHALLENGE, REDIRECT, Answer, Registered
from tests.support.whole_app import WholeApp


@dataclass
class SignedIn:
    """One browser with a live session; ``cookie`` is its Cookie header."""

    app: WholeApp
    session: Session
    cookie: str

    def get(self, path: str, **query: str) -> Answer:
        """GET with the session's cookie."""
        where = f"{path}?{urlencode(query)}" if query else path
        return self.app.call("GET", where, headers={"Cookie": self.cookie})

    def authorize(self, of: Registered, **changes: str) -> Answer:
        """Send an authorization request, consent given before."""
        query = {
            "client_id": of.client.client_id, "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "s", "prompt": "none", **changes,
        }  # fmt: skip
        return self.get("/authorize", **query)

    def answered(self, of: Registered) -> dict[str, str]:
        """Return the parameters of a successful answer."""
        location = self.authorize(of).headers["location"]
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def sign_in(app: WholeApp, account_id: str) -> SignedIn:
    """Sign somebody in as the sign-in page does, but for the typing."""
    origin = Origin("192.0.2.7", "thử")
    session, secret = app.world.wiring.sessions.start(account_id, assurance.LOA_1, ("pwd",), origin)
    return SignedIn(app, session, f"__Host-idp_session={secret}")


def soup_of(answer: Answer) -> BeautifulSoup:
    """Return the page of an answer."""
    return BeautifulSoup(answer.body.decode(), "html.parser")


def notified(app: WholeApp, **metadata: Any) -> Registered:
    """Register a department that tells people instead of asking them, so that no consent page stands between."""
    return app.world.add_client(legal_basis="public_duty", consent="notice", **metadata)


def told(person: SignedIn, of: Registered) -> None:
    """Let the person have been told of a department's duty before."""
    version = consent.text_version(of.client.purpose, of.client.legal_basis)
    state = ConsentState("notice", "openid", 0, 0, version)
    person.app.world.wiring.consents.give(person.session.account_id, of.client.client_id, person.session.id, state)
