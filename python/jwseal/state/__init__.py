"""What verifiers share between tokens: identifiers already used, what was revoked, budgets of signatures.

    from jwseal.state import MemoryState, RedisState

    state = RedisState(redis.Redis(socket_timeout=0.5))
    verifier = Verifier(keys, policy, replay=state, revocation=state)

`MemoryState` serves one process. `RedisState` serves a fleet, with a client of the application's own (redis-py or valkey,
synchronous or asyncio). Any object with the methods of `ReplayStore`, `RevocationStore` or `BudgetStore` can stand in for
either. A store that fails, or that is full, is `StateUnavailable`: the token could not be judged, and is not accepted.
"""

from jwseal.state.memory import MemoryState
from jwseal.state.redis import RedisState
from jwseal.state.stores import BudgetStore, ReplayStore, RevocationStore

__all__ = ["BudgetStore", "MemoryState", "RedisState", "ReplayStore", "RevocationStore"]
