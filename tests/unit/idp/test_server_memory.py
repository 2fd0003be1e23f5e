"""Memory that lies idle goes back to the system."""

from __future__ import annotations

import asyncio
import ctypes
import sys
from pathlib import Path

import pytest

from idp.server import memory

_MIB = 2**20
_BLOCK = 64 * 1024
"""Small enough that the allocator takes it from its heap, and does not map it by itself."""


def resident() -> int:
    """Return the octets of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_memory_that_lies_idle_is_given_back_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    monkeypatch.setattr(memory, "_EVERY", 0.01)

    async def idle() -> int:
        memory.give_back_regularly(asyncio.get_running_loop())
        blocks = [libc.malloc(_BLOCK) for _ in range(640)]
        for block in blocks:
            ctypes.memset(block, 1, _BLOCK)
        held = resident()
        for block in blocks[:-1]:  # The last one keeps the heap from shrinking by itself.
            libc.free(block)
        for _ in range(500):
            await asyncio.sleep(0.01)
            if held - resident() > 30 * _MIB:
                break
        libc.free(blocks[-1])
        return held - resident()

    assert asyncio.run(idle()) > 30 * _MIB
