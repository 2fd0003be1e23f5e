"""Run plain functions in fibers, the way the server runs its requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import uvloop

from idp.fibers import Fibers


def together(fibers: Fibers, *works: Callable[[], Any]) -> list[Any]:
    """Run every work in a fiber of its own, all at once; return what each returned or raised, in order."""

    async def main() -> list[Any]:
        fibers.attach(asyncio.get_running_loop())
        return await asyncio.gather(*(fibers.run(work) for work in works), return_exceptions=True)

    return uvloop.run(main())


def alone(fibers: Fibers, work: Callable[[], Any]) -> Any:
    """Run one work in a fiber; return what it returns, raise what it raises."""
    (outcome,) = together(fibers, work)
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome
