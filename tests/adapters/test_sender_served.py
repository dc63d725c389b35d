"""DPoP on real servers over HTTP: a client without a nonce is given one and tries again, whichever process answers (RFC 9449 section 9).

The processes share the secret of their nonces and nothing else.
"""

import os
import time
from itertools import pairwise
from pathlib import Path

import pytest

from jwseal import KeySet, Policy, SenderMismatch, StateUnavailable, Verifier
from jwseal.sender import Dpop, DpopCheck, Nonce
from jwseal.state import RedisState
from jwseal.testing import FakeIssuer
from jwseal.testing.client import Client, client_of
from proofs import JKT, NOW, URL, Prover
from protected_apps import SCOPE, needed
from redis_server import Server, needs_server
from server_process import serving
from test_sender_adapters import prover, send, told

SERVED = [
    ("uvicorn", "asgi", "authorizer"),
    ("uvicorn", "fastapi", "verifier"),
    ("uvicorn", "starlette", "authorizer"),
    ("uvicorn", "litestar", "issuers"),
    ("uvicorn", "quart", "authorizer"),
    ("uvicorn", "django_async", "authorizer"),
    ("hypercorn", "quart", "issuers"),
    ("granian", "asgi", "verifier"),
    ("granian", "wsgi", "authorizer"),
    ("gunicorn", "wsgi", "remote"),
    ("gunicorn", "flask", "authorizer"),
    ("gunicorn", "django", "issuers"),
    ("gunicorn", "rest_framework", "authorizer"),
    ("aiohttp", "aiohttp", "authorizer"),
]


def challenged(client: Client, token: str, make: Prover, jti: str) -> str:
    """The nonce that a request without one is answered with."""
    answer = send(client, token, make(jti=jti))
    assert 401 == answer.status
    assert told(answer).startswith('DPoP error="use_dpop_nonce", algs="ES256')
    assert "no-store" in told(answer, "cache-control")
    return told(answer, "dpop-nonce")


@pytest.mark.parametrize(("server", "name", "judge"), SERVED)
def test_challenge_and_retry(server: str, name: str, judge: str, issuer: FakeIssuer) -> None:
    """The first request is answered with a nonce, and the second, which has it, with 200; a proof is accepted once."""
    needed(server)
    token = issuer.token(cnf={"jkt": JKT}, scope=SCOPE)
    make = prover(name, token, judge == "authorizer")
    with serving(server, name, issuer, judge=judge, sender="dpop") as url, client_of(url) as client:
        nonce = challenged(client, token, make, "1")
        assert 200 == send(client, token, make(nonce=nonce, jti="2")).status
        again = send(client, token, make(nonce=nonce, jti="2"))
        assert (401, 'DPoP error="invalid_dpop_proof"') == (again.status, told(again)[:31])
        foreign = send(client, token, make(nonce=Nonce(b"x" * 32).make(time.time()), jti="3"))
        assert (401, 'DPoP error="use_dpop_nonce"') == (foreign.status, told(foreign)[:27])
        bearer = send(client, token, make(nonce=nonce, jti="4"), "Bearer")
        assert (401, 'DPoP error="invalid_token"') == (bearer.status, told(bearer)[:26])


def test_several_processes(issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A nonce of one worker is accepted by each, and by a server that started later."""
    needed("gunicorn")
    monkeypatch.setitem(os.environ, "WEB_CONCURRENCY", "3")
    token = issuer.token(cnf={"jkt": JKT}, scope=SCOPE)
    make = prover("wsgi", token)
    with serving("gunicorn", "wsgi", issuer, sender="dpop") as url, client_of(url) as client:
        nonce = challenged(client, token, make, "1")
        for number in range(20):
            assert 200 == send(client, token, make(nonce=nonce, jti=f"a{number}")).status
    with serving("granian", "wsgi", issuer, sender="dpop") as url, client_of(url) as client:
        assert 200 == send(client, token, make(nonce=nonce, jti="b")).status


def test_a_secret_is_replaced() -> None:
    """While a fleet changes its secret, each process accepts the nonces of every other; afterwards the old ones end."""
    old, new = b"o" * 32, b"n" * 32
    steps = [Nonce(old), Nonce(old, previous=[new]), Nonce(new, previous=[old]), Nonce(new)]
    for before, after in pairwise(steps):
        for maker, judge in ((before, after), (after, before)):
            assert judge.accepts(maker.make(NOW), NOW)
    assert not steps[3].accepts(steps[0].make(NOW), NOW)
    assert not steps[0].accepts(steps[3].make(NOW), NOW)


@pytest.mark.parametrize("late", [0, 4.9, 5])
@needs_server
def test_replay_where_clocks_differ(late: float, tmp_path: Path, issuer: FakeIssuer) -> None:
    """A proof that one node accepted is refused by a node whose clock is behind, in the last moment of the proof there too."""
    token = issuer.token(cnf={"jkt": JKT}, iat=NOW, exp=NOW + 3_600)
    keys, policy = KeySet.from_jwks(issuer.jwks()), Policy(issuer=issuer.url, audience="api")
    server = Server(tmp_path)
    server.start()
    try:
        ahead, behind = (
            Verifier(keys, policy, sender=DpopCheck(replay=RedisState(server.client(), prefix="dpop:")))
            for _ in range(2)
        )
        made = Dpop(Prover(token)(), "GET", URL)
        assert ahead.verify(token, sender=made, now=NOW + 300)
        left = server.client().pttl(server.client().keys("dpop:*")[0]) / 1000
        assert left > 5, "the entry outlives the proof by the leeway, which is what the clocks may differ by"
        with pytest.raises(SenderMismatch, match="used before"):
            behind.verify(token, sender=made, now=NOW + 300 - late)
    finally:
        server.kill()
    with pytest.raises(StateUnavailable):
        behind.verify(token, sender=Dpop(Prover(token)(jti="2"), "GET", URL), now=NOW)
