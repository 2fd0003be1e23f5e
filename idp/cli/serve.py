"""``idp serve``, ``idp worker``, ``idp tick``: the long-running processes."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from types import FrameType
from typing import Final

import click

from idp import logs, serving
from idp.cli import metrics
from idp.cli.context import Context, pass_context
from idp.cli.output import Exit, emit, say, with_exit_codes
from idp.config import Settings
from idp.errors import SettingsError
from idp.server.memory import few_arenas
from idp.server.supervisor import Job, Supervisor
from idp.server.worker import DRAIN
from idp.storage.open import load_drivers
from idp.wiring import Wiring

_MARGIN: Final = 5
"""Seconds that a process may take to end after its worker has drained."""
_LOOK: Final = 1.0
_JSON: Final = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, also by what runs until it is ended."
)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Worker processes.")
@click.option("--no-worker", is_flag=True, help="Leave regular tasks to a separate `idp worker`.")
@_JSON
@pass_context
@with_exit_codes
def serve(context: Context, /, *, host: str, port: int, workers: int, no_worker: bool, as_json: bool) -> None:
    """Serve until SIGTERM, then drain and exit 0."""
    settings = context.settings
    logs.configure(settings.log)
    few_arenas()
    _check_in_a_child(context)
    public, parent = _listen(host, port, "--port"), os.getpid()
    sockets = (public, *metrics.sockets(settings, port, _listen))
    with _meters(settings) as meters:
        web = partial(serving.serve, public, settings, workers, parent, meters)
        jobs = [Job("idp-web", partial(_keeping, public, sockets, web)) for _ in range(workers)]
        if not no_worker:
            jobs.append(Job("idp-tasks", partial(_keeping, None, sockets, partial(_tasks, settings, parent))))
        if meters is not None:
            scraped = partial(metrics.listen, sockets[-1], settings, meters, parent)
            jobs.append(Job("idp-metrics", partial(_keeping, sockets[-1], sockets, scraped)))
        say(f"listening on http://{host}:{port} for issuer {settings.issuer}")
        if as_json:
            emit({"url": f"http://{host}:{port}", "issuer": settings.issuer, "workers": workers}, as_json=True)
        load_drivers(settings.database_url, settings.ephemeral_url)
        # What is loaded by now is shared by all processes: no collector of theirs shall write into those pages.
        gc.collect()
        gc.freeze()
        code = Supervisor(jobs, grace=DRAIN + _MARGIN, close=partial(_close_all, sockets)).serve()
    sys.exit(code)


@contextmanager
def _meters(settings: Settings) -> Iterator[Path | None]:
    """Make the directory in which workers count, on a memory file system where there is one; None where metrics are off."""
    if not settings.metrics.port:
        yield None
        return
    memory = Path("/dev/shm")  # noqa: S108 - the directory made in it is this user's alone
    with TemporaryDirectory(prefix="dinhdanh-", dir=memory if os.access(memory, os.W_OK) else None) as made:
        yield Path(made)


@click.command("worker")
@_JSON
@pass_context
@with_exit_codes
def worker(context: Context, /, *, as_json: bool) -> None:
    """Run regular tasks until SIGTERM: deliver sign-outs, number the audit log, rotate keys, purge."""
    logs.configure(context.settings.log)
    _check(context)
    if as_json:
        emit({"issuer": context.settings.issuer, "pid": os.getpid()}, as_json=True)
    _work(context.wiring, Event())


@click.command("tick")
@_JSON
@pass_context
@with_exit_codes
def tick(context: Context, /, *, as_json: bool) -> None:
    """Run every regular task once."""
    emit(context.wiring.housekeeper.tick(), as_json=as_json)


def _check(context: Context) -> None:
    from idp.cli.bringup import check_fit_to_serve  # noqa: PLC0415 - migrations, which no process that serves shall hold

    check_fit_to_serve(context.wiring)


def _check_in_a_child(context: Context) -> None:
    """Check what a start depends on in a process of its own: no connection and no thread of the check crosses the forks to come."""
    pid = os.fork()
    if not pid:
        _check(context)  # An error ends this process as it would end the command, message and exit code.
        os._exit(Exit.OK)
    _, status = os.waitpid(pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        sys.exit(code if code > 0 else Exit.FAILURE)


def _keeping(own: socket.socket | None, sockets: Sequence[socket.socket], run: Callable[[], None]) -> None:
    """Run a job that listens on ``own`` alone: a socket that it kept as well would stay open, and unanswered, as long as it does."""
    _close_all([one for one in sockets if one is not own])
    run()


def _close_all(sockets: Sequence[socket.socket]) -> None:
    for one in sockets:
        one.close()


def _listen(host: str, port: int, setting: str) -> socket.socket:
    """Return the socket that all workers share; raises ``SettingsError`` about ``setting``.

    It is the first worker that listens, once it can answer: until then a connection is refused, and nobody waits for a program that is still loading.
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, number)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise SettingsError(f"cannot listen on {host}:{port}: {why}", field=setting) from error
    return listening


def _tasks(settings: Settings, parent: int) -> None:
    """Run the regular tasks beside the workers, in a process that was forked like them."""
    stop = Event()

    def watch() -> None:
        while not stop.wait(_LOOK):
            if os.getppid() != parent:
                stop.set()

    Thread(target=watch, daemon=True).start()
    _work(Wiring(settings), stop)


def _work(wiring: Wiring, stop: Event) -> None:
    def ended(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGINT, ended)
    wiring.housekeeper.serve(stop)
