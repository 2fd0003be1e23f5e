"""Real PostgreSQL and Redis servers of their own, in temporary directories, for tests and measurements.

Nothing is shared with what else runs on the machine: unix sockets only, no TCP port, no system service. PostgreSQL
refuses to run as root, so under root it runs as the `postgres` user that its package makes.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0


class ServerMissingError(RuntimeError):
    """The server's program is not installed."""


class Server(ABC):
    """A server process in a directory of its own; a context manager that starts and stops it."""

    name = ""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=f"dinhdanh-{self.name}-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return the process id of the server's first process."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def log_path(self) -> Path:
        """Return the file with what the server printed."""
        return self.directory / "log"

    def start(self) -> Self:
        """Start the server and wait until it answers; raises `RuntimeError` with its log if it does not."""
        with self.log_path.open("wb") as log:
            self._process = self._spawn(log.fileno())
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop(signal.SIGKILL)
                text = self.log_path.read_text(errors="replace")[-2000:]
                message = f"{self.name} did not start: {text}"
                raise RuntimeError(message)
            time.sleep(0.02)
        return self

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal and wait for the end; the directory stays, so the server can be started again."""
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def close(self) -> None:
        """Stop the server and remove its directory."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop and remove."""
        self.close()

    @abstractmethod
    def _spawn(self, log: int) -> subprocess.Popen[bytes]: ...

    @abstractmethod
    def _answers(self) -> bool: ...


class RedisServer(Server):
    """A redis-server (or valkey-server) on a unix socket; without persistence unless `appendonly` is asked for."""

    name = "redis"

    def __init__(self, *, policy: str = "noeviction", appendonly: bool = False) -> None:
        super().__init__()
        self._policy = policy
        self._appendonly = appendonly

    @property
    def socket(self) -> Path:
        """Return the unix socket."""
        return self.directory / "redis.sock"

    @property
    def url(self) -> str:
        """Return the address as redis-py and `IDP_EPHEMERAL_URL` take it."""
        return f"unix://{self.socket}"

    def _spawn(self, log: int) -> subprocess.Popen[bytes]:
        program = program_of("redis-server", "valkey-server")
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "dir": str(self.directory),
            "save": "",
            "appendonly": "yes" if self._appendonly else "no",
            "maxmemory-policy": self._policy,
            "daemonize": "no",
        }
        arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return subprocess.Popen([program, *arguments], stdout=log, stderr=log)

    def _answers(self) -> bool:
        return self.socket.exists() and b"ready to accept connections" in self.log_path.read_bytes().lower()


class PostgresServer(Server):
    """A PostgreSQL cluster with one empty database `idp`; durable unless `fsync` is turned off for tests."""

    name = "postgres"

    def __init__(self, *, fsync: bool = True, max_connections: int = 100) -> None:
        super().__init__()
        self._fsync = fsync
        self._max_connections = max_connections
        self._account = "postgres" if os.geteuid() == 0 else None
        self._data = self.directory / "data"
        if self._account:
            shutil.chown(self.directory, self._account)

    @property
    def url(self) -> str:
        """Return the address of the database `idp` as libpq and `IDP_DATABASE_URL` take it."""
        return self.url_of("idp")

    def url_of(self, database: str) -> str:
        """Return the address of a database of this cluster."""
        return f"postgresql://idp@/{database}?host={self.directory}"

    def create_database(self, name: str) -> str:
        """Create an empty database and return its address."""
        self._sql(f'CREATE DATABASE "{name}"', "postgres")
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Drop a database; whoever is still connected to it is thrown out."""
        self._sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', "postgres")

    def start(self) -> Self:
        """Make the cluster on the first start, then run it."""
        if not self._data.exists():
            self._initialise()
        super().start()
        if not self._sql_output("SELECT 1 FROM pg_database WHERE datname = 'idp'", "postgres"):
            self.create_database("idp")
        return self

    def _initialise(self) -> None:
        made = str(_cluster(self._account))
        subprocess.run(
            ["cp", "-a", made, str(self._data)], check=True, capture_output=True, user=self._account, cwd=self.directory
        )

    def _spawn(self, log: int) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.directory),
            "max_connections": str(self._max_connections),
            "fsync": "on" if self._fsync else "off",
            "synchronous_commit": "on" if self._fsync else "off",
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return subprocess.Popen(
            [program_of("postgres"), "-D", str(self._data), *arguments],
            stdout=log, stderr=log, user=self._account, cwd=self.directory,
        )  # fmt: skip

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop; by default with a fast shutdown, which ends open connections."""
        super().stop(number)

    def _answers(self) -> bool:
        return b"database system is ready to accept connections" in self.log_path.read_bytes()

    def _sql(self, statement: str, database: str) -> None:
        self._sql_output(statement, database)

    def _sql_output(self, statement: str, database: str) -> str:
        command = [program_of("psql"), "-h", str(self.directory), "-U", "idp", "-d", database, "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run([*command, "-Atqc", statement], check=True, capture_output=True, text=True)
        return done.stdout.strip()


@cache
def _cluster(account: str | None) -> Path:
    """Return an empty cluster to copy, made once in this process: a copy takes a twentieth of the time."""
    folder = Path(tempfile.mkdtemp(prefix="dinhdanh-cluster-"))
    atexit.register(_remove, folder, os.getpid())
    if account:
        shutil.chown(folder, account)
    command = [program_of("initdb"), "-D", str(folder / "data"), "-U", "idp", "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run([*command, "--no-sync"], check=True, capture_output=True, user=account, cwd=folder)
    return folder / "data"


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # A process that was forked ends earlier.
        shutil.rmtree(folder, ignore_errors=True)


def program_of(*names: str) -> str:
    for name in names:
        packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        found = shutil.which(name) or (str(packaged[-1]) if packaged else None)
        if found:
            return found
    message = f"{' or '.join(names)} is not installed"
    raise ServerMissingError(message)
