"""Departments that listen to security signals, by fetching or by being pushed to."""

from __future__ import annotations

from collections.abc import Mapping
from queue import Queue
from typing import Any, Final

from keys.compact import parse
from tests.support.local_server import LocalServer, QuietHandler
from tests.support.token_world import Answer, Registered, TokenWorld
from tests.support.whole_app import WholeApp

POLL: Final = "urn:ietf:rfc:8936"
PUSH: Final = "urn:ietf:rfc:8935"


class Department:
    """A system that listens."""

    def __init__(self, world: TokenWorld, app: WholeApp, scope: str = "openid email signals", **metadata: Any) -> None:
        self.world, self.app = world, app
        self.system: Registered = world.add_client(scope=scope, **metadata)
        self.token = world.own_token(self.system).json.get("access_token", "")

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        return self.app.call(method, path, body, self.token)

    def listen(self, **asked: Any) -> str:
        answer = self.ask("POST", "/ssf/streams", asked)
        assert answer.status == 201, answer.body
        return str(answer.json["stream_id"])

    def poll(self, stream: str, **asked: Any) -> dict[str, Any]:
        answer = self.ask("POST", f"/ssf/poll/{stream}", asked)
        assert answer.status == 200, answer.body
        return dict(answer.json)

    def heard(self, stream: str) -> list[dict[str, Any]]:
        self.world.wiring.audit_tree.sequence()
        self.world.clock.advance(2)
        task(self.world, "signals")
        return [self.world.verified(one, "secevent+jwt", "iat") for one in self.poll(stream)["sets"].values()]


def task(world: TokenWorld, name: str) -> int:
    return next(one for one in world.wiring.housekeeper._tasks if one.name == name).run()


class Listener(LocalServer):
    """A department's push endpoint: keeps headers and bodies, answers with ``status``, later with what is in ``then``."""

    def __init__(self, status: int = 202) -> None:
        self.status = status
        self.then: list[int] = []
        self.got: Queue[tuple[Mapping[str, str], bytes]] = Queue()
        listener = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                listener.got.put((dict(self.headers), self.body()))
                self.send_response(listener.status)
                if listener.then:
                    listener.status = listener.then.pop(0)
                self.send_header("Content-Length", "0")
                self.end_headers()

        super().__init__(Handler)

    def events(self) -> list[dict[str, Any]]:
        """Return the claims of what came since the last call, oldest first."""
        return [dict(parse(self.got.get()[1].decode()).unverified_claims) for _ in range(self.got.qsize())]
