"""JWS without JWT: sign and verify octets of any kind (RFC 7515, RFC 7797).

    token = jws.sign(b"...", key)
    jws.verify(token, key.verifying_key).payload

There is no policy here: a verified payload is what the key's owner signed, and nothing more is known about it. For
tokens with claims use `jwseal.Signer` and `jwseal.Verifier`. A compact JWS is text; with `detached=True` the payload
travels apart and is handed to `verify(..., payload=...)`.
"""

from jwseal._native import Unverified, VerifiedJWS
from jwseal._native import jws_parse as parse
from jwseal._native import jws_sign as sign
from jwseal._native import jws_verify as verify

__all__ = ["Unverified", "VerifiedJWS", "parse", "sign", "verify"]
