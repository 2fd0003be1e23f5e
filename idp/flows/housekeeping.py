"""What has to be done regularly whether or not anybody asks: rotate keys, number audit records, deliver messages, purge.

Each task is safe to run in any number of processes at once: the stores decide who does the work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final

from idp.clock import Clock
from idp.errors import DomainError
from keys.errors import KeysError

_PATIENCE: Final = 20
"""Seconds in which a task apart may finish what it has begun; what it does not finish is taken up again by its lease."""
_log = logging.getLogger("idp.worker")


@dataclass(frozen=True, slots=True)
class Task:
    """One task: its name, how often in seconds, and what to do; it returns how much it did.

    ``apart``: it may wait long for somebody outside, so it has a thread of its own and holds up no other.
    """

    name: str
    every: int
    run: Callable[[], int]
    apart: bool = False


class Housekeeper:
    """Runs tasks when they are due. A task that fails is reported and tried again at its next turn; the others go on."""

    def __init__(self, tasks: tuple[Task, ...], clock: Clock) -> None:
        """Take the tasks; each is due at once."""
        self._tasks = tasks
        self._clock = clock
        self._due = dict.fromkeys((task.name for task in tasks), 0)

    def tick(self) -> dict[str, int]:
        """Run every task once, due or not; returns what each did. Raises what a task raises."""
        return {task.name: task.run() for task in self._tasks}

    def serve(self, stop: Event, pause: float = 0.5) -> None:
        """Run due tasks until ``stop`` is set; looks every ``pause`` seconds."""
        apart = [
            Thread(target=self._loop, args=((task,), stop, pause), daemon=True) for task in self._tasks if task.apart
        ]
        for thread in apart:
            thread.start()
        self._loop(tuple(task for task in self._tasks if not task.apart), stop, pause)
        for thread in apart:
            thread.join(_PATIENCE)

    def _loop(self, tasks: tuple[Task, ...], stop: Event, pause: float) -> None:
        while not stop.wait(pause):
            now = self._clock.now()
            for task in tasks:
                if self._due[task.name] <= now:
                    self._due[task.name] = now + task.every
                    self._run(task)

    @staticmethod
    def _run(task: Task) -> None:
        try:
            done = task.run()
        except (DomainError, KeysError) as error:
            _log.warning("task %s failed: %s", task.name, error)
        except Exception:  # noqa: BLE001 - one task that fails in an unforeseen way must not stop the others
            _log.exception("task %s failed", task.name)
        else:
            if done:
                _log.debug("task %s did %d", task.name, done)
