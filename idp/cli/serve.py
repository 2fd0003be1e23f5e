"""``idp serve``, ``idp worker``, ``idp tick``: the long-running processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import FrameType
from typing import Final

import click
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes

from idp import logs
from idp.cli.bringup import check_fit_to_serve
from idp.cli.context import Context, pass_context
from idp.cli.output import emit, say, with_exit_codes
from idp.wsgi import WORKERS

_BACKLOG: Final = 1024
_LOOK: Final = 0.2
_DRAIN: Final = 30
"""Seconds in which a worker may finish what it has begun."""


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Worker processes.")
@click.option("--no-worker", is_flag=True, help="Leave regular tasks to a separate `idp worker`.")
@pass_context
@with_exit_codes
def serve(context: Context, /, *, host: str, port: int, workers: int, no_worker: bool) -> None:
    """Serve until SIGTERM, then drain and exit 0."""
    from granian import Granian  # noqa: PLC0415 - only this command needs the server, and it is slow to import

    logs.configure(context.settings.log)
    check_fit_to_serve(context.wiring)
    os.environ[WORKERS] = str(workers)
    # Many threads with an arena each would keep tens of megabytes that nobody uses.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    server = Granian(
        "idp.rsgi:create",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=workers,
        loop=Loops.uvloop,
        runtime_mode=RuntimeModes.st,
        blocking_threads=1,
        backlog=_BACKLOG,
        backpressure=_BACKLOG,
        workers_kill_timeout=_DRAIN,
        http=HTTPModes.http1,
        websockets=False,
        factory=True,
        respawn_failed_workers=True,
        log_enabled=False,
    )
    context.wiring.database.close()
    with _background(enabled=not no_worker):
        say(f"listening on http://{host}:{port} for issuer {context.settings.issuer}")
        server.serve()


@click.command("worker")
@pass_context
@with_exit_codes
def worker(context: Context) -> None:
    """Run regular tasks until SIGTERM: deliver sign-outs, number the audit log, rotate keys, purge."""
    logs.configure(context.settings.log)
    check_fit_to_serve(context.wiring)
    stop = Event()

    def ended(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGINT, ended)
    context.wiring.housekeeper.serve(stop)


@click.command("tick")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def tick(context: Context, /, *, as_json: bool) -> None:
    """Run every regular task once."""
    emit(context.wiring.housekeeper.tick(), as_json=as_json)


@contextmanager
def _background(*, enabled: bool) -> Iterator[None]:
    """Run the regular tasks in a process of their own beside the workers, started again whenever it ends.

    Not in a thread of this process: the server forks its workers from it, and a fork copies whatever lock a thread just holds.
    """
    stop = Event()
    keeper = Thread(target=_keep_worker, args=(stop,), name="worker-keeper", daemon=True)
    if enabled:
        keeper.start()
    try:
        yield
    finally:
        stop.set()
        if enabled:
            keeper.join(timeout=_DRAIN)


def _keep_worker(stop: Event) -> None:
    while not stop.is_set():
        worker = subprocess.Popen([sys.executable, "-m", "idp", "worker"], start_new_session=True)
        while worker.poll() is None and not stop.wait(_LOOK):
            pass
        if worker.poll() is None:
            worker.terminate()
        worker.wait()
        stop.wait(1)
