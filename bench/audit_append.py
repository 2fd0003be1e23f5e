"""What a record of the audit log costs on PostgreSQL: `python -m bench.audit_append [--records 20000] [--writers 2] [--fibers 64]`.

Writer processes append records, each in a transaction of its own, while one process numbers them and grows the tree as `idp worker` does.
Reported: records a second from the first append until the last is in the tree, and CPU microseconds a record of each party; the CPU
of PostgreSQL is that of all its processes.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import time
from multiprocessing.synchronize import Event as Signal
from pathlib import Path

import orjson
import uvloop

from idp.fibers import in_fiber
from idp.model.audit import AuditEvent, Event
from idp.storage import migrate
from idp.storage.audit import count_waiting
from idp.storage.open import open_database
from tests.support.servers import PostgresServer
from tests.support.stores import make_audit, make_audit_tree

EVENT = AuditEvent(
    Event.TOKEN_CODE,
    actor="client:bench",
    account_id="0" * 26,
    client_id="bench",
    session_id="1" * 26,
    target="grant:0",
    detail={"scope": "openid profile", "amr": ["pwd"]},
)


def append(url: str, records: int, fibers: int, pipe: multiprocessing.connection.Connection) -> None:
    """Append ``records`` records from ``fibers`` fibers; says how much CPU that took."""
    database = open_database(url, Path())
    log = make_audit(database)

    async def all_of_them() -> None:
        database.fibers.attach(asyncio.get_running_loop())

        def work() -> None:
            assert in_fiber()
            for _ in range(records // fibers):
                log.write(EVENT)

        await asyncio.gather(*(database.fibers.run(work) for _ in range(fibers)))

    pipe.send("ready")
    pipe.recv()
    begun = time.process_time()
    uvloop.run(all_of_them())
    pipe.send(time.process_time() - begun)


def number(url: str, stop: Signal, pipe: multiprocessing.connection.Connection) -> None:
    """Number what waits every two seconds, as the worker does, and at the end until nothing waits."""
    database = open_database(url, Path())
    tree = make_audit_tree(database)
    tree.sequence()
    pipe.send("ready")
    begun = time.process_time()
    while not stop.wait(2):
        tree.sequence()
    while count_waiting(database):
        tree.sequence()
    pipe.send(time.process_time() - begun)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process and its living and ended children."""
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(entry.parent.name) == pid:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == pid:
            ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(url: str, postgres: int, writers: int, each: int, fibers: int) -> dict[str, object]:
    """Run the parties once and return the figures."""
    context = multiprocessing.get_context("spawn")
    stop, pipes = context.Event(), []
    for _ in range(writers):
        ours, theirs = context.Pipe()
        context.Process(target=append, args=(url, each, fibers, theirs), daemon=True).start()
        pipes.append(ours)
    numbering, theirs = context.Pipe()
    context.Process(target=number, args=(url, stop, theirs), daemon=True).start()
    assert [pipe.recv() for pipe in (*pipes, numbering)] == ["ready"] * (writers + 1)
    before, begun = cpu_of(postgres), time.monotonic()
    for pipe in pipes:
        pipe.send("go")
    micro = {"writers": sum(pipe.recv() for pipe in pipes)}
    appended = time.monotonic() - begun
    stop.set()
    micro["sequencer"] = numbering.recv()
    took, micro["postgresql"] = time.monotonic() - begun, cpu_of(postgres) - before
    records = each * writers
    return {
        "records": records,
        "appended_per_second": round(records / appended),
        "sequenced_per_second": round(records / took),
        "cpu_us_per_record": {name: round(value / records * 1e6, 1) for name, value in micro.items()},
    }


def main() -> None:
    """Run once and print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--fibers", type=int, default=64)
    given = parser.parse_args()
    with PostgresServer(max_connections=100) as server:
        url = server.create_database("bench")
        database = open_database(url, Path())
        migrate.upgrade(database)
        database.close()
        each = given.records // given.writers // given.fibers * given.fibers
        print(orjson.dumps(measure(url, server.pid, given.writers, each, given.fibers)).decode())


if __name__ == "__main__":
    main()
