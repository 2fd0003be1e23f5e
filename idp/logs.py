"""Operational logs on stderr: JSON lines for machines, text on a terminal. No personal data, no token, no secret is ever passed in.

Authlib's logger is pinned above DEBUG: at that level it writes tokens.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import Protocol

import orjson


class LogSettings(Protocol):
    """The two settings that matter here."""

    @property
    def level(self) -> str:
        """Return the least severe level that is written."""
        ...

    @property
    def format(self) -> str:
        """Return ``json``, ``text`` or ``auto``."""
        ...


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; ``case_code`` joins it with the page and the audit record."""
        line: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        case_code = getattr(record, "case_code", None)
        if case_code:
            line["case_code"] = case_code
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure(settings: LogSettings) -> None:
    """Set up logging for a process that serves or works."""
    handler = logging.StreamHandler(sys.stderr)
    is_text = settings.format == "text" or (settings.format == "auto" and sys.stderr.isatty())
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s") if is_text else JsonFormatter()
    )
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    logging.getLogger("authlib").setLevel(logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)
