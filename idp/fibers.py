"""Handlers on one event-loop thread: plain functions that pause where they wait, without threads and without ``async`` all the way down.

Python runs one thread at a time anyway; with a thread a request every wait hands the interpreter over twice, and the handing over costs more
than the work. A fiber is a greenlet: it runs until it waits (for a commit, a database's answer, a password hash on a thread of its own), the loop
then runs others, and what has queued up meanwhile shares the next commit.

Outside of a fiber, in a command or a test, everything here waits by blocking: the code above knows no difference.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Lock
from time import sleep
from types import TracebackType
from typing import Any, Final, Generic, TypeVar, cast

from greenlet import GreenletExit, getcurrent, greenlet

T = TypeVar("T")

_log = logging.getLogger("idp.fibers")

Ended = Callable[[T | None, BaseException | None], None]
"""Is told how a work ended: its result, or what it raised."""

_THREADS: Final = 12
"""Threads for what can only block; made when needed."""


_IDLE: Final = 64
"""Fibers that are kept for the next requests: making one costs as much as a small request."""


class _Fiber(greenlet):
    """A greenlet of ours: whoever runs in one may pause."""


class _Done:
    """What a fiber's work came to."""

    __slots__ = ("error", "result")

    def __init__(self, result: Any, error: BaseException | None) -> None:
        self.result = result
        self.error = error


def _live(work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Do one work after another; between them the fiber rests in the switch."""
    while True:
        try:
            ended = _Done(work(*arguments), None)
        except GreenletExit:
            raise  # The process ends, and this fiber with it.
        except BaseException as error:  # noqa: BLE001 - raised where the work was asked for
            ended = _Done(None, error)
        work, arguments = _hub().switch(ended)


def _hub() -> greenlet:
    """Return where this fiber was started from: the loop's own greenlet."""
    hub = getcurrent().parent
    if hub is None:
        message = "only a fiber can pause"
        raise RuntimeError(message)
    return hub


def in_fiber() -> bool:
    """Tell whether the caller runs in a fiber, and so must not block its thread."""
    return isinstance(getcurrent(), _Fiber)


def wait(future: asyncio.Future[T] | Outcome[T]) -> T:
    """Pause this fiber until ``future`` of its loop is done, or the outcome there; return its result or raise its error."""
    outcome: T = _hub().switch(future)
    return outcome


class Outcome(Generic[T]):
    """What one fiber waits for: a future without a turn of the loop between the outcome and the fiber, which costs as much as a small query.

    ``succeed`` and ``fail`` are called once, on the loop's own greenlet; the fiber goes on within the call.
    """

    __slots__ = ("resume",)

    def __init__(self) -> None:
        """Be waited for by nobody yet."""
        self.resume: Callable[[T | None, BaseException | None], None] | None = None

    def succeed(self, result: T) -> None:
        """Let the fiber go on with ``result``."""
        if self.resume is not None:
            self.resume(result, None)

    def fail(self, error: BaseException) -> None:
        """Raise ``error`` where the fiber waits."""
        if self.resume is not None:
            self.resume(None, error)


class Fibers:
    """The fibers of one process; ``attach`` gives them the loop on which they run."""

    def __init__(self) -> None:
        """Belong to no loop yet: everything blocks."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._idle: list[_Fiber] = []

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run on ``loop`` from now on."""
        self._loop = loop
        self._idle.clear()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="elsewhere")

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop; only asked within a fiber or a callback of it."""
        if self._loop is None:
            message = "no event loop was attached"
            raise RuntimeError(message)
        return self._loop

    def start(self, work: Callable[..., T], arguments: tuple[Any, ...], then: Ended[T]) -> None:
        """Run ``work`` in a fiber, then call ``then`` with its result and None, or with None and what it raised: at once if it never paused."""
        fiber = self._idle.pop() if self._idle else _Fiber(_live)
        self._look(fiber, fiber.switch(work, arguments), then)

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run ``work`` in a fiber and return what it returns; raises what it raises."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def then(result: T | None, error: BaseException | None) -> None:
            if error is None:
                done.set_result(cast("T", result))
            else:
                done.set_exception(error)

        self.start(work, arguments, then)
        return await done

    def _look(self, fiber: _Fiber, outcome: Any, then: Ended[Any]) -> None:
        """See why the fiber gave back control: its work has ended, or it waits for a future."""
        if isinstance(outcome, Outcome):
            outcome.resume = partial(self._resume, fiber, then)
            return
        if not isinstance(outcome, _Done):
            outcome.add_done_callback(partial(self._go_on, fiber, then))
            return
        if len(self._idle) < _IDLE:
            self._idle.append(fiber)
        then(outcome.result, outcome.error)

    def _resume(self, fiber: _Fiber, then: Ended[Any], result: Any, error: BaseException | None) -> None:
        """Go on in a fiber; whoever brings an outcome has others to bring, so what fails behind the fiber must not reach it."""
        try:
            self._look(fiber, fiber.switch(result) if error is None else fiber.throw(error), then)
        except Exception:  # noqa: BLE001 - logged; the other fibers of the batch must be told
            _log.exception("what a fiber came to could not be handed on")

    def _go_on(self, fiber: _Fiber, then: Ended[Any], future: asyncio.Future[Any]) -> None:
        try:
            value = future.result()
        except BaseException as error:  # noqa: BLE001 - raised where the fiber waits
            outcome = fiber.throw(error)
        else:
            outcome = fiber.switch(value)
        self._look(fiber, outcome, then)

    def elsewhere(self, work: Callable[[], T], threads: Executor | None = None) -> T:
        """Run ``work``, which blocks, on another thread while this fiber pauses; outside of a fiber run it here, or on ``threads``."""
        if in_fiber():
            return wait(self.loop.run_in_executor(threads or self._threads, work))
        return threads.submit(work).result() if threads is not None else work()

    def call_elsewhere(self, work: Callable[[], None], then: Callable[[BaseException | None], None]) -> None:
        """Run ``work`` on another thread and then, on the loop's, ``then`` with its error or None; for callbacks, which have no fiber to pause."""
        loop, threads = self.loop, self._threads

        def act() -> None:
            error: BaseException | None = None
            try:
                work()
            except BaseException as raised:  # noqa: BLE001 - given to ``then``
                error = raised
            loop.call_soon_threadsafe(then, error)

        if threads is not None:
            threads.submit(act)

    def pause(self, seconds: float) -> None:
        """Let others run for so many seconds; outside of a fiber the thread sleeps."""
        if not in_fiber():
            sleep(seconds)
            return
        loop = self.loop
        future: asyncio.Future[None] = loop.create_future()
        loop.call_later(seconds, _done, future)
        wait(future)

    def readable(self, descriptor: int, seconds: float, *, write: bool = False) -> None:
        """Pause until a socket can be read (or, with ``write``, read or written); raises ``TimeoutError`` after ``seconds``."""
        loop = self.loop
        future: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _fail, future, TimeoutError())
        loop.add_reader(descriptor, _done, future)
        if write:
            loop.add_writer(descriptor, _done, future)
        try:
            wait(future)
        finally:
            timer.cancel()
            loop.remove_reader(descriptor)
            if write:
                loop.remove_writer(descriptor)


class FiberLock:
    """A lock that may be held over a wait: a fiber that finds it taken pauses, a thread blocks."""

    def __init__(self, fibers: Fibers) -> None:
        """Be free."""
        self._fibers = fibers
        self._lock = Lock()
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __enter__(self) -> None:
        """Take the lock."""
        if not in_fiber():
            self._lock.acquire()
            return
        while not self._lock.acquire(blocking=False):
            future: asyncio.Future[None] = self._fibers.loop.create_future()
            self._waiting.append(future)
            # A thread may have given the lock back just before it could see who waits.
            if self._lock.acquire(blocking=False):
                # That thread may also have taken this future off already, to wake whoever is no longer asleep.
                with suppress(ValueError):
                    self._waiting.remove(future)
                return
            wait(future)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lock back and wake whoever waits longest."""
        self._lock.release()
        try:
            longest = self._waiting.popleft()
        except IndexError:
            return  # Asked rather than looked at first: on another thread a fiber may just have taken itself off.
        self._fibers.loop.call_soon_threadsafe(_done, longest)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[None], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
