"""Keys that live elsewhere: JWK Sets over the network, and stores of the caller's own.

    keys = RemoteKeySet("https://id.example/jwks.json", algorithms=["RS256"])
    verifier = Verifier(keys, Policy(issuer="https://id.example", audience="api"))

`discover("https://id.example", algorithms=["RS256"])` finds the URL in the issuer's metadata. Both need the extra `remote`
(pip install 'jwseal[remote]'); the rest needs nothing. Make one for each URL, once, and
keep it: it holds the keys. Any object with a method `find_key(header)` is a source of keys too (`KeySource`).
"""

from jwseal._native import FoundKeys, KeyLookup
from jwseal.remote.clock import ManualClock
from jwseal.remote.discovery import discover
from jwseal.remote.health import Health, KeySetEvent
from jwseal.remote.key_set import RemoteKeySet
from jwseal.types import AsyncKeySource, KeySource

__all__ = [
    "AsyncKeySource",
    "FoundKeys",
    "Health",
    "KeyLookup",
    "KeySetEvent",
    "KeySource",
    "ManualClock",
    "RemoteKeySet",
    "discover",
]
