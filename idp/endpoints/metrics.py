"""``/metrics`` in the text format of Prometheus, on a listener of its own; what is counted and where is ``idp.meters``' business.

Nothing here is about a person, a client or an address: labels are our own words and the names that an operator gave to directories and upstreams.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from idp.errors import DomainError
from idp.meters import BOUNDS, Reading
from idp.protocol.wire import WireRequest, WireResponse
from keys.errors import KeysError

PATH: Final = "/metrics"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX: Final = "dinhdanh"
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure of this moment: its name without prefix, what it means, and its values by labels."""

    name: str
    meaning: str
    values: Sequence[tuple[Mapping[str, str], float]]


class MetricsEndpoint:
    """Answers a scrape."""

    def __init__(self, read: Callable[[], Reading], stored: Callable[[], Sequence[Gauge]], token: str) -> None:
        """Take what reads the workers' counts, what reads the stores, and the bearer token that a scrape must bring ("" for none)."""
        self._read = read
        self._stored = stored
        self._token = token

    def handle(self, request: WireRequest) -> WireResponse:
        """Return every metric; 401 without the token, and what the stores know is left out while they are out of reach."""
        if request.path != PATH or request.method not in {"GET", "HEAD"}:
            return _plain(404, "not found\n")
        if not self._may(request.header("authorization")):
            return _plain(401, "a bearer token is needed\n", ("WWW-Authenticate", 'Bearer realm="metrics"'))
        reading = self._read()
        try:
            stored, is_up = self._stored(), 1
        except (DomainError, KeysError):
            stored, is_up = (), 0
        own = (
            Gauge("workers", "Worker processes that run.", [({}, reading.workers)]),
            Gauge("store_up", "Whether the database answers.", [({}, is_up)]),
        )
        lines = (*_requests(reading), *_states(reading), *(line for one in (*own, *stored) for line in _gauge(one)))
        return WireResponse(200, (("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store")), _text(lines))

    def _may(self, authorization: str) -> bool:
        if not self._token:
            return True
        scheme, _, value = authorization.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(value.strip().encode(), self._token.encode())


def _requests(reading: Reading) -> Iterator[str]:
    """Yield the counter of answers and the histogram of their durations; an endpoint that nobody asked is left out."""
    asked = {name: rows for name, rows in reading.counts.items() if any(any(row) for row in rows.values())}
    yield from _head("requests_total", "counter", "Answers by endpoint and outcome.")
    for endpoint, rows in asked.items():
        for outcome, row in rows.items():
            if any(row):
                yield _line("requests_total", {"endpoint": endpoint, "outcome": outcome}, sum(row[:-1]))
    yield from _head("request_seconds", "histogram", "How long answers took in the worker.")
    for endpoint, rows in asked.items():
        cells = [sum(column) for column in zip(*rows.values(), strict=True)]
        below = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), cells[:-1], strict=True):
            below += count
            yield _line("request_seconds_bucket", {"endpoint": endpoint, "le": bound}, below)
        yield _line("request_seconds_sum", {"endpoint": endpoint}, cells[-1] / _MILLION)
        yield _line("request_seconds_count", {"endpoint": endpoint}, below)


def _states(reading: Reading) -> Iterator[str]:
    """Yield the workers' states: each is named ``metric`` or ``metric|label=value``."""
    told: set[str] = set()
    for state, value in reading.states.items():
        name, _, label = state.partition("|")
        if name not in told:
            yield from _head(name, "counter" if name.endswith("_total") else "gauge", STATES[name])
            told.add(name)
        key, _, text = label.partition("=")
        yield _line(name, {key: text} if key else {}, value)


STATES: Final[Mapping[str, str]] = {
    "password_hashes": "Password hashes that run or wait, over all workers.",
    "password_hashes_refused_total": "Sign-ins told to come back, because too many hashes waited.",
    "upstream_out": "Workers that leave an upstream alone.",
    "directory_servers_out": "Servers of a directory that are left alone, over all workers.",
}
"""What each state of a worker means."""


def _gauge(gauge: Gauge) -> Iterator[str]:
    yield from _head(gauge.name, "gauge", gauge.meaning)
    for labels, value in gauge.values:
        yield _line(gauge.name, labels, value)


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {_PREFIX}_{name} {meaning}"
    yield f"# TYPE {_PREFIX}_{name} {kind}"


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{_PREFIX}_{name}{{{inner}}} {value}" if inner else f"{_PREFIX}_{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _text(lines: Iterable[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _plain(status: int, text: str, *headers: tuple[str, str]) -> WireResponse:
    return WireResponse(
        status, (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"), *headers), text.encode()
    )
