"""What needs no token, and what looks as if it needed none: excluded paths, preflights, headers of another spelling.

One rule for all adapters: a route that demands a token or scopes by itself demands them whatever `exclude` says, and a preflight
is one only if nothing makes another method of it.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

import protected_apps
import protected_grpc
from judges import ruled
from jwseal import KeySet, MissingToken, Policy, PolicyError, SigningKey, Verifier
from jwseal.sender import DpopCheck
from jwseal.state import MemoryState
from jwseal.testing import Client, FakeIssuer
from jwseal.testing.client import client_of
from proofs import JKT, Prover
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


OPTS = [{"scopes": "read"}, {"scope": ["read"]}, {"scopes": None}, {"scopes": 5}, {"scopes": [5]}]


def litestar_handler(opt: Any, path: str = "/", **layers: Any) -> Any:
    """A handler with this `opt`."""
    protected_apps.needed("litestar")
    from litestar import get

    def handler() -> str:
        return "reached"

    return get(path, opt=opt, sync_to_thread=False, **layers)(handler)


def litestar_app(handlers: list[Any], **options: Any) -> Any:
    """An application of Litestar."""
    from litestar import Litestar

    return Litestar(handlers, openapi_config=None, logging_config=None, **options)


@pytest.mark.parametrize("opt", OPTS, ids=str)
def test_options_of_a_litestar_handler_that_would_protect_nothing(
    opt: Any, issuer: FakeIssuer, verifier: Verifier
) -> None:
    """One str for a list, `scope` for `scopes`, and what is no list of strings, let nobody in where no plugin has found them."""
    handler = litestar_handler(opt)
    from jwseal.adapters.litestar import JWTGuard

    with client_of(litestar_app([handler], guards=[JWTGuard(verifier)])) as client:
        for headers in ([], bearer(issuer.token(scope="r e a d read"))):
            assert 500 == client.send("GET", "/", headers).status


@pytest.mark.parametrize("opt", OPTS, ids=str)
def test_a_litestar_plugin_finds_them_at_the_start(opt: Any, verifier: Verifier) -> None:
    """With the guard as a plugin they are errors when the application is made, or a route is added, which name the handler."""
    wrong, right = litestar_handler(opt, "/wrong"), litestar_handler({"scopes": ["read"]}, "/right")
    from litestar import Router

    from jwseal.adapters.litestar import JWTGuard

    guard = JWTGuard(verifier)
    for handlers in ([right, wrong], [Router("/below", route_handlers=[wrong])]):
        with pytest.raises(PolicyError, match=r"(?s)handler .*litestar_handler.*handler.*(scopes|strings)"):
            litestar_app(handlers, plugins=[guard])
    with pytest.raises(PolicyError, match="handler"):
        litestar_app([right], plugins=[guard], opt=opt if "scope" in opt else {"scope": ["read"]})
    app = litestar_app([right], plugins=[guard])
    with pytest.raises(PolicyError, match="handler"):
        app.register(wrong)


def test_a_litestar_plugin_finds_scopes_under_an_authorizer(issuer: FakeIssuer) -> None:
    """Scopes in `opt` under an Authorizer are an error when the application is made, also where a router has a guard of its own."""
    handler = litestar_handler({"scopes": ["read"]})
    from litestar import Router

    from jwseal.adapters.litestar import JWTGuard

    guard = JWTGuard(ruled(issuer.url, None, issuer.jwks_uri))
    with pytest.raises(PolicyError, match="leave scopes out"):
        litestar_app([handler], plugins=[guard])
    free = JWTGuard(Verifier(SigningKey.generate("ES256").verifying_key, Policy(issuer="x", audience="y")))
    with pytest.raises(PolicyError, match="leave scopes out"):
        litestar_app([Router("/below", route_handlers=[handler], guards=[guard])], plugins=[free])


def test_a_litestar_plugin_guards_every_route(issuer: FakeIssuer, verifier: Verifier) -> None:
    """As a plugin alone the guard is in front of every route but those of `exclude`, and verifies once where it is a guard too."""
    handlers = [litestar_handler({}, "/a"), litestar_handler({"scopes": ["read"]}, "/b"), litestar_handler({}, "/open")]
    from jwseal.adapters.litestar import JWTGuard

    guard = JWTGuard(verifier, exclude=["/open"])
    for more in ({}, {"guards": [guard]}):
        with client_of(litestar_app(handlers, plugins=[guard], **more)) as client:
            good, narrow = (bearer(issuer.token(scope=scope)) for scope in ("read", "write"))
            assert [200, 200, 401] == [client.send("GET", "/a", headers).status for headers in (good, narrow, [])]
            assert [200, 403, 401] == [client.send("GET", "/b", headers).status for headers in (good, narrow, [])]
            assert 200 == client.send("GET", "/open", []).status
            assert 404 == client.send("GET", "/nothing", []).status


def test_a_litestar_guard_of_a_router_is_the_same(issuer: FakeIssuer) -> None:
    """Litestar copies routers and controllers with their guards: a token, and its proof, are verified once all the same."""
    handler = litestar_handler({"scopes": [SCOPE]}, "/orders")
    from litestar import Router

    from jwseal.adapters.litestar import JWTGuard

    check = DpopCheck(replay=MemoryState())
    judge = Verifier(KeySet.from_jwks(issuer.jwks()), Policy(issuer=issuer.url, audience="api"), sender=check)
    token = issuer.token(scope=SCOPE, cnf={"jkt": JKT})
    guard = JWTGuard(judge, base_url="https://api.example")
    app = litestar_app([Router("/", route_handlers=[handler], guards=[guard])], guards=[guard])
    with client_of(app) as client:
        proof = Prover(token, now=int(time.time()))()
        headers = [("Authorization", f"DPoP {token}"), ("DPoP", proof)]
        assert [200, 401] == [client.send("GET", "/orders", headers).status for _ in range(2)]


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
