"""JWS without JWT: sign and verify octets of any kind (RFC 7515, RFC 7797).

    token = jws.sign(b"...", key)
    jws.verify(token, key.verifying_key).payload

There is no policy here: a verified payload is what the key's owner signed, and nothing more is known about it. For
tokens with claims use `jwseal.Signer` and `jwseal.Verifier`. A compact JWS is text, `sign_json` makes an object
with any number of signatures. With `detached=True` the payload travels apart and is handed to `verify` as `payload`;
it may then be a file of any size.
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
