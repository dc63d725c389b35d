"""Time-based one-time passwords (RFC 6238, with HMAC-SHA-1 and six digits, as authenticator apps compute them)."""

import hashlib
import hmac
import struct

STEP = 30


def code(secret: bytes, now: float) -> str:
    """The password of a moment."""
    return code_of_step(secret, int(now // STEP))


def code_of_step(secret: bytes, step: int) -> str:
    """The password of one step of 30 seconds (RFC 4226 section 5.3)."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def step_of(secret: bytes, presented: str, now: float) -> int | None:
    """The step whose password was presented, one step of drift allowed; None if there is none."""
    current = int(now // STEP)
    for step in (current, current - 1, current + 1):
        if hmac.compare_digest(code_of_step(secret, step).encode(), presented.encode()):
            return step
    return None
