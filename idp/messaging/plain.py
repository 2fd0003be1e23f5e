"""Carriers for this machine: the console, and a file of JSON lines. Codes lie there in clear, so neither is for production."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

import orjson

from idp.errors import DomainError
from idp.model.message import Message, Rendered

FILE: Final = "messages.jsonl"


class ConsoleCarrier:
    """Writes messages on stderr, beside the log and not into it."""

    def deliver(self, message: Message, rendered: Rendered, reference: str) -> None:
        """Write one message."""
        lines = (f"--- {message.channel.value} {reference} -> {message.address}", rendered.subject, rendered.text)
        sys.stderr.write("\n".join(line for line in lines if line).rstrip() + "\n---\n")
        sys.stderr.flush()

    def check(self) -> str:
        """Return where messages go."""
        return "on stderr of the worker, codes in clear"


class FileCarrier:
    """Appends messages to a file that its owner alone can read."""

    def __init__(self, home: Path) -> None:
        """Take the home directory."""
        self._path = home / FILE

    def deliver(self, message: Message, rendered: Rendered, reference: str) -> None:
        """Append one line in one write, so that two workers' lines do not mix."""
        line = orjson.dumps(
            {
                "id": reference,
                "channel": message.channel.value,
                "to": message.address,
                "text": message.text,
                "language": message.language,
                **{name: value for name, value in asdict(rendered).items() if name != "text"},
                "body": rendered.text,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                os.fchmod(handle, 0o600)
                os.write(handle, line)
            finally:
                os.close(handle)
        except OSError as error:
            raise DomainError("the file cannot be written", code="file_failed") from error

    def check(self) -> str:
        """Return where messages go; raises when they cannot."""
        if not os.access(self._path if self._path.exists() else self._path.parent, os.W_OK):
            raise DomainError(f"{self._path} cannot be written", code="file_failed")
        return f"in {self._path}, codes in clear"
