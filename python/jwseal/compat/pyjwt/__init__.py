"""PyJWT's names over jwseal: `import jwseal.compat.pyjwt as jwt` instead of `import jwt` (PyJWT 2.15).

`encode`, `decode`, `decode_complete`, `get_unverified_header`, `PyJWT`, `PyJWS`, `PyJWK`, `PyJWKSet`, `PyJWKClient`, the
options, the exceptions and the warnings behave as PyJWT documents them; every exception is also one of `jwseal.errors`.
Methods that a subclass overrides or a test replaces are called where PyJWT calls them. Key text is read once and
remembered, so that code which passes PEM text to every call is fast as it stands. jwseal's own keys, external ones
included, are taken wherever PyJWT takes a key.

Where this compatibility layer differs from PyJWT, on purpose:

 1. The algorithm "none" (also `algorithm=None` without a PyJWK) signs nothing: `encode` raises NotImplementedError.
 2. "ES521", an unregistered alias of ES512, is refused.
 3. `register_algorithm` raises NotImplementedError: the algorithms are jwseal's closed list.
 4. An option that does not exist raises `jwseal.errors.PolicyError`; PyJWT ignores it.
 5. `algorithms` given as a str is one name; PyJWT looks for the header's `alg` inside the str.
 6. JSON in a token has one reading: duplicate members, NaN, Infinity, floats out of range, lone surrogates, a byte order
    mark and bytes that are not UTF-8 are a DecodeError; so are nesting over 32 levels, objects of over 1,024 members and
    integers of over 4,300 digits.
 7. A header has at most 4,096 bytes and 8 levels, a token at most 1 MiB; what is larger is a DecodeError.
 8. RSA keys below 2048 bits are an InvalidKeyError where PyJWT warns; so are other keys that jwseal refuses (moduli
    over 8192 bits or with the ROCA weakness, low-order Ed25519 and Ed448 points) and text of an RSA key that is
    restricted to RSASSA-PSS, with RS256, RS384 and RS512.
 9. A JWK's private half must belong to its public one. A JWK of kty oct without "k" is an InvalidKeyError, not a
    KeyError; JWK text that is not strict JSON is an InvalidKeyError, text of a JWK Set a PyJWKSetError, that of a JWKS
    endpoint a PyJWKClientError, not a JSONDecodeError, which would hold the text. `PyJWK` copies the dict that it is given.
10. Key text is refused as an HMAC secret in more encodings than PyJWT knows, and in parts: the mark where a PEM begins
    or a JWK's "kty" is enough.
11. A private RSA key verifies with its public half, as private EC and Ed25519 keys do in PyJWT too; a public key that is
    to sign, text that is no key or has no UTF-8 form and an encrypted private key are an InvalidKeyError. PyJWT leaks
    AttributeError, UnicodeError, TypeError, UnsupportedAlgorithm and, for EC and Edwards keys, ValueError.
12. Messages of PyJWK's exceptions do not show the JWK, and characters of a token that are not printable are escaped in
    messages.
13. `PyJWKClient`'s timeout is for a whole fetch and not for each read, and a response has at most 1 MiB; more is a
    PyJWKClientConnectionError, and so is a connection that breaks off, where PyJWT leaks ConnectionResetError.
14. An `alg` that is no string is InvalidAlgorithmError. With `algorithms` as a set or a str, PyJWT raises TypeError.
15. A key object of another family than that of the token's `alg` is an InvalidKeyError, which is a TypeError as well. For
    RSA, EC and HMAC algorithms, PyJWT raises a TypeError that is none of its exceptions.
"""

from jwseal.compat.pyjwt.api_jwk import PyJWK, PyJWKSet
from jwseal.compat.pyjwt.api_jws import (
    PyJWS,
    get_algorithm_by_name,
    get_unverified_header,
    register_algorithm,
    unregister_algorithm,
)
from jwseal.compat.pyjwt.api_jwt import PyJWT, decode, decode_complete, encode
from jwseal.compat.pyjwt.exceptions import (
    DecodeError,
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAlgorithmError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidKeyError,
    InvalidSignatureError,
    InvalidTokenError,
    MissingRequiredClaimError,
    PyJWKClientConnectionError,
    PyJWKClientError,
    PyJWKError,
    PyJWKSetError,
    PyJWTError,
)
from jwseal.compat.pyjwt.jwks_client import PyJWKClient
from jwseal.compat.pyjwt.warnings import InsecureKeyLengthWarning

__all__ = [
    "DecodeError",
    "ExpiredSignatureError",
    "ImmatureSignatureError",
    "InsecureKeyLengthWarning",
    "InvalidAlgorithmError",
    "InvalidAudienceError",
    "InvalidIssuedAtError",
    "InvalidIssuerError",
    "InvalidKeyError",
    "InvalidSignatureError",
    "InvalidTokenError",
    "MissingRequiredClaimError",
    "PyJWK",
    "PyJWKClient",
    "PyJWKClientConnectionError",
    "PyJWKClientError",
    "PyJWKError",
    "PyJWKSet",
    "PyJWKSetError",
    "PyJWS",
    "PyJWT",
    "PyJWTError",
    "decode",
    "decode_complete",
    "encode",
    "get_algorithm_by_name",
    "get_unverified_header",
    "register_algorithm",
    "unregister_algorithm",
]

# The version of PyJWT whose behaviour this is; code that asks for `jwt.__version__` wants to know that.
__version__ = "2.15.1"
