"""A secret leaves nothing in memory when it goes: neither its padded blocks nor the states of HMAC, on the heap or the stack.

A process makes a secret key, signs and verifies with it, drops it and writes out its own memory. Who has the two states
after the padded key, inner and outer, can sign, and so can who has the outer one and that after the first block of a message. They are
looked for as pairs of neighbouring words.
"""

import base64
import hashlib
import hmac
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

MEMORY = Path("/proc/self/mem")
needs_memory = pytest.mark.skipif(not MEMORY.exists(), reason="only Linux shows a process its own memory")

CHILD = """
import gc, os, sys
from pathlib import Path
from jwseal import Policy, SecretKey, Signer, UNCHECKED, Verifier, jws

alg, size, keep = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "keep"

def use(key):
    token = jws.sign(bytes(700), key)
    jws.verify(token, key)
    detached = jws.sign(bytes(700), key, detached=True)
    jws.verify(detached, key, payload=bytes(700))
    policy = Policy(issuer=UNCHECKED, audience=UNCHECKED, expiry=UNCHECKED)
    Verifier(key, policy).verify(Signer(key).sign({}))

secret = os.urandom(size)
key = SecretKey.from_bytes(secret, alg=alg)
use(key)
if not keep:
    del key
gc.collect()
sys.stdout.buffer.write(secret)
maps = Path("/proc/self/maps").read_text().splitlines()
with open("/proc/self/mem", "rb", buffering=0) as memory:
    for line in maps:
        place, mode, *_ = line.split()
        if mode.startswith("rw") and not line.endswith(("[vvar]", "[vsyscall]")):
            start, end = (int(part, 16) for part in place.split("-"))
            memory.seek(start)
            sys.stdout.buffer.write(memory.read(end - start))
"""


@needs_memory
@pytest.mark.parametrize("size", [64, 200], ids=["short", "long"])
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_no_state_stays_in_memory(alg: str, size: int) -> None:
    """Nothing that follows from a secret is left when its key is gone, be it shorter than a block or longer."""
    secret, memory = dump(alg, size, "drop")
    assert [name for name, needle in needles(alg, secret) if needle in memory] == []


@needs_memory
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_what_is_looked_for_is_found(alg: str) -> None:
    """The states of a key that is still there are found, so that the test above can fail."""
    secret, memory = dump(alg, 64, "keep")
    found = {name for name, needle in needles(alg, secret) if needle in memory}
    assert {"inner 0", "outer 0"} <= found
    # Kept where the processor has instructions for SHA-256.
    if alg == "HS256" and "sha_ni" in Path("/proc/cpuinfo").read_text():
        assert "start 0" in found


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_states_are_those_of_hmac(alg: str) -> None:
    """The states that are looked for make the tags of HMAC."""
    name = f"sha{alg[2:]}"
    for secret in (b"short", bytes(range(200))):
        inner, outer = states(alg, secret)
        block, size = hashlib.new(name).block_size, hashlib.new(name).digest_size
        tag = finish(alg, outer, finish(alg, inner, b"message", block)[:size], block)[:size]
        assert tag == hmac.digest(secret, b"message", name)


def dump(alg: str, size: int, keep: str) -> tuple[bytes, bytes]:
    """The secret and the memory of a process that used it."""
    out = subprocess.run([sys.executable, "-c", CHILD, alg, str(size), keep], capture_output=True, check=True).stdout
    assert len(out) > 1 << 20
    return out[:size], out[size:]


def needles(alg: str, secret: bytes) -> list[tuple[str, bytes]]:
    """What must not be found, by name."""
    width = 4 if alg == "HS256" else 8
    found = []
    inner, outer = states(alg, secret)
    for name, state in (("inner", inner), ("outer", outer), ("start", compress(alg, inner, first_block(alg)))):
        words = [word.to_bytes(width, "little") for word in state]
        found += [(f"{name} {at}", words[at] + words[at + 1]) for at in range(7)]
        # As the instructions for SHA-256 hold them: F E B A and H G D C.
        found += [(f"{name} FEBA", words[5] + words[4]), (f"{name} DC", words[3] + words[2])]
    for name, pad in (("inner block", 0x36), ("outer block", 0x5C)):
        block = padded(alg, secret, pad)
        swapped = b"".join(block[at : at + width][::-1] for at in range(0, 16, width))
        found += [(name, block[:16]), (f"{name}, words", swapped)]
    if len(secret) > hashlib.new(f"sha{alg[2:]}").block_size:
        found.append(("hash of the secret", hashlib.new(f"sha{alg[2:]}", secret).digest()[:16]))
    return found


def first_block(alg: str) -> bytes:
    """The first block of what the child signs first."""
    header = base64.urlsafe_b64encode(f'{{"alg":"{alg}"}}'.encode()).rstrip(b"=")
    return (header + b"." + base64.urlsafe_b64encode(bytes(700)))[: hashlib.new(f"sha{alg[2:]}").block_size]


def padded(alg: str, secret: bytes, pad: int) -> bytes:
    """The secret, padded to one block and combined with one octet (RFC 2104)."""
    new = hashlib.new(f"sha{alg[2:]}")
    key = secret if len(secret) <= new.block_size else hashlib.new(f"sha{alg[2:]}", secret).digest()
    return bytes(octet ^ pad for octet in key.ljust(new.block_size, b"\0"))


def states(alg: str, secret: bytes) -> tuple[list[int], list[int]]:
    """The states after the padded key."""
    start = fractions(alg, [2, 3, 5, 7, 11, 13, 17, 19], 2)
    if alg == "HS384":
        start = [root(prime, 2) % 2**64 for prime in (23, 29, 31, 37, 41, 43, 47, 53)]
    inner, outer = (compress(alg, start, padded(alg, secret, pad)) for pad in (0x36, 0x5C))
    return inner, outer


def compress(alg: str, state: list[int], block: bytes) -> list[int]:
    """One block of SHA-2 (FIPS 180-4 section 6)."""
    bits = 32 if alg == "HS256" else 64
    mask = (1 << bits) - 1

    def rotate(word: int, by: int) -> int:
        return (word >> by | word << (bits - by)) & mask

    small0, small1, big0, big1 = (
        ((7, 18, 3), (17, 19, 10), (2, 13, 22), (6, 11, 25))
        if bits == 32
        else ((1, 8, 7), (19, 61, 6), (28, 34, 39), (14, 18, 41))
    )
    constants = rounds(alg)
    schedule = [int.from_bytes(block[at : at + bits // 8], "big") for at in range(0, len(block), bits // 8)]
    for at in range(16, len(constants)):
        x, y = schedule[at - 15], schedule[at - 2]
        first = rotate(x, small0[0]) ^ rotate(x, small0[1]) ^ x >> small0[2]
        second = rotate(y, small1[0]) ^ rotate(y, small1[1]) ^ y >> small1[2]
        schedule.append((schedule[at - 16] + first + schedule[at - 7] + second) & mask)
    a, b, c, d, e, f, g, h = state
    for constant, word in zip(constants, schedule, strict=True):
        choice, majority = e & f ^ ~e & mask & g, a & b ^ a & c ^ b & c
        one = h + (rotate(e, big1[0]) ^ rotate(e, big1[1]) ^ rotate(e, big1[2])) + choice + constant + word
        two = (rotate(a, big0[0]) ^ rotate(a, big0[1]) ^ rotate(a, big0[2])) + majority
        a, b, c, d, e, f, g, h = (one + two) & mask, a, b, c, (d + one) & mask, e, f, g
    return [(old + new) & mask for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True)]


def finish(alg: str, state: list[int], message: bytes, block: int) -> bytes:
    """The digest of a short message that follows one block."""
    length = (8 * (block + len(message))).to_bytes(block // 8, "big")
    last = (message + b"\x80").ljust(block - len(length), b"\0") + length
    return b"".join(word.to_bytes(block // 16, "big") for word in compress(alg, state, last))


@lru_cache
def rounds(alg: str) -> list[int]:
    """The constants of the rounds: the first bits of the fractions of cube roots of primes."""
    primes: list[int] = []
    candidate = 2
    while len(primes) < (64 if alg == "HS256" else 80):
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    return fractions(alg, primes, 3)


def fractions(alg: str, numbers: list[int], degree: int) -> list[int]:
    """The first bits of the fractions of roots."""
    return [root(number, degree) % 2**64 >> (32 if alg == "HS256" else 0) for number in numbers]


def root(number: int, degree: int) -> int:
    """A root times 2^64, rounded down."""
    target, low, high = number << 64 * degree, 0, number << 64
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= target else (low, middle - 1)
    return low
