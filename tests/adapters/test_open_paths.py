"""What needs no token, and what looks as if it needed none: excluded paths, preflights, headers of another spelling.

One rule for all adapters: a route that demands a token or scopes by itself demands them whatever `exclude` says, and a preflight
is one only if nothing makes another method of it.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

import protected_apps
import protected_grpc
from jwseal import MissingToken, PolicyError, Verifier
from jwseal.testing import Client, FakeIssuer
from jwseal.testing.client import client_of
from protected_apps import SCOPE

ASKS = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "GET")]


def bearer(token: str) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {token}")]


@contextlib.contextmanager
def asked(name: str, judge: Verifier, **options: Any) -> Iterator[Client]:
    """A client of this application. That of aiohttp has a loop of its own."""
    app = protected_apps.APPS[name](judge, **options)
    if name != "aiohttp":
        with client_of(app) as client:
            yield client
        return
    from aiohttp.test_utils import TestClient, TestServer
    from yarl import URL

    with asyncio.Runner() as runner:

        async def start() -> Any:
            client: Any = TestClient(TestServer(app))
            await client.start_server()
            return client

        client = runner.run(start())

        async def send(method: str, path: str, headers: Any, query: str) -> tuple[int, Any, bytes]:
            url = URL(path + (f"?{query}" if query else ""), encoded=True)
            answer = await client.request(method, url, headers=headers)
            return answer.status, answer.headers.items(), await answer.read()

        try:
            yield Client(lambda *request: runner.run(send(*request)))
        finally:
            runner.run(client.close())


# Starlette's own `requires` demands the scopes there: it answers 403 where nothing was verified.
DEMANDING = [name for name in protected_apps.APPS if name not in {"asgi", "wsgi", "starlette"}]


@pytest.mark.parametrize("name", DEMANDING)
def test_a_route_that_demands_a_token_is_never_open(name: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """On an excluded path `require` is 401 without a token, 401 with a forged one, 403 without the scope, 200 with it."""
    with asked(name, verifier, exclude=["/*"]) as client:
        assert 401 == client.send("GET", "/orders", []).status
        assert 401 == client.send("GET", "/orders", bearer("x.y.z")).status
        assert 403 == client.send("GET", "/orders", bearer(issuer.token())).status
        answer = client.send("GET", "/orders", bearer(issuer.token(scope=SCOPE)))
        assert (200, True) == (answer.status, b"alice" in answer.body)
        assert 200 == client.send("GET", "/open/health", []).status


def test_a_dependency_without_scopes_is_never_open(issuer: FakeIssuer, verifier: Verifier) -> None:
    """FastAPI's `require()` demands a token on an excluded path; the bare dependency has None there."""
    protected_apps.needed("fastapi")
    from fastapi import Depends, FastAPI

    from jwseal.adapters.fastapi import JWTBearer

    auth, app = JWTBearer(verifier, exclude=["/*"]), FastAPI()

    async def closed(token: Any) -> str:
        return str(token["sub"])

    async def bare(token: Any) -> bool:
        return token is None

    closed.__annotations__["token"] = bare.__annotations__["token"] = Any
    closed.__defaults__, bare.__defaults__ = (auth.require(),), (Depends(auth),)
    app.get("/closed")(closed)
    app.get("/bare")(bare)
    with client_of(app) as client:
        assert 401 == client.send("GET", "/closed", []).status
        assert b'"alice"' == client.send("GET", "/closed", bearer(issuer.token())).body
        assert b"true" == client.send("GET", "/bare", []).body


def test_starlette_on_an_excluded_path(issuer: FakeIssuer, verifier: Verifier) -> None:
    """Starlette's `requires` refuses what was not verified, with and without a token."""
    with asked("starlette", verifier, exclude=["/*"]) as client:
        assert 403 == client.send("GET", "/orders", []).status
        assert 403 == client.send("GET", "/orders", bearer(issuer.token(scope=SCOPE))).status


@pytest.mark.parametrize("header", [None, "X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
@pytest.mark.parametrize("name", protected_apps.APPS)
def test_a_preflight_that_is_another_method(name: str, header: str | None, verifier: Verifier) -> None:
    """OPTIONS with a header by which frameworks run another method needs a token; a preflight without one does not."""
    with asked(name, verifier) as client:
        status = client.send("OPTIONS", "/orders", [*ASKS, *([(header, "DELETE")] if header else [])]).status
        if header is None:
            assert 401 != status
        else:  # FastAPI answers 405 before it looks at a dependency
            assert (405 if name == "fastapi" else 401) == status


@pytest.mark.parametrize("path", ["/open%2Forders", "/open/%2e%2e/orders", "/open/%252e%252e/orders"])
def test_aiohttp_compares_what_its_routes_are_compared_with(path: str, verifier: Verifier) -> None:
    """An escaped slash is no slash to aiohttp's routes, so it begins no excluded path."""
    with asked("aiohttp", verifier) as client:
        assert 401 == client.send("GET", path, []).status


@pytest.mark.parametrize("name", ["asgi", "fastapi", "starlette", "litestar", "quart", "django_async", "aiohttp"])
def test_a_header_of_another_spelling(name: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """Where a server tells `X_Token` from `X-Token`, only the one that was named is read."""
    good, forged = issuer.token(scope=SCOPE), issuer.token(scope=SCOPE, expires_in=-60)
    with asked(name, verifier, header="X-Token") as client:
        assert 401 == client.send("GET", "/orders", [("X_Token", good)]).status
        assert 401 == client.send("GET", "/orders", [("X_Token", good), ("X-Token", forged)]).status
        assert 200 == client.send("GET", "/orders", [("X_Token", forged), ("X-Token", good)]).status


@pytest.mark.parametrize("name", protected_apps.APPS)
def test_a_second_credential_beside_a_named_header(name: str, issuer: FakeIssuer, verifier: Verifier) -> None:
    """With `header=` a credential in Authorization or in the query refuses the request, as without it."""
    good = [("X-Token", issuer.token(scope=SCOPE))]
    with asked(name, verifier, header="X-Token") as client:
        assert 200 == client.send("GET", "/orders", good).status
        assert 401 == client.send("GET", "/orders", [*good, ("Authorization", "Bearer x")]).status
        assert 401 == client.send("GET", "/orders", [*good, ("Authorization", "Basic YTpi")]).status
        assert 401 == client.send("GET", "/orders", good, "access_token=x").status
        assert 401 == client.send("GET", "/orders", good, "a=1;access_token=x").status


def test_two_adapters_in_one_application(issuer: FakeIssuer, verifier: Verifier) -> None:
    """The ASGI middleware in front of Litestar's guard: each keeps what it verified under a name of its own."""
    from jwseal.adapters.asgi import JWTMiddleware

    with client_of(JWTMiddleware(protected_apps.litestar(verifier), verifier)) as client:
        assert 200 == client.send("GET", "/orders", bearer(issuer.token(scope=SCOPE))).status
        assert 401 == client.send("GET", "/orders", []).status


def test_mcp_gets_the_text_that_was_verified(issuer: FakeIssuer, verifier: Verifier) -> None:
    """With `header=` the SDK's access token is that of the named header, and one beside it refuses the request."""
    protected_apps.needed("mcp")
    from jwseal.adapters.mcp import JWTVerifier, protect

    seen: list[Any] = []
    tokens = JWTVerifier(verifier)

    async def server(scope: Any, receive: Any, send: Any) -> None:
        text = dict(scope["headers"])[b"authorization"].decode().removeprefix("Bearer ")
        found = await tokens.verify_token(text)
        assert found is not None
        seen.append(found.token)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    token = issuer.token()
    with client_of(protect(server, tokens, resource="https://tools.example/mcp", header="X-Token")) as client:
        assert 200 == client.send("GET", "/mcp", [("X-Token", token)]).status
        assert 401 == client.send("GET", "/mcp", [("X-Token", token), ("Authorization", "Bearer other")]).status
    assert [token] == seen


@pytest.mark.parametrize("kind", protected_grpc.SERVERS)
def test_a_method_with_scopes_is_never_open(
    kind: str, issuer: FakeIssuer, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gRPC: a method that `methods` names needs a token on an excluded path too."""
    protected_apps.needed("grpc")
    monkeypatch.setattr(protected_grpc, "OPTIONS", {"exclude": ["/*"]})
    with protected_grpc.SERVERS[kind](verifier) as address:
        method = "/orders/unary_unary"
        assert "UNAUTHENTICATED" == protected_grpc.call(address, method)[0]
        token = issuer.token(scope=SCOPE)
        assert "OK" == protected_grpc.call(address, method, ("authorization", f"Bearer {token}"))[0]
        assert "OK" == protected_grpc.call(address, "/open/health")[0]


@pytest.mark.parametrize(
    "methods",
    [
        {"shop.Orders/List": ["read"]},
        {"/List": ["read"]},
        {"List": ["read"]},
        {"/shop.Orders/*/x": ["read"]},
        {"/shop.Orders/List": "read"},
    ],
)
def test_methods_that_would_protect_nothing(methods: Any, verifier: Verifier) -> None:
    """gRPC: a name that no method has, and one str for a list, are errors when the program starts."""
    protected_apps.needed("grpc")
    from jwseal.adapters.grpc import AsyncJWTInterceptor, JWTInterceptor

    for kind in (JWTInterceptor, AsyncJWTInterceptor):
        with pytest.raises(PolicyError, match=r"named in full|collection of strings"):
            kind(verifier, methods=methods)


@pytest.mark.parametrize("opt", [{"scopes": "read"}, {"scope": ["read"]}])
def test_options_of_a_litestar_handler_that_would_protect_nothing(
    opt: Any, issuer: FakeIssuer, verifier: Verifier
) -> None:
    """One str for a list, and `scope` for `scopes`, let nobody in."""
    protected_apps.needed("litestar")
    from litestar import Litestar, get

    from jwseal.adapters.litestar import JWTGuard

    def handler() -> str:
        return "reached"

    routes: Any = [get("/", opt=opt, sync_to_thread=False)(handler)]
    app = Litestar(routes, guards=[JWTGuard(verifier)], openapi_config=None, logging_config=None)
    with client_of(app) as client:
        for headers in ([], bearer(issuer.token(scope="r e a d read"))):
            assert 500 == client.send("GET", "/", headers).status


@pytest.mark.parametrize("scopes", [(), ("a",)])
def test_scopes_that_an_authorizer_would_ignore(scopes: tuple[str, ...], issuer: FakeIssuer) -> None:
    """A view that names scopes under an Authorizer, whose rules decide about them, is an error when it is decorated."""
    protected_apps.needed("flask")
    from jwseal.adapters.flask import JWTAuth
    from jwseal.authorizer import Authorizer

    auth = JWTAuth(
        Authorizer.from_text(
            f'[issuers.idp]\nissuer = "{issuer.url}"\njwks_url = "{issuer.jwks_uri}"\nalgorithms = ["ES256"]\n'
            'audience = ["api"]\n[[rules]]\nid = "all"\nissuer = "idp"\neffect = "allow"\n'
            'when = { claim = "sub", equals = "alice" }\n'
        )
    )
    with pytest.raises(PolicyError, match="leave scopes out") if scopes else contextlib.nullcontext():
        auth.require(*scopes)


def test_grpc_verifies_before_it_looks_at_the_function() -> None:
    """A method of grpc.aio that is not `async def` is an error of the program, which no client without a token causes."""
    protected_apps.needed("grpc")
    import grpc

    from jwseal.adapters.grpc_method import after, behaviour_of

    async def refuse(_: Any) -> None:
        raise MissingToken("no token")

    async def accept(_: Any) -> None: ...

    handler = grpc.unary_unary_rpc_method_handler(lambda given, _: given)
    with pytest.raises(MissingToken):
        asyncio.run(behaviour_of(after(refuse, handler))(b"", None))
    with pytest.raises(TypeError, match="async def"):
        asyncio.run(behaviour_of(after(accept, handler))(b"", None))
