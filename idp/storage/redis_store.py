"""The ephemeral store on Redis or Valkey (6.2 or newer), for many machines.

Every verb is one command or one script, hence atomic, and one round trip. Commands go
straight through redis-py's connections with hiredis' packer, at a quarter of the cost
of its client: this is the hot path of every endpoint.

One primary holds everything; replicas and failover are the operator's. Redis Cluster
would need the keys of a multi-key verb in one slot, by a hash tag: `get_many` reads
keys that share none, and `drop_grant` finds its keys in an index. Give the store a
database number of its own and `maxmemory-policy noeviction`, since an evicted `jti` or
counter would be forgotten protection.
"""

import json
import time
from collections.abc import Sequence
from hashlib import sha1
from typing import Any, Protocol, cast

import redis
from hiredis import pack_command
from redis.exceptions import NoScriptError, RedisError, ResponseError

from idp.errors import BusyError
from idp.storage.ephemeral import Value
from idp.storage.idle import IdleConnections

_CHECK_AFTER = 5.0  # seconds idle after which a server may have hung up unnoticed


class _Connection(Protocol):
    """What we use of redis-py's untyped connections; they connect when first used."""

    def send_packed_command(
        self, command: Sequence[bytes], *, check_health: bool
    ) -> None: ...
    def read_response(self) -> Any: ...
    def can_read(self) -> bool: ...
    def disconnect(self) -> None: ...


class _Script:
    """A Lua script and the digest by which Redis knows it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


# KEYS: entry, index of the grant. ARGV: value, ttl in ms, "NX" to claim.
# The index is a sorted set by expiry, so that it never outgrows the live entries.
_STORE_UNDER_GRANT = _Script("""
local stored
if ARGV[3] == 'NX' then
  stored = redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX')
else
  stored = redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
if stored then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  redis.call('ZADD', KEYS[2], now + ARGV[2], KEYS[1])
  if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[2]) then
    redis.call('PEXPIRE', KEYS[2], ARGV[2])
  end
end
return stored
""")
# KEYS: index of the grant.
_DROP_GRANT = _Script("""
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  redis.call('DEL', key)
end
return redis.call('DEL', KEYS[1])
""")
# KEYS: counter. ARGV: step, ttl in ms.
_COUNT = _Script("""
local step = tonumber(ARGV[1])
if step <= 0 and redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local number = redis.call('INCRBY', KEYS[1], step)
if number < 0 then
  number = 0
  redis.call('SET', KEYS[1], 0, 'KEEPTTL')
end
if redis.call('PTTL', KEYS[1]) < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return number
""")


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class RedisStore:
    """The ephemeral store of many machines; see `ephemeral.EphemeralStore`."""

    def __init__(self, url: str, *, password: str | None = None) -> None:
        credentials = {} if password is None else {"password": password}
        self._pool = redis.ConnectionPool.from_url(url, protocol=2, **credentials)
        self._idle: IdleConnections[tuple[_Connection, float]] = IdleConnections()

    def put(
        self, key: str, value: Value, *, ttl: float, grant_id: str | None = None
    ) -> None:
        """Store (or replace) `value` for `ttl` seconds, revocable by `grant_id`."""
        if grant_id is None:
            self._call("SET", key, _dump(value), "PX", _milliseconds(ttl))
        else:
            self._store_under_grant(key, value, ttl, grant_id, "")

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the live value, or None."""
        return _load(self._call("GET", key))

    def get_many(self, keys: Sequence[str]) -> list[dict[str, Any] | None]:
        """Return the live values in the order of `keys`, in one round trip."""
        return [_load(text) for text in self._call("MGET", *keys)] if keys else []

    def take(self, key: str) -> dict[str, Any] | None:
        """Remove and return the value: of parallel callers exactly one gets it."""
        return _load(self._call("GETDEL", key))

    def claim(
        self,
        key: str,
        value: Value | None = None,
        *,
        ttl: float,
        grant_id: str | None = None,
    ) -> bool:
        """Store only if absent: of parallel callers exactly one gets True."""
        if grant_id is not None:
            return self._store_under_grant(key, value or {}, ttl, grant_id, "NX")
        milliseconds = _milliseconds(ttl)
        stored = self._call("SET", key, _dump(value or {}), "PX", milliseconds, "NX")
        return stored is not None

    def count(self, key: str, *, ttl: float, by: int = 1) -> int:
        """Add `by` to a counter; the window opens with the first positive call."""
        return int(self._run(_COUNT, [key], str(by), _milliseconds(ttl)))

    def drop(self, *keys: str) -> None:
        """Remove these keys, present or not."""
        if keys:
            self._call("DEL", *keys)

    def drop_grant(self, grant_id: str) -> None:
        """Remove everything that was stored under `grant_id`."""
        self._run(_DROP_GRANT, [_index(grant_id)])

    def ping(self) -> None:
        """Raise if the server cannot be reached."""
        self._call("PING")

    def facts(self) -> dict[str, str]:
        """Return what the server tells of itself, and its `time` in seconds."""
        lines = self._call("INFO").decode().splitlines()
        told = dict(line.partition(":")[::2] for line in lines if ":" in line)
        seconds, micros = (int(part) for part in self._call("TIME"))
        return told | {"time": str(seconds + micros / 1e6)}

    def close(self) -> None:
        """Close the idle connections."""
        while item := self._idle.take():
            item[0].disconnect()

    def _store_under_grant(
        self, key: str, value: Value, ttl: float, grant_id: str, condition: str
    ) -> bool:
        keys = [key, _index(grant_id)]
        arguments = (_dump(value), _milliseconds(ttl), condition)
        return self._run(_STORE_UNDER_GRANT, keys, *arguments) is not None

    def _run(self, script: _Script, keys: list[str], *arguments: str | bytes) -> Any:
        rest = (str(len(keys)), *keys, *arguments)
        try:
            return self._call("EVALSHA", script.digest, *rest)
        except NoScriptError:
            return self._call("EVAL", script.text, *rest)

    def _call(self, *command: str | bytes) -> Any:
        """Send one command and return its answer.

        Never sent twice: a `take` or `claim` that was lost on the way may have
        happened, and its caller must not believe the opposite.
        """
        connection = self._connection()
        try:
            packed = (pack_command(command),)  # type: ignore[arg-type]  # its stub knows one item
            connection.send_packed_command(packed, check_health=False)
            answer = connection.read_response()
        except ResponseError:
            self._idle.give((connection, time.monotonic()))
            raise
        except RedisError as error:
            connection.disconnect()
            raise BusyError(detail=f"ephemeral store: {error}") from error
        except BaseException:
            connection.disconnect()  # an answer may still be on its way
            raise
        self._idle.give((connection, time.monotonic()))
        return answer

    def _connection(self) -> _Connection:
        item = self._idle.take()
        if item is None:
            return cast("_Connection", self._pool.make_connection())
        connection, used_at = item
        if time.monotonic() - used_at > _CHECK_AFTER and _hung_up(connection):
            connection.disconnect()  # the next command connects again
        return connection


def _hung_up(connection: _Connection) -> bool:
    try:
        return connection.can_read()
    except RedisError:
        return True


def _index(grant_id: str) -> str:
    return f"grant-index:{grant_id}"


def _milliseconds(ttl: float) -> str:
    return str(max(1, round(ttl * 1000)))


def _dump(value: Value) -> bytes:
    return _encode(value).encode()


def _load(text: bytes | None) -> dict[str, Any] | None:
    value = None if text is None else json.loads(text)
    return value if isinstance(value, dict) else None
