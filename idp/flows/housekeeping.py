"""What has to be done regularly whether or not anybody asks: rotate keys, number audit records, deliver messages, purge.

Each task is safe to run in any number of processes at once: the stores decide who does the work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from idp.clock import Clock
from idp.errors import DomainError
from keys.errors import KeysError

_log = logging.getLogger("idp.worker")


@dataclass(frozen=True, slots=True)
class Task:
    """One task: its name, how often in seconds, and what to do; it returns how much it did."""

    name: str
    every: int
    run: Callable[[], int]


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
        while not stop.wait(pause):
            now = self._clock.now()
            for task in self._tasks:
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
