"""What a deployment in process has sent to people: both channels go to the file carrier."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from idp.messaging.plain import FILE
from tests.support.token_world import TokenWorld

BY_FILE: Final[dict[str, Any]] = {"mail": {"carrier": "file", "factor": True}, "sms": {"carrier": "file"}}
"""Settings of a world whose messages can be read."""


class Mailbox:
    """Delivers what waits and reads what has newly arrived."""

    def __init__(self, world: TokenWorld) -> None:
        self._world = world
        self._read = 0

    def new(self) -> list[dict[str, Any]]:
        """Return the messages since the last call, in the order in which they were delivered."""
        for task in self._world.wiring.message_tasks():
            task.run()
        path = self._world.home / FILE
        lines = path.read_bytes().splitlines() if path.exists() else []
        fresh, self._read = lines[self._read :], len(lines)
        return [orjson.loads(line) for line in fresh]

    def told(self) -> list[tuple[str, str, str]]:
        """Return text, channel and address of what has newly arrived."""
        return [(one["text"], one["channel"], one["to"]) for one in self.new()]

    def code(self, channel: str) -> str:
        """Return the code of the one message that has newly arrived by a channel."""
        [message] = [one for one in self.new() if one["channel"] == channel and "code" in one["text"]]
        found = re.search(r"\b[0-9]{6}\b", message["body"])
        assert found is not None
        return found.group()
