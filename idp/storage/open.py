"""Opens the stores that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from idp.errors import SettingsError
from idp.ports.ephemeral import Counters, SingleUse, TransactionStore
from idp.storage.database import Database
from idp.storage.ephemeral_sql import SqlCounters, SqlSingleUse, SqlTransactions

_REDIS: Final = (
    "redis://",
    "rediss://",
    "unix://",
    *(f"{s}+{f}://" for s in ("redis", "rediss") for f in ("sentinel", "cluster")),
)


@dataclass(frozen=True, slots=True)
class EphemeralStores:
    """The three ephemeral ports over one store."""

    transactions: TransactionStore
    single_use: SingleUse
    counters: Counters


def open_database(url: str, sqlite_path: Path, connections: int = 10) -> Database:
    """Return the database that ``url`` names, SQLite at ``sqlite_path`` when it is empty; raises ``SettingsError``.

    ``connections`` is how many of a server's one process may hold for its requests.
    """
    if not url or url.startswith("sqlite:///"):
        from idp.storage.sqlite import SqliteDatabase  # noqa: PLC0415 - as below: a process holds the driver of its own database alone

        return SqliteDatabase(Path(url.removeprefix("sqlite:///")) if url else sqlite_path)
    if url.startswith(("postgresql://", "postgres://")):
        try:
            from idp.storage.postgresql import PostgresqlDatabase  # noqa: PLC0415 - an optional extra
        except ImportError as error:
            reason = "IDP_DATABASE_URL names PostgreSQL: install the extra, dinhdanh[postgresql]"
            raise SettingsError(reason, field="IDP_DATABASE_URL") from error
        return PostgresqlDatabase(url.replace("postgres://", "postgresql://", 1), connections)
    raise SettingsError("IDP_DATABASE_URL must be postgresql://… or sqlite:///…", field="IDP_DATABASE_URL")


def load_drivers(database_url: str, ephemeral_url: str) -> None:
    """Load what these stores need, and open nothing: a parent does so before it forks, so that its processes share those pages.

    What is not installed is told by whoever opens the store.
    """
    is_postgresql = database_url.startswith(("postgresql://", "postgres://"))
    wanted = {
        "idp.storage.sqlite": not is_postgresql,
        "idp.storage.postgresql": is_postgresql,
        "idp.storage.ephemeral_redis": bool(ephemeral_url),
    }
    for module in (name for name, is_wanted in wanted.items() if is_wanted):
        with suppress(ImportError):
            import_module(module)


def open_ephemeral(url: str, database: Database, memory_since: Callable[[], int] = lambda: 0) -> EphemeralStores:
    """Return the ephemeral stores: Redis or Valkey when ``url`` names one (checked for ``noeviction``), else the database.

    ``memory_since`` is as ``SqlSingleUse`` has it; Redis keeps that moment itself.
    """
    if not url:
        single = SqlSingleUse(database, memory_since)
        return EphemeralStores(SqlTransactions(database), single, SqlCounters(database))
    if not url.startswith(_REDIS):
        forms = "redis://, rediss:// or unix://, with several servers redis+sentinel:// or redis+cluster:// (docs/operations.md)"
        raise SettingsError(f"IDP_EPHEMERAL_URL must be {forms}", field="IDP_EPHEMERAL_URL")
    from idp.storage import ephemeral_redis, redis_clients  # noqa: PLC0415 - six megabytes that only deployments with Redis pay for

    client = redis_clients.connect(url)
    redis_clients.check_policy(client)
    single_use = ephemeral_redis.RedisSingleUse(client, database.fibers)
    single_use.begin()
    return EphemeralStores(
        ephemeral_redis.RedisTransactions(client, database.fibers),
        single_use,
        ephemeral_redis.RedisCounters(client, database.fibers),
    )
