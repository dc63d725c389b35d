"""Keys of stores, made from identifiers.

Each part is written with its length in front, so that no two lists of parts are the same bytes, and the whole is hashed, so
that a key has one length and tells nothing of a person. An absent part differs from an empty one.
"""

from __future__ import annotations

import hashlib

__all__ = ["identifier"]


def identifier(*parts: str | None) -> str:
    """Return 64 hexadecimal digits: SHA-256 of the parts."""
    digest = hashlib.sha256()
    for part in parts:
        if part is None:
            digest.update(b"\0")
        else:
            octets = part.encode()
            digest.update(b"\1" + len(octets).to_bytes(8, "big") + octets)
    return digest.hexdigest()
