"""Redis servers that belong together: a master with a replica and a Sentinel, and a cluster of three masters."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import redis

from tests.support.ports import free_port
from tests.support.servers import Server, program_of

NAME = "dinhdanh"


class TcpRedis(Server):
    """A server on a loopback port, without persistence; a Sentinel where ``watched`` names a master's port."""

    name = "redis"

    def __init__(self, *settings: str, watched: int = 0) -> None:
        super().__init__()
        self.port = free_port()
        self._settings = settings
        self._watched = watched

    @property
    def client(self) -> redis.Redis:
        """Return a client of this server alone."""
        return redis.Redis(port=self.port, decode_responses=True)

    def _spawn(self, log: int) -> subprocess.Popen[bytes]:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"dir {self.directory}",
            'save ""',
            "daemonize no",
            *self._settings,
        ]
        if self._watched:
            lines = [*lines[:3], f"sentinel monitor {NAME} 127.0.0.1 {self._watched} 1"]
            lines += [f"sentinel down-after-milliseconds {NAME} 500", f"sentinel failover-timeout {NAME} 3000"]
        settings = self.directory / "redis.conf"
        settings.write_text("\n".join(lines) + "\n")
        sentinel = ["--sentinel"] if self._watched else []
        program = [program_of("redis-server", "valkey-server"), str(settings), *sentinel]
        return subprocess.Popen(program, stdout=log, stderr=log)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False


@dataclass(frozen=True, slots=True)
class Watched:
    """A Sentinel, and the two servers that it may make the master."""

    sentinel: TcpRedis
    servers: tuple[TcpRedis, TcpRedis]

    @property
    def url(self) -> str:
        """Return the address as `IDP_EPHEMERAL_URL` takes it."""
        return f"redis+sentinel://127.0.0.1:{self.sentinel.port}/{NAME}"

    @property
    def master(self) -> TcpRedis:
        """Return the server that the Sentinel names now."""
        _, port = self.sentinel.client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        return next(one for one in self.servers if one.port == int(port))

    def is_whole(self) -> bool:
        """Tell whether the Sentinel's master is one, and the other its replica and up to date."""
        other = next(one for one in self.servers if one is not self.master)
        state = other.client.info("replication")
        mine = self.master.client.info("replication")["role"] == "master"
        return bool(mine and state["role"] == "slave" and state["master_link_status"] == "up")


@contextmanager
def watched() -> Iterator[Watched]:
    """Start a master, a replica and a Sentinel that knows both."""
    with ExitStack() as stack:
        first = stack.enter_context(TcpRedis())
        second = stack.enter_context(TcpRedis(f"replicaof 127.0.0.1 {first.port}"))
        found = Watched(stack.enter_context(TcpRedis(watched=first.port)), (first, second))
        eventually(lambda: found.is_whole() and _replicas(found) == 1)
        yield found


def _replicas(found: Watched) -> int:
    return len(found.sentinel.client.execute_command("SENTINEL", "REPLICAS", NAME))


@dataclass(frozen=True, slots=True)
class Cluster:
    """Three masters that share the slots, and a replica of the first one."""

    masters: tuple[TcpRedis, TcpRedis, TcpRedis]
    replica: TcpRedis

    @property
    def url(self) -> str:
        """Return the address as `IDP_EPHEMERAL_URL` takes it."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{one.port}" for one in self.masters)

    def change(self, new: TcpRedis, old: TcpRedis) -> None:
        """Let one take over from the other, which then follows it."""
        eventually(lambda: new.client.info("replication")["master_link_status"] == "up")
        # Without a vote, which the others give once in half a minute.
        new.client.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
        eventually(lambda: new.client.info("replication")["role"] == "master")
        eventually(lambda: old.client.info("replication")["role"] == "slave")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start the servers and join them."""
    with ExitStack() as stack:
        made = [stack.enter_context(TcpRedis("cluster-enabled yes", f"cluster-port {free_port()}")) for _ in range(4)]
        first, second, third, last = made
        places = [f"127.0.0.1:{one.port}" for one in made]
        _joined("create", *places[:3], "--cluster-yes")
        eventually(lambda: all(one.client.cluster("info")["cluster_state"] == "ok" for one in (first, second, third)))
        _joined(
            "add-node", places[3], places[0], "--cluster-slave", "--cluster-master-id", first.client.cluster("myid")
        )
        yield Cluster((first, second, third), last)


def _joined(*arguments: str) -> None:
    subprocess.run(["redis-cli", "--cluster", *arguments], check=True, capture_output=True, timeout=120)


def eventually(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is so; what is not there yet may fail meanwhile."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if is_so():
                return
        except redis.RedisError:
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline, "did not come about"
        time.sleep(0.05)
