"""Every algorithm both ways with PyJWT, joserfc, jwcrypto and Authlib, wherever the peer has it.

What each peer has is written down and compared with what it turns out to do, so that nothing is skipped in silence: a
peer that gains or loses an algorithm fails `test_what_each_peer_has`.
"""

import json
import warnings
from collections.abc import Callable
from typing import Any

import jwt as pyjwt
import pytest

import forge
from judge import LAX, NOW, claims, signing, verifier, verifying
from jwseal import KeySet, Signer, SigningKey, VerifyingKey, jws
from peers import peer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from authlib.jose import JsonWebSignature
    from joserfc import jwk as joserfc_jwk
    from joserfc import jws as joserfc_jws

jwcrypto_jwk, jwcrypto_jws = peer("jwcrypto.jwk"), peer("jwcrypto.jws")
CLASSIC = (*forge.HMAC_ALGS, *forge.RSA_ALGS, *forge.ECDSA_ALGS, "EdDSA")
HAS = {
    "pyjwt": CLASSIC,
    "joserfc": (*CLASSIC, "Ed25519", "Ed448"),
    "jwcrypto": (*CLASSIC, "Ed25519", "Ed448", *forge.MLDSA_ALGS),
    "authlib": CLASSIC,
}
PAYLOAD = '{"sub":"alice","text":"Grüße, 世界 🌍","n":9007199254740993,"x":[1.5,null,true]}'.encode()


def pyjwt_sign(jwk: dict[str, Any], alg: str, payload: bytes) -> str:
    """PyJWT signs."""
    return pyjwt.PyJWS(algorithms=[alg]).encode(payload, pyjwt.PyJWK({**jwk, "alg": alg}).key, algorithm=alg)


def pyjwt_verify(jwk: dict[str, Any], alg: str, token: str) -> bytes:
    """PyJWT verifies."""
    return pyjwt.PyJWS(algorithms=[alg]).decode(token, pyjwt.PyJWK({**jwk, "alg": alg}).key, algorithms=[alg])


def joserfc_sign(jwk: dict[str, Any], alg: str, payload: bytes) -> str:
    """joserfc signs."""
    return joserfc_jws.serialize_compact({"alg": alg}, payload, joserfc_jwk.import_key(jwk), algorithms=[alg])


def joserfc_verify(jwk: dict[str, Any], alg: str, token: str) -> bytes:
    """joserfc verifies."""
    return joserfc_jws.deserialize_compact(token, joserfc_jwk.import_key(jwk), algorithms=[alg]).payload


def jwcrypto_sign(jwk: dict[str, Any], alg: str, payload: bytes) -> str:
    """jwcrypto signs."""
    made = jwcrypto_jws.JWS(payload)
    made.allowed_algs = [alg]
    made.add_signature(jwcrypto_jwk.JWK(**jwk), alg=alg, protected=json.dumps({"alg": alg}))
    return made.serialize(compact=True)


def jwcrypto_verify(jwk: dict[str, Any], alg: str, token: str) -> bytes:
    """jwcrypto verifies."""
    read = jwcrypto_jws.JWS()
    read.allowed_algs = [alg]
    read.deserialize(token, jwcrypto_jwk.JWK(**jwk))
    return read.payload


def authlib_sign(jwk: dict[str, Any], alg: str, payload: bytes) -> str:
    """Authlib signs."""
    return JsonWebSignature([alg]).serialize_compact({"alg": alg}, payload, jwk).decode()


def authlib_verify(jwk: dict[str, Any], alg: str, token: str) -> bytes:
    """Authlib verifies."""
    return JsonWebSignature([alg]).deserialize_compact(token, jwk)["payload"]


PEERS: dict[str, tuple[Callable[..., str], Callable[..., bytes]]] = {
    "pyjwt": (pyjwt_sign, pyjwt_verify),
    "joserfc": (joserfc_sign, joserfc_verify),
    "jwcrypto": (jwcrypto_sign, jwcrypto_verify),
    "authlib": (authlib_sign, authlib_verify),
}
PAIRS = [(peer, alg) for peer, algs in HAS.items() for alg in algs]


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.filterwarnings("ignore")
def test_what_each_peer_has(peer: str) -> None:
    """The algorithms a peer can sign and verify with its own keys are exactly those of the table."""
    sign, verify = PEERS[peer]
    found = []
    for alg in forge.ALGS:
        material = forge.material(alg)
        try:
            if verify(material.public_jwk(), alg, sign(material.private_jwk(), alg, PAYLOAD)) == PAYLOAD:
                found.append(alg)
        except Exception:  # each peer says "not here" in its own way
            continue
    assert HAS[peer] == tuple(found)


@pytest.mark.parametrize(("peer", "alg"), PAIRS)
@pytest.mark.filterwarnings("ignore")
def test_peer_signs(peer: str, alg: str) -> None:
    """What the peer signs, jwseal verifies, alone and out of a set of all algorithms' keys."""
    material = forge.material(alg)
    token = PEERS[peer][0](material.private_jwk(), alg, PAYLOAD)
    assert PAYLOAD == jws.verify(token, verifying(material)).payload
    assert json.loads(PAYLOAD) == verifier(verifying(material), policy=LAX).verify(token).claims
    assert PAYLOAD == jws.verify(token, everyone(alg)).payload


def everyone(alg: str) -> KeySet:
    """One key of each kind, with this algorithm among them."""
    kinds = {forge.kind(name): name for name in forge.ALGS}
    kinds[forge.kind(alg)] = alg
    return KeySet([verifying(forge.material(name)) for name in kinds.values()])


@pytest.mark.parametrize(("peer", "alg"), PAIRS)
@pytest.mark.filterwarnings("ignore")
def test_peer_verifies(peer: str, alg: str) -> None:
    """What jwseal signs, the peer verifies."""
    material = forge.material(alg)
    token = jws.sign(PAYLOAD, signing(material))
    assert PAYLOAD == PEERS[peer][1](material.public_jwk(), alg, token)


@pytest.mark.parametrize(("peer", "alg"), PAIRS)
@pytest.mark.filterwarnings("ignore")
def test_peer_reads_our_keys(peer: str, alg: str) -> None:
    """Keys made and exported by jwseal serve the peer, and its signatures come back."""
    if alg in forge.HMAC_ALGS:
        key = signing(forge.material(alg, "exported"))
        private = public = key.to_private_jwk()
        verifying_key = key
    else:
        key = SigningKey.generate(alg) if alg not in forge.RSA_ALGS else signing(forge.material(alg))
        private, public, verifying_key = key.to_private_jwk(), key.verifying_key.to_jwk(), key.verifying_key
    sign, verify = PEERS[peer]
    assert PAYLOAD == verify(public, alg, jws.sign(PAYLOAD, key))
    assert PAYLOAD == jws.verify(sign(private, alg, PAYLOAD), verifying_key).payload


@pytest.mark.parametrize("alg", CLASSIC)
@pytest.mark.filterwarnings("ignore")
def test_jwt_with_pyjwt(alg: str) -> None:
    """Whole JWTs, claims and times included, both ways with PyJWT."""
    material = forge.material(alg)
    key = pyjwt.PyJWK({**material.private_jwk(), "alg": alg})
    content = claims(aud=["https://api.example", "x"])
    token = pyjwt.encode(content, key.key, algorithm=alg, headers={"kid": "a"})
    assert content == verifier(verifying(material, kid="a"), policy=LAX).verify(token, now=NOW).claims
    ours = Signer(signing(material, kid="a"), headers={"x": 1}).sign(content)
    read = pyjwt.decode_complete(
        ours,
        pyjwt.PyJWK({**material.public_jwk(), "alg": alg}).key,
        [alg],
        options={"verify_exp": False, "verify_iat": False},
        audience="x",
    )
    assert content == read["payload"]
    assert {"alg": alg, "kid": "a", "typ": "JWT", "x": 1} == read["header"]


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_thumbprints(alg: str) -> None:
    """jwcrypto computes the same thumbprint."""
    jwk = forge.material(alg).public_jwk()
    public = VerifyingKey.from_jwk(jwk, alg=alg)
    assert jwcrypto_jwk.JWK(**jwk).thumbprint() == public.thumbprint()


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_forger_is_interoperable(alg: str) -> None:
    """The tests' own signatures, made by `cryptography`, are ones jwseal and jwcrypto both accept."""
    material = forge.material(alg)
    token = forge.token({"alg": alg}, PAYLOAD, material)
    assert PAYLOAD == jwcrypto_verify(material.public_jwk(), alg, token)
    assert PAYLOAD == jws.verify(token, verifying(material)).payload


@pytest.mark.filterwarnings("ignore")
def test_detached_with_jwcrypto() -> None:
    """RFC 7515 Appendix F both ways with jwcrypto."""
    material = forge.material("ES256")
    made = jwcrypto_jws.JWS(PAYLOAD)
    made.add_signature(jwcrypto_jwk.JWK(**material.private_jwk()), protected='{"alg":"ES256"}')
    made.detach_payload()
    assert PAYLOAD == jws.verify(made.serialize(compact=True), verifying(material), payload=PAYLOAD).payload
    read = jwcrypto_jws.JWS()
    read.deserialize(jws.sign(PAYLOAD, signing(material), detached=True))
    read.verify(jwcrypto_jwk.JWK(**material.public_jwk()), detached_payload=PAYLOAD)
    assert True is read.is_valid


@pytest.mark.filterwarnings("ignore")
def test_unencoded_with_joserfc() -> None:
    """RFC 7797 both ways with joserfc, detached."""
    material = forge.material("ES256")
    header = {"alg": "ES256", "b64": False, "crit": ["b64"]}
    key = joserfc_jwk.import_key(material.private_jwk())
    whole = joserfc_jws.serialize_compact(header, b"$.02", key, algorithms=["ES256"])
    protected, signature = whole.split(".")[0], whole.rpartition(".")[2]
    assert b"$.02" == jws.verify(f"{protected}..{signature}", verifying(material), payload=b"$.02").payload
    ours = jws.sign(b"payload", signing(material), detached=True, b64=False)
    protected, signature = ours.split(".")[0], ours.rpartition(".")[2]
    read = joserfc_jws.deserialize_compact(
        f"{protected}..{signature}",
        joserfc_jwk.import_key(material.public_jwk()),
        payload=b"payload",
        algorithms=["ES256"],
    )
    assert b"payload" == read.payload
