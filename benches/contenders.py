"""How each library is called: keys prepared beforehand wherever it can, signature, issuer, audience and times checked.

Every function returns a `Contender` or raises `Unsupported`. What is timed is the one expression; what it returns has
been compared with the claims that were signed.
"""

import json
import warnings
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import jwt
import orjson
import oxyjwt
import webtoken
from cryptography.hazmat.primitives import serialization
from jose import jwk as python_jose_jwk
from jose import jwt as python_jose
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from joserfc.jwt import JWTClaimsRegistry
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jwt as jwcrypto_jwt
from race import Contender, Unsupported, python_contender
from tokens import AUDIENCE, ISSUER, KID, Case

import jwseal
from jwseal import insecure

with warnings.catch_warnings():
    import authlib.deprecate  # noqa: F401  # sets a filter of its own, so it must have been imported before ours

    warnings.simplefilter("ignore")  # Authlib announces the end of this module on import
    from authlib.jose import JsonWebKey, JsonWebToken

OXYJWT = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"}
PYJWT = OXYJWT | {"ES512", "ES256K", "Ed448"}
DEMANDED = {"audience": AUDIENCE, "issuer": ISSUER}


def jwseal_keys(case: Case) -> tuple[Any, Any]:
    """The key that signs and the key that verifies."""
    if case.secret:
        key = jwseal.SecretKey.from_bytes(case.secret, alg=case.alg, kid=KID)
        return key, key
    alg = case.alg if case.alg[:2] in {"RS", "PS"} else None
    key = jwseal.SigningKey.from_pem(case.private_pem, alg=alg, kid=KID)
    return key, jwseal.VerifyingKey.from_pem(case.public_pem, alg=alg, kid=KID)


def jwseal_verifier(case: Case) -> jwseal.Verifier:
    """A verifier over a key set, as a gateway has one."""
    keys = jwseal.KeySet([jwseal_keys(case)[1]])
    return jwseal.Verifier(keys, jwseal.Policy(issuer=ISSUER, audience=AUDIENCE))


def verify_jwseal(case: Case) -> Contender:
    verify = jwseal_verifier(case).verify
    return python_contender("jwseal", "verify(item).claims", case.tokens, same_claims(case), verify=verify)


def verify_jwseal_lazy(case: Case) -> Contender:
    verify = jwseal_verifier(case).verify
    check = same_claims(case)
    return python_contender(
        "jwseal lazy", "verify(item)", case.tokens, lambda token, result: check(token, result.claims), verify=verify
    )


def batch_jwseal(case: Case, *, lazy: bool) -> Contender:
    verify_many = jwseal_verifier(case).verify_many
    batch = case.tokens  # all different: equal tokens of a batch are checked once
    check = same_claims(case)

    def all_same(tokens: list[str], results: list) -> bool:
        claims = results if not lazy else [result.claims for result in results]
        return all(check(token, one) for token, one in zip(tokens, claims, strict=True))

    return python_contender(
        "jwseal batch lazy" if lazy else "jwseal batch",
        "verify_many(item)" if lazy else "[one.claims for one in verify_many(item)]",
        [batch],
        all_same,
        per_item=len(batch),
        clock=perf_counter_ns,
        verify_many=verify_many,
    )


def verify_oxyjwt(case: Case) -> Contender:
    supported(case.alg, OXYJWT)
    make = oxyjwt.DecodingKey
    key = by_family(case, make.from_secret, make.from_rsa_pem, make.from_ec_pem, make.from_ed_pem)
    return decoder("OxyJWT", oxyjwt.decode, case, key)


def verify_webtoken(case: Case) -> Contender:
    supported(case.alg, OXYJWT | {"ES512", "ES256K"})
    key = case.secret or webtoken.PyJWK.from_json(json.dumps(public_jwk(case)), case.alg)
    return decoder("webtoken", webtoken.decode, case, key)


def verify_pyjwt(case: Case) -> Contender:
    supported(case.alg, PYJWT)
    key = case.secret or serialization.load_pem_public_key(case.public_pem)
    return decoder("PyJWT", jwt.decode, case, key)


def decoder(name: str, decode: Callable[..., Any], case: Case, key: Any) -> Contender:
    """The call that PyJWT and its followers share."""
    return python_contender(
        name,
        "decode(item, key, algorithms=algorithms, audience=audience, issuer=issuer)",
        case.tokens,
        same_claims(case),
        decode=decode,
        key=key,
        algorithms=[header_alg(case)],
        **DEMANDED,
    )


def verify_joserfc(case: Case) -> Contender:
    supported(case.alg, PYJWT)
    registry = JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCE}, exp={"essential": True}
    )

    def verify(token: str) -> dict:
        decoded = joserfc_jwt.decode(token, key, algorithms=algorithms)
        registry.validate(decoded.claims)
        return decoded.claims

    key, algorithms = joserfc_key(case, case.public_pem), [header_alg(case)]
    return python_contender("joserfc", "verify(item)", case.tokens, same_claims(case), verify=verify)


def verify_authlib(case: Case) -> Contender:
    supported(case.alg, PYJWT)
    options = {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": AUDIENCE}}

    def verify(token: str) -> dict:
        claims = layer.decode(token, key, claims_options=options)
        claims.validate()
        return claims

    layer = JsonWebToken([header_alg(case)])
    key = JsonWebKey.import_key(case.secret or case.public_pem, {"kty": kty(case)})
    return python_contender("Authlib", "verify(item)", case.tokens, same_claims(case), verify=verify)


def verify_python_jose(case: Case) -> Contender:
    supported(case.alg, OXYJWT - {"PS256", "PS384", "PS512", "EdDSA"} | {"ES512"})
    key = python_jose_jwk.construct(case.secret or case.public_pem.decode(), case.alg)
    return python_contender(
        "python-jose",
        "decode(item, key, algorithms=algorithms, audience=audience, issuer=issuer)",
        case.tokens,
        same_claims(case),
        decode=python_jose.decode,
        key=key,
        algorithms=[case.alg],
        **DEMANDED,
    )


def verify_jwcrypto(case: Case) -> Contender:
    supported(case.alg, PYJWT)

    def verify(token: str) -> dict:
        return json.loads(jwcrypto_jwt.JWT(jwt=token, key=key, algs=algs, check_claims=demanded).claims)

    algs, demanded = [header_alg(case)], {"iss": ISSUER, "aud": AUDIENCE, "exp": None}
    key = jwcrypto_jwk.JWK.from_json(json.dumps(public_jwk(case)))
    return python_contender("jwcrypto", "verify(item)", case.tokens, same_claims(case), verify=verify)


def sign_jwseal(case: Case) -> Contender:
    sign = jwseal.Signer(jwseal_keys(case)[0]).sign
    return python_contender("jwseal", "sign(item)", case.claims, good_token(case), sign=sign)


def sign_operation(case: Case) -> Contender:
    """The signature alone over the same signing inputs, in this process, with the cost of a call."""
    key = jwseal_keys(case)[0]
    inputs = [token.rpartition(".")[0].encode() for token in case.tokens]
    check = lambda data, signature: insecure.verify_bytes(data, signature, key.verifying_key, alg=case.alg) is None  # noqa: E731
    return python_contender("operation", "sign(item, key)", inputs, check, sign=insecure.sign_bytes, key=key)


def sign_oxyjwt(case: Case) -> Contender:
    supported(case.alg, OXYJWT)
    make = oxyjwt.EncodingKey
    key = by_family(case, make.from_secret, make.from_rsa_pem, make.from_ec_pem, make.from_ed_pem, private=True)
    return encoder("OxyJWT", oxyjwt.encode, case, key)


def sign_pyjwt(case: Case) -> Contender:
    supported(case.alg, PYJWT)
    key = case.secret or serialization.load_pem_private_key(case.private_pem, None)
    return encoder("PyJWT", jwt.encode, case, key)


def encoder(name: str, encode: Callable[..., Any], case: Case, key: Any) -> Contender:
    """The call that PyJWT and its followers share."""
    return python_contender(
        name,
        "encode(item, key, algorithm=algorithm, headers=headers)",
        case.claims,
        good_token(case),
        encode=encode,
        key=key,
        algorithm=header_alg(case),
        headers={"kid": KID},
    )


def sign_joserfc(case: Case) -> Contender:
    supported(case.alg, PYJWT)
    alg = header_alg(case)
    return python_contender(
        "joserfc",
        "encode(header, item, key, algorithms=algorithms)",
        case.claims,
        good_token(case),
        encode=joserfc_jwt.encode,
        header={"alg": alg, "typ": "JWT", "kid": KID},
        key=joserfc_key(case, case.private_pem),
        algorithms=[alg],
    )


def orjson_loads(case: Case) -> Contender:
    """The unit of overhead: the same payloads, parsed."""
    expected = dict(zip(case.payloads, case.claims, strict=True))
    check = lambda payload, value: value == expected[payload]  # noqa: E731
    return python_contender("orjson.loads", "loads(item)", case.payloads, check, loads=orjson.loads)


def same_claims(case: Case) -> Callable[[str, dict], bool]:
    expected = dict(zip(case.tokens, case.claims, strict=True))
    return lambda token, claims: dict(claims) == expected[token]


def good_token(case: Case) -> Callable[[dict, str], bool]:
    verify = jwseal_verifier(case).verify
    return lambda claims, token: verify(token).claims == claims


def by_family(case: Case, secret: Callable, rsa: Callable, ec: Callable, ed: Callable, *, private: bool = False) -> Any:
    pem = case.private_pem if private else case.public_pem
    if case.secret:
        return secret(case.secret)
    return {"RSA": rsa, "EC": ec, "OKP": ed}[kty(case)](pem)


def kty(case: Case) -> str:
    return {"HS": "oct", "RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP", "ML": "AKP"}[case.alg[:2]]


def header_alg(case: Case) -> str:
    """Ed448 keys sign as `EdDSA` everywhere but in jwseal."""
    return "EdDSA" if case.alg == "Ed448" else case.alg


def public_jwk(case: Case) -> dict:
    return joserfc_key(case, case.public_pem).as_dict(private=False) | {"alg": case.alg}


def joserfc_key(case: Case, pem: bytes) -> Any:
    if case.secret:
        return joserfc_jwk.OctKey.import_key(case.secret)
    family = {"RSA": joserfc_jwk.RSAKey, "EC": joserfc_jwk.ECKey, "OKP": joserfc_jwk.OKPKey}[kty(case)]
    return family.import_key(pem)


def supported(alg: str, algorithms: set[str]) -> None:
    if alg not in algorithms:
        raise Unsupported(alg)
