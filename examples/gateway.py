"""A gateway's check as ASGI middleware: 401 with the code for a bad token, 503 while keys cannot be fetched, 403 without the scope.

Standard library only; any ASGI server runs it (`uvicorn examples.gateway:application`). Run as a program it answers three
requests to itself.
"""

import asyncio
import json

from jwseal import InvalidToken, KeySet, Policy, Signer, SigningKey, Unavailable, Verifier, bearer

# In production: KeySet.from_jwks(text of the issuer's JWK Set).
issuer_key = SigningKey.generate("ES256", kid="2026-a")
verifier = Verifier(
    KeySet([issuer_key.verifying_key]),
    Policy(issuer="https://id.example", audience="https://api.example", typ="at+jwt", leeway=5),
)


class RequireToken:
    """Lets requests through whose bearer token is valid and has the scope; the application finds it in the scope's state."""

    def __init__(self, application, verifier, scope_needed):
        self.application, self.verifier, self.scope_needed = application, verifier, scope_needed

    async def __call__(self, scope, receive, send):
        authorization = [value for name, value in scope["headers"] if name == b"authorization"]
        try:
            verified = self.verifier.verify(bearer(authorization))
        except (InvalidToken, Unavailable) as refusal:
            await answer(send, refusal.http_status, {"code": refusal.code})
        else:
            if self.scope_needed not in verified.scopes:
                await answer(send, 403, {"error": "insufficient_scope"})
                return
            scope.setdefault("state", {})["token"] = verified
            await self.application(scope, receive, send)


async def orders(scope, receive, send):
    """The application behind the gateway."""
    await answer(send, 200, {"orders of": scope["state"]["token"]["sub"]})


async def answer(send, status, body):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


application = RequireToken(orders, verifier, "orders:read")


async def main():
    sign = Signer(issuer_key, typ="at+jwt", issuer="https://id.example", expires_in=300).sign
    good = sign({"sub": "alice", "aud": "https://api.example", "scope": "orders:read"})
    narrow = sign({"sub": "alice", "aud": "https://api.example", "scope": "profile"})
    for name, token in (("good", good), ("narrow", narrow), ("tampered", good[:-6] + "AAAAAA")):
        sent = []

        async def send(message, sent=sent):
            sent.append(message)

        await application({"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]}, None, send)
        print(name, sent[0]["status"], sent[1]["body"].decode())


if __name__ == "__main__":
    asyncio.run(main())
