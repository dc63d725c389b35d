"""A replacement for `authlib.jose`: change the import line, keep the code.

    from authlib.jose import JsonWebSignature, JsonWebToken, jwt, JsonWebKey, KeySet, errors     # before
    from jwseal.compat.authlib import JsonWebSignature, JsonWebToken, jwt, JsonWebKey, KeySet, errors

Arguments, results and error classes are those of Authlib 1.9, and every error is also a class of `jwseal.errors`. Where Authlib raised a plain
ValueError or TypeError, the error is that as well as a `JoseError`; where it raised KeyError or AttributeError for a key argument, it is an
InvalidKeyError. jwseal signs and verifies. There is no encryption (JWE).

What differs on purpose. Tokens:

1.  Base64url is canonical: no padding, no `+` `/`, no other characters between, no bits left over.
2.  JSON is strict: duplicate members, NaN, Infinity, numbers out of range and lone surrogates are refused, read or written.
3.  There are limits: headers of 4,096 bytes nested 8 deep; payloads, JWK Sets and JSON forms nested 32 deep with 1,024 members to an object;
    JSON forms of 8 signatures and 1,100,000 bytes. A JSON form with members of both forms is refused.
4.  `decode` gets the payload after the signature was verified. Only if the key is a callable, which needs the decoded payload, it runs first.
5.  `alg` and `crit` count in the protected header only. A name in both headers is refused, as are registered names and an empty list in
    `crit`. Registered parameters have their registered JSON type. `b64: false` is refused. The same rules hold for signing.
6.  `none` works only where the caller lists it, and warns (`errors.InsecureAlgorithmWarning`).
7.  `algorithms` given as a string refuses every token; Authlib searched for a part of the string.
8.  `register_algorithm` refuses and says what to do instead. The objects in `ALGORITHMS_REGISTRY` prepare keys, but their `sign` and
    `verify` raise NotImplementedError. A subclass that overrides a method which is not called here raises TypeError when it is defined.

Keys:

9.  Key text (PEM, SSH, certificate, JWK, SPKI, also in base64 or hex) is refused as an HMAC secret, and so are True and False.
10. A secret shorter than the output of the hash warns (`errors.InsecureKeyWarning`); an empty one is refused.
11. RSA moduli under 2048 bits, points off their curve, low-order Edwards points and pairs that do not match are refused. An RSA key of the
    type RSASSA-PSS is refused for RS256, RS384 and RS512; in encrypted PEM or a `cryptography` object this type cannot be seen.
12. `KeySet`, JWK Sets as dicts and jwseal's own keys are accepted as keys. JWKs of unknown kty in a set are skipped.
13. A key keeps a copy of the JWK it was read from, and writes its members in canonical form: EC coordinates at full width, which Authlib
    shortened, no leading zeros in numbers, no padding. Characters that are in no base64 alphabet are refused.

Claims:

14. `JsonWebToken.encode` does not change the caller's header and payload.
15. Options of claims apply wherever they are given: to falsy values of `aud`, to times, to a `value` or `values` that is empty. Values are
    compared with their JSON type. An option that cannot be applied raises (`errors.ClaimsOptionError`). Authlib skipped all these.
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
