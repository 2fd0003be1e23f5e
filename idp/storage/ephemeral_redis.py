"""The ephemeral ports over Redis or Valkey, each call one atomic command or script.

The server must run ``maxmemory-policy noeviction``: an evicted mark would let something single-use be used twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar
from zlib import crc32

from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from idp.errors import StorageUnavailable
from idp.fibers import Fibers
from idp.ports.ephemeral import Count, Use
from idp.storage.redis_clients import is_cluster, is_replicated

T = TypeVar("T")

_PREFIX = "dinhdanh:"
_REPLACE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3])
  return 1
end
return 0
"""
_ADD = """
local count = redis.call('HINCRBY', KEYS[1], 'count', ARGV[3])
if count == tonumber(ARGV[3]) then redis.call('HSET', KEYS[1], 'first', ARGV[1]) end
redis.call('HSET', KEYS[1], 'last', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return {count, tonumber(redis.call('HGET', KEYS[1], 'first')), tonumber(ARGV[1])}
"""
_BEGIN = """
redis.call('SET', KEYS[1], redis.call('TIME')[1])
return 1
"""
_CLAIM = """
local birth = redis.call('GET', KEYS[2])
if not birth then
  birth = redis.call('TIME')[1]
  redis.call('SET', KEYS[2], birth)
end
if tonumber(ARGV[1]) < tonumber(birth) then return 2 end
if redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[2]) then return 1 end
return 0
"""
# Where another server takes over, it may lack the last marks, and know the script from a time when it was the master before: so a memory also
# ends with the master's replication id, which changes whenever one is chosen (Redis documentation, "Replication ID explained").
_SUCCESSION = """
local id = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
if redis.call('GET', KEYS[#KEYS] .. ':master') ~= id then
  redis.call('SET', KEYS[#KEYS], redis.call('TIME')[1])
  redis.call('SET', KEYS[#KEYS] .. ':master', id)
end
"""
_PLACES = 64
"""Parts of a cluster's memory: what one script touches has to lie on one server."""
_USES = (Use.AGAIN, Use.FIRST, Use.FORGOTTEN)


class _Guard:
    """Calls the server while the fiber pauses; whatever keeps it from answering becomes ``StorageUnavailable``."""

    __slots__ = ("_fibers",)

    def __init__(self, fibers: Fibers | None) -> None:
        """Take the process's fibers, if it has any."""
        self._fibers = fibers or Fibers()

    def __call__(self, act: Callable[[], T]) -> T:
        """Return what ``act`` returns."""
        try:
            return self._fibers.elsewhere(act)
        except (RedisError, RedisClusterException) as error:
            raise StorageUnavailable(f"Redis did not answer: {type(error).__name__}") from error


class RedisTransactions:
    """``ports.ephemeral.TransactionStore`` over Redis."""

    def __init__(self, client: Any, fibers: Fibers | None = None) -> None:
        """Register the compare-and-swap script."""
        self._client = client
        self._guard = _Guard(fibers)
        self._replace = client.register_script(_REPLACE)

    def put(self, key: str, document: bytes, expires_at: int) -> None:
        """Store or replace a document until ``expires_at``."""
        self._guard(lambda: self._client.set(f"{_PREFIX}t:{key}", document, exat=expires_at))

    def get(self, key: str, now: int) -> bytes | None:  # noqa: ARG002 - the server keeps the end of life itself
        """Return the live document or None."""
        found: bytes | None = self._guard(lambda: self._client.get(f"{_PREFIX}t:{key}"))
        return found

    def replace(self, key: str, old: bytes, new: bytes, expires_at: int) -> bool:
        """Put ``new`` only if the stored document still is ``old``."""
        return bool(self._guard(lambda: self._replace(keys=[f"{_PREFIX}t:{key}"], args=[old, new, expires_at])))

    def claim(self, key: str, now: int) -> bytes | None:  # noqa: ARG002 - see get
        """Remove and return the live document; one caller gets it."""
        found: bytes | None = self._guard(lambda: self._client.getdel(f"{_PREFIX}t:{key}"))
        return found


class RedisSingleUse:
    """``ports.ephemeral.SingleUse`` over Redis."""

    def __init__(self, client: Any, fibers: Fibers | None = None) -> None:
        """Take the client."""
        self._client = client
        self._guard = _Guard(fibers)
        succession = _SUCCESSION if is_replicated(client) else ""
        self._begin, self._claim = succession + _BEGIN, succession + _CLAIM
        self._script = hashlib.sha1(self._claim.encode(), usedforsecurity=False).hexdigest()
        # In braces stands what a cluster places a key by.
        places = [f"{{u{number}}}" for number in range(_PLACES)] if is_cluster(client) else ["u"]
        self._places = tuple(f"{_PREFIX}{place}" for place in places)

    def begin(self) -> None:
        """Begin a new memory if the server has lost the old one.

        A server keeps no script over a restart or a fail-over, and whatever it read back from its files may lack the last marks: so a
        server that does not know our script may have forgotten something.
        """

        def act() -> None:
            if not self._client.script_exists(self._script)[0]:
                self._renew()

        self._guard(act)

    def claim_issued(self, key: str, now: int, issued_at: int, expires_at: int) -> Use:
        """Claim as the port says, in one round trip."""
        place = self._place(key)
        arguments = (2, f"{place}:{key}", f"{place}-birth", issued_at, max(1, expires_at - now))

        def act() -> int:
            try:
                return int(self._client.evalsha(self._script, *arguments))
            except NoScriptError:
                self._renew()
                return int(self._client.evalsha(self._script, *arguments))

        return _USES[self._guard(act)]

    def _renew(self) -> None:
        """The moment first, the script after it: nobody may claim by a script that is there while the old moment still is."""
        for place in self._places:
            self._client.eval(self._begin, 1, f"{place}-birth")
        self._client.script_load(self._claim)

    def _place(self, key: str) -> str:
        return self._places[crc32(key.encode()) % len(self._places)]

    def claim(self, key: str, now: int, expires_at: int) -> bool:
        """Return True to the first caller for ``key`` until ``expires_at``, False to every other."""
        seconds = max(1, expires_at - now)
        return bool(self._guard(lambda: self._client.set(f"{self._place(key)}:{key}", b"1", nx=True, ex=seconds)))


class RedisCounters:
    """``ports.ephemeral.Counters`` over Redis."""

    def __init__(self, client: Any, fibers: Fibers | None = None) -> None:
        """Register the addition script."""
        self._client = client
        self._guard = _Guard(fibers)
        self._add = client.register_script(_ADD)

    def add(self, key: str, now: int, window: int, amount: int = 1) -> Count:
        """Add and return the new state in one atomic step."""
        row = self._guard(lambda: self._add(keys=[f"{_PREFIX}c:{key}"], args=[now, window, amount]))
        return Count(int(row[0]), int(row[1]), int(row[2]))

    def read(self, keys: list[str], now: int) -> list[Count | None]:  # noqa: ARG002 - see RedisTransactions.get
        """Return the live counters in the order of ``keys``, in one round trip."""

        def act() -> list[Any]:
            with self._client.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.hmget(f"{_PREFIX}c:{key}", "count", "first", "last")
                return list(pipe.execute())

        return [Count(int(row[0]), int(row[1]), int(row[2])) if row[0] else None for row in self._guard(act)]

    def clear(self, keys: list[str]) -> None:
        """Forget counters."""
        if keys:
            self._guard(lambda: self._client.delete(*(f"{_PREFIX}c:{key}" for key in keys)))
