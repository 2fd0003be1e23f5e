"""Clients of Redis or Valkey by the forms of ``IDP_EPHEMERAL_URL``: one server, one that Sentinels name, or a cluster.

``redis://``, ``rediss://`` and ``unix://`` are redis-py's own. ``redis+sentinel://HOST:PORT,HOST:PORT/NAME[/DB]`` names the Sentinels and what
they call the master; ``redis+cluster://HOST:PORT,HOST:PORT`` some servers of a cluster. ``rediss+sentinel``, ``rediss+cluster``: over TLS. A user
and a password stand before the first host, as ever, and are the servers'; those of the Sentinels are ``?sentinel_username=…&sentinel_password=…``.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from idp.errors import SettingsError, StorageUnavailable

_FIELD: Final = "IDP_EPHEMERAL_URL"
_POLICY: Final = "maxmemory-policy"
_SENTINEL_PORT: Final = 26379
_SERVER_PORT: Final = 6379
_HIGHEST: Final = 65535
_TIMES: Final[dict[str, Any]] = {"socket_timeout": 2.0, "socket_connect_timeout": 2.0, "health_check_interval": 30}


def connect(url: str) -> Any:
    """Return a client with short time-outs; raises ``SettingsError`` for another form and ``StorageUnavailable`` for a cluster out of reach.

    A write that got no answer is not sent again, but for a cluster's, whose place may have moved: there whatever is single-use fails closed.
    """
    parts = urlsplit(url)
    scheme, _, form = parts.scheme.partition("+")
    if scheme not in ("redis", "rediss") or form not in ("sentinel", "cluster"):
        return redis.Redis.from_url(url, **_TIMES, retry=Retry(NoBackoff(), 0))
    common = {**_TIMES, **_identity(parts), **({"ssl": True} if scheme == "rediss" else {})}
    return _by_sentinels(parts, common) if form == "sentinel" else _of_cluster(parts, common)


def is_replicated(client: Any) -> bool:
    """Tell whether another server may take the place of one that fails, without the last that it was told."""
    return is_cluster(client) or isinstance(client.connection_pool, SentinelConnectionPool)


def is_cluster(client: Any) -> bool:
    """Tell whether keys lie on several servers."""
    return isinstance(client, RedisCluster)


def check_policy(client: Any) -> None:
    """Refuse a server that may evict keys; raises ``SettingsError`` or ``StorageUnavailable``."""
    try:
        found = client.config_get(_POLICY, target_nodes=RedisCluster.PRIMARIES) if is_cluster(client) else {}
        found = found or client.config_get(_POLICY)
    except RedisError as error:
        raise StorageUnavailable(f"Redis did not answer: {type(error).__name__}") from error
    # A cluster of several answers by server.
    for policy in [found[_POLICY]] if _POLICY in found else [one[_POLICY] for one in found.values()]:
        if policy != "noeviction":
            reason = f"{_FIELD}: {_POLICY} is {policy}; set it to noeviction, or single-use marks may be lost"
            raise SettingsError(reason)


def _by_sentinels(parts: SplitResult, common: dict[str, Any]) -> Any:
    name, _, number = parts.path.strip("/").partition("/")
    if not name or not (number or "0").isdecimal():
        raise SettingsError(f"{_FIELD}: after the Sentinels comes /NAME, what they call the master", field=_FIELD)
    query = parse_qs(parts.query)
    own = {key: query[f"sentinel_{key}"][0] for key in ("username", "password") if f"sentinel_{key}" in query}
    asked = {key: value for key, value in common.items() if key not in ("username", "password")}
    retry = Retry(NoBackoff(), 0)
    hosts, its_own = _hosts(parts, _SENTINEL_PORT), {**asked, **own, "retry": retry}
    sentinels: Any = Sentinel(hosts, sentinel_kwargs=its_own, **common, retry=retry)  # type: ignore[no-untyped-call]
    return sentinels.master_for(name, db=int(number or "0"))


def _of_cluster(parts: SplitResult, common: dict[str, Any]) -> Any:
    if parts.path.strip("/") not in ("", "0"):
        raise SettingsError(f"{_FIELD}: a cluster has one database, so nothing comes after its servers", field=_FIELD)
    nodes = [ClusterNode(host, port) for host, port in _hosts(parts, _SERVER_PORT)]  # type: ignore[no-untyped-call]
    try:
        return RedisCluster(startup_nodes=nodes, **common, retry=Retry(NoBackoff(), 1))
    except (RedisClusterException, RedisError) as error:
        raise StorageUnavailable(f"Redis did not answer: {type(error).__name__}") from error


def _hosts(parts: SplitResult, usual: int) -> list[tuple[str, int]]:
    """Return hosts and ports; an IPv6 address stands in brackets."""
    found = []
    for place in parts.netloc.rpartition("@")[2].split(","):
        one = urlsplit(f"//{place}")
        try:
            found.append((one.hostname or "", one.port or usual))
        except ValueError:
            found.append(("", usual))
        if not found[-1][0]:
            raise SettingsError(f"{_FIELD}: HOST:PORT,HOST:PORT, each port 1 to {_HIGHEST}", field=_FIELD)
    return found


def _identity(parts: SplitResult) -> dict[str, str]:
    user, colon, password = parts.netloc.rpartition("@")[0].partition(":")
    named = {"username": unquote(user)} if user else {}
    return {**named, **({"password": unquote(password)} if colon else {})}
