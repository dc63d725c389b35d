"""JWS without JWT: sign and verify any bytes (RFC 7515, RFC 7797).

    token = jws.sign(b"...", key)
    jws.verify(token, key.verifying_key).payload

There is no policy: a verified payload was signed by the key's owner, and nothing else is checked. For tokens with claims use
`jwseal.Signer` and `jwseal.Verifier`. A compact JWS is a str; `sign_json` returns a dict with one or more signatures. With
`detached=True` the JWS does not hold the payload, and `verify` takes it as `payload`; it can be a file of any size.
"""

from jwseal._native import Signature, SignatureReport, Unverified, UnverifiedSignature, VerifiedJWS
from jwseal._native import jws_parse as parse
from jwseal._native import jws_sign as sign
from jwseal._native import jws_sign_json as sign_json
from jwseal._native import jws_verify as verify
from jwseal._native import jws_verify_json as verify_json

__all__ = [
    "Signature",
    "SignatureReport",
    "Unverified",
    "UnverifiedSignature",
    "VerifiedJWS",
    "parse",
    "sign",
    "sign_json",
    "verify",
    "verify_json",
]
