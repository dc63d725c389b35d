"""A drop-in for `authlib.jose`: change the import line, keep the code.

    from authlib.jose import JsonWebSignature, JsonWebToken, jwt, JsonWebKey, KeySet, errors     # before
    from jwseal.compat.authlib import JsonWebSignature, JsonWebToken, jwt, JsonWebKey, KeySet, errors

Arguments, results and error classes are Authlib's (1.9); every error is also one of `jwseal.errors`, and where Authlib let a bare ValueError
or TypeError out, the error is that as well as a `JoseError` (an `alg` that is no text is an UnsupportedAlgorithmError). KeyError and
AttributeError, which it let out for None and for key objects of another type, are an InvalidKeyError. Signatures
are made and verified by jwseal. There is no encryption (JWE).

What differs on purpose. Tokens:

1.  Base64url is canonical, in tokens and JWKs: no padding, no `+` `/`, no stray octets, no set bits left over.
2.  JSON is strict and bounded: duplicate members, NaN, lone surrogates, nesting over 32 (header 8), a header over 4096 octets and a JSON form
    with more than 8 signatures or with members of both forms are refused.
3.  The signature is verified before `decode` sees the payload. Only where the key is a callable, which is promised the decoded payload, does
    `decode` run first.
4.  `alg` and `crit` count in the protected header only; a name in both headers is refused, and so is a registered name or an empty list in
    `crit`. Registered parameters have their registered JSON type. `b64: false` is refused.
5.  `none` is used only where the caller lists it, and warns (`errors.InsecureAlgorithmWarning`).
6.  `algorithms` given as a string refuses every token; Authlib looked for a part of the text.
7.  `register_algorithm` refuses and says what to do instead. The algorithm objects of `ALGORITHMS_REGISTRY` prepare keys, but their `sign`
    and `verify` raise NotImplementedError.

Keys:

8.  Text that holds a PEM, SSH key, certificate, JWK or SPKI, in any encoding, is refused as an HMAC secret.
9.  A secret shorter than the hash's output warns (`errors.InsecureKeyWarning`); an empty one is refused.
10. RSA moduli under 2048 bits, points off their curve, low-order Edwards points and mismatched key pairs are refused.
11. `KeySet`, JWK Sets as dicts, and jwseal's own keys are accepted as keys. JWKs of unknown kty in a set are skipped.
12. EC members are written at full width; Authlib dropped leading zeros. Such short ones are still read.

The rest:

13. `JsonWebToken.encode` leaves the caller's header and payload as they were; header rules apply when signing too.
14. Options of claims are applied wherever they are given: to falsy values of `aud`, to times, to `value` and `values` that are empty. Values
    are compared with their JSON type, and an option that cannot be applied raises (`errors.ClaimsOptionError`). Authlib skipped these.
15. A key read from a JWK dict keeps a copy, and does not change with the dict.
"""

from jwseal.compat.authlib import errors
from jwseal.compat.authlib.algorithm import JWSAlgorithm
from jwseal.compat.authlib.claims import BaseClaims, JWTClaims
from jwseal.compat.authlib.errors import JoseError
from jwseal.compat.authlib.header import JWSHeader, JWSObject
from jwseal.compat.authlib.json_web_signature import JsonWebSignature
from jwseal.compat.authlib.json_web_token import JsonWebToken, jwt
from jwseal.compat.authlib.key import Key, OctKey
from jwseal.compat.authlib.key_pair import ECKey, OKPKey, RSAKey
from jwseal.compat.authlib.key_set import JsonWebKey, KeySet

__all__ = [
    "BaseClaims",
    "ECKey",
    "JWSAlgorithm",
    "JWSHeader",
    "JWSObject",
    "JWTClaims",
    "JoseError",
    "JsonWebKey",
    "JsonWebSignature",
    "JsonWebToken",
    "Key",
    "KeySet",
    "OKPKey",
    "OctKey",
    "RSAKey",
    "errors",
    "jwt",
]
