"""A project of Django in one file: its settings, its views and its URLs, as `protected_apps` describes them.

Django has one configuration in a process, so every application here shares it and has its own value of JWSEAL while it runs.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import path

SCOPE = "orders:read"

if not settings.configured:
    settings.configure(
        SECRET_KEY="for tests",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["rest_framework"],
        DATABASES={},
        LOGGING_CONFIG=None,
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["jwseal.adapters.rest_framework.JWTAuthentication"],
            "UNAUTHENTICATED_USER": None,
        },
        MIDDLEWARE=[],
    )
    django.setup()

from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from jwseal.adapters.django import require  # noqa: E402
from jwseal.adapters.rest_framework import HasScopes  # noqa: E402


@require(SCOPE)
def orders(request: Any) -> HttpResponse:
    """The view under WSGI."""
    return HttpResponse(request.token["sub"])


@require(SCOPE)
async def orders_async(request: Any) -> HttpResponse:
    """The view under ASGI."""
    return HttpResponse(request.token["sub"])


@require()
def decided(request: Any) -> HttpResponse:
    """The view under WSGI where an Authorizer's rules decide about scopes."""
    return HttpResponse(request.token.subject)


@require()
async def decided_async(request: Any) -> HttpResponse:
    """The view under ASGI where an Authorizer's rules decide about scopes."""
    return HttpResponse(request.token.subject)


def health(_: HttpRequest) -> HttpResponse:
    """The view that needs no token."""
    return HttpResponse("ok")


class Orders(APIView):
    """The view of Django REST framework."""

    permission_classes = [HasScopes]  # noqa: RUF012
    required_scopes = (SCOPE,)

    def get(self, request: Any) -> Response:
        """The subject, from both places."""
        return Response({"subject": request.auth["sub"], "user": str(request.user)})


class Decided(APIView):
    """The view of Django REST framework where an Authorizer's rules decide about scopes."""

    permission_classes = [HasScopes]  # noqa: RUF012
    required_scopes = ()

    def get(self, request: Any) -> Response:
        """The subject."""
        return Response({"subject": request.auth.subject})


urlpatterns = [
    path("orders", orders),
    path("async/orders", orders_async),
    path("rest/orders", Orders.as_view()),
    path("decided/orders", decided),
    path("decided/async/orders", decided_async),
    path("decided/rest/orders", Decided.as_view()),
    path("open/health", health),
]


def application(kind: str, middleware: bool, options: dict[str, Any]) -> Callable[..., Any]:
    """The application under WSGI or ASGI, which answers `/orders` with the view of its kind."""
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application

    named = ["jwseal.adapters.django.JWTMiddleware"] if middleware else []
    before = "/decided" if hasattr(options["judge"], "authorize") else ""
    setting = override_settings(JWSEAL=options, MIDDLEWARE=named)
    with setting:
        inner: Any = get_asgi_application() if kind == "asgi" else get_wsgi_application()

    if kind == "asgi":
        turn = asyncio.Lock()  # a request may begin while the one before it ends

        async def asgi(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                raise NotImplementedError
            place = f"{before}/async/orders" if scope["path"] == "/orders" else scope["path"]
            async with turn:
                with setting:
                    await inner({**scope, "path": place}, receive, send)

        return asgi

    def wsgi(environ: dict[str, Any], start_response: Any) -> Any:
        place = environ["PATH_INFO"]
        if place == "/orders":
            place = f"{before}/orders" if middleware else f"{before}/rest/orders"
        with setting:
            answer = inner({**environ, "PATH_INFO": place}, start_response)
            answer.render() if hasattr(answer, "render") and not answer.is_rendered else None
            return answer

    return wsgi
