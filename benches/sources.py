"""Where keys come from: a fixed set, a remote one with warm keys, and a table of 1,000 issuers, over the same tokens."""

import json

import httpx
from contenders import jwseal_keys, same_claims
from race import Contender, python_contender
from tokens import AUDIENCE, ISSUER, Case

from jwseal import Issuers, KeySet, Policy, Verifier
from jwseal.remote import RemoteKeySet


def key_sources(case: Case) -> list[Contender]:
    """One verifier of a `KeySet`, one of a `RemoteKeySet` that was fetched, and one among 1,000 of an `Issuers`."""
    keys = KeySet([jwseal_keys(case)[1]])
    body = json.dumps(keys.to_jwks()).encode()
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=body))
    remote = RemoteKeySet("https://id.example/jwks", algorithms=[case.alg], transport=transport)
    remote.preload()
    names = [ISSUER, *(f"https://{number}.example" for number in range(999))]
    table = Issuers({name: Verifier(keys, Policy(issuer=name, audience=AUDIENCE)) for name in names})
    policy = Policy(issuer=ISSUER, audience=AUDIENCE)
    return [
        python_contender(name, "verify(item).claims", case.tokens, same_claims(case), verify=verify)
        for name, verify in [
            ("KeySet", Verifier(keys, policy).verify),
            ("RemoteKeySet", Verifier(remote, policy).verify),
            ("Issuers", table.verify),
        ]
    ]
