"""WSGI middleware: an application receives only requests with a valid token (RFC 6750; PEP 3333).

    app = JWTMiddleware(app, verifier, realm="orders")

The result of the verification is `token(environ)`. A WSGI server joins the values of a header that was sent twice with a
comma, and a value with a comma is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jwseal.adapters.client_certificate import of_pem, of_socket
from jwseal.adapters.resource_server import Judge, Received, Refused, ResourceServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["JWTMiddleware", "received", "token"]

KEY = "jwseal.token"


class JWTMiddleware:
    """Wraps a WSGI application. The arguments after the judge are those of `ResourceServer`."""

    def __init__(self, app: WSGIApplication, judge: Judge, **options: Any) -> None:
        self.app = app
        self.server = ResourceServer(judge, **options)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Verify the request's token and pass the request on, or answer it."""
        request = received(environ)
        if not self.server.open(request):
            try:
                environ[KEY] = self.server.authenticate(request)
            except Refused as refused:
                start_response(f"{refused.status} {HTTPStatus(refused.status).phrase}", refused.fields)
                return [refused.body]
            if request.added:
                start_response = _adding(request.added, start_response)
        return self.app(environ, start_response)


def _adding(added: list[tuple[str, str]], start_response: StartResponse) -> StartResponse:
    """What adds headers to the answer."""

    def adding(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [*headers, *added], *rest)

    return adding


def token(environ: WSGIEnvironment) -> Any:
    """The VerifiedJWT, or the Decision of an Authorizer. LookupError where the path is excluded."""
    if KEY not in environ:
        raise LookupError("this request has no verified token: its path is excluded, or JWTMiddleware is not in front")
    return environ[KEY]


def received(environ: WSGIEnvironment) -> Received:
    """The request of a WSGI environ."""

    def values(name: str) -> list[str]:
        key = "HTTP_" + name.upper().replace("-", "_")
        return [environ[key]] if key in environ else []

    def certificate() -> bytes | None:
        # Apache and Werkzeug set the one, Gunicorn the other. No header of a request can: its name begins with HTTP_.
        if pem := environ.get("SSL_CLIENT_CERT"):
            return of_pem(pem)
        if "gunicorn.socket" in environ:
            return of_socket(environ["gunicorn.socket"])
        raise LookupError("the server sets neither SSL_CLIENT_CERT nor gunicorn.socket")

    # A client can set SCRIPT_NAME, by a header of this name with Gunicorn or by X-Forwarded-Prefix, and chooses no route by it.
    path = _decoded(environ.get("PATH_INFO", ""))
    url_path = _decoded(environ.get("SCRIPT_NAME", "")) + path
    query = environ.get("QUERY_STRING", "")
    return Received(values, environ["REQUEST_METHOD"], path or "/", query, environ, certificate, url_path or "/")


def _decoded(path: str) -> str:
    """A path is UTF-8 that is read as Latin-1 (PEP 3333)."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
