"""The bundle of a breach as one file: the figures, the people in a separate list with masked ids, and drafts of the notification.

Written piece by piece: neither the list nor the file is ever held whole.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from idp.clock import local_day
from idp.flows.administration.breaches import BreachQuestion
from idp.services.breaches import Collected
from idp.web.breach_notice import notice
from idp.web.i18n import LANGUAGES, translator
from policies import claims as claim_policy
from policies.processing import categories

_PIECE: Final = 64 * 1024
_SHOWN: Final = 4

Name = Callable[[str], str]
"""Takes a client id and returns the system's name."""


def report_of(found: Collected, asked: BreachQuestion, now: int, name: Name) -> dict[str, Any]:
    """Return the figures as JSON: nobody is in them."""
    findings = found.findings
    return {
        "scope": asked.scope,
        "ids": list(asked.ids) if asked.scope not in {"account", "session"} else len(asked.ids),
        "since": asked.since,
        "until": asked.until,
        "discovered_at": asked.discovered_at,
        "notify_by": asked.notify_by,
        "seconds_left": asked.notify_by - now,
        "made_at": now,
        "reason": asked.reason.strip(),
        "people": findings.people,
        "archives_unread": findings.unread,
        "acts": dict(sorted(findings.events.items())),
        "claims": list(claim_policy.unpack(findings.claims)),
        "categories": list(categories(findings.claims)),
        "systems": [
            {
                "client_id": one.client_id,
                "name": name(one.client_id) if one.client_id else "",
                "people": one.people,
                "acts": one.acts,
                "claims": list(claim_policy.unpack(one.claims)),
                "first_at": one.first_at,
                "last_at": one.last_at,
            }
            for one in sorted(findings.systems.values(), key=lambda one: one.client_id)
        ],
    }


def drafts_of(found: Collected, asked: BreachQuestion, now: int, name: Name) -> dict[str, str]:
    """Return the draft of the notification by language."""
    named = asked.scope not in {"account", "session"}
    said = {"scope": asked.scope, "ids": ", ".join(asked.ids) if named else str(len(asked.ids)), "reason": asked.reason}
    times = (asked.since, asked.until, asked.discovered_at, asked.notify_by, now)
    return {language: notice(translator(language), found.findings, said, name, times) for language in LANGUAGES}


def people_of(found: Collected, *, masked: bool = True) -> Iterator[str]:
    """Yield the list of people as CSV lines; an id is masked unless the local operator asks for it whole."""
    yield _line(("account", "acts", "systems", "first", "last"))
    for one in found.people():
        shown = mask(one.account_id) if masked else one.account_id
        days = (local_day(one.first_at), local_day(one.last_at))
        yield _line((shown, one.acts, " ".join(one.systems), *days))


def mask(account_id: str) -> str:
    """Return an account id of which the end alone is told: enough to tell two people apart, and no key to anybody."""
    return "*" * 8 + account_id[-_SHOWN * 2 :]


def bundle_of(found: Collected, asked: BreachQuestion, now: int, name: Name) -> Iterator[bytes]:
    """Yield a ZIP file in pieces."""
    out = _Pieces()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        document = orjson.dumps(report_of(found, asked, now, name), option=orjson.OPT_INDENT_2)
        archive.writestr("report.json", document)
        for language, text in drafts_of(found, asked, now, name).items():
            archive.writestr(f"notification.{language}.txt", text)
        yield out.taken()
        with archive.open("people.csv", "w") as listed:
            for line in people_of(found):
                listed.write(line.encode())
                if out.waiting > _PIECE:
                    yield out.taken()
    yield out.taken()


class _Pieces(io.RawIOBase):
    """A file that is written once from its beginning to its end and taken away as it grows."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._held = bytearray()

    @property
    def waiting(self) -> int:
        """Return how many bytes wait to be taken."""
        return len(self._held)

    def writable(self) -> bool:
        """It can be written, and nothing else: a ZIP file is then made without going back."""
        return True

    def write(self, data: Any) -> int:
        """Keep what is written."""
        self._held += bytes(data)
        return len(data)

    def taken(self) -> bytes:
        """Return what waits, and forget it."""
        found = bytes(self._held)
        self._held.clear()
        return found


def _line(values: tuple[object, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(values)
    return out.getvalue()
