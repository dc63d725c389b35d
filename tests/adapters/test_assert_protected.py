"""`assert_protected` finds each hole that an application has, and none in an application without holes.

The applications are plain WSGI and ASGI with the holes that issue trackers tell of, each written as it is written there.
"""

import asyncio
import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jwseal import InvalidToken, KeySet, MissingToken, Policy, Verifier, bearer, insecure
from jwseal.testing import Client, FakeIssuer, assert_protected

Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    """One issuer for all applications here."""
    with FakeIssuer() as made:
        yield made


def protected(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    """What a right application does."""
    if method == "OPTIONS":
        return 204, {}, b""
    try:
        if values and "access" in query:
            return refused("invalid_token")
        token = verifier(issuer).verify(bearer(values))
    except MissingToken:
        return refused()
    except InvalidToken:
        return refused("invalid_token")
    if "read" not in token.scopes:
        return refused("insufficient_scope", 403)
    return 200, {}, b"ok"


def refused(error: str | None = None, status: int = 401) -> Answer:
    return status, {"WWW-Authenticate": f'Bearer error="{error}"' if error else "Bearer"}, b""


def verifier(issuer: FakeIssuer) -> Verifier:
    return Verifier(KeySet.from_jwks(issuer.jwks()), Policy(issuer=issuer.url, audience="api"))


def wsgi(issuer: FakeIssuer, decide: Callable[..., Answer]) -> Any:
    """A WSGI application that decides so."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        # Servers join the values of a repeated header; these applications see what came over the wire.
        values = [one for one in environ.get("HTTP_AUTHORIZATION", "").split(",Bearer ") if one]
        values = [values[0], *(f"Bearer {one}" for one in values[1:])] if values else []
        status, headers, body = decide(issuer, environ["REQUEST_METHOD"], values, environ["QUERY_STRING"])
        start_response(f"{status} -", list(headers.items()))
        return [body]

    return app


def test_a_protected_application(issuer: FakeIssuer) -> None:
    """A right application passes every case, and the report counts them."""
    report = assert_protected(wsgi(issuer, protected), issuer, scope="read")
    assert report.failed == {}
    assert {"good token", "no credentials", "two headers", "none", "expired", "scope missing"} <= set(report.passed)
    assert str(report).splitlines() == [
        f"{len(report.passed)} cases passed, 0 failed",
        "  not tried: provider down: give unavailable=",
    ]


def takes_the_first_header(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    return protected(issuer, method, values[:1], query)


def takes_the_last_header(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    return protected(issuer, method, values[-1:], query)


def ignores_the_query(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    return protected(issuer, method, values, "")


def takes_the_query(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    token = query.partition("=")[2]
    return protected(issuer, method, [f"Bearer {token}"] if token and not values else values, "")


def accepts_all(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    return 200, {}, b"ok"


def refuses_all(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    return refused("invalid_token")


def wants_a_capital_letter(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    if values and not values[0].startswith("Bearer "):
        return refused("invalid_token")
    return protected(issuer, method, values, query)


def reads_without_verifying(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    if len(values) != 1 or method == "OPTIONS":
        return protected(issuer, method, values, query)
    try:
        insecure.read_unverified(bearer(values))
    except InvalidToken:
        return refused("invalid_token")
    return 200, {}, b"ok"


def forgets_the_audience(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    from jwseal import UNCHECKED

    judge = Verifier(KeySet.from_jwks(issuer.jwks()), Policy(issuer=issuer.url, audience=UNCHECKED))
    try:
        if len(values) == 1 and not query and "read" in judge.verify(bearer(values)).scopes:
            return 200, {}, b"ok"
    except InvalidToken:
        return refused("invalid_token")
    return protected(issuer, method, values, query)


def answers_without_a_challenge(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    status, headers, body = protected(issuer, method, values, query)
    return status, {} if status == 401 else headers, body


def says_invalid_token_always(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    return refused("invalid_token") if not values and method == "GET" else protected(issuer, method, values, query)


def repeats_the_token(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    status, headers, body = protected(issuer, method, values, query)
    return status, headers, "".join(values).encode() if status == 401 else body


def answers_401_for_a_scope(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    answer = protected(issuer, method, values, query)
    return refused("invalid_token") if answer[0] == 403 else answer


def wants_a_token_of_a_preflight(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    return protected(issuer, "GET", values, query)


def fails_at_a_forgery(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    answer = protected(issuer, method, values, query)
    return (500, {}, b"") if values and answer[0] == 401 else answer


def raises_at_a_forgery(issuer: FakeIssuer, method: str, values: list[str], query: str) -> Answer:
    answer = protected(issuer, method, values, query)
    if values and answer[0] == 401:
        raise RuntimeError
    return answer


HOLES: list[tuple[Callable[..., Answer], set[str]]] = [
    (takes_the_first_header, {"two headers"}),
    (takes_the_last_header, {"two headers", "two headers, the first forged"}),
    (ignores_the_query, {"header and query", "header and escaped query"}),
    (takes_the_query, {"token in the query", "header and query"}),
    (accepts_all, {"no credentials", "another scheme", "none", "expired", "scope missing"}),
    (refuses_all, {"good token", "lower-case scheme"}),
    (wants_a_capital_letter, {"lower-case scheme", "upper-case scheme"}),
    (reads_without_verifying, {"none", "foreign_key", "payload_changed", "expired", "wrong_issuer"}),
    (forgets_the_audience, {"wrong_audience", "audience_missing"}),
    (answers_without_a_challenge, {"no credentials", "expired"}),
    (says_invalid_token_always, {"no credentials", "token in the query"}),
    (repeats_the_token, {"expired", "trailing comma"}),
    (answers_401_for_a_scope, {"scope missing"}),
    (wants_a_token_of_a_preflight, {"CORS preflight"}),
    (fails_at_a_forgery, {"none", "expired"}),
    (raises_at_a_forgery, {"none", "expired"}),
]


@pytest.mark.parametrize(("decide", "cases"), HOLES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_hole_is_found(issuer: FakeIssuer, decide: Callable[..., Answer], cases: set[str]) -> None:
    """The AssertionError names every case that gets through the hole."""
    with pytest.raises(AssertionError) as caught:
        assert_protected(wsgi(issuer, decide), issuer, scope="read")
    assert cases <= {line.split(":")[0].strip() for line in str(caught.value).splitlines()}


def test_an_application_that_refuses_preflights(issuer: FakeIssuer) -> None:
    """Where preflights need a token like other requests, one without it must be refused."""
    app = wsgi(issuer, wants_a_token_of_a_preflight)
    assert 401 == assert_protected(app, issuer, scope="read", preflights=False).passed["CORS preflight"]
    with pytest.raises(AssertionError, match="CORS preflight: the status is 204"):
        assert_protected(wsgi(issuer, protected), issuer, scope="read", preflights=False)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ((503, {"Retry-After": "5"}, b""), True),
        ((503, {}, b""), False),
        ((401, {"WWW-Authenticate": "Bearer", "Retry-After": "5"}, b""), False),
        ((500, {"Retry-After": "5"}, b""), False),
        ((200, {}, b""), False),
    ],
)
def test_provider_down(issuer: FakeIssuer, answer: Answer, right: bool) -> None:
    """Where keys cannot be fetched, 503 with Retry-After is the one right answer."""
    broken = Client(lambda *request: (answer[0], answer[1].items(), answer[2]))
    if right:
        report = assert_protected(wsgi(issuer, protected), issuer, scope="read", unavailable=broken)
        assert report.passed["provider down"] == 503
        assert report.untried == ()
        return
    with pytest.raises(AssertionError, match="1 failed\n  provider down"):
        assert_protected(wsgi(issuer, protected), issuer, scope="read", unavailable=broken)


def test_an_asgi_application(issuer: FakeIssuer) -> None:
    """An ASGI application runs with its lifespan, every request on one loop."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            seen.append((await receive())["type"])
            await send({"type": "lifespan.startup.complete"})
            seen.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
            return
        await receive()
        seen.append(str(id(asyncio.get_running_loop())))
        values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        status, headers, body = protected(issuer, scope["method"], values, scope["query_string"].decode())
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": body})

    assert_protected(app, issuer, scope="read")
    assert (seen[0], seen[-1]) == ("lifespan.startup", "lifespan.shutdown")
    assert len(set(seen[1:-1])) == 1


def test_a_server(issuer: FakeIssuer) -> None:
    """A URL is asked over HTTP, with two headers where the case says two."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            values = self.headers.get_all("Authorization") or []
            status, headers, body = protected(issuer, self.command, values, self.path.partition("?")[2])
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_OPTIONS = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            report = assert_protected(f"http://127.0.0.1:{server.server_port}", issuer, scope="read")
        finally:
            server.shutdown()
            thread.join()
    assert report.passed["two headers"] == 401


def test_what_is_no_application(issuer: FakeIssuer) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError, match="ASGI or WSGI"):
        assert_protected(5, issuer)


def test_an_application_that_keeps_a_token_in_its_context(issuer: FakeIssuer) -> None:
    """What is kept in Flask's `g` is there for the next request where a context was pushed: both cases of it are found."""
    flask: Any = pytest.importorskip("flask")
    app = flask.Flask("orders")

    @app.before_request
    def authenticate() -> Any:
        query = flask.request.query_string.decode()
        if "verified" not in flask.g:
            status, headers, body = protected(
                issuer, flask.request.method, flask.request.headers.getlist("Authorization"), query
            )
            if status != 200:
                return body, status, headers
            flask.g.verified = True
        return None

    app.get("/")(lambda: "ok")
    with pytest.raises(AssertionError) as caught:
        assert_protected(app, issuer, scope="read")
    names = {line.partition(":")[0].strip() for line in str(caught.value).splitlines()[1:]}
    assert {"no credentials after a good token", "forged token after a good token", "not tried"} == names
