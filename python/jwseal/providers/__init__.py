"""Verifiers for the tokens of identity providers, each with what its tokens must say, and the rules of ID tokens.

    from jwseal import providers

    verifier = providers.entra("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", audience="6e74172b-be56-4843-9ff4-e66a39bb12e3")
    token = verifier.verify(access_token)

`verify_id_token` adds to any verifier what OpenID Connect demands of an ID token: the nonce, the authorized party and the
hash of the access token.
"""

from jwseal.providers.id_token import verify_id_token, verify_id_token_async

__all__ = ["verify_id_token", "verify_id_token_async"]
