"""The MCP SDK: a TokenVerifier, and middleware in front of the server's application (MCP authorization; RFC 6750, RFC 9728).

    tokens = JWTVerifier(verifier)
    server = MCPServer("tools", token_verifier=tokens, auth=AuthSettings(issuer_url=..., resource_server_url=URL, ...))
    app = protect(server.streamable_http_app(), tokens, resource=URL)

The SDK hands a token verifier the token of the first Authorization header and asks for None or an access token, so that by itself
it cannot see a second header, and answers 401 when keys cannot be fetched. `protect` sees the whole request and answers as
every adapter does; the SDK then gets the result of that verification. It leaves the metadata of RFC 9728 to the SDK.

A token that is bound to a key (RFC 9449, RFC 8705) is refused unless `protect` has checked its sender: a token verifier sees no
proof. The SDK knows the scheme Bearer alone, so that behind `protect` it reads the scheme DPoP as that.
"""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

from mcp.server.auth.provider import AccessToken

from jwseal import InvalidToken, SenderMismatch, Unavailable
from jwseal.adapters.asgi import JWTMiddleware, Message, Receive, Scope, Send, route_of
from jwseal.adapters.asgi import token as token_of
from jwseal.adapters.resource_server import Judge, checked
from jwseal.sender import DpopCheck, names_a_key

__all__ = ["JWTVerifier", "access_token", "metadata_url", "protect", "verified"]

log = logging.getLogger("jwseal.adapters")
# The token that `protect` has verified in this request, and its result.
_verified: ContextVar[tuple[str, Any] | None] = ContextVar("jwseal_mcp", default=None)
WELL_KNOWN = "/.well-known/oauth-protected-resource"


class JWTVerifier:
    """The SDK's TokenVerifier over a Verifier, Issuers or Authorizer."""

    def __init__(self, judge: Judge) -> None:
        self.judge = checked(judge)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the access token, or None if it is refused."""
        result = await verified(self.judge, token)
        return None if result is None else AccessToken(**access_token(token, result))


async def verified(judge: Any, token: str) -> Any:
    """The VerifiedJWT or Decision, which `protect` may have made already; None for a refused token, with a log entry."""
    known = _verified.get()
    try:
        if known and known[0] == token:
            result = known[1]
        elif hasattr(judge, "authorize_async"):
            result = await judge.authorize_async(token)
            if not result.allowed:
                return _refused(result)
        else:
            result = await judge.verify_async(token)
        if getattr(judge, "sender", None) is None and names_a_key(result.claims.get("cnf")):
            raise SenderMismatch("the token is bound to a key, and the judge was made without sender=", "cnf")
    except (InvalidToken, Unavailable) as error:
        return _refused(error)
    return result


def _refused(reason: Any) -> None:
    log.info("mcp %s", reason.code, extra={"code": reason.code, "status": reason.http_status})


def access_token(token: str, result: Any) -> dict[str, Any]:
    """What the SDK's AccessToken holds (RFC 9068 section 2.2): `client_id`, else `azp`, else the subject."""
    claims = result.claims
    client = next((claims[name] for name in ("client_id", "azp", "sub") if isinstance(claims.get(name), str)), "")
    audience = claims.get("aud")
    resource = audience[0] if isinstance(audience, list) and len(audience) == 1 else audience
    return {
        "token": token,
        "client_id": client,
        "scopes": sorted(result.scopes),
        "expires_at": None if result.expires_at is None else int(result.expires_at),
        "resource": resource if isinstance(resource, str) else None,
        "subject": claims.get("sub"),
        "claims": claims,
    }


def protect(app: Any, tokens: Any, *, resource: str, **options: Any) -> JWTMiddleware:
    """Put the verification in front of an MCP server's application.

    `tokens` is the JWTVerifier of the server, `resource` the server's URL, as in its metadata. The other arguments are those of
    `ResourceServer`; `base_url` is that of `resource`.
    """
    sender = getattr(tokens.judge, "sender", None)
    header = options.get("header", "authorization").lower().encode("latin-1")

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        reset = None
        if "jwseal.token" in scope:
            # The header that was verified has one value.
            text = next(value for name, value in scope["headers"] if name.lower() == header)
            token = (text.partition(b" ")[2] if header == b"authorization" else text).strip()
            reset = _verified.set((token.decode("latin-1"), token_of(scope)))
            others = [(name, value) for name, value in scope["headers"] if name.lower() != b"authorization"]
            scope = {**scope, "headers": [(b"authorization", b"Bearer " + token), *others]}
        elif isinstance(sender, DpopCheck) and scope["type"] == "http" and route_of(scope).startswith(WELL_KNOWN):
            send = _describing(sender, send)
        try:
            await app(scope, receive, send)
        finally:
            if reset:
                _verified.reset(reset)

    options.setdefault("resource_metadata", metadata_url(resource))
    if isinstance(sender, DpopCheck):
        options.setdefault("base_url", "{0.scheme}://{0.netloc}".format(urlsplit(resource)))
    options["exclude"] = [*options.get("exclude", ()), WELL_KNOWN, f"{WELL_KNOWN}/*"]
    return JWTMiddleware(noted, tokens.judge, **options)


def _describing(sender: DpopCheck, send: Send) -> Send:
    """What adds to the metadata that DPoP is required, and its algorithms (RFC 9728 section 2)."""
    held: list[Message] = []
    demands = {
        "dpop_signing_alg_values_supported": list(sender.algorithms),
        "dpop_bound_access_tokens_required": True,
    }

    async def describing(message: Message) -> None:
        held.append(message)
        if message["type"] == "http.response.start" or message.get("more_body"):
            return
        body = b"".join(part.get("body", b"") for part in held)
        if held[0]["status"] == 200:
            body = json.dumps({**json.loads(body), **demands}).encode()
        headers = [(name, value) for name, value in held[0]["headers"] if name.lower() != b"content-length"]
        await send({**held[0], "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    return describing


def metadata_url(resource: str) -> str:
    """Where the metadata of a protected resource is (RFC 9728 section 3.1)."""
    parts = urlsplit(resource)
    return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{parts.path.rstrip('/')}"
