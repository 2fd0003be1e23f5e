"""The parent of the processes: whichever dies is started anew, and all of them end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PATIENCE = 120.0
PROGRAM = """
import os, resource, signal, sys, time
from idp.server.supervisor import Job, Supervisor

if sys.argv[2] == "crowded":
    fork, refused = os.fork, [1, 2, 3]

    def crowded():
        if refused.pop() == 1:
            os.fork = fork
        raise BlockingIOError(11, "Resource temporarily unavailable")

    os.fork = crowded

def run():
    # All before the note: whoever reads it may kill the parent or signal us at once.
    parent, stopped = os.getppid(), []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    with open(sys.argv[1], "a") as log:
        log.write(f"{os.getpid()}\\n")
    if sys.argv[2] == "crashes":
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.abort()
    while sys.argv[2] != "dies" and not stopped and os.getppid() == parent:
        time.sleep(0.01)
    if sys.argv[2] == "stubborn":
        time.sleep(60)
    sys.exit(3 if sys.argv[2] == "dies" else 0)

closed = lambda: print("closed", flush=True)
sys.exit(Supervisor([Job("one", run), Job("two", run)], grace=float(sys.argv[3]), close=closed).serve())
"""


class Supervised:
    """A supervisor with two jobs, which write their process ids into a file."""

    def __init__(self, path: Path, behaviour: str, grace: float) -> None:
        self._path = path
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(path), behaviour, str(grace)], stdout=subprocess.PIPE, text=True
        )

    def started(self, count: int) -> list[int]:
        """Wait until so many processes have been started; return them in order."""
        until(lambda: self._path.exists() and self._path.read_text().count("\n") >= count)
        return [int(line) for line in self._path.read_text().split()]

    def end(self) -> int:
        """Wait for the supervisor's end and return its exit code."""
        return self.process.wait(PATIENCE)


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    made: list[Supervised] = []

    def start(behaviour: str = "lives", grace: float = 20) -> Supervised:
        made.append(Supervised(tmp_path / "log", behaviour, grace))
        return made[-1]

    yield start
    for one in made:
        one.process.kill()
        one.process.communicate()


def test_process_that_is_killed_is_started_anew_and_the_other_goes_on(supervised: Callable[..., Supervised]) -> None:
    running = supervised()
    first, second = running.started(2)
    os.kill(first, signal.SIGKILL)
    third = running.started(3)[2]
    assert not is_gone(second)
    running.process.send_signal(signal.SIGTERM)
    assert running.end() == 0
    assert is_gone(second)
    assert is_gone(third)
    assert running.process.stdout is not None
    assert running.process.stdout.read() == "closed\n"


def test_process_that_never_stays_alive_ends_the_service_with_an_error(supervised: Callable[..., Supervised]) -> None:
    assert supervised("dies").end() == 1


def test_process_that_always_crashes_ends_the_service_with_an_error(supervised: Callable[..., Supervised]) -> None:
    assert supervised("crashes").end() == 1


def test_fork_that_is_refused_for_the_moment_is_tried_again(supervised: Callable[..., Supervised]) -> None:
    running = supervised("crowded")
    assert len(running.started(2)) == 2
    running.process.send_signal(signal.SIGTERM)
    assert running.end() == 0


def test_worker_whose_parent_died_before_it_was_ready_serves_nobody() -> None:
    """It is not to hold the port for ever; that its parent is now another process it can only know by the number it was given."""
    program = """
import socket, sys
from idp.server import worker
from idp.server.desk import Desk, Limits
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
worker.serve(listening, Desk(None, {}, Limits(max_body=0)), lambda loop: None, parent=int(sys.argv[1]))
"""
    gone = subprocess.Popen(["true"])
    gone.wait(PATIENCE)
    subprocess.run([sys.executable, "-c", program, str(gone.pid)], timeout=PATIENCE, check=True)


@pytest.mark.parametrize(
    ("soft", "hard", "found"), [(256, 300, "150 300"), (256, 4096, "1024 1536"), (2000, 4096, "1024 2000")]
)
def test_connections_leave_descriptors_for_everything_else(soft: int, hard: int, found: str) -> None:
    program = f"""
import resource
from idp.server import worker
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(worker.room(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
    run = subprocess.run([sys.executable, "-c", program], timeout=PATIENCE, check=True, capture_output=True, text=True)
    assert run.stdout.strip() == found


def test_process_that_does_not_end_is_killed_after_the_grace(supervised: Callable[..., Supervised]) -> None:
    running = supervised("stubborn", grace=0.2)
    pids = running.started(2)
    running.process.send_signal(signal.SIGTERM)
    assert running.end() == 0
    for pid in pids:
        until(lambda pid=pid: is_gone(pid))  # type: ignore[misc]


def test_processes_end_when_their_parent_is_killed(supervised: Callable[..., Supervised]) -> None:
    running = supervised()
    pids = running.started(2)
    running.process.kill()
    for pid in pids:
        until(lambda pid=pid: is_gone(pid))  # type: ignore[misc]
