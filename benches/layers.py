"""The compatibility layers, the JSON serialization and our own primitives, each against what it replaces."""

import json
import warnings
from functools import partial

import jwt
import oxyjwt
from contenders import jwseal_keys, same_claims
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from race import Contender, Unsupported, python_contender
from tokens import AUDIENCE, ISSUER, Case, decoded

from jwseal import jws

with warnings.catch_warnings():
    import authlib.deprecate  # noqa: F401  # sets a filter of its own, so it must have been imported before ours

    warnings.simplefilter("ignore")  # Authlib announces the end of this module on import
    from authlib.jose import JsonWebSignature

DECODE = "decode(item, key, algorithms=algorithms, audience=audience, issuer=issuer)"


def pyjwt_layer(case: Case) -> list[Contender]:
    """Naive code: the PEM goes into every call. OxyJWT has its key prepared, PyJWT gets the PEM as well."""
    try:
        from jwseal.compat import pyjwt as layer
    except ImportError as error:
        raise Unsupported("jwseal.compat.pyjwt") from error
    common = {"algorithms": [case.alg], "audience": AUDIENCE, "issuer": ISSUER}
    prepared = oxyjwt.DecodingKey.from_rsa_pem(case.public_pem)
    return [
        python_contender(name, DECODE, case.tokens, same_claims(case), decode=decode, key=key, **common)
        for name, decode, key in [
            ("compat.pyjwt", layer.decode, case.public_pem),
            ("OxyJWT", oxyjwt.decode, prepared),
            ("PyJWT", jwt.decode, case.public_pem),
        ]
    ]


def authlib_layer(case: Case) -> list[Contender]:
    """`deserialize_compact` with the key as a guide reader passes it: the PEM, or the secret."""
    try:
        from jwseal.compat.authlib import JsonWebSignature as Layer
    except ImportError as error:
        raise Unsupported("jwseal.compat.authlib") from error
    payloads = dict(zip(case.tokens, case.payloads, strict=True))
    key = case.secret or case.public_pem
    return [
        python_contender(
            name,
            "deserialize(item, key)",
            case.tokens,
            lambda token, result: result["payload"] == payloads[token],
            deserialize=signature.deserialize_compact,
            key=key,
        )
        for name, signature in [
            ("compat.authlib", Layer(algorithms=[case.alg])),
            ("Authlib", JsonWebSignature(algorithms=[case.alg])),
        ]
    ]


def loaded_keys(case: Case) -> list[Contender]:
    """Both layers and what they replace sign with RSA key objects: 100 in rotation, and a fresh one with every call."""
    from jwseal.compat import authlib as authlib_layer
    from jwseal.compat import pyjwt as pyjwt_layer

    ders = [
        made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) for made in map(generated, range(100))
    ]
    load = partial(load_der_private_key, password=None, unsafe_skip_rsa_key_validation=True)
    payload = case.payloads[0]
    claims, header = json.loads(payload), {"alg": case.alg}
    layer, peer = authlib_layer.JsonWebSignature([case.alg]), JsonWebSignature([case.alg])
    entrants = []
    for name, expression, function in [
        ("compat.pyjwt", "sign(claims, KEY, alg)", pyjwt_layer.encode),
        ("PyJWT", "sign(claims, KEY, alg)", jwt.encode),
        ("compat.authlib", "sign(header, payload, KEY)", layer.serialize_compact),
        ("Authlib", "sign(header, payload, KEY)", peer.serialize_compact),
    ]:
        names = {
            "sign": function,
            "claims": claims,
            "header": header,
            "payload": payload,
            "alg": case.alg,
            "load": load,
        }
        for kind, key, items in [("100 keys", "item", map(load, ders)), ("fresh", "load(item)", ders)]:
            made = expression.replace("KEY", key)
            entrants.append(python_contender(f"{name} {kind}", made, items, lambda _, token: bool(token), **names))
    return entrants


def generated(_: int) -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def four_signatures(case: Case) -> list[Contender]:
    """One general JSON JWS with four signatures under four keys, against four compact ones."""
    if not hasattr(jws, "verify_json"):
        raise Unsupported("jwseal.jws.verify_json")
    from jwseal import KeySet, SigningKey

    signers = [SigningKey.generate(case.alg, kid=f"key-{number}") for number in range(4)]
    payload = case.payloads[0]
    text = json.dumps(jws.sign_json(payload, signers))
    keys = KeySet([signer.verifying_key for signer in signers])
    compact = [jws.sign(payload, signer) for signer in signers]
    return [
        python_contender(
            "general JSON",
            "verify_json(item, keys)",
            [text],
            lambda _, result: result.payload == payload,
            verify_json=jws.verify_json,
            keys=keys,
        ),
        python_contender(
            "four compact",
            "[verify(one, keys) for one in item]",
            [compact],
            lambda _, results: all(result.payload == payload for result in results),
            verify=jws.verify,
            keys=keys,
        ),
    ]


def primitives(case: Case) -> list[Contender]:
    """The seam of the vectors: our path for this algorithm and the backend's own, from Python, over the same octets."""
    from jwseal import _native

    key = jwseal_keys(case)[1]
    items = [(head.encode(), decoded(tail)) for head, _, tail in (token.rpartition(".") for token in case.tokens)]
    return [
        python_contender(
            name,
            f"verify(alg, key, item[0], item[1], plain={plain})",
            items,
            lambda _, verdict: verdict is True,
            verify=_native.verify_primitive,
            alg=case.alg,
            key=key,
        )
        for name, plain in [("our primitive", False), ("backend primitive", True)]
    ]
