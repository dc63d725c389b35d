"""Each adapter with its framework's own test client: results, scopes, OpenAPI, WebSockets, excluded paths, several layers."""

import asyncio
from typing import Annotated, Any

import pytest

import protected_apps
from jwseal import PolicyError, VerifiedJWT, Verifier
from jwseal.testing import FakeIssuer
from protected_apps import SCOPE

BEARER = 'Bearer realm="orders", resource_metadata="https://api.example/.well-known/oauth-protected-resource"'


def header(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def token(issuer: FakeIssuer) -> str:
    """A token with the scope."""
    return issuer.token(scope=f"{SCOPE} profile")


class Counting:
    """Counts verifications."""

    def __init__(self, verifier: Verifier) -> None:
        self.verifier, self.count = verifier, 0

    def verify(self, token: str) -> VerifiedJWT:
        """As the verifier's."""
        self.count += 1
        return self.verifier.verify(token)

    async def verify_async(self, token: str) -> VerifiedJWT:
        """As the verifier's."""
        return self.verify(token)


# Starlette, FastAPI and Litestar: `starlette.testclient` and its copy.


def client_of(name: str, judge: Any, **options: Any) -> Any:
    """The framework's test client of the application."""
    app = protected_apps.APPS[name](judge, **options)
    if name == "litestar":
        from litestar.testing import TestClient
    else:
        from starlette.testclient import TestClient  # type: ignore[assignment]
    return TestClient(app)


ASYNC = ["fastapi", "starlette", "litestar", "asgi"]


@pytest.mark.parametrize("name", ASYNC)
def test_requests(name: str, verifier: Verifier, token: str, issuer: FakeIssuer) -> None:
    """The handler has the verified token; without one, or without the scope, it does not run."""
    with client_of(name, verifier) if name != "asgi" else nothing(client_of(name, verifier)) as client:
        answer = client.get("/orders", headers=header(token))
        assert (200, True) == (answer.status_code, "alice" in answer.text)
        answer = client.get("/orders")
        assert (401, True) == (answer.status_code, answer.headers["www-authenticate"].startswith("Bearer realm"))
        answer = client.get("/orders", headers=header(issuer.token()))
        assert 403 == answer.status_code
        assert (
            f'error="insufficient_scope", realm="orders", resource_metadata="{protected_apps.METADATA}"'
            in (answer.headers["www-authenticate"])
        )
        assert f'scope="{SCOPE}"' in answer.headers["www-authenticate"]
        assert 200 == client.get("/open/health").status_code
        assert 401 == client.get("/open/../orders").status_code


class nothing:  # noqa: N801
    """A client that needs no start."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __enter__(self) -> Any:
        return self.client

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("name", ASYNC)
def test_websockets(name: str, verifier: Verifier, token: str, issuer: FakeIssuer) -> None:
    """A handshake without a token, with a bad one or without the scope is refused before the handler runs."""
    client = client_of(name, verifier)
    with client.websocket_connect("/stream", headers=header(token)) as socket:
        assert "alice" == socket.receive_text()
    for headers in ({}, header(issuer.token(expires_in=-1)), header(issuer.token())):
        with pytest.raises(Exception) as caught, client.websocket_connect("/stream", headers=headers) as socket:
            socket.receive_text()
        assert type(caught.value).__name__ in {"WebSocketDisconnect", "WebSocketDenialResponse"}


@pytest.mark.parametrize("name", ["fastapi", "litestar", "flask", "quart"])
def test_a_token_is_verified_once(name: str, verifier: Verifier, token: str) -> None:
    """Where the application and the route both ask for a token, it is verified once."""
    judge = Counting(verifier)
    app = protected_apps.APPS[name](judge)
    if name == "flask":
        assert 200 == app.test_client().get("/orders", headers=header(token)).status_code
    elif name == "quart":
        assert 200 == asyncio.run(app.test_client().get("/orders", headers=header(token))).status_code
    else:
        assert 200 == client_of(name, judge).get("/orders", headers=header(token)).status_code
    assert 1 == judge.count


def test_openapi(verifier: Verifier) -> None:
    """The scheme and the scopes of a route are in FastAPI's OpenAPI document."""
    document = protected_apps.fastapi(verifier).openapi()
    assert [{"JWTBearer": [SCOPE]}] == document["paths"]["/orders"]["get"]["security"]
    scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    assert {"JWTBearer": scheme} == document["components"]["securitySchemes"]


def test_openapi_of_a_provider(verifier: Verifier) -> None:
    """With a discovery URL the scheme is openIdConnect, whose scopes documentation pages can ask for."""
    protected_apps.needed("fastapi")
    from fastapi import Depends, FastAPI

    from jwseal.adapters.fastapi import JWTBearer

    url = "https://id.example/.well-known/openid-configuration"
    app = FastAPI(dependencies=[Depends(JWTBearer(verifier, openid_connect_url=url, scheme_name="id"))])
    app.get("/")(lambda: None)
    scheme = {"type": "openIdConnect", "openIdConnectUrl": url}
    assert {"id": scheme} == app.openapi()["components"]["securitySchemes"]


def test_fastapi_types(verifier: Verifier, token: str) -> None:
    """A dependency's parameter is a VerifiedJWT, and two schemes of one application do not mix their results."""
    protected_apps.needed("fastapi")
    from fastapi import Depends, FastAPI
    from starlette.testclient import TestClient

    from jwseal.adapters.fastapi import JWTBearer

    first, second = JWTBearer(verifier, scheme_name="a"), JWTBearer(verifier, scheme_name="b", scopes=["admin"])
    app = FastAPI()

    async def one(token: Any) -> dict[str, Any]:
        return {"type": type(token).__name__, "scopes": sorted(token.scopes)}

    one.__annotations__["token"] = Annotated[VerifiedJWT, Depends(first)]
    app.get("/one")(one)

    async def two(token: Any, other: Any) -> None: ...

    two.__annotations__.update(token=Annotated[Any, Depends(first)], other=Annotated[Any, Depends(second)])
    app.get("/two")(two)
    client = TestClient(app)
    answer = client.get("/one", headers=header(token)).json()
    assert {"type": "VerifiedJWT", "scopes": [SCOPE, "profile"]} == answer
    assert 403 == client.get("/two", headers=header(token)).status_code


def test_starlette_user(verifier: Verifier, token: str) -> None:
    """`request.user` and `request.auth` are filled, and an excluded path has the anonymous user."""
    protected_apps.needed("starlette")
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.authentication import AuthenticationMiddleware
    from starlette.responses import JSONResponse
    from starlette.routing import Route
    from starlette.testclient import TestClient

    from jwseal.adapters.starlette import JWTBackend

    async def who(request: Any) -> JSONResponse:
        user = request.user
        return JSONResponse([user.is_authenticated, user.display_name, sorted(request.auth.scopes)])

    backend = JWTBackend(verifier, exclude=["/open"])
    middleware = [Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)]
    client = TestClient(Starlette(routes=[Route("/me", who), Route("/open", who)], middleware=middleware))
    assert [True, "alice", [SCOPE, "profile"]] == client.get("/me", headers=header(token)).json()
    assert [False, "", []] == client.get("/open").json()


def test_starlette_identity_without_a_subject(issuer: FakeIssuer, verifier: Verifier) -> None:
    """A token without a subject has an empty identity."""
    protected_apps.needed("starlette")
    from jwseal.adapters.starlette import TokenUser

    user = TokenUser(verifier.verify(issuer.token(sub=...)))
    assert ("", "", True) == (user.identity, user.display_name, user.is_authenticated)


def test_starlette_foreign_errors() -> None:
    """An error of another backend is not answered as a refusal."""
    protected_apps.needed("starlette")
    from starlette.authentication import AuthenticationError

    from jwseal.adapters.starlette import JWTBackend

    with pytest.raises(AuthenticationError):
        JWTBackend.on_error(None, AuthenticationError("other"))  # type: ignore[arg-type]


# Flask and Quart.


def test_flask(verifier: Verifier, token: str, issuer: FakeIssuer) -> None:
    """A view, an excluded path, a path that does not exist, and a view that is protected by itself."""
    app = protected_apps.flask(verifier)
    client = app.test_client()
    assert (200, "alice") == (client.get("/orders", headers=header(token)).status_code, "alice")
    assert b"alice" == client.get("/orders", headers=header(token)).data
    assert 403 == client.get("/orders", headers=header(issuer.token())).status_code
    assert 200 == client.get("/open/health").status_code
    assert 401 == client.get("/nothing").status_code
    assert 404 == client.get("/nothing", headers=header(token)).status_code
    assert BEARER == client.get("/orders").headers["WWW-Authenticate"]


def test_flask_views_by_themselves(verifier: Verifier, token: str) -> None:
    """`require` protects a view without `init_app`, an asynchronous one too; others are open."""
    protected_apps.needed("flask")
    from flask import Flask

    from jwseal.adapters.flask import JWTAuth

    app, auth = Flask("orders"), JWTAuth(verifier)

    @app.get("/closed")
    @auth.require()
    def closed() -> str:
        return str(auth.token["sub"])

    @app.get("/free")
    def free() -> str:
        with pytest.raises(LookupError, match="require"):
            auth.token  # noqa: B018
        return "free"

    client = app.test_client()
    assert 401 == client.get("/closed").status_code
    assert b"alice" == client.get("/closed", headers=header(token)).data
    assert b"free" == client.get("/free").data


def test_quart(verifier: Verifier, token: str, issuer: FakeIssuer) -> None:
    """Requests and WebSocket handshakes of Quart's test client."""
    app = protected_apps.quart(verifier)

    async def run() -> None:
        client = app.test_client()
        assert b"alice" == await (await client.get("/orders", headers=header(token))).get_data()
        answer = await client.get("/orders")
        assert (401, BEARER) == (answer.status_code, answer.headers["WWW-Authenticate"])
        assert 403 == (await client.get("/orders", headers=header(issuer.token()))).status_code
        assert 200 == (await client.get("/open/health")).status_code
        async with client.websocket("/stream", headers=header(token)) as socket:
            assert "alice" == await socket.receive()
        with pytest.raises(Exception) as caught:
            async with client.websocket("/stream") as socket:
                await socket.receive()
        assert "WebsocketResponse" in type(caught.value).__name__

    asyncio.run(run())


# aiohttp.


def test_aiohttp(verifier: Verifier, token: str, issuer: FakeIssuer) -> None:
    """Requests and WebSocket handshakes of aiohttp's test client; a refused handshake has the whole answer."""
    protected_apps.needed("aiohttp")
    from aiohttp import ClientSession, WSServerHandshakeError
    from aiohttp.test_utils import TestClient, TestServer

    async def run() -> None:
        async with TestClient(TestServer(protected_apps.aiohttp(verifier))) as client:
            assert isinstance(client.session, ClientSession)
            assert "alice" == await (await client.get("/orders", headers=header(token))).text()
            answer = await client.get("/orders")
            assert (401, BEARER) == (answer.status, answer.headers["WWW-Authenticate"])
            assert 403 == (await client.get("/orders", headers=header(issuer.token()))).status
            assert 200 == (await client.get("/open/health")).status
            assert 401 == (await client.get("/nothing")).status
            async with client.ws_connect("/stream", headers=header(token)) as socket:
                assert "alice" == await socket.receive_str()
            with pytest.raises(WSServerHandshakeError) as caught:
                await client.ws_connect("/stream")
            assert (401, BEARER) == (caught.value.status, (caught.value.headers or {})["WWW-Authenticate"])

    asyncio.run(run())


def test_aiohttp_without_the_middleware(verifier: Verifier) -> None:
    """A handler with `require` and no middleware in front does not run."""
    protected_apps.needed("aiohttp")
    from aiohttp.test_utils import make_mocked_request

    from jwseal.adapters.aiohttp import require

    @require()
    async def handler(_: Any) -> Any:
        raise AssertionError

    with pytest.raises(LookupError, match="jwt_middleware is not installed"):
        asyncio.run(handler(make_mocked_request("GET", "/")))


# Django and Django REST framework.


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_django(kind: str, verifier: Verifier, token: str, issuer: FakeIssuer) -> None:
    """Django's test clients: the view, an excluded path, a preflight that reaches no view."""
    protected_apps.needed("django")
    from django.test import AsyncClient, Client
    from django.test.utils import override_settings

    import django_project

    options = {"judge": verifier, **protected_apps.OPTIONS}
    path = "/orders" if kind == "wsgi" else "/async/orders"

    def ask(method: str, path: str, **headers: str) -> Any:
        client: Any = Client() if kind == "wsgi" else AsyncClient()
        made = getattr(client, method)(path, headers=headers)
        return made if kind == "wsgi" else asyncio.run(made)

    assert django_project.SCOPE == SCOPE
    with override_settings(JWSEAL=options, MIDDLEWARE=["jwseal.adapters.django.JWTMiddleware"]):
        assert b"alice" == ask("get", path, **header(token)).content
        answer = ask("get", path)
        assert (401, BEARER) == (answer.status_code, answer.headers["WWW-Authenticate"])
        assert 403 == ask("get", path, **header(issuer.token())).status_code
        assert 200 == ask("get", "/open/health").status_code
        asks = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
        assert (204, b"") == (ask("options", path, **asks).status_code, ask("options", path, **asks).content)
        assert 401 == ask("options", path).status_code


def test_django_settings(verifier: Verifier) -> None:
    """The judge is named or given; without one the project does not start, and the error names the setting."""
    protected_apps.needed("django")
    from django.core.exceptions import ImproperlyConfigured
    from django.test.utils import override_settings

    import django_project
    from jwseal.adapters.django import server

    django_project.judge = verifier  # type: ignore[attr-defined]
    with override_settings(JWSEAL={"judge": "django_project.judge", "realm": "r"}):
        assert server().realm == "r"
    with override_settings(JWSEAL={}), pytest.raises(ImproperlyConfigured, match="'judge'"):
        server()


def test_rest_framework(verifier: Verifier, token: str, issuer: FakeIssuer, down: Any) -> None:
    """Its own test client: `request.auth`, the user, each status with its headers, and a view that forgot its scopes."""
    protected_apps.needed("rest_framework")
    from django.test.utils import override_settings
    from rest_framework.test import APIClient, APIRequestFactory

    import django_project
    from jwseal.adapters.rest_framework import HasScopes

    options = {"judge": verifier, **protected_apps.OPTIONS}

    def ask(**headers: str) -> Any:
        return APIClient().get("/rest/orders", headers=headers)

    with override_settings(JWSEAL=options):
        assert {"subject": "alice", "user": "alice"} == ask(**header(token)).json()
        answer = ask()
        assert (401, BEARER) == (answer.status_code, answer.headers["WWW-Authenticate"])
        answer = ask(**header(issuer.token()))
        assert 403 == answer.status_code
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]

        class Forgot(django_project.Orders):
            required_scopes = SCOPE  # type: ignore[assignment]

        request = APIRequestFactory().get("/", headers=header(token))
        with pytest.raises(TypeError, match="Forgot needs required_scopes"):
            Forgot.as_view()(request)
        assert HasScopes in Forgot.permission_classes
    with override_settings(JWSEAL={**options, "judge": down}):
        answer = ask(**header(token))
        assert (503, True) == (answer.status_code, answer.headers["Retry-After"].isdigit())


@pytest.mark.parametrize("module", ["asgi", "wsgi"])
def test_no_token_on_an_excluded_path(module: str) -> None:
    """Asking for the token where none was verified is a LookupError, never None."""
    import importlib

    adapter = importlib.import_module(f"jwseal.adapters.{module}")
    with pytest.raises(LookupError, match="excluded"):
        adapter.token({})


def test_no_guard() -> None:
    """Asking Litestar's request for a token where no guard has run is a LookupError."""
    protected_apps.needed("litestar")
    from types import SimpleNamespace

    from jwseal.adapters.litestar import token

    with pytest.raises(LookupError, match="JWTGuard"):
        token(SimpleNamespace(scope={}))  # type: ignore[arg-type]


def test_scopes_of_an_authorizer() -> None:
    """An Authorizer's rules decide about scopes, so that scopes beside it are PolicyError."""
    from jwseal.adapters.resource_server import ResourceServer

    class Authorizer:
        authorize = authorize_async = None

    with pytest.raises(PolicyError, match="rules decide"):
        ResourceServer(Authorizer(), scopes=["read"])  # type: ignore[arg-type]
    with pytest.raises(PolicyError, match="rules decide"):
        ResourceServer(Authorizer()).demand(object(), ["read"])  # type: ignore[arg-type]
