"""Django REST framework: an authentication class and a permission (RFC 6750).

    REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["jwseal.adapters.rest_framework.JWTAuthentication"]}
    JWSEAL = {"judge": "project.auth.verifier"}

    class Orders(APIView):
        permission_classes = [HasScopes]
        required_scopes = ["orders:read"]

`request.auth` is the result of the verification and `request.user` a `TokenUser`; override `user` to return a user of the
database. The setting is that of `jwseal.adapters.django`, whose middleware is not needed here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from jwseal.adapters.django import KEPT, received, server
from jwseal.adapters.resource_server import Refused, preflight

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module, where a setting names it

__all__ = ["HasScopes", "JWTAuthentication", "TokenUser"]


class TokenUser:
    """The user of a request: what the token says."""

    is_authenticated = is_active = True
    is_anonymous = is_staff = is_superuser = False

    def __init__(self, token: Any) -> None:
        self.token = token
        self.pk = self.username = token.claims.get("sub")

    def __str__(self) -> str:
        return str(self.username)


class JWTAuthentication(BaseAuthentication):
    """Authenticates requests by their token, and refuses those without one."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return the user and the result of the verification, or None where no token is needed."""
        if server().open(received(request._request)):
            return None
        token = _verified(request)
        return self.user(token), token

    def user(self, token: Any) -> Any:
        """Return the user for a token."""
        return TokenUser(token)

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        refused = getattr(request._request, "_jwseal_refused", None)
        return refused.mapping.get("WWW-Authenticate", "Bearer") if refused else "Bearer"


class HasScopes(BasePermission):
    """Permits requests whose token has the scopes of the view's `required_scopes`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raise the refusal of RFC 6750 section 3.1 if a scope is lacking."""
        scopes = getattr(view, "required_scopes", None)
        if scopes is None or isinstance(scopes, str):
            raise TypeError(f"{type(view).__name__} needs required_scopes, a list of strings: HasScopes checks them")
        if request.auth is None and preflight(received(request._request)) and server().open(received(request._request)):
            return True  # a preflight reaches `options`, which describes the view
        # `request.auth` may be that of another authentication class, so it proves nothing.
        token = _verified(request)
        try:
            server().demand(token, scopes)
        except Refused as refused:
            raise _raised(refused) from None
        own = next((one for one in request.authenticators or () if isinstance(one, JWTAuthentication)), None)
        if own and request.auth is not token:
            request.user, request.auth = own.user(token), token
        return True


def _verified(request: Request) -> Any:
    """The result of the verification, which is made once for a request."""
    kept = vars(request._request)
    if KEPT not in kept:
        inner = received(request._request)
        try:
            kept[KEPT] = server().authenticate(inner)
        except Refused as refused:
            kept["_jwseal_refused"] = refused
            _answer_with(request, refused.mapping.items())
            raise _raised(refused) from None
        _answer_with(request, inner.added)
    return kept[KEPT]


def _answer_with(request: Request, headers: Iterable[tuple[str, str]]) -> None:
    """Give the answer the headers that the framework does not take from an exception."""
    view = request.parser_context.get("view")
    if view:
        view.headers.update((name, value) for name, value in headers if name in {"DPoP-Nonce", "Cache-Control"})


def _raised(refused: Refused) -> APIException:
    error = AuthenticationFailed(refused.phrase) if refused.status == 401 else APIException(refused.phrase)
    error.status_code = refused.status
    error.auth_header = refused.mapping.get("WWW-Authenticate")  # type: ignore[attr-defined]
    if wait := refused.mapping.get("Retry-After"):
        error.wait = int(wait)  # type: ignore[attr-defined]
    return error
