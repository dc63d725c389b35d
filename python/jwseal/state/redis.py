"""`RedisState`: the three stores on a Redis or Valkey server, through a client of the application's own.

Each call is one command, or a script, that the server runs as one step. Scripts name one key, or keys of one hash slot, so a
cluster serves too. Nothing connects until the first call, and connections, retries and passwords are the client's.

A store must not forget. The server needs `maxmemory-policy noeviction`, so that a full one refuses instead of dropping
entries, and `appendonly yes`, so that one that was restarted still has them; `check()` names a setting that is wrong. A
failover to an asynchronous replica can lose the entries of the last moments.
"""

from __future__ import annotations

import inspect
import math
import secrets
from typing import TYPE_CHECKING, Any

from jwseal.errors import PolicyError
from jwseal.state.identifier import identifier
from jwseal.state.revocation import revocation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    # A generator that yields calls to the server and receives their results.
    Steps = Generator[Callable[[], Any], Any, Any]

__all__ = ["RedisState"]

# Keeps the count in the field `used`. A field for each call makes a call that the client repeats, because the answer was
# lost, count once.
_TAKE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 1 end
local used = tonumber(redis.call('HGET', KEYS[1], 'used') or '0')
if used + tonumber(ARGV[2]) > tonumber(ARGV[3]) then return 0 end
redis.call('HINCRBY', KEYS[1], 'used', ARGV[2])
redis.call('HSET', KEYS[1], ARGV[1], '1')
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1
"""

# Keeps the later of two moments and the later of two ends.
_REVOKE = """
local known = redis.call('GET', KEYS[1])
local before = ARGV[1]
if known and tonumber(known) > tonumber(before) then before = known end
local ttl = tonumber(ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if left > ttl then ttl = left end
redis.call('SET', KEYS[1], before, 'PX', ttl)
return 1
"""


class RedisState:
    """The stores of a fleet.

    RedisState(client, *, prefix="jwseal:", margin=10)

    client  a client of redis-py or valkey, made with a `socket_timeout`; with an asyncio client every method returns an
            awaitable, for `verify_async` and `authorize_async`
    prefix  what the keys on the server begin with
    margin  seconds that an entry outlives its token, for machines whose clocks differ

    A client without a `socket_timeout` is PolicyError: a server that hangs would hang every request.
    """

    def __init__(self, client: Any, *, prefix: str = "jwseal:", margin: float = 10) -> None:
        for method in ("set", "get", "mget", "eval"):
            if not callable(getattr(client, method, None)):
                raise TypeError(
                    f"client must be a client of redis-py or valkey, such as redis.Redis(), not {type(client).__name__}"
                )
        pool = getattr(client, "connection_pool", None)
        settings = getattr(pool, "connection_kwargs", {})
        if isinstance(settings, dict) and "socket_timeout" in settings and settings["socket_timeout"] is None:
            raise PolicyError("give the client a timeout, such as Redis(socket_timeout=0.5)")
        if not 0 <= margin < math.inf:
            raise PolicyError("margin must be a number of seconds, 0 or more")
        self._client = client
        self._prefix = prefix
        self._margin = margin

    @property
    def is_async(self) -> bool:
        """Whether the methods return awaitables, as with an asyncio client."""
        # A subclass may wrap the method in one that is not asynchronous itself.
        of_classes = [vars(one).get("execute_command") for one in type(self._client).__mro__]
        return any(map(inspect.iscoroutinefunction, of_classes))

    def add(self, key: str, ttl: float, /) -> Any:
        """Add a key for `ttl` seconds: True, or False if it is there already."""
        return self._run(self._add(key, ttl))

    def take(self, key: str, n: int, limit: int, ttl: float, /) -> Any:
        """Take `n` of the budget `key` of `limit`, kept for `ttl` seconds: True, or False if less is left."""
        return self._run(self._take(key, n, limit, ttl))

    def revoked(
        self,
        iss: str | None,
        jti: str | None,
        sid: str | None,
        sub: str | None,
        iat: float | None,
        kid: str | None,
        /,
    ) -> Any:
        """Return whether the token (`jti`), its session (`sid`), its subject's earlier tokens (`sub`, `iat`) or its key (`kid`)
        were revoked at the issuer `iss`. What a token lacks is None.
        """
        named = {"jti": jti, "sid": sid, "kid": kid, "sub": sub}
        return self._run(self._revoked(iss, {kind: value for kind, value in named.items() if value is not None}, iat))

    def revoke(
        self,
        iss: str | None,
        *,
        ttl: float,
        jti: str | None = None,
        sid: str | None = None,
        sub: str | None = None,
        kid: str | None = None,
        before: float | None = None,
    ) -> Any:
        """As `MemoryState.revoke`: revoke a `jti`, a `sid`, a `kid` or, `before` a time, the tokens of a `sub`, of the issuer `iss`.

        The entry is kept for `ttl` seconds.
        """
        entry = revocation(jti=jti, sid=sid, sub=sub, kid=kid, before=before)
        key = self._revoked_key(iss, entry.kind, entry.value)
        return self._run(self._revoke(key, entry.before or 0, ttl))

    def check(self) -> Any:
        """Raise PolicyError if the server's settings let it forget an entry. Requires permission to run `CONFIG GET`."""
        return self._run(self._check())

    def __repr__(self) -> str:
        return f"<RedisState with keys {self._prefix}*>"

    def _run(self, steps: Steps) -> Any:
        return _drive_async(steps) if self.is_async else _drive(steps)

    def _add(self, key: str, ttl: float) -> Steps:
        name = f"{self._prefix}used:{key}"
        # If the client retries a command whose answer was lost, it finds its own value.
        own = secrets.token_hex(16)
        answer = _text((yield lambda: self._client.set(name, own, nx=True, px=self._milliseconds(ttl))))
        if answer is True or answer == "OK":
            return True
        if answer is not None:
            raise _not_of_redis("SET", answer)
        return _stored("GET", (yield lambda: self._client.get(name))) == own

    def _take(self, key: str, n: int, limit: int, ttl: float) -> Steps:
        if n < 1:
            return False
        arguments = (secrets.token_hex(16), n, limit, self._milliseconds(ttl))
        answer = yield lambda: self._client.eval(_TAKE, 1, f"{self._prefix}budget:{key}", *arguments)
        if type(answer) is not int or answer not in (0, 1):
            raise _not_of_redis("EVAL", answer)
        return answer == 1

    def _revoked(self, iss: str | None, named: dict[str, str], iat: float | None) -> Steps:
        if not named:
            return False
        keys = [self._revoked_key(iss, kind, value) for kind, value in named.items()]
        values = yield lambda: self._client.mget(keys)
        if not isinstance(values, list | tuple):
            raise _not_of_redis("MGET", values)
        for kind, value in zip(named, (_stored("MGET", value) for value in values), strict=True):
            if value is not None and (kind != "sub" or iat is None or not iat >= float(value)):
                return True
        return False

    def _revoke(self, key: str, before: float, ttl: float) -> Steps:
        answer = yield lambda: self._client.eval(_REVOKE, 1, key, repr(float(before)), self._milliseconds(ttl))
        if type(answer) is not int or answer != 1:
            raise _not_of_redis("EVAL", answer)
        return None

    def _check(self) -> Steps:
        needed = {"maxmemory-policy": "noeviction", "appendonly": "yes"}
        for setting, wanted in needed.items():
            answer = yield lambda setting=setting: self._client.config_get(setting)  # type: ignore[misc]
            found = {_text(name): _text(value) for name, value in answer.items()}.get(setting)
            if found != wanted:
                raise PolicyError(f"the server may drop entries: set {setting} {wanted}; it is {found}")
        return None

    def _revoked_key(self, iss: str | None, kind: str, value: str) -> str:
        # The braces put the keys of one issuer into one hash slot of a cluster, as MGET needs.
        return f"{self._prefix}revoked:{{{identifier(iss)}}}:{identifier(kind, value)}"

    def _milliseconds(self, ttl: float) -> int:
        return max(1, math.ceil((ttl + self._margin) * 1000))


def _drive(steps: Steps) -> Any:
    """Run the generator to its end. With a client that turns out to be asynchronous, return an awaitable that does."""
    try:
        answer = next(steps)()
        while not inspect.isawaitable(answer):
            answer = steps.send(answer)()
    except StopIteration as done:
        return done.value
    return _Rest(steps, answer)


async def _drive_async(steps: Steps) -> Any:
    try:
        first = next(steps)()
    except StopIteration as done:
        return done.value
    return await _continue(steps, first)


async def _continue(steps: Steps, answer: Awaitable[Any]) -> Any:
    try:
        while True:
            answer = steps.send(await answer)()
    except StopIteration as done:
        return done.value


class _Rest:
    """The rest of a conversation, to be awaited, or closed where nothing will await it."""

    def __init__(self, steps: Steps, answer: Any) -> None:
        self._steps, self._answer = steps, answer

    def __await__(self) -> Generator[Any, Any, Any]:
        return _continue(self._steps, self._answer).__await__()

    def close(self) -> None:
        """Close the coroutine of the client."""
        close = getattr(self._answer, "close", None)
        if callable(close):
            close()


def _stored(command: str, answer: Any) -> str | None:
    """A value that the server keeps; None if there is none."""
    answer = _text(answer)
    if answer is None or isinstance(answer, str):
        return answer
    raise _not_of_redis(command, answer)


def _not_of_redis(command: str, answer: object) -> TypeError:
    return TypeError(f"the client answered {command} with {type(answer).__name__}, which is no answer of Redis")


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
