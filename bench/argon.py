"""The rate at which this machine computes the password hash: the ceiling of password sign-ins."""

from __future__ import annotations

import multiprocessing
import os
import time

from argon2.low_level import Type, hash_secret_raw

_MEMORY_KIB, _PASSES, _LANES = 19_456, 2, 1


def _count(seconds: float) -> tuple[int, float]:
    hashes, started, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - started < seconds:
        hash_secret_raw(b"a password of usual length", b"s" * 16, _PASSES, _MEMORY_KIB, _LANES, 32, Type.ID)
        hashes += 1
    return hashes, time.process_time() - cpu


def argon2id_rate(seconds: float = 2.0) -> tuple[float, float]:
    """Return (hashes a second on all cores together, CPU seconds of one hash), m=19 MiB, t=2, p=1."""
    cores = len(os.sched_getaffinity(0))
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        pool.map(_count, [0.1] * cores)
        counted = pool.map(_count, [seconds] * cores)
    hashes = sum(count for count, _ in counted)
    return hashes / seconds, sum(cpu for _, cpu in counted) / hashes
