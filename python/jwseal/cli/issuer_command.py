"""The command `serve-jwks`: an issuer for development, which publishes a JWK Set and signs tokens on this machine.

It is a `FakeIssuer`, whose keys are made when it starts and forgotten when it ends. It listens on 127.0.0.1 only, and anyone on
the machine can read the tokens that it prints: it protects nothing.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Annotated, Any

from typer import Option

from jwseal.cli import arguments
from jwseal.cli.answer import answering, remark, write, write_json
from jwseal.cli.arguments import Json, Texts
from jwseal.errors import InvalidKey
from jwseal.types import algorithm


def serve_jwks(
    alg: Annotated[str, Option("--alg", metavar="ALG", help="The algorithm of its keys.")] = "ES256",
    kid: Annotated[str, Option("--kid", metavar="ID", help="The identifier of its first key.")] = "key-1",
    audience: Annotated[str, Option("--audience", metavar="AUD", help="The audience of its tokens.")] = "api",
    claim: Annotated[Texts, Option("--claim", "-c", metavar="NAME=VALUE", help="A claim of its tokens.")] = None,
    expires_in: Annotated[str, Option("--expires-in", metavar="SPAN", help="How long its tokens are valid.")] = "15m",
    port: Annotated[
        int, Option("--port", metavar="PORT", help="The port on 127.0.0.1; 0 is a free one.", min=0, max=65535)
    ] = 0,
    as_json: Json = False,
) -> None:
    """Serve a JWK Set for development, and print tokens.

    Standard input takes commands, one a line: an empty line prints a token, rotate publishes a new key and signs with it.
    It ends at the end of standard input, or with Ctrl-C. Nothing that it signs protects anything.

    Examples:
    jwseal serve-jwks --audience orders --claim scope=orders:read

    jwseal serve-jwks --port 8080 --alg RS256
    """
    with answering(as_json=as_json):
        from jwseal.testing import FakeIssuer

        if alg.startswith("HS"):
            raise InvalidKey(
                "an HMAC secret is never published: give --alg ES256, RS256, EdDSA or another with a public key"
            )
        claims = arguments.pairs(claim or (), "--claim")
        lifetime = arguments.span(expires_in, "--expires-in")
        with FakeIssuer(alg=algorithm(alg), kid=kid, audience=audience, port=port) as issuer:
            _announce(issuer, audience, as_json=as_json)
            with suppress(KeyboardInterrupt):
                _serve(issuer, claims, lifetime)


def _announce(issuer: Any, audience: str, *, as_json: bool) -> None:
    facts = {"issuer": issuer.url, "jwks_uri": issuer.jwks_uri, "audience": audience, "kid": issuer.kid}
    if as_json:
        write_json(facts, indent=None)
        return
    for name, value in facts.items():
        remark(f"{name:<9} {value}")
    remark("FOR DEVELOPMENT: anyone on this machine can read its tokens; Enter prints one, rotate makes a new key")


def _serve(issuer: Any, claims: dict[str, Any], lifetime: float) -> None:
    """Print a token now and for each empty line, and do what other lines say."""
    write(issuer.token(claims, expires_in=lifetime))
    for line in sys.stdin or ():
        match line.strip():
            case "":
                write(issuer.token(claims, expires_in=lifetime))
            case "rotate":
                remark(f"kid       {issuer.rotate()}")
            case other:
                remark(f"no such command: {other[:40]!r}; an empty line prints a token, rotate makes a new key")
