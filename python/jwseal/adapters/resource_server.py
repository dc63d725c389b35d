"""The resource server: what every adapter asks about a request (RFC 6749 section 1.1, RFC 6750, RFC 9728, RFC 9470).

`ResourceServer` takes the credential from one header, has it verified and either returns the result or raises `Refused`, which
is the whole answer: status, headers and a text that is the same for every reason of one status. The reason goes to the log
`jwseal.adapters`, as a code. No claim and no part of a token is in an answer or a log.

It does not read bodies, so a token in a form (RFC 6750 section 2.2) is no credential. Errors in the program, such as
`InvalidKey`, are not caught: the framework answers 500.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias
from urllib.parse import parse_qsl, quote

from jwseal import (
    InsufficientAuthentication,
    InsufficientScope,
    InvalidToken,
    MalformedToken,
    MissingToken,
    PolicyError,
    SenderMismatch,
    Unavailable,
    VerifiedJWT,
    bearer,
    challenge,
)
from jwseal.adapters.client_certificate import of_header
from jwseal.sender import CertificateCheck, ClientCertificate, Dpop, DpopCheck

__all__ = [
    "Judge",
    "Received",
    "Refused",
    "ResourceServer",
    "checked",
    "preflight",
    "require_authentication",
]

log = logging.getLogger("jwseal.adapters")

_IN_A_PATH = "/:@!$&'()*+,;="
# Headers by which some frameworks run a request as another method than its own.
_OTHER_METHODS = ("x-http-method-override", "x-method-override", "x-http-method")

Values: TypeAlias = Sequence[str | bytes]


class Verifies(Protocol):
    """A `Verifier` or `Issuers`."""

    @property
    def verify(self) -> Callable[..., VerifiedJWT]:
        """Return the verified token or raise."""

    @property
    def verify_async(self) -> Callable[..., Awaitable[VerifiedJWT]]:
        """As `verify`, without blocking the event loop."""


class Authorizes(Protocol):
    """An `Authorizer`."""

    @property
    def authorize(self) -> Callable[..., Any]:
        """Return the decision."""

    @property
    def authorize_async(self) -> Callable[..., Awaitable[Any]]:
        """As `authorize`, without blocking the event loop."""


Judge: TypeAlias = Verifies | Authorizes


@dataclass(frozen=True, slots=True)
class Received:
    """A request as an adapter hands it over.

    values       gives every value of a header by its name in lower case
    path         what the application chooses the route by
    certificate  gives the certificate of the connection's client as DER, None if it sent none; LookupError where the server
                 does not tell
    url_path     the path of the URL that the client asked for, where the application is mounted below a prefix
    added        headers that the answer of an accepted request needs, which `authenticate` fills in
    """

    values: Callable[[str], Values]
    method: str = "GET"
    path: str = "/"
    query: str | bytes = ""
    native: Any = None
    certificate: Callable[[], bytes | None] | None = None
    url_path: str | None = None
    added: list[tuple[str, str]] = field(default_factory=list)

    def completed(self, response: Any) -> Any:
        """The framework's answer with the headers that it needs."""
        for name, value in self.added:
            response.headers[name] = value
        return response


class Refused(Exception):
    """The request is refused: `status`, `headers` and `body` are the answer, `code` and `decision` are for the log."""

    decision: Any = None

    def __init__(self, status: int, headers: list[tuple[str, str]], code: str) -> None:
        super().__init__(code)
        self.status = status
        self.headers = headers
        self.code = code

    def __reduce__(self) -> tuple[type[Refused], tuple[int, list[tuple[str, str]], str]]:
        return type(self), (self.status, self.headers, self.code)

    @property
    def phrase(self) -> str:
        """The reason phrase of the status. The client gets no other text."""
        return HTTPStatus(self.status).phrase

    @property
    def body(self) -> bytes:
        """The body: the reason phrase."""
        return self.phrase.encode() + b"\n"

    @property
    def mapping(self) -> dict[str, str]:
        """The headers as a dict: challenges of several schemes are one value (RFC 9110 section 11.6.1)."""
        joined: dict[str, str] = {}
        for name, value in self.headers:
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return joined | {"Cache-Control": "no-store"}

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The headers of the answer with those of its body."""
        body = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(self.body)))]
        return [*self.headers, ("Cache-Control", "no-store"), *body]


class ResourceServer:
    """Decides about requests.

    judge               a Verifier, Issuers or Authorizer
    realm               the realm of the challenge (RFC 9110 section 11.5)
    resource_metadata   the URL of the protected resource metadata (RFC 9728), which the challenge names
    scopes              the scopes that every request needs
    header              the one header that holds the credential. `authorization` holds `Bearer` and a token, any other
                        a token alone, as proxies write it. The proxy must remove what clients send under this name, under
                        WSGI with `_` for `-` too
    exclude             paths that need no token: `/health` is that path alone, `/public/*` every path below `/public/`.
                        They are compared with the path that the application's routes are: without SCRIPT_NAME or root_path
    preflights          whether CORS preflights pass without a token. Set it to False where the application does not answer
                        them itself and treats OPTIONS as another method
    base_url            for a judge with sender="dpop": the scheme of the Authorization header is then `DPoP` (RFC 9449
                        section 7.1). Scheme and host of the URLs that clients ask for, `https://api.example`, and what a
                        proxy cuts off their paths. No header of a request changes it
    certificate_header  for a judge with sender="mtls" behind a proxy: the header in which the proxy sends the client's
                        certificate, as RFC 9440 has it or as escaped PEM. The proxy must remove what clients send under
                        this name, under WSGI with `_` for `-` too. Without it the certificate is that of the connection,
                        and no header counts: nothing may then end TLS in between
    observe             a function of code, result (None or a Decision if refused) and seconds, called for each request:
                        `observe` of `jwseal.metrics.Metrics`
    worker, describe    for an Authorizer: the worker's name, and a function that returns the `request` of `authorize`
                        from the request of the framework
    """

    def __init__(
        self,
        judge: Judge,
        *,
        realm: str | None = None,
        resource_metadata: str | None = None,
        scopes: Collection[str] = (),
        header: str = "authorization",
        exclude: Collection[str] = (),
        preflights: bool = True,
        base_url: str | None = None,
        certificate_header: str | None = None,
        observe: Callable[[str, Any, float], object] | None = None,
        worker: str | None = None,
        describe: Callable[[Any], Mapping[str, Any]] | None = None,
    ) -> None:
        self._judge: Any = checked(judge)
        self._authorizes = hasattr(judge, "authorize")
        if isinstance(scopes, str) or isinstance(exclude, str):
            raise PolicyError("scopes and exclude are collections of strings: write ['read'], not 'read'")
        if self._authorizes and scopes:
            raise PolicyError("an Authorizer's rules decide about scopes: leave scopes out")
        if any(not path.startswith("/") or "*" in path.removesuffix("/*") for path in exclude):
            raise PolicyError("an excluded path begins with '/', and '*' stands only in a final '/*'")
        sender = getattr(judge, "sender", None)
        if isinstance(sender, DpopCheck):
            if not base_url or not re.fullmatch(r"https?://[!-~]+", base_url) or {"?", "#", "@"} & set(base_url):
                raise PolicyError(
                    "a DPoP proof names the URL that the client asked for: give base_url='https://api.example'"
                )
            if header.lower() != "authorization":
                raise PolicyError(
                    "a DPoP-bound token is in the Authorization header (RFC 9449 section 7.1): leave header out"
                )
        elif base_url is not None:
            raise PolicyError("base_url is for a judge with sender='dpop', and this one demands no DPoP proof")
        if certificate_header is not None and not (certificate_header and isinstance(sender, CertificateCheck)):
            raise PolicyError(
                "certificate_header names a header, for a judge with sender='mtls': another one looks at no certificate"
            )
        self._sender, self._base_url = sender, (base_url or "").rstrip("/")
        self._certificate_header, self._told = (certificate_header or "").lower(), False
        self.realm, self.resource_metadata = realm, resource_metadata
        self.scopes = frozenset(scopes)
        # Refuse values that a challenge cannot hold now, not at the first refusal.
        challenge(MissingToken(), realm=realm, resource_metadata=resource_metadata, scope=self.scopes or None)
        self._header, self._preflights = header.lower(), preflights
        self._exact = frozenset(path for path in exclude if not path.endswith("/*"))
        self._below = tuple(path[:-1] for path in exclude if path.endswith("/*"))
        self._observe, self._worker, self._describe = observe, worker, describe

    @property
    def asks_connection(self) -> bool:
        """Whether it needs the certificate of the connection's client."""
        return isinstance(self._sender, CertificateCheck) and not self._certificate_header

    def open(self, request: Received) -> bool:
        """Whether the request needs no token: an excluded path, or a CORS preflight, which never has credentials."""
        return self.excluded(request) or (self._preflights and preflight(request))

    def wanted(self, scopes: Collection[str]) -> frozenset[str]:
        """These scopes and those of every request. PolicyError for one str, and for any under an Authorizer."""
        if isinstance(scopes, str):
            raise PolicyError("scopes are a collection of strings: write ['read'], not 'read'")
        if self._authorizes and scopes:
            raise PolicyError("an Authorizer's rules decide about scopes: leave scopes out")
        return self.scopes.union(scopes)

    def excluded(self, request: Received) -> bool:
        """Whether the path is one that needs no token."""
        return request.path in self._exact or (request.path.startswith(self._below) and _plain(request.path))

    def authenticate(self, request: Received, scopes: Collection[str] = ()) -> Any:
        """Return the VerifiedJWT, or the Decision of an Authorizer, or raise Refused."""
        self.wanted(scopes)
        with self._observed() as seen:
            seen.append(self._authenticate(request, scopes))
            return seen[0]

    async def authenticate_async(self, request: Received, scopes: Collection[str] = ()) -> Any:
        """As `authenticate`, without blocking the event loop."""
        self.wanted(scopes)
        with self._observed() as seen:
            seen.append(await self._authenticate_async(request, scopes))
            return seen[0]

    @contextmanager
    def _observed(self) -> Iterator[list[Any]]:
        """Tell the observer the outcome of the block: the result in the list, or the exception."""
        seen: list[Any] = []
        if self._observe is None:
            yield seen
            return
        start = time.perf_counter()
        try:
            yield seen
        except Refused as refused:
            self._observe(refused.code, refused.decision, time.perf_counter() - start)
            raise
        self._observe("allowed", seen[0], time.perf_counter() - start)

    def _authenticate(self, request: Received, scopes: Collection[str]) -> Any:
        try:
            token, proof = self._credential(request), self._proof(request)
            if self._authorizes:
                result = self._allowed(self._judge.authorize(token, **self._context(request), **proof))
            else:
                result = self._judge.verify(token, **proof)
        except (InvalidToken, Unavailable) as error:
            raise self.refused(error, scopes) from None
        request.added[:] = _next_nonce(**proof)
        return self.demand(result, scopes)

    async def _authenticate_async(self, request: Received, scopes: Collection[str]) -> Any:
        try:
            token, proof = self._credential(request), self._proof(request)
            if self._authorizes:
                result = self._allowed(await self._judge.authorize_async(token, **self._context(request), **proof))
            else:
                result = await self._judge.verify_async(token, **proof)
        except (InvalidToken, Unavailable) as error:
            raise self.refused(error, scopes) from None
        request.added[:] = _next_nonce(**proof)
        return self.demand(result, scopes)

    def demand(self, result: Any, scopes: Collection[str]) -> Any:
        """Return what `authenticate` returned if the token has these scopes and those of every request, or raise Refused."""
        wanted = self.wanted(scopes)
        try:
            return result.require(*wanted) if wanted else result
        except InsufficientScope as error:
            raise self.refused(error, scopes) from None

    def refused(self, error: InvalidToken | Unavailable, scopes: Collection[str] = ()) -> Refused:
        """The answer to this error, which is logged by its code."""
        wanted = self.wanted(scopes) or None
        status, headers = challenge(error, realm=self.realm, resource_metadata=self.resource_metadata, scope=wanted)
        return self._logged(Refused(status, self._challenges(headers), error.code))

    def _challenges(self, headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers of a refusal, their challenges with the scheme that this server demands."""
        if not isinstance(self._sender, DpopCheck):
            return list(headers)
        algs = f'algs="{" ".join(self._sender.algorithms)}"'
        return [(name, _of_dpop(value, algs) if name == "WWW-Authenticate" else value) for name, value in headers]

    def _proof(self, request: Received) -> dict[str, Dpop | ClientCertificate]:
        """The sender proof that the verifier requires beside the token."""
        if self._sender is None:
            return {}
        if isinstance(self._sender, DpopCheck):
            # A path that is none, as `OPTIONS *` has, must not become a part of the host.
            path = request.path if request.url_path is None else request.url_path
            url = f"{self._base_url}/{quote(path.removeprefix('/'), safe=_IN_A_PATH, errors='replace')}"
            return {"sender": Dpop(request.values("dpop"), request.method, url)}
        if self.asks_connection:
            return {"sender": ClientCertificate(self._of_connection(request))}
        return {"sender": ClientCertificate(of_header(request.values(self._certificate_header)))}

    def _of_connection(self, request: Received) -> bytes | None:
        """The certificate of the connection's client."""
        with suppress(LookupError):
            if request.certificate:
                return request.certificate()
        if not self._told:
            self._told = True
            log.warning(
                "this server does not tell the application about the certificate of a connection, so every token is "
                "refused: see the page 'Mutual TLS' for servers that do, or name certificate_header behind a proxy"
            )
        return None

    def _credential(self, request: Received) -> str:
        values = request.values(self._header)
        if isinstance(self._sender, DpopCheck):
            values = [_without_dpop(value, self._sender) for value in values]
        if self._header != "authorization":
            if len(values) > 1:
                raise MalformedToken("the header of the token was sent more than once")
            if values and (request.values("authorization") or _names_a_token(request.query)):
                raise MalformedToken("there is another credential beside the one in the header of the token")
            return bearer([b"Bearer " + _octets(value) for value in values])
        if values and _names_a_token(request.query):
            raise MalformedToken("there is a credential in the query beside the one in the Authorization header")
        return bearer(values)

    def _context(self, request: Received) -> dict[str, Any]:
        context: dict[str, Any] = {} if self._worker is None else {"worker": self._worker}
        if self._describe:
            context["request"] = self._describe(request.native)
        return context

    def _allowed(self, decision: Any) -> Any:
        if decision.allowed:
            return decision
        status, headers = decision.challenge(realm=self.realm, resource_metadata=self.resource_metadata)
        refused = Refused(status, self._challenges(headers), decision.code)
        refused.decision = decision
        raise self._logged(refused)

    @staticmethod
    def _logged(refused: Refused) -> Refused:
        level = logging.WARNING if refused.status >= 500 else logging.INFO
        log.log(level, "%d %s", refused.status, refused.code, extra={"code": refused.code, "status": refused.status})
        return refused


def checked(judge: Judge) -> Judge:
    """The judge, or TypeError if it is none."""
    verifies = hasattr(judge, "verify") and hasattr(judge, "verify_async")
    if isinstance(judge, type) or not (hasattr(judge, "authorize") or verifies):
        raise TypeError("the judge must be a Verifier, Issuers or Authorizer; build it once, when the program starts")
    return judge


def require_authentication(
    token: VerifiedJWT,
    *,
    acr_values: Sequence[str] = (),
    max_age: float | None = None,
    leeway: float = 0,
    now: float | None = None,
) -> None:
    """Demand how and when the user authenticated, or raise InsufficientAuthentication (RFC 9470 section 3).

    `acr_values` are the values of `acr` of which the token must have one, the preferred first. `max_age` is in seconds,
    since `auth_time`, which is refused where it lies in the future; `leeway` is how far clocks may differ, in seconds.
    """
    if isinstance(acr_values, str | bytes):
        raise PolicyError("acr_values is a sequence of strings: write ['high'], not 'high'")
    if not (leeway >= 0 and (max_age is None or max_age >= 0)):
        raise PolicyError("max_age and leeway are seconds, 0 or more")
    at = token.get("auth_time")
    age = (time.time() if now is None else now) - at if isinstance(at, int | float) else None
    too_old = max_age is not None and (age is None or not -leeway <= age <= max_age + leeway)
    if (acr_values and token.get("acr") not in tuple(acr_values)) or too_old:
        raise InsufficientAuthentication(
            "the user must authenticate again", acr_values=tuple(acr_values), max_age=max_age
        )


def _without_dpop(value: str | bytes, check: DpopCheck) -> bytes:
    """The header as `bearer` reads it. A bound token that is sent as a bearer token is refused (RFC 9449 section 7.2)."""
    scheme, space, rest = _octets(value).partition(b" ")
    if scheme.lower() != b"dpop":
        raise SenderMismatch(
            "the scheme of the Authorization header must be DPoP", None, check.algorithms, token_at_fault=True
        )
    return b"Bearer" + space + rest


def _of_dpop(challenge: str, algs: str) -> str:
    """A challenge with the scheme DPoP and the algorithms of proofs (RFC 9449 section 7.1)."""
    scheme, space, rest = challenge.partition(" ")
    return challenge if scheme == "DPoP" else f"DPoP {rest}{', ' if space else ''}{algs}"


def _next_nonce(sender: Dpop | ClientCertificate | None = None) -> list[tuple[str, str]]:
    """The headers that hand out the next nonce (RFC 9449 section 8.2), which no cache may keep."""
    nonce = sender.next_nonce if isinstance(sender, Dpop) else None
    return [("DPoP-Nonce", nonce), ("Cache-Control", "no-store")] if nonce else []


def preflight(request: Received) -> bool:
    """Whether the request is a CORS preflight (Fetch, section 3.3.2), which no header makes another method."""
    asks = all(request.values(name) for name in ("origin", "access-control-request-method"))
    return asks and request.method == "OPTIONS" and not any(request.values(name) for name in _OTHER_METHODS)


def _plain(path: str) -> bool:
    """Whether the path leads to the same place for every server.

    It has no dot segment, empty segment, parameter, backslash, and no `%`, which may be decoded once more.
    """
    *folders, last = path[1:].split("/")
    return not ({"", ".", ".."} & set(folders) or last in {".", ".."} or {";", "%", "\\", "\0"} & set(path))


def _octets(value: str | bytes) -> bytes:
    """The bytes of a header. What is no text becomes `?`, which no token has."""
    return value.encode(errors="replace") if isinstance(value, str) else value


def _names_a_token(query: str | bytes) -> bool:
    """Whether the query has a parameter `access_token` (RFC 6750 section 2.3), however its name is escaped."""
    text = query.decode("latin-1") if isinstance(query, bytes) else query
    # Some servers separate parameters by `;` as well.
    pairs = parse_qsl(text.replace(";", "&"), keep_blank_values=True) if text else []
    return any(name == "access_token" for name, _ in pairs)
