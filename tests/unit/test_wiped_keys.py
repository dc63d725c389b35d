"""A private RSA key leaves nothing on the stack when it goes: whatever is secret is wiped where it lay, and moved by pointer alone.

A process makes a key, signs, drops the key, and then looks for the primes in its own stack, knowing no more than the public key and one
signature: as machine words, and as the digits that vectors multiply, alone or times what they are multiplied with.
"""

import math
import struct
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

MEMORY = Path("/proc/self/mem")
R = 1 << 1044
LANES, VECTORS, BITS = 4, 9, 29

CHILD = """
import base64, gc, sys
from pathlib import Path
from jwseal import SigningKey, jws

def number(text):
    return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")

def use():
    key = SigningKey.generate(sys.argv[1])
    signature = jws.sign(b"m", key).rsplit(".", 1)[1]
    return number(key.verifying_key.to_jwk()["n"]), number(signature)

modulus, signature = use()
gc.collect()
line = next(line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith("[stack]"))
start, end = (int(place, 16) for place in line.split()[0].split("-"))
with open("/proc/self/mem", "rb", buffering=0) as memory:
    memory.seek(start)
    stack = memory.read(end - start)
sys.stdout.buffer.write(f"{modulus} {signature}\\n".encode() + stack)
"""


@pytest.mark.skipif(not MEMORY.exists(), reason="only Linux shows a process its own memory")
@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_no_prime_stays_on_the_stack(alg: str) -> None:
    out = subprocess.run([sys.executable, "-c", CHILD, alg], capture_output=True, check=True).stdout
    first, stack = out.split(b"\n", 1)
    modulus, signature = map(int, first.split())
    assert len(stack) > 64 * 1024
    assert list(factors(stack, modulus, pow(signature, 65537, modulus))) == []


def test_what_is_looked_for_is_found() -> None:
    """Each form of a prime, in the middle of other octets."""
    p, q, message = (1 << 1023) + 1155, (1 << 1023) + 6993, 12345
    forms = [
        q.to_bytes(128, "little"),
        digits(q),
        digits(R % q),
        digits(R * R % q),
        digits(R * pow(message, 31, q) % q),
    ]
    for form in forms:
        assert set(factors(b"\x01" * 64 + form + b"\x02" * 640, p * q, message)) == {q}


def factors(octets: bytes, modulus: int, message: int) -> Iterable[int]:
    """The factors of the modulus that some place of these octets gives away."""
    multiples = [0, R, R * R, R * pow(message, 31, modulus)]
    size = 8 * LANES * VECTORS
    for place in range(0, len(octets) - size, 8):
        window = octets[place : place + size]
        if not any(window[:64]):
            continue
        words = int.from_bytes(window[:128], "little")
        if words >> 1023 and words & 1 and modulus % words == 0:
            yield words
        lanes = struct.unpack(f"<{LANES * VECTORS}q", window)
        if max(map(abs, lanes)) < 1 << BITS:
            value = sum(digit << BITS * (at // LANES + at % LANES * VECTORS) for at, digit in enumerate(lanes))
            for multiple in multiples:
                found = math.gcd(value - multiple, modulus)
                if 1 < found < modulus:
                    yield found


def digits(number: int) -> bytes:
    """A number as the vectors hold it: digits of 29 bits, nine apart in the lanes of one vector."""
    values = []
    for _ in range(LANES * VECTORS):
        digit = (number + (1 << BITS - 1)) % (1 << BITS) - (1 << BITS - 1)
        values.append(digit)
        number = (number - digit) >> BITS
    ordered = [values[vector + lane * VECTORS] for vector in range(VECTORS) for lane in range(LANES)]
    return struct.pack(f"<{LANES * VECTORS}q", *ordered)
