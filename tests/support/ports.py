"""Ports for servers that are told theirs before they start."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from typing import Final

_LOWEST: Final = 10_000
_WORKERS: Final = 16


def _given_out_from() -> int:
    return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])


def free_port() -> int:
    """Return a loopback port that nobody listens on, nor is given before the server for which it is meant has started.

    A port that the kernel chose may be chosen again for any connection or other server once we let go of it. So this one is from below
    the kernel's range, and one that no other process of the same test run takes.
    """
    mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    ports = [port for port in range(_LOWEST, _given_out_from()) if port % _WORKERS == mine and port not in _GIVEN]
    SystemRandom().shuffle(ports)
    for port in ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _GIVEN.add(port)
            return port
    raise AssertionError("no free port below those that the kernel gives out")


_GIVEN: set[int] = set()
