"""`PyJWKClient` of `jwseal.compat.pyjwt` beside PyJWT's, against a JWKS endpoint on this machine.

Each test runs both clients against an endpoint of its own and compares what they return and how often they fetch.
"""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pyjwt_pair import answer, layer, private_key, real
from test_pyjwt import b64


class Endpoint:
    """A JWKS endpoint that answers what it is told to and counts its requests."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/jwks"
        self.status = 200
        self.body: bytes = json.dumps({"keys": [jwk("a"), jwk("b")]}).encode()
        self.requests: list[dict[str, str]] = []


def jwk(kid: str, **members: Any) -> dict[str, Any]:
    """The public JWK of the test key, under this kid."""
    return {
        **real.algorithms.ECAlgorithm.to_jwk(private_key("ES256").public_key(), as_dict=True),
        "kid": kid,
        **members,
    }


def signed(kid: str | None = "a") -> str:
    """A token under the test key."""
    headers = {} if kid is None else {"kid": kid}
    return layer.encode({"a": 1}, private_key("ES256"), algorithm="ES256", headers=headers)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A running endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.requests.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(served.status)
            if served.status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Endpoint(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def both(endpoint: Endpoint, call: Callable[[Any, Any], Any], **arguments: Any) -> tuple[str, ...]:
    """The answer of both clients, and the number of fetches, which must be the same."""
    answers = []
    for module in (real, layer):
        endpoint.requests.clear()
        made = answer(module, lambda jwt: call(jwt, jwt.PyJWKClient(endpoint.url, **arguments)))
        answers.append((*made, str(len(endpoint.requests))))
    assert answers[0] == answers[1]
    return answers[0]


def test_key_of_a_token(endpoint: Endpoint) -> None:
    """The documented way: find the key by the token's kid, then decode with it; the set is fetched once."""

    def use(jwt: Any, client: Any) -> Any:
        token = signed()
        return [jwt.decode(token, client.get_signing_key_from_jwt(token), algorithms=["ES256"]) for _ in range(3)]

    assert ("value", repr([{"a": 1}] * 3), "1") == both(endpoint, use)


@pytest.mark.parametrize(
    ("arguments", "fetches"),
    [
        ({}, "1"),
        ({"cooldown_duration": 0}, "3"),
        ({"cache_jwk_set": False}, "4"),
        ({"cache_keys": True}, "1"),
        ({"lifespan": 0.000001, "cooldown_duration": 30}, "2"),
    ],
)
def test_unknown_kid(endpoint: Endpoint, arguments: dict[str, Any], fetches: str) -> None:
    """An unknown kid is refused, after a fetch that the cooldown permits."""

    def use(jwt: Any, client: Any) -> Any:
        for _ in range(2):
            with pytest.raises(jwt.PyJWKClientError, match="Unable to find a signing key"):
                client.get_signing_key("unknown")

    assert ("value", "None", fetches) == both(endpoint, use, **arguments)


def test_cached_keys(endpoint: Endpoint) -> None:
    """`cache_keys` answers a known kid without the set."""

    def use(jwt: Any, client: Any) -> Any:
        return len({client.get_signing_key("b") for _ in range(3)})

    assert ("value", "1", "1") == both(endpoint, use, cache_keys=True, cache_jwk_set=False)
    assert ("value", "3", "3") == both(endpoint, use, cache_jwk_set=False)


def test_keys_that_sign(endpoint: Endpoint) -> None:
    """Keys for encryption and keys without kid are left out."""
    endpoint.body = json.dumps(
        {"keys": [jwk("a", use="enc"), jwk("b", use="sig"), jwk(""), {**jwk("c"), "kty": "?"}, jwk("d")]}
    ).encode()
    both(endpoint, lambda jwt, client: [key.key_id for key in client.get_signing_keys()])
    endpoint.body = json.dumps({"keys": [jwk("a", use="enc")]}).encode()
    assert "PyJWKClientError" == both(endpoint, lambda jwt, client: client.get_signing_keys())[1]


@pytest.mark.parametrize("body", [b"[]", b"null", b'{"keys": []}', b'{"keys": [{"kty": "?"}]}'])
def test_answers_that_are_no_set(endpoint: Endpoint, body: bytes) -> None:
    """What is no JWK Set is refused with PyJWT's class."""
    endpoint.body = body
    for module in (real, layer):
        made = answer(module, lambda jwt: jwt.PyJWKClient(endpoint.url).get_jwk_set())
        assert made[1] == answer(real, lambda jwt: jwt.PyJWKClient(endpoint.url).get_jwk_set())[1]


@pytest.mark.parametrize("body", [b"no JSON", b"", b"{", b'{"keys": [], "keys": []}', b"\xff", b"[" * 1000])
def test_answers_that_are_no_strict_json(endpoint: Endpoint, body: bytes) -> None:
    """An answer without one reading is a PyJWKClientError that holds nothing of it, where PyJWT leaks json's own errors."""
    endpoint.body = body
    with pytest.raises(layer.PyJWKClientError, match="did not return JSON") as caught:
        layer.PyJWKClient(endpoint.url).get_jwk_set()
    assert not hasattr(caught.value.__cause__, "doc")


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_failures_keep_what_was_fetched(endpoint: Endpoint, status: int) -> None:
    """An endpoint that fails, or redirects, is a connection error; the keys fetched before stay."""

    def use(jwt: Any, client: Any) -> Any:
        endpoint.status = 200
        kept = client.get_signing_key("a").key_id
        endpoint.status = status
        with pytest.raises(jwt.PyJWKClientConnectionError, match="Fail to fetch data from the url"):
            client.get_jwk_set(refresh=True)
        return kept, client.get_signing_key("a").key_id

    assert ("value", "('a', 'a')", "2") == both(endpoint, use)


def test_headers_are_sent(endpoint: Endpoint) -> None:
    """Headers of the caller's reach the endpoint."""
    both(endpoint, lambda jwt, client: len(client.get_jwk_set().keys), headers={"User-Agent": "me", "X-Key": "1"})
    assert ("me", "1") == (endpoint.requests[0]["user-agent"], endpoint.requests[0]["x-key"])


def test_a_subclass_may_change_what_was_fetched(endpoint: Endpoint) -> None:
    """What an overridden `fetch_data` returns is what is served, from the cache too."""

    def use(jwt: Any, client: Any) -> Any:
        class Filtering(jwt.PyJWKClient):  # type: ignore[misc]
            def fetch_data(self) -> Any:
                return {"keys": [key for key in super().fetch_data()["keys"] if key["kid"] != "b"]}

        filtering = Filtering(client.uri)
        return [[key.key_id for key in filtering.get_jwk_set().keys] for _ in range(2)]

    assert ("value", "[['a'], ['a']]", "1") == both(endpoint, use)


@pytest.mark.parametrize(
    "arguments",
    [
        {"uri": "file:///etc/passwd"},
        {"uri": "data:application/json,{}"},
        {"uri": "jwks.json"},
        {"uri": "https://x", "lifespan": 0},
        {"uri": "https://x", "lifespan": -1},
        {"uri": "https://x", "cooldown_duration": -1},
        {"uri": "https://x", "cooldown_duration": float("inf")},
        {"uri": "https://x", "cooldown_duration": float("nan")},
        {"uri": "HTTPS://x", "lifespan": -1, "cache_jwk_set": False},
    ],
)
def test_arguments(arguments: dict[str, Any]) -> None:
    """Arguments are judged as PyJWT judges them."""
    made = [answer(module, lambda jwt: jwt.PyJWKClient(**arguments).uri) for module in (real, layer)]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "token", ["", "a.b", "a.b.c", f"{b64(b'{}')}.{b64(b'{}')}.", f"{b64(b'[]')}.e30.", signed(None), "e30.AAAA."]
)
def test_tokens_without_a_key(endpoint: Endpoint, token: str) -> None:
    """A token that cannot be read, or names no kid, is refused as PyJWT refuses it."""
    arguments = {"cache_jwk_set": True}
    made = []
    for module in (real, layer):
        client = module.PyJWKClient(endpoint.url, **arguments)
        made.append(answer(module, lambda jwt, c=client: c.get_signing_key_from_jwt(token), sentence=False))
    assert made[0] == made[1]


def test_connection_refused() -> None:
    """A port without a listener is a connection error, which is also jwseal's `KeySourceUnavailable`."""
    for module in (real, layer):
        client = module.PyJWKClient("http://127.0.0.1:9/jwks", timeout=1)
        with pytest.raises(module.PyJWKClientConnectionError) as caught:
            client.get_signing_keys()
    assert "key_source_unavailable" == caught.value.code


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_fork_while_a_thread_fetches() -> None:
    """A child forked while another thread fetches with the same client fetches too."""
    parent, fetching, ended = os.getpid(), threading.Event(), threading.Event()

    class Slow(layer.PyJWKClient):  # type: ignore[misc,name-defined]
        def fetch_data(self) -> Any:
            if os.getpid() == parent:
                fetching.set()
                ended.wait(10)
            return {"keys": [jwk("a")]}

    client = Slow("https://id.example/jwks")
    thread = threading.Thread(target=client.get_signing_key, args=("a",))
    thread.start()
    try:
        assert fetching.wait(5)
        child = os.fork()
        if child == 0:
            signal.alarm(3)
            try:
                os._exit(0 if client.get_signing_key("a").key_id == "a" else 2)
            finally:
                os._exit(1)
        assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        ended.set()
        thread.join()
