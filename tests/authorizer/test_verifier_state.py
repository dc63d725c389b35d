"""`Verifier(replay=, revocation=)`: stores are asked last, in every verb, on a fleet, and while a server comes and goes."""

import asyncio
import itertools
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import forge
from judge import AUDIENCE, ISSUER, NOW, refusal
from jwseal import (
    REQUIRED,
    UNCHECKED,
    InvalidToken,
    Issuers,
    MissingClaim,
    Policy,
    PolicyError,
    Replayed,
    Unavailable,
    VerifiedJWT,
    Verifier,
    VerifyingKey,
)
from jwseal.state import MemoryState, RedisState
from redis_server import Server, needs_server
from waiting import wait_until

MATERIAL = forge.material("ES256")
KEY = VerifyingKey.from_jwk(MATERIAL.public_jwk())
POLICY = Policy(issuer=ISSUER, audience=AUDIENCE, leeway=30)
NUMBERS = itertools.count()


def token(**claims: Any) -> str:
    payload = {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 300, "jti": f"j{next(NUMBERS)}", "sub": "ann", **claims}
    return forge.token({"alg": "ES256"}, {k: v for k, v in payload.items() if v is not None}, MATERIAL, "ES256")


def verifier(policy: Policy = POLICY, **stores: Any) -> Verifier:
    return Verifier(KEY, policy, **stores)


Verify = Callable[[Any, str], VerifiedJWT]


def one_of_many(by: Any, presented: str) -> VerifiedJWT:
    [result] = by.verify_many([presented], now=NOW)
    if isinstance(result, Exception):
        raise result
    return result


def one_of_a_stream(by: Any, presented: str) -> VerifiedJWT:
    [result] = by.verify_iter([presented], now=NOW)
    if isinstance(result, Exception):
        raise result
    return result


VERBS: dict[str, Verify] = {
    "verify": lambda by, presented: by.verify(presented, now=NOW),
    "verify_async": lambda by, presented: asyncio.run(by.verify_async(presented, now=NOW)),
    "verify_many": one_of_many,
    "verify_iter": one_of_a_stream,
}


@pytest.fixture(params=VERBS)
def verify(request: pytest.FixtureRequest) -> Verify:
    """Every verb of a verifier."""
    return VERBS[request.param]


@pytest.fixture(params=[lambda one: one, lambda one: Issuers({ISSUER: one})], ids=["Verifier", "Issuers"])
def among(request: pytest.FixtureRequest) -> Callable[[Verifier], Any]:
    """A verifier, and one chosen by the token's issuer."""
    return request.param


def test_a_token_is_accepted_once(verify: Verify, among: Callable[[Verifier], Any]) -> None:
    """The second time a token is verified it is `replayed`, by whichever verb."""
    by, presented = among(verifier(replay=MemoryState())), token()
    assert verify(by, presented).unchecked == frozenset()
    assert refusal(verify, by, presented) == "replayed"
    assert refusal(VERBS["verify"], by, presented) == "replayed"


def test_a_revoked_token(verify: Verify, among: Callable[[Verifier], Any]) -> None:
    """A revoked subject's token is `revoked`, and not used up by that."""
    state = MemoryState()
    state.revoke(ISSUER, sub="ann", before=NOW, ttl=600)
    by, presented = among(verifier(replay=state, revocation=state)), token(iat=NOW - 10)
    assert [refusal(verify, by, presented) for _ in range(2)] == ["revoked", "revoked"]


def test_stores_are_asked_last(verify: Verify) -> None:
    """A token that any other rule refuses is not used up."""
    state = MemoryState()
    by, presented = verifier(replay=state), token(aud="other")
    assert refusal(verify, by, presented) == "claim_mismatch"
    assert refusal(verify, by, presented[:-4] + "AAAA") == "invalid_signature"
    assert len(state) == 0


def test_equal_tokens_of_one_batch() -> None:
    """Of equal tokens in one batch the first is accepted."""
    presented = token()
    first, second, third = verifier(replay=MemoryState()).verify_many([presented, token(), presented], now=NOW)
    assert isinstance(first, VerifiedJWT)
    assert isinstance(second, VerifiedJWT)
    assert isinstance(third, Replayed)


def test_replay_needs_jti(verify: Verify) -> None:
    """A token without `jti` is `missing_claim`, and the claim is named."""
    with pytest.raises(MissingClaim) as caught:
        verify(verifier(replay=MemoryState()), token(jti=None))
    assert caught.value.claim == "jti"


def test_replay_needs_an_expiry() -> None:
    """A policy without an expiry cannot have a replay store; a revocation store it can have."""
    policy = Policy(issuer=ISSUER, audience=AUDIENCE, expiry=UNCHECKED)
    with pytest.raises(PolicyError, match="replay needs an expiry"):
        verifier(policy, replay=MemoryState())
    verifier(policy, revocation=MemoryState())
    verifier(policy.replace(expiry=REQUIRED), replay=MemoryState())


class Failing:
    """A store whose server cannot be reached."""

    def fail(self, *_: Any) -> bool:
        raise ConnectionError

    add = revoked = fail


@pytest.mark.parametrize("place", ["replay", "revocation"])
def test_a_store_that_fails(verify: Verify, among: Callable[[Verifier], Any], place: str) -> None:
    """A store that fails is `state_unavailable`; with `on_unavailable="allow"` the result names it."""
    assert refusal(verify, among(verifier(**{place: Failing()})), token()) == "state_unavailable"
    result = verify(among(verifier(**{place: Failing()}, on_unavailable="allow")), token())
    assert result.unchecked == {place}


def test_arguments() -> None:
    """What is not a store is a TypeError; an unknown `on_unavailable`, or one without a store, is PolicyError."""
    with pytest.raises(TypeError, match="replay must be a ReplayStore"):
        verifier(replay={})
    with pytest.raises(TypeError, match="revocation must be a RevocationStore"):
        verifier(revocation=MemoryState)
    with pytest.raises(PolicyError, match='"deny" or "allow"'):
        verifier(replay=MemoryState(), on_unavailable="ignore")
    with pytest.raises(PolicyError, match="goes with replay or revocation"):
        verifier(on_unavailable="allow")


def test_without_stores(verify: Verify) -> None:
    """A verifier without stores accepts a token as often as it is valid."""
    by, presented = verifier(), token(jti=None)
    assert verify(by, presented).unchecked == verify(by, presented).unchecked == frozenset()


class Asynchronous:
    """A store with asynchronous methods."""

    def __init__(self) -> None:
        self.state = MemoryState()

    async def add(self, key: str, ttl: float, /) -> bool:
        await asyncio.sleep(0)
        return self.state.add(key, ttl)


def test_an_asynchronous_store() -> None:
    """A store with asynchronous methods serves `verify_async`; `verify` says so."""
    by, presented = verifier(replay=Asynchronous()), token()
    with pytest.raises(TypeError, match="call verify_async"):
        by.verify(presented, now=NOW)
    VERBS["verify_async"](by, presented)
    assert refusal(VERBS["verify_async"], by, presented) == "replayed"


def test_a_store_waits_beside_the_event_loop() -> None:
    """A synchronous store that waits does not stop the event loop: two calls wait at the same time."""
    together = threading.Barrier(2, timeout=30)

    class Slow:
        def add(self, *_: Any) -> bool:
            together.wait()
            return True

    async def both() -> list[VerifiedJWT]:
        by = verifier(replay=Slow())
        return list(await asyncio.gather(*(by.verify_async(token(), now=NOW) for _ in range(2))))

    assert len(asyncio.run(both())) == 2


PROCESS = """
import sys, redis
from jwseal import InvalidToken, Policy, Verifier, VerifyingKey
from jwseal.state import RedisState
path, key, issuer, audience = sys.argv[1:]
state = RedisState(redis.Redis(unix_socket_path=path, socket_timeout=5), prefix="fleet:")
policy = Policy(issuer=issuer, audience=audience, leeway=30)
verifier = Verifier(VerifyingKey.from_jwk(key), policy, replay=state)
for line in sys.stdin:
    now, token = line.split()
    try:
        verifier.verify(token, now=float(now))
        print("accepted", flush=True)
    except InvalidToken as error:
        print(error.code, flush=True)
"""


class Node:
    """A verifier in a process of its own."""

    def __init__(self, server: Server) -> None:
        import json

        key = json.dumps(MATERIAL.public_jwk())
        command = [sys.executable, "-c", textwrap.dedent(PROCESS), str(server.socket), key, ISSUER, AUDIENCE]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def verify(self, presented: str, now: float) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{now!r} {presented}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate()


@needs_server
def test_replayed_on_another_node_at_the_last_moment(server: Server) -> None:
    """A token accepted by one process is refused by another, until the last millisecond in which it is valid."""
    nodes = [Node(server), Node(server)]
    presented, end = token(exp=NOW + 300), NOW + 330
    try:
        assert nodes[0].verify(presented, NOW) == "accepted"
        assert nodes[1].verify(presented, NOW) == "replayed"
        assert nodes[1].verify(presented, end - 0.001) == "replayed"
        assert nodes[0].verify(presented, end) == "token_expired"
        late = token(exp=NOW + 300)
        assert nodes[0].verify(late, end - 0.001) == "accepted"
        assert nodes[1].verify(late, end - 0.001) == "replayed"
    finally:
        for node in nodes:
            node.end()


@needs_server
def test_a_server_that_is_killed_and_started_again_under_load(tmp_path: Path) -> None:
    """While the server comes and goes, every call ends in a verdict, and no token is accepted twice."""
    server = Server(tmp_path)
    server.start()
    tokens = [token() for _ in range(3000)]
    verdicts: list[tuple[str, str]] = []
    begun, stop = threading.Event(), threading.Event()

    def work(own: list[str]) -> None:
        by = verifier(replay=RedisState(server.client(socket_timeout=1)))
        for presented in itertools.cycle(own):
            if stop.is_set():
                return
            try:
                by.verify(presented, now=NOW)
                code = "accepted"
            except (InvalidToken, Unavailable) as error:
                code = error.code
            verdicts.append((presented, code))
            if len(verdicts) > 300:
                begun.set()

    # Each token is presented by two workers, again and again.
    workers = [threading.Thread(target=work, args=(tokens[part::2],)) for part in (0, 1, 0, 1)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(3):
            begun.wait(60)
            server.kill()
            reached = len(verdicts)
            wait_until(lambda reached=reached: any(code == "state_unavailable" for _, code in verdicts[reached:]))
            server.start()
            reached = len(verdicts)
            wait_until(lambda reached=reached: any(code in ("accepted", "replayed") for _, code in verdicts[reached:]))
    finally:
        stop.set()
        for worker in workers:
            worker.join()
        server.kill()
    accepted = [presented for presented, code in verdicts if code == "accepted"]
    assert len(accepted) == len(set(accepted)) > 100
    assert {code for _, code in verdicts} == {"accepted", "replayed", "state_unavailable"}
