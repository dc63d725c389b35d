"""FastMCP: a TokenVerifier and the provider that publishes the metadata of RFC 9728.

    tokens = JWTVerifier(verifier, base_url="https://tools.example")
    server = FastMCP("tools", auth=provider(tokens, issuer="https://id.example"))
    app = protect(server.http_app(), tokens, resource="https://tools.example/mcp")

`protect` is that of `jwseal.adapters.mcp`, which says why it stands in front.
"""

from __future__ import annotations

from typing import Any

from fastmcp.server.auth import AccessToken, RemoteAuthProvider, TokenVerifier
from pydantic import AnyHttpUrl

from jwseal.adapters.mcp import access_token, protect, verified
from jwseal.adapters.resource_server import Judge, checked

__all__ = ["JWTVerifier", "protect", "provider"]


class JWTVerifier(TokenVerifier):
    """FastMCP's TokenVerifier over a Verifier, Issuers or Authorizer. The other arguments are FastMCP's."""

    def __init__(self, judge: Judge, **options: Any) -> None:
        super().__init__(**options)
        self.judge = checked(judge)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the access token, or None if it is refused."""
        result = await verified(self.judge, token)
        return None if result is None else AccessToken(**access_token(token, result))


def provider(tokens: JWTVerifier, *, issuer: str, **options: Any) -> RemoteAuthProvider:
    """The provider of a server whose tokens this issuer makes. The other arguments are those of RemoteAuthProvider."""
    base = options.pop("base_url", tokens.base_url)
    if base is None:
        raise TypeError("the metadata of RFC 9728 needs the server's URL: JWTVerifier(..., base_url=...)")
    return RemoteAuthProvider(tokens, [AnyHttpUrl(issuer)], base, **options)
