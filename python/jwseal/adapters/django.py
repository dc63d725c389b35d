"""Django: middleware and a decorator, for synchronous and asynchronous views (RFC 6750).

    MIDDLEWARE = ["jwseal.adapters.django.JWTMiddleware", ...]
    JWSEAL = {"judge": "project.auth.verifier", "exclude": ["/health"]}

    @require("orders:read")
    def orders(request): ...
        request.token["sub"]

`judge` is the dotted name of a Verifier, Issuers or Authorizer that the project builds once; the other settings are the arguments
of `ResourceServer`. Django joins the values of a header that was sent twice with a comma, and a value with a comma is refused.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.module_loading import import_string

from jwseal.adapters.asgi import received as received_by_asgi
from jwseal.adapters.resource_server import Received, Refused, ResourceServer, preflight
from jwseal.adapters.wsgi import received as received_by_wsgi

__all__ = ["JWTMiddleware", "require", "server"]

# Where a request keeps what was verified. `request.token` is for views: another middleware may set it, so it proves nothing.
KEPT = "_jwseal_token"
View = TypeVar("View", bound=Callable[..., Any])


@functools.cache
def server() -> ResourceServer:
    """The resource server that the setting JWSEAL describes."""
    options = dict(getattr(settings, "JWSEAL", {}))
    judge = options.pop("judge", None)
    if judge is None:
        raise ImproperlyConfigured("the setting JWSEAL needs 'judge', the name of a Verifier: 'project.auth.verifier'")
    return ResourceServer(import_string(judge) if isinstance(judge, str) else judge, **options)


@receiver(setting_changed)
def _forget(*, setting: str, **_: Any) -> None:
    if setting == "JWSEAL":
        server.cache_clear()


@sync_and_async_middleware
def JWTMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802
    """Refuse requests without a valid token; `request.token` is the result of the verification."""
    resource = server()
    if inspect.iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            inner = received(request)
            if not resource.open(inner):
                try:
                    _keep(request, await resource.authenticate_async(inner))
                except Refused as refused:
                    return answer(refused)
            return cast(HttpResponseBase, inner.completed(await get_response(request)))

        return _guarded(asynchronous, resource)

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        inner = received(request)
        if not resource.open(inner):
            try:
                _keep(request, resource.authenticate(inner))
            except Refused as refused:
                return answer(refused)
        return cast(HttpResponseBase, inner.completed(get_response(request)))

    return _guarded(synchronous, resource)


def _guarded(middleware: Any, resource: ResourceServer) -> Callable[[HttpRequest], Any]:
    """Keep preflights, which have no token, from views: a view of Django runs for every method unless it says otherwise."""

    def process_view(request: HttpRequest, *_: Any) -> HttpResponse | None:
        inner = received(request)
        return HttpResponse(status=204) if preflight(inner) and not resource.excluded(inner) else None

    middleware.process_view = process_view
    return cast(Callable[[HttpRequest], Any], middleware)


def require(*scopes: str) -> Callable[[View], View]:
    """Protect a view, which needs a token with these scopes, with and without the middleware and on an excluded path too."""

    def decorate(view: View) -> View:
        if inspect.iscoroutinefunction(view):

            @functools.wraps(view)
            async def asynchronous(request: HttpRequest, *args: Any, **named: Any) -> Any:
                inner = received(request)
                try:
                    if hasattr(request, KEPT):
                        server().demand(getattr(request, KEPT), scopes)
                    else:
                        _keep(request, await server().authenticate_async(inner, scopes))
                except Refused as refused:
                    return answer(refused)
                return inner.completed(await view(request, *args, **named))

            return asynchronous  # type: ignore[return-value]

        @functools.wraps(view)
        def synchronous(request: HttpRequest, *args: Any, **named: Any) -> Any:
            inner = received(request)
            try:
                if hasattr(request, KEPT):
                    server().demand(getattr(request, KEPT), scopes)
                else:
                    _keep(request, server().authenticate(inner, scopes))
            except Refused as refused:
                return answer(refused)
            return inner.completed(view(request, *args, **named))

        return synchronous  # type: ignore[return-value]

    return decorate


def received(request: HttpRequest) -> Received:
    """The request of Django."""
    # META makes one name of `X-Token` and `X_Token`, the scope of ASGI does not.
    scope = getattr(request, "scope", None)
    read = received_by_wsgi(request.META) if scope is None else received_by_asgi(scope)
    return replace(read, path=request.path_info, url_path=request.path, native=request)


def answer(refused: Refused) -> HttpResponse:
    """The answer of Django."""
    return HttpResponse(refused.body, status=refused.status, content_type="text/plain", headers=refused.mapping)


def _keep(request: Any, token: Any) -> None:
    request.token = token
    setattr(request, KEPT, token)
