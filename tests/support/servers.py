"""Real servers for tests: PostgreSQL and Redis from Debian's packages, each in a directory of its own, on Unix sockets.

A socket in a fresh directory needs no free port, so runs beside each other never meet. A server is stopped by its process id.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_PATIENCE = 30.0
_POSTGRESQL_HOMES = Path("/usr/lib/postgresql")


class Server:
    """A child process with a directory; started by its subclass, stopped and removed by ``stop``."""

    def __init__(self, prefix: str) -> None:
        """Make the directory."""
        self.directory = Path(tempfile.mkdtemp(prefix=prefix))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return the process id of the running server."""
        assert self._process is not None
        return self._process.pid

    def run(self, command: list[str], user: str | None = None) -> None:
        """Start ``command``, as ``user`` when we are root."""
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.directory,
                user=user,
                extra_groups=[] if user else None,
            )

    def wait_for(self, path: Path) -> None:
        """Wait until ``path`` exists; fails with the server's log when it does not."""
        deadline = time.monotonic() + _PATIENCE
        while not path.exists():
            dead = self._process is None or self._process.poll() is not None
            if dead or time.monotonic() > deadline:
                pytest.fail(f"{type(self).__name__} did not start:\n{(self.directory / 'log').read_text()}")
            time.sleep(0.02)

    def halt(self) -> None:
        """Stop the process and keep the directory, so that the server can start again on its data."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def stop(self) -> None:
        """Stop the process and remove the directory."""
        self.halt()
        shutil.rmtree(self.directory, ignore_errors=True)


class PostgresqlServer(Server):
    """A PostgreSQL server without durability; everyone who can reach the socket is its superuser."""

    def __init__(self, binaries: Path) -> None:
        """Initialise a data directory."""
        super().__init__("dd-pg-")
        self._binaries = binaries
        # PostgreSQL refuses to run as root; its package made this user.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self.directory, self._user)
        self._data = self.directory / "data"
        subprocess.run(  # noqa: S603 - our own command line
            [str(binaries / "initdb"), *f"-D {self._data} -U postgres -A trust -E UTF8 --locale=C -N".split()],
            check=True,
            capture_output=True,
            cwd=self.directory,
            user=self._user,
            extra_groups=[] if self._user else None,
        )

    def start(self) -> PostgresqlServer:
        """Start and wait until it answers."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.directory),
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "max_connections": "200",
            "shared_buffers": "32MB",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.run([str(self._binaries / "postgres"), "-D", str(self._data), *options], self._user)
        self.wait_for(self.directory / ".s.PGSQL.5432")
        ready = [str(self._binaries / "pg_isready"), "-q", "-h", str(self.directory)]
        deadline = time.monotonic() + _PATIENCE
        while subprocess.run(ready, check=False).returncode != 0:  # noqa: S603 - our own command line
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return self

    def halt(self) -> None:
        """Stop at once, whoever is connected (a fast shutdown)."""
        if self._process is not None:
            self._process.send_signal(2)
        super().halt()

    def url(self, database: str) -> str:
        """Return the URL of a database of this server."""
        return f"postgresql://postgres@/{database}?host={self.directory}"


class RedisServer(Server):
    """A Redis server that keeps nothing on disk."""

    def __init__(self, binary: str) -> None:
        """Take the binary."""
        super().__init__("dd-redis-")
        self._binary = binary

    def start(self, policy: str = "noeviction") -> RedisServer:
        """Start under a ``maxmemory-policy`` and wait for the socket."""
        self.run(
            [self._binary, "--port", "0", "--unixsocket", str(self._socket), "--save", "", "--maxmemory-policy", policy]
        )
        self.wait_for(self._socket)
        return self

    @property
    def _socket(self) -> Path:
        return self.directory / "redis.sock"

    @property
    def url(self) -> str:
        """Return the server's URL."""
        return f"unix://{self._socket}"


def postgresql_binaries() -> Path:
    """Return the directory of the newest installed PostgreSQL; skips the test when there is none."""
    homes = sorted((home for home in _POSTGRESQL_HOMES.glob("*/bin") if (home / "initdb").exists()), key=_release)
    if not homes:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    if os.geteuid() == 0 and "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
        pytest.skip("we are root, and there is no user postgres for the server to run as")
    return homes[-1]


def _release(home: Path) -> float:
    return float(home.parent.name)


def redis_binary() -> str:
    """Return the Redis or Valkey binary; skips the test when there is none."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        pytest.skip("no Redis here: apt-get install redis-server")
    return found


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Run one PostgreSQL for the session."""
    server = PostgresqlServer(postgresql_binaries())
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """Run one Redis for the session."""
    server = RedisServer(redis_binary())
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def own_postgresql() -> Iterator[PostgresqlServer]:
    """Run a PostgreSQL that the test may stop."""
    server = PostgresqlServer(postgresql_binaries())
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """Return a Redis that the test starts and stops itself."""
    server = RedisServer(redis_binary())
    try:
        yield server
    finally:
        server.stop()
