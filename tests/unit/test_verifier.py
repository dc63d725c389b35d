"""`Verifier`: its verbs, its batches and its options (RFC 7519 section 7.2).

The rules a token is judged by are in `test_rules.py`, `test_policy.py` and `attacks/`.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import forge
from judge import ISSUER, LAX, NOW, STRICT, claims, code, hs256, refusal, secret, verdict, verifier, verifying
from jwseal import Issuers, JOSEError, KeySet, VerifiedJWT, Verifier

JUDGED = Verifier(secret(), STRICT)


@pytest.mark.parametrize("alg", forge.ALGS)
def test_every_algorithm(alg: str) -> None:
    """Each algorithm verifies, and a changed payload does not."""
    material = forge.material(alg)
    judged = verifier(verifying(material, kid="a"), policy=STRICT)
    token = forge.token({"alg": alg, "kid": "a", "typ": "JWT"}, claims(), material)
    verified = judged.verify(token, now=NOW)
    assert claims() == verified.claims
    assert alg == verified.alg
    header, _, signature = token.split(".")
    forged = f"{header}.{forge.b64(forge.octets(claims(sub='root')))}.{signature}"
    assert "invalid_signature" == refusal(judged.verify, forged, now=NOW)


@pytest.mark.parametrize("alg", forge.ALGS)
def test_another_key_of_the_same_algorithm(alg: str) -> None:
    """A token of another key is forged."""
    other = forge.material(alg, "3072" if alg in forge.RSA_ALGS else "other")
    token = forge.token({"alg": alg}, {}, other)
    assert "invalid_signature" == refusal(verifier(verifying(forge.material(alg))).verify, token)


def test_one_set_of_all_algorithms() -> None:
    """One verifier over keys of every kind sorts tokens by kid."""
    keys = KeySet([verifying(forge.material(alg), kid=alg) for alg in forge.ALGS if alg != "Ed25519"])
    judged = Verifier(keys, LAX)
    for alg in forge.ALGS:
        if alg != "Ed25519":
            token = forge.token({"alg": alg, "kid": alg}, {"n": 1}, forge.material(alg))
            assert alg == judged.verify(token).key.kid


def test_properties() -> None:
    """A verifier shows its keys and policy as they were given."""
    keys = KeySet([secret()])
    judged = Verifier(keys, STRICT)
    assert keys is judged.keys
    assert STRICT == judged.policy


@pytest.mark.parametrize("policy", [None, {}, "policy", LAX.__class__])
def test_policy_is_a_policy(policy: object) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError):
        Verifier(secret(), policy)


@pytest.mark.parametrize(
    "options",
    [
        {"max_token_size": 0},
        {"max_token_size": -1},
        {"max_token_size": "1"},
        {"max_token_size": 10**30},
        {"accept_padding": "yes"},
        {"verify": False},
        {"leeway": 5},
    ],
)
def test_options_that_cannot_be(options: dict) -> None:
    """An option that makes no sense, or does not exist, is refused."""
    with pytest.raises((TypeError, ValueError, OverflowError)):
        Verifier(secret(), LAX, **options)


def test_verify_async() -> None:
    """`verify_async` is `verify` for callers that await."""
    assert ISSUER == asyncio.run(JUDGED.verify_async(hs256(claims()), now=NOW))["iss"]

    async def refused() -> str:
        try:
            await JUDGED.verify_async("x", now=NOW)
        except JOSEError as error:
            return code(error)
        return "accepted"

    assert "malformed_token" == asyncio.run(refused())


def mixed() -> list[str]:
    """A batch with every kind of answer."""
    return [
        hs256(claims(sub="0")),
        "",
        hs256(claims(exp=NOW - 1)),
        hs256(claims(), key=bytes(32)),
        hs256(claims(sub="4")),
        forge.segments({"alg": "none"}, claims()),
        hs256(claims(aud="x")),
        "A" * 20_000,
        hs256(b"[]"),
        hs256(claims(sub="9")),
    ]


EXPECTED = [
    "0",
    "malformed_token",
    "token_expired",
    "invalid_signature",
    "4",
    "algorithm_not_allowed",
    "claim_mismatch",
    "token_too_large",
    "malformed_token",
    "9",
]


def answers(results: list) -> list[str]:
    """Subjects and codes of a batch."""
    return [token["sub"] if isinstance(token, VerifiedJWT) else code(token) for token in results]


def test_verify_many() -> None:
    """A batch answers in order; refusals stand in the list and are not raised."""
    assert EXPECTED == answers(JUDGED.verify_many(mixed(), now=NOW))
    assert EXPECTED == answers(JUDGED.verify_many((token.encode() for token in mixed()), now=NOW))
    assert [] == JUDGED.verify_many([])


def test_verify_many_reads_the_clock_once() -> None:
    """Without `now` the clock is read; all of a batch are judged at one moment."""
    current = time.time()
    tokens = [hs256(claims(iat=current - 9, exp=current + 60))] * 50 + [hs256(claims())] * 50
    assert ["248289761001"] * 50 + ["token_expired"] * 50 == answers(JUDGED.verify_many(tokens))


@pytest.mark.parametrize("alg", forge.ALGS)
def test_verify_many_every_algorithm(alg: str) -> None:
    """A batch gives the answers of single calls, for every algorithm."""
    material = forge.material(alg)
    judged = verifier(verifying(material))
    tokens = [forge.token({"alg": alg}, {"n": place}, material) for place in range(6)]
    tokens[3] = tokens[3][:-8] + "AAAAAAAA"
    assert [verdict(judged.verify, token) for token in tokens] == [
        "accepted" if isinstance(token, VerifiedJWT) else code(token) for token in judged.verify_many(tokens)
    ]


@pytest.mark.parametrize("bad", [None, 5, bytearray(b"x"), [forge.T0]])
def test_batch_entry_of_the_wrong_type(bad: object) -> None:
    """An entry that is no str or bytes is a TypeError of the whole call."""
    with pytest.raises(TypeError):
        JUDGED.verify_many([forge.T0, bad])
    with pytest.raises(TypeError):
        list(JUDGED.verify_iter([forge.T0, bad]))


@pytest.mark.parametrize("bad", [None, 5])
def test_batch_that_is_no_iterable(bad: object) -> None:
    """Nor is a batch anything but an iterable."""
    with pytest.raises(TypeError):
        JUDGED.verify_many(bad)


def test_verify_iter() -> None:
    """A stream answers in order, lazily, with memory bounded by a chunk."""
    taken = []

    def stream():  # a generator of str
        for place in range(50_000):
            taken.append(place)
            yield mixed_tokens[place % 10]

    mixed_tokens = mixed()
    results = JUDGED.verify_iter(stream(), now=NOW)
    assert [] == taken
    first = [next(results) for _ in range(10)]
    assert EXPECTED == answers(first)
    assert len(taken) < 50_000
    assert 49_990 == sum(1 for _ in results)


def test_verify_iter_reports_progress() -> None:
    """`progress` hears how many are done, rising to the whole."""
    heard = []
    results = list(JUDGED.verify_iter(mixed() * 500, now=NOW, progress=heard.append))
    assert 5000 == len(results) == heard[-1]
    assert sorted(set(heard)) == heard


def test_verify_iter_passes_errors_of_the_source() -> None:
    """An exception of the source reaches the caller unchanged."""

    def broken():  # a generator of str
        yield forge.T0
        raise RuntimeError("source")

    with pytest.raises(RuntimeError, match="source"):
        list(JUDGED.verify_iter(broken()))


def test_subclass_verb() -> None:
    """`Verifier.verify` is the native method itself, without a Python frame between."""
    from jwseal import _native

    assert Verifier.verify is _native.Verifier.verify
    assert issubclass(Verifier, _native.Verifier)


@pytest.mark.parametrize("owner", [Verifier, Issuers])
def test_verifiers_are_final(owner: type) -> None:
    """A subclass's `verify` would be bypassed by batches and by Issuers, so there is none."""
    with pytest.raises(TypeError, match=f"{owner.__name__} is final: wrap it"):
        type("Own", (owner,), {})


def test_more_headers_than_are_remembered() -> None:
    """Answers do not depend on which headers are remembered (at most 64), in any order."""
    judged = verifier(*[secret(kid=str(place)) for place in range(200)])
    material = forge.Material("HS256", forge.K32)
    tokens = [forge.token({"alg": "HS256", "kid": str(place)}, {"n": place}, material) for place in range(200)]
    for step in (1, 7, 199):
        for place in range(0, 200 * step, step):
            verified = judged.verify(tokens[place % 200])
            kid = str(place % 200)
            assert (place % 200, kid, kid, kid) == (
                verified["n"],
                verified.kid,
                verified.header["kid"],
                verified.key.kid,
            )


def test_same_token_twice() -> None:
    """Every call returns its own result."""
    token = hs256(claims())
    one, two = JUDGED.verify(token, now=NOW), JUDGED.verify(token, now=NOW)
    assert one is not two
    assert one.claims is not two.claims
    assert one.header is not two.header


def test_repr_shows_no_token() -> None:
    """The repr of a result or verifier holds nothing of a token or secret."""
    token = hs256(claims(sub="supersecretsubject"))
    for value in (JUDGED.verify(token, now=NOW), JUDGED):
        assert "supersecretsubject" not in repr(value)
        assert forge.b64(forge.K32) not in repr(value)


def test_stream_judges_what_came_before_a_fault() -> None:
    """Tokens before an entry of the wrong type are judged; the fault stands in its place, and the stream goes on."""
    token = hs256(claims())
    stream = JUDGED.verify_iter([token, token, None, token], now=NOW)
    assert [ISSUER, ISSUER] == [next(stream)["iss"], next(stream)["iss"]]
    with pytest.raises(TypeError):
        next(stream)
    assert ISSUER == next(stream)["iss"]
    assert [] == list(stream)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_fork_while_a_batch_runs() -> None:
    """A child forked while another thread verifies a batch verifies too; it waits for no lock of its parent."""
    tokens = [hs256(claims(), {"alg": "HS256", "kid": str(place)}) for place in range(200)]
    busy = Verifier(secret(), LAX)
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            busy.verify_many(tokens, now=NOW)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert [0] * 20 == [verdict_of_a_child(busy, tokens[place]) for place in range(20)]
    finally:
        ended.set()
        worker.join()


def verdict_of_a_child(judge: Verifier, token: str) -> int:
    """Fork, verify in the child under an alarm, and return the child's status."""
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        status = 1
        try:
            judge.verify(token, now=NOW)
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def test_lists_are_seen_full() -> None:
    """Code that walks the heap while claims are built meets no list with empty slots."""
    walk = """
import gc, jwseal
key = jwseal.SecretKey.generate("HS256")
claims = {"deep": [[1, [2, {"x": [1, 2, 3]}]]] * 30, "few": [[], [None, True, 1.5, "x", 10**30]], "exp": 2_000_000_000}
token = jwseal.Signer(key).sign(claims)
judged = jwseal.Verifier(key, jwseal.Policy(issuer=jwseal.UNCHECKED, audience=jwseal.UNCHECKED))
gc.callbacks.append(lambda phase, info: [list(found) for found in gc.get_objects() if type(found) is list])
gc.set_threshold(1)
for _ in range(5):
    built = judged.verify(token, now=1_900_000_000).claims
assert claims == {name: built[name] for name in claims}
"""
    assert 0 == subprocess.run([sys.executable, "-c", walk], check=False).returncode
