"""MCP servers and DPoP-bound tokens: the cases of the MCP conformance scenario `auth/dpop-server-validation` (SEP-1932).

The published conformance packages have the scenarios for clients alone, so its cases for servers are written out here, for the MCP
SDK and FastMCP, with the statuses and error codes that it demands.
"""

import json
import logging
import time
from typing import Any

import pytest

from judges import ruled
from jwseal import KeySet, Policy, Verifier
from jwseal.authorizer import Authorizer
from jwseal.sender import DpopCheck, Nonce
from jwseal.state import MemoryState
from jwseal.testing import FakeIssuer
from proofs import JKT, NOT_IN_A_HEADER, OTHER, PROOF, TOKEN, WRONG, Prover, changed
from protected_mcp import LIBRARIES, URL, WELL_KNOWN, ask, serving, verify

every_library = pytest.mark.parametrize("library", LIBRARIES)

ALGS = 'algs="ES256"'


def demanding(issuer: FakeIssuer, **options: Any) -> Verifier:
    """A verifier that demands DPoP proofs."""
    policy = Policy(issuer=issuer.url, audience="api")
    check = DpopCheck(algorithms=["ES256"], **options)
    return Verifier(KeySet.from_jwks(issuer.jwks()), policy, sender=check)


def ruling(issuer: FakeIssuer, **options: Any) -> Authorizer:
    """An authorizer that demands DPoP proofs."""
    check = DpopCheck(algorithms=["ES256"], **options)
    return ruled(issuer.url, None, issuer.jwks_uri, scope="tools", sender=check)


every_judge = pytest.mark.parametrize("judging", [demanding, ruling], ids=["verifier", "authorizer"])


def post(url: str, token: str | None, *proofs: str, scheme: str = "DPoP") -> tuple[int, str, str]:
    """The status, the challenge and the nonce of an `initialize`."""
    headers = [("Authorization", f"{scheme} {token}")] if token else []
    status, fields, _ = ask(url, "POST", "/mcp", [*headers, *(("DPoP", proof) for proof in proofs)])
    told = {name.lower(): value for name, value in fields}
    return status, told.get("www-authenticate", ""), told.get("dpop-nonce", "")


# What the scenario sends, and the `error` that it wants of the challenge.
BROKEN: dict[str, tuple[Any, str]] = {
    "tampered-signature": (lambda make: changed(make(), 2, make(jti="2").split(".")[2]), PROOF),
    "missing-jti": (lambda make: make(jti=...), PROOF),
    "wrong-typ": (lambda make: make(header={"typ": "jwt"}), PROOF),
    "htu-mismatch": (lambda make: make(htu="https://wrong.example.com/mcp"), PROOF),
    "htm-mismatch": (lambda make: make(htm="GET"), PROOF),
    "private-key-in-jwk": (WRONG["private jwk"][0], PROOF),
    "wrong-ath": (lambda make: make(ath="not-the-right-hash"), PROOF),
    "duplicate-dpop-header": (lambda make: [make(), make(jti="2")], PROOF),
    "missing-htm": (lambda make: make(htm=...), PROOF),
    "missing-htu": (lambda make: make(htu=...), PROOF),
    "missing-iat": (lambda make: make(iat=...), PROOF),
    "missing-jwk": (lambda make: make(header={"jwk": ...}), PROOF),
    "ath-absent": (lambda make: make(ath=...), PROOF),
    "malformed-not-a-jwt": (lambda _: "this-is-not-a-jwt", PROOF),
    "cnf-jkt-mismatch": (lambda make: make(key=OTHER), TOKEN),
    "iat-stale": (lambda make: make(iat=make.now - 303), PROOF),
    "iat-future": (lambda make: make(iat=make.now + 303), PROOF),
    "alg-none": (lambda make: changed(make(header={"alg": "none"}), 2, ""), PROOF),
    "alg-symmetric": (WRONG["symmetric jwk and HMAC"][0], PROOF),
}


@every_judge
@every_library
@pytest.mark.parametrize("nonce", [False, True], ids=["no nonce", "nonce"])
def test_conformance(library: str, nonce: bool, judging: Any, issuer: FakeIssuer) -> None:
    """A right proof is accepted, and each broken one is 401 with its error, with and without nonces of the server."""
    nonces = Nonce(bytes(32)) if nonce else None
    token = issuer.token(cnf={"jkt": JKT}, scope="tools")
    now = int(time.time())
    held = {"nonce": nonces.make(now)} if nonces else {}

    class Holding(Prover):
        """Makes proofs with the nonce that it holds."""

        def __call__(self, *positional: Any, **claims: Any) -> str:
            return super().__call__(*positional, **{**held, **claims})

    make = Holding(token, URL, "POST", now)
    with serving(LIBRARIES[library](judging(issuer, nonce=nonces), issuer.url)) as url:
        assert 200 == post(url, token, make())[0]
        for name, (broken, error) in BROKEN.items():
            made = broken(make)
            status, challenge, _ = post(url, token, *([made] if isinstance(made, str) else made))
            start = f'DPoP error="{error}", {ALGS}'
            assert (401, start) == (status, challenge[: len(start)]), name
        # bearer-scheme, prm-consistency and wrong-audience
        for other, scheme, proofs in [
            (token, "Bearer", [make()]),
            (issuer.token(scope="tools"), "Bearer", []),
            (issuer.token(cnf={"jkt": JKT}, aud="https://not-this-server.example.com/mcp"), "DPoP", [make()]),
        ]:
            status, challenge, _ = post(url, other, *proofs, scheme=scheme)
            assert (401, True) == (status, challenge.startswith(f'DPoP error="{TOKEN}"'))


@every_judge
@every_library
def test_every_wrong_proof(library: str, judging: Any, issuer: FakeIssuer) -> None:
    """Each of the other wrong proofs is 401 with its error too, and the proof can be used after all of them."""
    token = issuer.token(cnf={"jkt": JKT}, scope="tools")
    make = Prover(token, URL, "POST", int(time.time()))
    with serving(LIBRARIES[library](judging(issuer, replay=MemoryState()), issuer.url)) as url:
        for name, (broken, _, error) in WRONG.items():
            made = broken(make)
            if name in NOT_IN_A_HEADER:
                continue
            proofs = [] if made is None else [made] if isinstance(made, str) else made
            status, challenge, _ = post(url, token, *proofs)
            start = f'DPoP error="{error}", {ALGS}'
            assert (401, start) == (status, challenge[: len(start)]), name
        assert 200 == post(url, token, make())[0]
        assert 401 == post(url, token, make())[0]


@every_judge
@every_library
def test_discovery(library: str, judging: Any, issuer: FakeIssuer) -> None:
    """A client without a token learns from the challenge and the metadata that DPoP is required (RFC 9449 section 7.1, RFC 9728)."""
    with serving(LIBRARIES[library](judging(issuer), issuer.url)) as url:
        status, challenge, _ = post(url, None)
        assert (401, True, True) == (status, challenge.startswith("DPoP "), challenge.endswith(ALGS))
        assert f'resource_metadata="https://tools.example{WELL_KNOWN}"' in challenge
        status, _, document = ask(url, "GET", WELL_KNOWN, [])
        described = json.loads(document)
        assert (200, ["ES256"], True) == (
            status,
            described["dpop_signing_alg_values_supported"],
            described["dpop_bound_access_tokens_required"],
        )
        assert (URL, True) == (described["resource"], len(described["authorization_servers"]) == 1)
        assert 404 == ask(url, "GET", "/.well-known/oauth-protected-resource/other", [])[0]


@every_judge
@every_library
def test_the_nonce_flow(library: str, judging: Any, issuer: FakeIssuer) -> None:
    """Without a nonce the answer has one; the next proof is accepted with it and with no other."""
    nonces = Nonce(bytes(32))
    token = issuer.token(cnf={"jkt": JKT}, scope="tools")
    make = Prover(token, URL, "POST", int(time.time()))
    with serving(LIBRARIES[library](judging(issuer, nonce=nonces), issuer.url)) as url:
        status, challenge, nonce = post(url, token, make())
        assert (401, True) == (status, challenge.startswith(f'DPoP error="use_dpop_nonce", {ALGS}'))
        assert 200 == post(url, token, make(nonce=nonce, jti="2"))[0]
        assert 401 == post(url, token, make(nonce="definitely-not-the-server-nonce"))[0]
        late = post(url, token, make(nonce=nonces.make(make.now - 200), jti="3"))
        assert (200, True) == (late[0], nonces.accepts(late[2], make.now))


@every_library
@pytest.mark.parametrize("cnf", [{"jkt": JKT}, {"x5t#S256": JKT}, {"jkt": JKT, "x5t#S256": JKT}, {"jkt": None}])
def test_a_bound_token_without_protect(
    library: str, cnf: Any, issuer: FakeIssuer, verifier: Verifier, caplog: pytest.LogCaptureFixture
) -> None:
    """A token verifier sees no proof, so a bound token is refused, by a verifier that demands none too."""
    caplog.set_level(logging.INFO, "jwseal.adapters")
    token = issuer.token(cnf=cnf, scope="tools")
    keys, policy = KeySet.from_jwks(issuer.jwks()), Policy(issuer=issuer.url, audience="api")
    judges: list[Any] = [verifier, *(Verifier(keys, policy, sender=sender) for sender in ("dpop", "mtls"))]
    senders = (None, "dpop", "mtls")
    judges += [ruled(issuer.url, None, issuer.jwks_uri, scope="tools", sender=sender) for sender in senders]
    for judge in judges:
        assert verify(library, judge, token) is None
    logged = [record.getMessage() for record in caplog.records if record.name == "jwseal.adapters"]
    assert ["mcp sender_mismatch"] * 6 == logged
    assert verify(library, verifier, issuer.token(cnf={"kid": "x"}))
    assert verify(library, judges[1], issuer.token()) is None


@every_library
def test_a_bound_token_as_a_bearer_token(library: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """An MCP server that checks no senders refuses a bound token behind `protect` too."""
    with serving(LIBRARIES[library](verifier, issuer.url)) as url:
        assert 200 == post(url, issuer.token(scope="tools"), scheme="Bearer")[0]
        bound = issuer.token(scope="tools", cnf={"jkt": JKT})
        assert 401 == post(url, bound, scheme="Bearer")[0]
        assert 401 == post(url, bound, Prover(bound, URL, "POST", int(time.time()))())[0]
