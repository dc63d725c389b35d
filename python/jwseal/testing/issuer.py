"""`FakeIssuer`: an issuer of tokens with a real HTTP server, for tests.

It publishes a JWK Set (RFC 7517 section 5) and its metadata, as OpenID Connect Discovery 1.0 section 4 and as RFC 8414
section 3 have it, signs tokens, rotates its keys, and fails in the ways in which real endpoints fail. Many issuers can
share one server under paths of their own. It has no login, no token endpoint, and no secret worth keeping.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from jwseal import SecretKey, SigningKey, insecure
from jwseal._encoding import base64url_encode
from jwseal.testing.answer import Answer
from jwseal.testing.server import Gate, Request, Response, Server

if TYPE_CHECKING:
    from jwseal.types import Algorithm

__all__ = ["FakeIssuer"]

_NOT_FOUND = Answer(404, body=b'{"error":"not_found"}')
_AS_USUAL = Answer()


class FakeIssuer:
    """An issuer on this machine, `http://127.0.0.1:PORT` and a path.

    path      what follows the port in its name, `/tenant-1` for example; none unless told otherwise
    alg       the algorithm of its first key; None starts without keys
    kid       the first key's kid
    audience  the `aud` of its tokens
    clock     what gives the time of its tokens, in seconds
    tls       the server's SSLContext; None is plain HTTP
    port      where it listens; 0 is a free port

    Use it in a `with` statement, or call `start` and `close`. `headers` are sent with the JWK Set and the metadata, such
    as {"Cache-Control": "max-age=60"}; `conditional` names those of ETag and Last-Modified that are sent and answered with
    304. `metadata` holds members that are added to the metadata or replace its own; `...` leaves one out.
    """

    def __init__(
        self,
        *,
        path: str = "",
        alg: Algorithm | None = "ES256",
        kid: str = "key-1",
        audience: str | list[str] = "api",
        clock: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        _beside: FakeIssuer | None = None,
    ) -> None:
        if path and (not path.startswith("/") or path.endswith("/")):
            raise ValueError("path starts with a slash and does not end with one")
        self.path = path
        self.audience = audience
        self.clock = clock
        self.headers: dict[str, str] = {}
        self.metadata: dict[str, Any] = {}
        self.conditional: tuple[str, ...] = ()
        self._versions: dict[str, tuple[bytes, int]] = {}
        self._lock = threading.Lock()
        self._keys: dict[str, SigningKey | SecretKey] = {}
        self._published: dict[str, dict[str, Any]] = {}
        self._extra: list[object] = []
        self._documents: dict[str, tuple[bytes, dict[str, str]]] = {}
        self._answers: dict[str, list[tuple[Answer, Gate | None, int | None]]] = {}
        self._issuers: list[FakeIssuer] = [] if _beside is None else _beside._issuers
        self._issuers.append(self)
        self._server: Server = Server(self._respond, tls) if _beside is None else _beside._server
        self._server.port = port or self._server.port
        self.kid = kid
        if alg is not None:
            self.add_key(alg, kid)

    def another(self, path: str, **options: Any) -> FakeIssuer:
        """A second issuer on the same server, under another path, with keys of its own."""
        return FakeIssuer(path=path, _beside=self, **options)

    # The server.

    def start(self) -> Self:
        """Listen on 127.0.0.1: on a free port the first time, on the same one later."""
        self._server.start()
        return self

    def close(self) -> None:
        """Stop: connections are refused until `start` is called again."""
        self._server.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        where = self.url if self._server.port else "not started"
        return f"<FakeIssuer {where}: {len(self._published)} keys>"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return self._server.origin

    @property
    def url(self) -> str:
        """The name of the issuer: the `iss` of its tokens."""
        return self.origin + self.path

    @property
    def jwks_uri(self) -> str:
        """Where the JWK Set is."""
        return self.url + "/jwks"

    @property
    def requests(self) -> list[Request]:
        """Every request that the server received, those for other issuers on it included."""
        return self._server.requests

    @property
    def connections(self) -> int:
        """How many connections were made to the server."""
        return self._server.connections

    def count(self, path: str = "/jwks") -> int:
        """How many requests came for a path of this issuer."""
        return sum(request.path == self._full(path) for request in list(self.requests))

    # Keys.

    def add_key(
        self,
        alg: Algorithm = "ES256",
        kid: str | None = None,
        *,
        key: SigningKey | SecretKey | None = None,
        publish: bool = True,
        members: Mapping[str, Any] | None = None,
    ) -> str:
        """Make a key, publish it, and return its kid. The issuer goes on signing with the key it uses.

        `key` takes one that exists; `members` change the published JWK (`...` leaves a member out). A secret for HMAC is
        never published.
        """
        kid = kid or f"key-{len(self._keys) + 1}"
        if key is None:
            make = SecretKey.generate if alg.startswith("HS") else SigningKey.generate
            key = make(alg, kid=kid)
        self._keys[kid] = key
        if publish and isinstance(key, SigningKey):
            jwk = {**key.verifying_key.to_jwk(), "kid": kid, "alg": key.alg, "use": "sig", **(members or {})}
            self._published[kid] = {name: value for name, value in jwk.items() if value is not ...}
        return kid

    def use(self, kid: str) -> None:
        """Sign with this key from now on."""
        if kid not in self._keys:
            raise KeyError(kid)
        self.kid = kid

    def rotate(self, alg: Algorithm | None = None, kid: str | None = None) -> str:
        """Publish a new key beside the old ones and sign with it; returns its kid."""
        self.kid = self.add_key(alg or self.key().alg, kid)
        return self.kid

    def withdraw(self, kid: str) -> None:
        """Take a key out of the JWK Set. `token(kid=...)` still signs with it."""
        del self._published[kid]

    def key(self, kid: str | None = None) -> SigningKey | SecretKey:
        """The private key of this kid, or the one in use."""
        return self._keys[kid or self.kid]

    def publish(self, *members: object) -> None:
        """Put these values into the array `keys` after the issuer's own, in place of those put there before."""
        self._extra = list(members)

    def publish_duplicate_kid(self) -> None:
        """Publish a second, different key under the kid in use."""
        other = SigningKey.generate(self.key().alg, kid=self.kid).verifying_key.to_jwk()
        self.publish({**other, "kid": self.kid, "alg": self.key().alg})

    def publish_private_key(self, kid: str = "private") -> None:
        """Publish a JWK with its private members, and an HMAC secret."""
        secret = SecretKey.generate("HS256", kid=f"{kid}-secret")
        self.publish(SigningKey.generate("ES256", kid=kid).to_private_jwk(), secret.to_private_jwk())

    def publish_unknown_kty(self, kid: str = "unknown") -> None:
        """Publish a JWK of a kty that does not exist."""
        self.publish({"kty": "XYZ", "kid": kid, "x": "AA"})

    # Tokens.

    def token(
        self,
        claims: Mapping[str, Any] | None = None,
        /,
        *,
        sub: Any = "alice",
        audience: Any = None,
        expires_in: float = 300,
        kid: str | None = None,
        key: SigningKey | SecretKey | None = None,
        headers: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """A signed JWT: iss, sub, aud, iat and exp, changed by `claims` and by keyword. `...` leaves a claim out.

        `kid` chooses one of the issuer's keys, withdrawn ones included, `key` any other. `headers` change the header,
        whose members are alg, kid and typ; `...` leaves one out. Nothing is judged, so that wrong tokens can be made.
        """
        now = int(self.clock())
        signing = key or self.key(kid)
        header = {"alg": signing.alg, "typ": "JWT", "kid": kid or (signing.kid if key else self.kid), **(headers or {})}
        body = {"iss": self.url, "sub": sub, "aud": self.audience if audience is None else audience}
        body |= {"iat": now, "exp": now + int(expires_in), **(claims or {}), **more}
        signed = b".".join(_segment(part) for part in (header, body))
        return (signed + b"." + base64url_encode(insecure.sign_bytes(signed, signing))).decode()

    # What is served.

    def jwks(self) -> dict[str, Any]:
        """The JWK Set as it is published now."""
        return {"keys": [*self._published.values(), *self._extra]}

    def discovery(self) -> dict[str, Any]:
        """The metadata as it is published now."""
        algs = sorted({self._keys[kid].alg for kid in self._published})
        document = {
            "issuer": self.url,
            "jwks_uri": self.jwks_uri,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algs,
            **self.metadata,
        }
        return {name: value for name, value in document.items() if value is not ...}

    def serve(self, path: str, body: bytes | str | Mapping[str, Any], headers: Mapping[str, str] | None = None) -> str:
        """Serve a document of the caller's under a path of this issuer, and return its URL."""
        if isinstance(body, Mapping):
            body = json.dumps(body)
        document = body.encode() if isinstance(body, str) else bytes(body)
        self._documents[path] = (document, dict(headers or {"Content-Type": "application/json"}))
        return self.url + path

    def reply(self, answer: Answer, *, to: str = "/jwks", times: int | None = None) -> None:
        """Answer requests for a path this way: the next `times` ones, or all until `recover`. Calls add up, in order."""
        self._answers.setdefault(to, []).append((answer, None, times))

    def hold(self, *, to: str = "/jwks") -> Gate:
        """Hold the responses for a path back at a gate, until it is opened or left as a context manager."""
        gate = Gate()
        self._answers.setdefault(to, []).append((_AS_USUAL, gate, None))
        return gate

    def recover(self) -> None:
        """Answer as an issuer should. Requests that a gate holds are let through."""
        held = [gate for queue in self._answers.values() for _, gate, _ in queue if gate is not None]
        self._answers.clear()
        for gate in held:
            gate.open()

    def _full(self, path: str) -> str:
        """Where a path of this issuer is on the server: RFC 8414 metadata stands before the issuer's own path."""
        return path + self.path if path == "/.well-known/oauth-authorization-server" else self.path + path

    def _respond(self, request: Request) -> Response:
        """What the server asks, for every issuer on it."""
        target = request.path.partition("?")[0]
        for issuer in self._issuers:
            for path, render in issuer._pages().items():
                if issuer._full(path) == target:
                    return issuer._answered(path, *render(), request)
        for issuer in self._issuers:
            for path in issuer._answers:
                if issuer._full(path) == target:
                    return issuer._answered(path, b"", {}, request)
        return Response(b"", {"Content-Type": "application/json"}, _NOT_FOUND, None)

    def _pages(self) -> dict[str, Callable[[], tuple[bytes, dict[str, str]]]]:
        pages: dict[str, Callable[[], tuple[bytes, dict[str, str]]]] = {
            "/jwks": lambda: self._document(self.jwks(), "application/jwk-set+json"),
            "/.well-known/openid-configuration": lambda: self._document(self.discovery(), "application/json"),
            "/.well-known/oauth-authorization-server": lambda: self._document(self.discovery(), "application/json"),
        }
        for path, held in list(self._documents.items()):
            pages[path] = lambda held=held: (held[0], {**held[1], **self.headers})  # type: ignore[misc]
        return pages

    def _document(self, document: Mapping[str, Any], content_type: str) -> tuple[bytes, dict[str, str]]:
        return json.dumps(document).encode(), {"Content-Type": content_type, **self.headers}

    def _answered(self, path: str, document: bytes, headers: dict[str, str], request: Request) -> Response:
        with self._lock:
            answer, gate = self._next(path)
            version = self._version(path, document)
        if self.conditional and answer is _AS_USUAL:
            own = {name: value for name, value in version.items() if name in self.conditional}
            headers = {**headers, **own}
            asked = {"ETag": request.headers.get("if-none-match")}
            if asked["ETag"] is None:  # RFC 9110 section 13.2.2
                asked = {"Last-Modified": request.headers.get("if-modified-since")}
            if any(own.get(name) == value for name, value in asked.items() if value is not None):
                answer = Answer(304)
        return Response(document, headers, answer, gate)

    def _version(self, path: str, document: bytes) -> dict[str, str]:
        """The validators of a document: each change of it is a new ETag and a Last-Modified one second later."""
        digest = hashlib.sha256(document).digest()
        last, changed = self._versions.get(path, (digest, 1_700_000_000))
        changed += last != digest
        self._versions[path] = digest, changed
        return {"ETag": f'"{digest.hex()[:16]}"', "Last-Modified": formatdate(changed, usegmt=True)}

    def _next(self, path: str) -> tuple[Answer, Gate | None]:
        queue = self._answers.get(path)
        if not queue:
            return _AS_USUAL, None
        answer, gate, times = queue[0]
        if times == 1:
            queue.pop(0)
        elif times is not None:
            queue[0] = (answer, gate, times - 1)
        return answer, gate


def _segment(part: Mapping[str, Any]) -> bytes:
    return base64url_encode(json.dumps({name: value for name, value in part.items() if value is not ...}).encode())
