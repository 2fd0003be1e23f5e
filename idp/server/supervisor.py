"""The parent of the processes: forks them, starts anew whichever dies, and ends them in good order.

It has loaded the program before it forks, so that all of them share those pages, and nothing else: no thread, no connection and no lock of it
crosses the fork.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_log = logging.getLogger("idp.server")

_SIGNALS: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
_YOUNG: Final = 5.0
"""Seconds: a process that ends by itself sooner did not really start."""
_MAX_FALSE_STARTS: Final = 10
"""In a row: then the whole service ends with an error, and the init system decides."""
_BY_OTHERS: Final = frozenset(f"signal {number:d}" for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
"""Ends that somebody else wanted; any other signal is a crash of the process's own."""
_LOOK: Final = 0.2
_MAX_NAME: Final = 15


@dataclass(slots=True)
class Job:
    """Something to be run in a process of its own, for ever; ``name`` is what ``ps -o comm`` shows of it."""

    name: str
    run: Callable[[], None]
    pid: int = 0
    started: float = 0.0
    false_starts: int = 0


class Supervisor:
    """Runs jobs until SIGTERM or SIGINT."""

    def __init__(self, jobs: Sequence[Job], *, grace: float, close: Callable[[], None]) -> None:
        """Take the jobs and the seconds that they may take to end; ``close`` is called before they are told to, so that nobody new comes in."""
        self._jobs = tuple(jobs)
        self._grace = grace
        self._close = close

    def serve(self) -> int:
        """Run; return the exit code: 0 after a signal, 1 when a job would not stay alive."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        code = 0
        while True:
            self._start_missing()
            received = signal.sigtimedwait(_SIGNALS, _LOOK)
            self._reap()
            if received is not None and received.si_signo != signal.SIGCHLD:
                break
            if any(job.false_starts >= _MAX_FALSE_STARTS for job in self._jobs):
                _log.error("a process does not stay alive: giving up")
                code = 1
                break
        self._end()
        return code

    def _start_missing(self) -> None:
        now = time.monotonic()
        for job in self._jobs:
            # A job that ends at once is started again ever more slowly. One that had lived, or was killed, at once.
            if job.pid == 0 and now >= job.started + max(1, job.false_starts) * _LOOK:
                job.started = now
                try:
                    job.pid = _fork(job)
                except OSError as error:
                    # Too many processes or too little memory for the moment: those that run go on, and this one is tried again.
                    job.false_starts = min(job.false_starts + 1, _MAX_FALSE_STARTS - 1)
                    _log.error("%s cannot be started: %s", job.name, error.strerror)

    def _reap(self) -> None:
        for job in self._jobs:
            if job.pid and (status := _status(job.pid)) is not None:
                is_false_start = status not in _BY_OTHERS and time.monotonic() - job.started < _YOUNG
                job.pid, job.false_starts = 0, job.false_starts + 1 if is_false_start else 0
                _log.warning("%s ended: %s", job.name, status)

    def _end(self) -> None:
        """Ask every process to end, and kill what has not after the grace."""
        self._close()
        self._signal(signal.SIGTERM)
        end = time.monotonic() + self._grace
        while any(job.pid for job in self._jobs) and time.monotonic() < end:
            signal.sigtimedwait({signal.SIGCHLD}, _LOOK)
            for job in self._jobs:
                if job.pid and _status(job.pid) is not None:
                    job.pid = 0
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for job in self._jobs:
            if job.pid:
                with suppress(ProcessLookupError):
                    os.kill(job.pid, number)


def _fork(job: Job) -> int:
    _flush()
    pid = os.fork()
    if pid:
        return pid
    # The child: nothing of the parent's stack may go on in it.
    code = 1
    try:
        with suppress(OSError):
            Path("/proc/self/comm").write_text(job.name[:_MAX_NAME], encoding="ascii")
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        job.run()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - logged, and the exit code says it
        _log.exception("%s could not go on", job.name)
    finally:
        try:
            _flush()
        finally:
            os._exit(code)


def _flush() -> None:
    """Write what is still held back; a reader that has gone stops nobody."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()


def _status(pid: int) -> str | None:
    """Return how a child ended, or None while it runs."""
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        return None
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
