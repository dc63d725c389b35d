"""WebSocket handshakes on real servers: a refused one gets the status and the challenge that a request gets.

Each application runs in a server process and is asked by a WebSocket client. Servers without the extension Websocket Denial
Response are stood for by an ASGI scope that does not offer it: there the handshake is closed before it is accepted.
"""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest

import protected_apps
from jwseal import Verifier
from jwseal.testing import FakeIssuer, forge
from peers import peer
from protected_apps import METADATA, SCOPE
from server_process import serving

FROM = f'realm="orders", resource_metadata="{METADATA}"'
# The application and the server. aiohttp has a server of its own, for which a handshake is a request as others.
SERVED = [
    *[("uvicorn", name) for name in ("asgi", "fastapi", "starlette", "litestar", "quart")],
    *[(server, name) for server in ("hypercorn", "granian") for name in ("asgi", "fastapi")],
    ("aiohttp", "aiohttp"),
]


@pytest.fixture(scope="module", params=SERVED, ids="-".join)
def url(request: pytest.FixtureRequest, issuer: FakeIssuer) -> Iterator[str]:
    """The WebSocket URL of the application in each server."""
    if os.name != "posix":
        pytest.skip("one way to start servers is enough")
    with serving(*request.param, issuer) as made:
        yield made.replace("http", "ws")


def connect(url: str, *values: str, path: str = "/stream") -> tuple[int, dict[str, str], str]:
    """The status, the headers and the text of the answer to a handshake; 101 with the first message of one that is accepted."""
    client, errors = peer("websockets.sync.client"), peer("websockets.exceptions")
    headers = [("Authorization", value) for value in values]
    try:
        with client.connect(f"{url}{path}", additional_headers=headers, proxy=None) as socket:
            return 101, {}, str(socket.recv())
    except errors.InvalidStatus as refused:
        answer = refused.response
        return answer.status_code, dict(answer.headers.raw_items()), answer.body.decode()


def test_accepted(url: str, issuer: FakeIssuer) -> None:
    """A good token opens the connection, and the handler has its claims."""
    assert (101, {}, "alice") == connect(url, f"Bearer {issuer.token(scope=SCOPE)}")


def refused(url: str, *values: str, path: str = "/stream") -> tuple[int, str, dict[str, str]]:
    """The status, the challenge and the headers by their names in lower case."""
    status, headers, text = connect(url, *values, path=path)
    assert not any(part in text + str(headers) for value in values for part in value.split(".") if len(part) > 20)
    lower = {name.lower(): value for name, value in headers.items()}
    assert lower["cache-control"] == "no-store"
    return (
        status,
        lower.get("www-authenticate", "").replace(f'scope="{SCOPE}", ', "").replace(f', scope="{SCOPE}"', ""),
        lower,
    )


def test_no_credentials(url: str) -> None:
    """A handshake without a token is a 401 whose challenge has no error and names the metadata."""
    status, challenge, _ = refused(url)
    assert (401, f"Bearer {FROM}") == (status, challenge)


@pytest.mark.parametrize("name", ["expired", "foreign_key", "none", "wrong_audience", "wrong_issuer"])
def test_a_bad_token(url: str, name: str, issuer: FakeIssuer) -> None:
    """A refused token is a 401 with `invalid_token`."""
    status, challenge, _ = refused(url, f"Bearer {forge.token(name, issuer, {'scope': SCOPE})}")
    assert (401, f'Bearer error="invalid_token", {FROM}') == (status, challenge)


@pytest.mark.parametrize("values", ["{0} and {0}", "{0},", "Basic eDp5"])
def test_a_bad_header(url: str, values: str, issuer: FakeIssuer) -> None:
    """Two headers, a trailing comma and another scheme are refused, by the server or with `invalid_token`."""
    good = f"Bearer {issuer.token(scope=SCOPE)}"
    status, challenge, _ = refused(url, *values.format(good).split(" and "))
    assert (401, f'Bearer error="invalid_token", {FROM}') == (status, challenge)


def test_a_scope_is_missing(url: str, issuer: FakeIssuer) -> None:
    """A token without the scope is a 403 that names it."""
    status, _, headers = refused(url, f"Bearer {issuer.token()}")
    assert status == 403
    assert headers["www-authenticate"] == f'Bearer error="insufficient_scope", {FROM}, scope="{SCOPE}"'


def test_keys_cannot_be_fetched(url: str, issuer: FakeIssuer) -> None:
    """While the provider is down the answer is 503 with Retry-After, and no challenge."""
    status, challenge, headers = refused(url, f"Bearer {issuer.token(scope=SCOPE)}", path="/down/stream")
    assert (503, "", True) == (status, challenge, headers["retry-after"].isdigit())


# Without the extension.


async def handshake(app: Any, headers: list[tuple[bytes, bytes]], extensions: Any) -> list[dict[str, Any]]:
    """What an ASGI application sends in answer to a handshake."""
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/stream",
        "raw_path": b"/stream",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"testserver"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "subprotocols": [],
        "state": {},
        **extensions,
    }
    sent: list[dict[str, Any]] = []
    given = iter([{"type": "websocket.connect"}])
    ended = asyncio.Event()

    async def receive() -> Any:
        for message in given:
            return message
        await ended.wait()
        return {"type": "websocket.disconnect", "code": 1005}

    async def send(message: Any) -> None:
        sent.append(dict(message))
        if message["type"] in {"websocket.close", "websocket.http.response.body"} and not message.get("more_body"):
            ended.set()

    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize("extensions", [{}, {"extensions": None}, {"extensions": {}}], ids=str)
@pytest.mark.parametrize("name", ["asgi", "fastapi", "starlette", "litestar", "quart"])
def test_a_server_that_cannot_deny(name: str, extensions: Any, verifier: Verifier, issuer: FakeIssuer) -> None:
    """The handshake is closed before it is accepted, which the server answers with 403 (ASGI, Websocket close)."""
    app = protected_apps.APPS[name](verifier)
    for values in ([], [f"Bearer {issuer.token(expires_in=-60)}"], [f"Bearer {issuer.token()}"]):
        headers = [(b"authorization", value.encode()) for value in values]
        (message,) = asyncio.run(handshake(app, headers, extensions))
        assert message["type"] == "websocket.close"
        # Quart closes with a code of its own, which no client sees: the answer is HTTP.
        assert message["code"] == (1000 if name == "quart" else 1008)


@pytest.mark.parametrize("name", ["asgi", "fastapi", "starlette", "litestar", "quart"])
def test_a_server_that_can_deny(name: str, verifier: Verifier) -> None:
    """The denial is one answer: a start with status and headers, and a body; no close follows."""
    extensions = {"extensions": {"websocket.http.response": {}}}
    start, *bodies = asyncio.run(handshake(protected_apps.APPS[name](verifier), [], extensions))
    assert ("websocket.http.response.start", 401) == (start["type"], start["status"])
    assert {"websocket.http.response.body"} == {body["type"] for body in bodies}
    assert b"Unauthorized" in b"".join(body.get("body", b"") for body in bodies)


def test_starlettes_own_middleware(verifier: Verifier) -> None:
    """JWTBackend in Starlette's AuthenticationMiddleware refuses handshakes with a close and requests with the answer."""
    protected_apps.needed("starlette")
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.authentication import AuthenticationMiddleware
    from starlette.testclient import TestClient

    from jwseal.adapters.starlette import JWTBackend

    backend = JWTBackend(verifier)
    app = Starlette(middleware=[Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)])
    assert 401 == TestClient(app).get("/orders").status_code
    extensions = {"extensions": {"websocket.http.response": {}}}
    (message,) = asyncio.run(handshake(app, [], extensions))
    assert message["type"] == "websocket.close"
